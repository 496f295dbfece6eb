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

from audience_impact.facts.anomaly_checks import levels
from audience_impact.facts.anomaly_checks.accepted import format_number
from audience_impact.facts.rules import ACROSS, report_rows
from audience_impact.facts.tables import Finding, Tables
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
RULE = "unlike_its_note"


def _select_notes(frame: pd.DataFrame, words: str) -> pd.DataFrame:
    """Return rows with some words in their notes, so that patterns search few rows."""
    has_words = [words in note for note in frame["note"].tolist()]
    return frame[np.array(has_words, dtype="bool")]


def _half_unit(printed: "pd.Series[str]") -> "pd.Series[float]":
    """Return half a unit of the last digit of printed numbers."""
    decimals = printed.str.extract(r"\.(\d+)$")[0].str.len().fillna(0.0)
    return 0.5 * 10.0 ** -decimals.astype("float64")


@ACROSS.rule(*FIGURES)
def unlike_its_note(tables: Tables) -> list[Finding]:
    """Compare numbers, services, parts of a population and quotients with their notes."""
    return [
        *(
            finding
            for table in FIGURES
            for finding in _report_printed_numbers(table, tables[table])
        ),
        *_report_services(tables),
        *_report_keeping_shares(tables["circumvention"]),
        *(finding for table in PERSONS for finding in _report_population_parts(table, tables)),
        *_report_products(tables["bases"]),
        *_report_quotients(tables["bases"]),
    ]


def _report_printed_numbers(table: str, frame: pd.DataFrame) -> list[Finding]:
    names = ["note", "unit"] if "unit" in frame else ["note"]
    rows = _select_notes(frame, "printed as")[[*names, *FIGURES[table]]]
    if rows.empty:
        return []
    printed = rows["note"].str.extract(PRINTED)
    scale = printed["unit"].map(SCALE)
    if "unit" in rows:
        scale = scale.where((printed["unit"] == "%") == (rows["unit"] == Unit.SHARE.value))
    low, high = (printed[end].astype("float64") * scale for end in ("low", "high"))
    high = high.where(printed["others"].isna(), 1.0 - high)
    noted = (high.where(low.isna()), low, high.where(low.notna()))
    return [
        finding
        for column, numbers in zip(FIGURES[table], noted, strict=True)
        for finding in report_rows(
            table,
            frame,
            RULE,
            rows.assign(noted=numbers, cell=rows[column])[
                (rows[column] / numbers - 1.0).abs() > EXACT
            ],
            column,
            lambda row: (
                f"{row.cell:.10g} is not the {row.noted:.10g} that its note says is printed"
            ),
        )
    ]


def _report_services(tables: Tables) -> list[Finding]:
    frame, platforms = tables["estimates"], tables["platforms"]
    rows = _select_notes(frame, " printed as")[["note", "platform_id"]]
    if rows.empty:
        return []
    names = platforms.assign(name=platforms["name"] + ";" + platforms["aliases"])
    names = names.assign(service=names["name"].str.split(";")).explode("service")
    platform_ids = names[names["service"] != ""].set_index("service")["platform_id"]
    rows = rows.assign(noted=rows["note"].str.extract(SERVICE)["service"])
    rows = rows.assign(of=rows["noted"].map(platform_ids[~platform_ids.index.duplicated()]))
    return report_rows(
        "estimates",
        frame,
        RULE,
        rows[rows["of"].notna() & (rows["of"] != rows["platform_id"])],
        "platform_id",
        lambda row: f"its note says that the number is printed of {row.noted}",
    )


def _report_keeping_shares(circumvention: pd.DataFrame) -> list[Finding]:
    rows = _select_notes(circumvention, " of ")
    if rows.empty:
        return []
    numbers = rows["note"].str.extract(OF).astype({"part": "float64", "whole": "float64"})
    rows = rows.assign(noted=numbers["part"] / numbers["whole"])
    return report_rows(
        "circumvention",
        circumvention,
        RULE,
        rows[(rows["share"] - rows["noted"]).abs() > OF_ERROR],
        "share",
        lambda row: f"{row.share:.4g} is not the {row.noted:.4g} that its note says",
    )


