"""Cells compared with the printed numbers in their own notes: the same number entered twice.

Definitions. A note quotes the printed number in one of these phrases, with the digits as printed:

* `printed as 37 %`, `as 96.5 million`, `as 500 thousand`: the share or the number of the row; with
  `who do not` the complement of the share; `printed as 35 to 39 %` the ends of its range.
* `Telegram printed as 89 million`: the service of the row as well, by a name of `platforms`.
* `0.495 of 0.594`, `29 of 52 million`: a share that is the quotient of two printed numbers.
* `37.5 % of the population`, `of population 12+`: the part that the persons of the row are of the
  residents, or of those aged 12 and over, as counted nearest in time; not if the note says "about".
* `37.5 % of the population of the year`, `, 30 to 45 %`: the same of a product made here, and of
  the ends of its range.
* `70.6 million are 57.7 %`: the quotient that the persons of the row are.

Method. Printed numbers are compared exactly, a quotient to half a thousandth. Where persons are a
product or a quotient a tolerance of half a unit of the last printed digit and of one person
applies; the population of another publisher may also differ by POPULATIONS_DIFFER.

Assumptions. The same typing error is not made twice.

Known drawbacks. A number that was misread is wrong in both places, unless the page was read again
for the note.
"""

import numpy as np
import pandas as pd

from audience_impact.facts.checks import Select, check_each
from audience_impact.facts.rules import levels
from audience_impact.facts.tables import Tables
from audience_impact.populations import EVERYONE
from audience_impact.vocabulary import PopulationBase, Unit

ENDS = ("value", "low", "high"), ("share", "low_share", "high_share")
FIGURES = {
    "estimates": ENDS[0],
    "feature_use": ENDS[1],
    "circumvention": ENDS[1],
    "overlaps": ENDS[0],
    "bases": ("persons", "low_persons", "high_persons"),
}
"""Columns by table: the number, and the lower and upper end of its range."""
NUMBER = r"\d+(?:\.\d+)?"
PRINTED = (
    rf"printed as (?:(?P<low>{NUMBER}) to )?(?P<high>{NUMBER}) (?P<unit>%|thousand|million|billion)"
    r"(?P<others> who do not)?"
)
SCALE = {"%": 0.01, "thousand": 1e3, "million": 1e6, "billion": 1e9}
SERVICE = r"(?:^|; )(?P<service>[^;]+) printed as \d"
OF = rf"(?P<part>{NUMBER}) of (?P<whole>{NUMBER})\b"
OF_ERROR = 0.0005
"""Tolerance of quotients, which are written with three or four digits."""
PRODUCT = " % of the population of the year"
"""Pattern of the phrase, after a share, for a product of the share and the residents of a year."""
PART = r"(?<!about )(?<![\d.])(?P<share>\d+(?:\.\d+)?) ?% of (?:the )?population(?P<older> 12\+)?"
RANGE = r"% of the population of the year, (?P<low>\d+(?:\.\d+)?) to (?P<high>\d+(?:\.\d+)?) %"
PAIR = r"(?P<millions>\d+(?:\.\d+)?) million are (?P<share>\d+(?:\.\d+)?) %"
EXACT = 1e-9
POPULATIONS_DIFFER = 0.035
"""Maximum difference, in logs, between two counts of residents: it is at most 0.031 where the facts
print a share of them.
"""


def _select_notes(frame: pd.DataFrame, words: str, pattern: str) -> pd.DataFrame:
    has_words = [words in note for note in frame["note"].tolist()]  # patterns search few rows
    rows = frame[np.array(has_words, dtype="bool")]
    return rows.join(rows["note"].str.extract(pattern).add_prefix("noted_"))


def _half_unit(printed: "pd.Series[str]") -> "pd.Series[float]":
    """Return half a unit of the last digit of printed numbers."""
    decimals = printed.str.extract(r"\.(\d+)$")[0].str.len().fillna(0.0)
    return 0.5 * 10.0 ** -decimals.astype("float64")


def _select_misprints(rows: pd.DataFrame, _: Tables, column: str, place: int) -> pd.DataFrame:
    """Return rows whose number (place 0) or end of a range (1, 2) is not the printed one."""
    rows = _select_notes(rows, "printed as", PRINTED)
    scale = rows["noted_unit"].map(SCALE).astype("float64")
    if "unit" in rows:
        is_share = rows["unit"] == Unit.SHARE.value
        scale = scale.where((rows["noted_unit"] == "%") == is_share)
    low, high = (rows[f"noted_{end}"].astype("float64") * scale for end in ("low", "high"))
    high = high.where(rows["noted_others"].isna(), 1.0 - high)
    noted = (high.where(low.isna()), low, high.where(low.notna()))[place]
    rows = rows.assign(noted=noted, cell=rows[column])
    return rows[(rows["cell"] / noted - 1.0).abs() > EXACT]


