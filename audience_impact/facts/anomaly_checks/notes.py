"""Cells against what their own notes say was printed: the same number entered twice.

Definitions. A note says what is printed in one of these phrases, with digits as printed:

* `printed as 37 %`, `as 96.5 million`, `as 500 thousand`: the share or the number of the row; with
  `who do not` what is left of the share; `printed as 35 to 39 %` the ends of its range.
* `Telegram printed as 89 million`: the service of the row as well, by a name of `platforms`.
* `0.495 of 0.594`, `29 of 52 million`: a share that is the quotient of two printed numbers.
* `37.5 % of the population`, `of population 12+`: the part that the persons of the row are of the
  residents, or of those aged 12 and over, as counted nearest in time; not where it says about.
* `37.5 % of the population of the year`, `, 30 to 45 %`: the same of a product made here, and of
  the ends of its range.
* `70.6 million are 57.7 %`: the quotient that the persons of the row are.

Method. What is printed is told exactly, a quotient to half a thousandth. Where persons are a
product or a quotient the last printed digit may be half a unit off, and a rounded person; the
population of another publisher may be POPULATIONS_DIFFER off as well.

Assumptions. A slip of the finger is not made twice alike.

Known drawbacks. A number that was misread stands twice as it was misread, unless whoever wrote the
note read the page anew.
"""

import numpy as np
import pandas as pd

from audience_impact.facts.rules import ACROSS
from audience_impact.facts.surprises import levels
from audience_impact.facts.surprises.saying import findings, number
from audience_impact.facts.tables import Finding, Tables
from audience_impact.populations import EVERYONE
from audience_impact.vocabulary import FindingSeverity, PopulationBase, Unit

ENDS = ("value", "low", "high"), ("share", "low_share", "high_share")
FIGURES = {
    "estimates": ENDS[0],
    "feature_use": ENDS[1],
    "circumvention": ENDS[1],
    "overlaps": ENDS[0],
    "bases": ("persons", "low_persons", "high_persons"),
}
"""By table: the number, the lower and the upper end of its range."""
PERSONS = {"estimates": "value", "bases": "persons"}
NUMBER = r"\d+(?:\.\d+)?"
PRINTED = (
    rf"printed as (?:(?P<low>{NUMBER}) to )?(?P<high>{NUMBER}) (?P<unit>%|thousand|million|billion)"
    r"(?P<others> who do not)?"
)
SCALE = {"%": 0.01, "thousand": 1e3, "million": 1e6, "billion": 1e9}
SERVICE = r"(?:^|; )(?P<service>[^;]+) printed as \d"
OF = rf"(?P<part>{NUMBER}) of (?P<whole>{NUMBER})\b"
OF_ERROR = 0.0005
"""Quotients are written with three or four digits."""
PRODUCT = " % of the population of the year"
"""Said of what is made of a share and the residents of a year, after the share."""
PART = r"(?<!about )(?<![\d.])(?P<share>\d+(?:\.\d+)?) ?% of (?:the )?population(?P<older> 12\+)?"
RANGE = r"% of the population of the year, (?P<low>\d+(?:\.\d+)?) to (?P<high>\d+(?:\.\d+)?) %"
PAIR = r"(?P<millions>\d+(?:\.\d+)?) million are (?P<share>\d+(?:\.\d+)?) %"
EXACT = 1e-9
POPULATIONS_DIFFER = 0.035
"""Logs between two counts of residents: at most 0.031 where the facts print a part of them."""
RULE = "unlike_its_note"


def _saying(frame: pd.DataFrame, words: str) -> pd.DataFrame:
    """Rows whose notes hold some words: patterns are looked for in these alone."""
    told = [words in note for note in frame["note"].tolist()]
    return frame[np.array(told, dtype="bool")]


def _half_unit(printed: "pd.Series[str]") -> "pd.Series[float]":
    """Half a unit of the last digit of numbers as printed."""
    decimals = printed.str.extract(r"\.(\d+)$")[0].str.len().fillna(0.0)
    return 0.5 * 10.0 ** -decimals.astype("float64")


@ACROSS.rule(
    FindingSeverity.WARNING,
    "a number is not what its own note says was printed",
    "compare both with the page; correct the number, the note, or the population that it is a "
    "part of",
    *FIGURES,
)
def unlike_its_note(tables: Tables) -> list[Finding]:
    """Numbers, services, parts of a population and quotients beside what their notes say."""
    return [
        *(found for table in FIGURES for found in _printed(table, tables[table])),
        *_services(tables),
        *_parts_of(tables["circumvention"]),
        *(found for table in PERSONS for found in _parts(table, tables)),
        *_products(tables["bases"]),
        *_quotients(tables["bases"]),
    ]


def _printed(table: str, frame: pd.DataFrame) -> list[Finding]:
    """Shares, counts and the ends of ranges that are not what is printed of them."""
    rows = _saying(frame, "printed as")
    if rows.empty:
        return []
    told = rows["note"].str.extract(PRINTED)
    scale = told["unit"].map(SCALE)
    if "unit" in rows:
        scale = scale.where((told["unit"] == "%") == (rows["unit"] == Unit.SHARE.value))
    low, high = (told[end].astype("float64") * scale for end in ("low", "high"))
    high = high.where(told["others"].isna(), 1.0 - high)
    said = (high.where(low.isna()), low, high.where(low.notna()))
    return [
        found
        for column, numbers in zip(FIGURES[table], said, strict=True)
        for found in findings(
            table,
            frame,
            RULE,
            rows.assign(told=numbers, cell=rows[column])[
                (rows[column] / numbers - 1.0).abs() > EXACT
            ],
            column,
            lambda row: f"{row.cell:.10g} is not the {row.told:.10g} that its note says is printed",
        )
    ]