def _report_population_parts(table: str, tables: Tables) -> list[Finding]:
    """Compare persons with the part of a population in their note, by any publisher."""
    frame, column = tables[table], PERSONS[table]
    names = ["area_id", "period_start", "period_end", "measurement_series_id", "note", column]
    names += ["unit"] if "unit" in frame else []
    rows = _select_notes(frame, "population")[names]
    if rows.empty:
        return []
    rows = rows[[PRODUCT not in note for note in rows["note"].tolist()]]
    rows = rows.join(rows["note"].str.extract(PART))
    rows = rows[rows["share"].notna() & rows[column].notna()]
    if "unit" in rows:
        rows = rows[rows["unit"] != Unit.SHARE.value]
    older = {True: EVERYONE, False: PopulationBase.AGE_12_PLUS.value}
    rows = rows.assign(population_base=rows["older"].isna().map(older).astype("str"))
    by = ["area_id", "population_base"]
    same_measurer = levels.find_nearest_persons(
        rows, tables["bases"], [*by, "measurement_series_id"]
    )
    population = same_measurer.fillna(levels.find_nearest_persons(rows, tables["bases"], by))
    share = rows["share"].astype("float64")
    most = POPULATIONS_DIFFER + _half_unit(rows["share"]) / share
    rows = rows.assign(noted=share / 100.0 * population, cell=rows[column])
    odd = np.log(rows["cell"] / rows["noted"]).abs() > most
    return report_rows(
        table,
        frame,
        RULE,
        rows[odd],
        column,
        lambda row: (
            f"{format_number(row.cell)} are not the {row.share} % of the population that its "
            f"note says: about {format_number(row.noted)}"
        ),
    )


def _report_products(bases: pd.DataFrame) -> list[Finding]:
    """Compare persons, and the ends of their range, with the noted share of residents."""
    printed = {"persons": "share", "low_persons": "low", "high_persons": "high"}
    rows = _select_notes(bases, PRODUCT)[["area_id", "period", "row_layer", "note", *printed]]
    if rows.empty:
        return []
    rows = rows.join(rows["note"].str.extract(PART)).join(rows["note"].str.extract(RANGE))
    return [
        finding
        for column, share in printed.items()
        for finding in report_rows(
            "bases",
            bases,
            RULE,
            _select_unexplained(rows[rows[share].notna()], bases, column, share),
            column,
            lambda row: (
                f"{row.cell:,.0f} are not the {row.noted} % of the {row.residents:,.0f} people of "
                f"{row.year} that its note says"
            ),
        )
    ]


def _select_unexplained(
    rows: pd.DataFrame, bases: pd.DataFrame, column: str, share: str
) -> pd.DataFrame:
    """Return products of share and residents that no count of the year, in their layer, explains.

    The columns are `cell`, `noted` (the share as printed), and `residents` of the nearest count.
    """
    by = ["area_id", "year", "row_layer"]
    counts = bases[["area_id", "period", "row_layer", "persons"]]
    counts = counts[
        (bases["population_base"] == EVERYONE) & counts["area_id"].isin(rows["area_id"])
    ]
    counts = counts.rename(columns={"persons": "residents", "period": "year"})
    rows = rows.assign(cell=rows[column], noted=rows[share], year=rows["period"].str[:4])
    rows = rows[rows["cell"].notna()].reset_index(names="place").merge(counts, on=by)
    noted_share = rows["noted"].astype("float64") / 100.0
    most = 1.0 + _half_unit(rows["noted"]) / 100.0 * rows["residents"]
    rows = rows.assign(off=(rows["cell"] - noted_share * rows["residents"]).abs(), most=most)
    nearest = rows.sort_values("off").drop_duplicates("place").set_index("place").sort_index()
    return nearest[nearest["off"] > nearest["most"]]


def _report_quotients(bases: pd.DataFrame) -> list[Finding]:
    """Compare persons with the quotient of the noted persons and share."""
    rows = _select_notes(bases, "million are")[["note", "persons"]]
    if rows.empty:
        return []
    rows = rows.join(rows["note"].str.extract(PAIR))
    rows = rows[rows["share"].notna()]
    quotient = 1e8 * rows["millions"].astype("float64") / rows["share"].astype("float64")
    odd = (rows["persons"] - quotient).abs() > 1.0
    return report_rows(
        "bases",
        bases,
        RULE,
        rows.assign(noted=quotient)[odd],
        "persons",
        lambda row: (
            f"{row.persons:,.0f} are not {row.millions} million by {row.share} %: {row.noted:,.0f}"
        ),
    )