def _select_other_services(rows: pd.DataFrame, tables: Tables, column: str) -> pd.DataFrame:
    rows, platforms = _select_notes(rows, " printed as", SERVICE), tables["platforms"]
    names = (platforms["name"] + ";" + platforms["aliases"]).str.split(";")
    named = platforms.assign(service=names).explode("service").drop_duplicates("service")
    ids = named.set_index("service")["platform_id"].drop("", errors="ignore")
    noted = rows["noted_service"].map(ids)
    return rows[noted.notna() & (noted != rows[column])]


def _select_other_shares(rows: pd.DataFrame, _: Tables, column: str) -> pd.DataFrame:
    rows = _select_notes(rows, " of ", OF)
    numbers = rows[["noted_part", "noted_whole"]].astype("float64")
    rows = rows.assign(noted=numbers["noted_part"] / numbers["noted_whole"])
    return rows[(rows[column] - rows["noted"]).abs() > OF_ERROR]


def _select_other_parts(rows: pd.DataFrame, tables: Tables, column: str) -> pd.DataFrame:
    """Return persons that are not the part of a population in their note, by any publisher."""
    rows = _select_notes(rows, "population", PART)
    rows = rows[~rows["note"].str.contains(PRODUCT, regex=False)]
    rows = rows[rows["noted_share"].notna() & rows[column].notna()]
    if "unit" in rows:
        rows = rows[rows["unit"] != Unit.SHARE.value]
    older = {True: EVERYONE, False: PopulationBase.AGE_12_PLUS.value}
    rows = rows.assign(population_base=rows["noted_older"].isna().map(older).astype("str"))
    share = rows["noted_share"].astype("float64")
    noted = share / 100.0 * levels.find_population(rows, tables["bases"])
    rows = rows.assign(noted=noted, cell=rows[column])
    most = POPULATIONS_DIFFER + _half_unit(rows["noted_share"]) / share
    return rows[np.log(rows["cell"] / rows["noted"]).abs() > most]


def _select_other_products(bases: pd.DataFrame, _: Tables, column: str, noted: str) -> pd.DataFrame:
    """Return products of a noted share and residents that no count of the year explains.

    The count is of the same layer. `residents` are those of the nearest count.
    """
    rows = _select_notes(bases, PRODUCT, PART if noted == "share" else RANGE)
    rows = rows.assign(cell=rows[column], noted=rows[f"noted_{noted}"], year=rows["period"].str[:4])
    rows = rows[rows["noted"].notna() & rows["cell"].notna()].reset_index(names="place")
    is_count = (bases["population_base"] == EVERYONE) & bases["area_id"].isin(rows["area_id"])
    counts = bases.loc[is_count, ["area_id", "period", "row_layer", "persons"]].rename(
        columns={"period": "year", "persons": "residents"}
    )
    rows = rows.drop(columns="persons").merge(counts, on=["area_id", "year", "row_layer"])
    noted_share = rows["noted"].astype("float64") / 100.0
    off = (rows["cell"] - noted_share * rows["residents"]).abs()
    most = 1.0 + _half_unit(rows["noted"]) / 100.0 * rows["residents"]
    rows = rows.assign(off=off, most=most).sort_values("off").drop_duplicates("place")
    return rows[rows["off"] > rows["most"]].set_index("place")


def _select_other_quotients(rows: pd.DataFrame, _: Tables, column: str) -> pd.DataFrame:
    rows = _select_notes(rows, "million are", PAIR)
    millions, share = (rows[f"noted_{name}"].astype("float64") for name in ("millions", "share"))
    rows = rows.assign(noted=1e8 * millions / share)
    return rows[(rows[column] - rows["noted"]).abs() > 1.0]


MISPRINT = "{cell:.10g} is not the {noted:.10g} that its note says is printed"
OTHER_SERVICE = "its note says that the number is printed of {noted_service}"
OTHER_SHARE = "{share:.4g} is not the {noted:.4g} that its note says"
OTHER_QUOTIENT = "{persons:,.0f} are not {noted_millions} million by {noted_share} %: {noted:,.0f}"
OTHER_PART = (
    "{cell:number} are not the {noted_share} % of the population that its note says: about "
    "{noted:number}"
)
OTHER_PRODUCT = (
    "{cell:,.0f} are not the {noted} % of the {residents:,.0f} people of {year} that its note says"
)


@check_each(
    *(
        (table, column, MISPRINT, _select_misprints, place)
        for table, columns in FIGURES.items()
        for place, column in enumerate(columns)
    ),
    ("estimates", "platform_id", OTHER_SERVICE, _select_other_services),
    ("circumvention", "share", OTHER_SHARE, _select_other_shares),
    ("estimates", "value", OTHER_PART, _select_other_parts),
    ("bases", "persons", OTHER_PART, _select_other_parts),
    ("bases", "persons", OTHER_PRODUCT, _select_other_products, "share"),
    ("bases", "low_persons", OTHER_PRODUCT, _select_other_products, "low"),
    ("bases", "high_persons", OTHER_PRODUCT, _select_other_products, "high"),
    ("bases", "persons", OTHER_QUOTIENT, _select_other_quotients),
)
def _unlike_its_note(
    rows: pd.DataFrame, tables: Tables, column: str, message: str, select: Select, *more: str | int
) -> pd.DataFrame:
    return select(rows, tables, column, *more).assign(message=message)