def _services(tables: Tables) -> list[Finding]:
    """Figures whose notes name another service with the printed number."""
    frame, platforms = tables["estimates"], tables["platforms"]
    rows = _saying(frame, " printed as")
    if rows.empty:
        return []
    names = platforms.assign(name=platforms["name"] + ";" + platforms["aliases"])
    names = names.assign(service=names["name"].str.split(";")).explode("service")
    known = names[names["service"] != ""].set_index("service")["platform_id"]
    rows = rows.assign(told=rows["note"].str.extract(SERVICE)["service"])
    rows = rows.assign(of=rows["told"].map(known[~known.index.duplicated()]))
    return findings(
        "estimates",
        frame,
        RULE,
        rows[rows["of"].notna() & (rows["of"] != rows["platform_id"])],
        "platform_id",
        lambda row: f"its note says that the number is printed of {row.told}",
    )


def _parts_of(circumvention: pd.DataFrame) -> list[Finding]:
    """Shares who keep access that are not the quotient of the two numbers in their notes."""
    rows = _saying(circumvention, " of ")
    if rows.empty:
        return []
    told = rows["note"].str.extract(OF).astype({"part": "float64", "whole": "float64"})
    rows = rows.assign(told=told["part"] / told["whole"])
    return findings(
        "circumvention",
        circumvention,
        RULE,
        rows[(rows["share"] - rows["told"]).abs() > OF_ERROR],
        "share",
        lambda row: f"{row.share:.4g} is not the {row.told:.4g} that its note says",
    )


def _parts(table: str, tables: Tables) -> list[Finding]:
    """Persons beside the part that they are of a population counted by whomever."""
    frame, column = tables[table], PERSONS[table]
    rows = _saying(frame, "population")
    if rows.empty:
        return []
    rows = rows[~rows["note"].str.contains(PRODUCT, regex=False)]
    rows = rows.join(rows["note"].str.extract(PART))
    rows = rows[rows["share"].notna() & rows[column].notna()]
    if "unit" in rows:
        rows = rows[rows["unit"] != Unit.SHARE.value]
    older = {True: EVERYONE, False: PopulationBase.AGE_12_PLUS.value}
    rows = rows.assign(population_base=rows["older"].isna().map(older).astype("str"))
    by = ["area_id", "population_base"]
    own = levels.nearest_persons(rows, tables["bases"], [*by, "measurement_series_id"])
    of = own.fillna(levels.nearest_persons(rows, tables["bases"], by))
    share = rows["share"].astype("float64")
    most = POPULATIONS_DIFFER + _half_unit(rows["share"]) / share
    rows = rows.assign(told=share / 100.0 * of, cell=rows[column])
    odd = np.log(rows["cell"] / rows["told"]).abs() > most
    return findings(
        table,
        frame,
        RULE,
        rows[odd],
        column,
        lambda row: (
            f"{number(row.cell)} are not the {row.share} % of the population that its note says: "
            f"about {number(row.told)}"
        ),
    )


def _products(bases: pd.DataFrame) -> list[Finding]:
    """Persons, and the ends of their range, that are a printed share of the residents of a year."""
    rows = _saying(bases, PRODUCT)
    if rows.empty:
        return []
    rows = rows.join(rows["note"].str.extract(PART)).join(rows["note"].str.extract(RANGE))
    printed = {"persons": "share", "low_persons": "low", "high_persons": "high"}
    return [
        found
        for column, share in printed.items()
        for found in findings(
            "bases",
            bases,
            RULE,
            _unequal(rows[rows[share].notna()], bases, column, share),
            column,
            lambda row: (
                f"{row.cell:,.0f} are not the {row.told} % of the {row.residents:,.0f} people of "
                f"{row.year} that its note says"
            ),
        )
    ]


def _unequal(rows: pd.DataFrame, bases: pd.DataFrame, column: str, share: str) -> pd.DataFrame:
    """Products that no count of the residents of their year, in their layer, explains.

    With `cell`, `told` (the share as printed), and `residents` of the count that comes nearest.
    """
    by = ["area_id", "year", "row_layer"]
    counts = bases[bases["population_base"] == EVERYONE]
    counts = counts.assign(residents=counts["persons"], year=counts["period"])[[*by, "residents"]]
    rows = rows.assign(cell=rows[column], told=rows[share], year=rows["period"].str[:4])
    rows = rows[rows["cell"].notna()].reset_index(names="place").merge(counts, on=by)
    told = rows["told"].astype("float64") / 100.0
    most = 1.0 + _half_unit(rows["told"]) / 100.0 * rows["residents"]
    rows = rows.assign(off=(rows["cell"] - told * rows["residents"]).abs(), most=most)
    nearest = rows.sort_values("off").drop_duplicates("place").set_index("place").sort_index()
    return nearest[nearest["off"] > nearest["most"]]


def _quotients(bases: pd.DataFrame) -> list[Finding]:
    """Persons that are a printed pair of persons and share, one by the other."""
    rows = _saying(bases, "million are")
    if rows.empty:
        return []
    rows = rows.join(rows["note"].str.extract(PAIR))
    rows = rows[rows["share"].notna()]
    told = 1e8 * rows["millions"].astype("float64") / rows["share"].astype("float64")
    odd = (rows["persons"] - told).abs() > 1.0
    return findings(
        "bases",
        bases,
        RULE,
        rows.assign(told=told)[odd],
        "persons",
        lambda row: (
            f"{row.persons:,.0f} are not {row.millions} million by {row.share} %: {row.told:,.0f}"
        ),
    )
