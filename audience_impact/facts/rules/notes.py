"""Cells compared with what the notes of their rows quote: printed numbers, and areas of registers.

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

Places. A name of a place reviewed by hand (`place_names`) may mean more than the row of a register
says. The note of a restriction quotes the area that its register prints; a kind is the word beside
a name that says what it is (town, mandal, district), also the last word of the name itself, and a
plural is of the names before. Four signs, each by itself enough, of a place that is too wide:

- it is read whole, and the override reads it as a part: another name of the row means the whole,
  stands behind the parts and at the end ("Zurmi, Zamfara State") or in front of a bracket, and so
  says only where they lie
- its level lies above the kind in the text: by one level or more where it is read whole, by two or
  more where it is read as a part of what contains the place
- the text says "parts of" or the like before the name, and it is read whole
- the row names a venue, a campus, a checkpoint or a radius, and the place is read whole

Notes quote the first hundred signs of an area, so that a long list is read in part.
"""

import re
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from audience_impact.facts.checks import Select, check, check_each
from audience_impact.facts.rules import levels
from audience_impact.facts.tables import Tables
from audience_impact.plain_text import fold_name
from audience_impact.populations import EVERYONE
from audience_impact.vocabulary import AreaLevel, PlaceMatch, PlaceReading, PopulationBase, Unit

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
"""Maximum difference, in logs, of two counts of residents; 0.031 where the facts print a share."""


def _select_notes(frame: pd.DataFrame, words: str, pattern: str) -> pd.DataFrame:
    has_words = [words in note for note in frame["note"].tolist()]  # patterns search few rows
    rows = frame[np.array(has_words, dtype="bool")]
    return rows.join(rows["note"].str.extract(pattern).add_prefix("noted_"))


def _half_unit(printed: "pd.Series[str]") -> "pd.Series[float]":
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
    """Return products of a share and residents that no count of the year and layer explains."""
    rows = _select_notes(bases, PRODUCT, PART if noted == "share" else RANGE)
    rows = rows.assign(cell=rows[column], noted=rows[f"noted_{noted}"], year=rows["period"].str[:4])
    rows = rows[rows["noted"].notna() & rows["cell"].notna()].reset_index(names="place")
    is_count = (bases["population_base"] == EVERYONE) & bases["area_id"].isin(rows["area_id"])
    counts = bases.loc[is_count, ["area_id", "period", "row_layer", "persons"]].rename(
        columns={"period": "year", "persons": "residents"}
    )
    rows = rows.assign(
        share=rows["noted"].astype("float64") / 100.0, half=_half_unit(rows["noted"]) / 100.0
    )
    nearest = []
    by = ["area_id", "year", "row_layer"]
    for pairs in levels.list_pairs(rows[["place", "cell", "share", *by]], counts, by):
        pairs["off"] = (pairs["cell"] - pairs["share"] * pairs["residents"]).abs()
        nearest.append(pairs.sort_values("off").drop_duplicates("place"))
    about = pd.concat(nearest).set_index("place")[["off", "residents"]]
    rows = rows.set_index("place").join(about, how="inner")
    return rows[rows["off"] > 1.0 + rows["half"] * rows["residents"]]


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


PRINTED_AREA = re.compile(r"area as printed: (.*?)(?:; |$)")
SPOT = re.compile(r"\b(?:venue|campus|checkpoint|radius|protest sites?)\b", re.IGNORECASE)
PARTS_OF = r"(?:^|and |, )(?:some )?(?:parts|areas|villages|wards|sectors) of (?:the )?"
LEVELS = {
    AreaLevel.CITY.value: 0,
    AreaLevel.ADMIN3.value: 1,
    AreaLevel.ADMIN2.value: 2,
    AreaLevel.DIVISION.value: 3,
    AreaLevel.UNION.value: 3,
}
STATE_LEVEL = 3
"""The level of a place of the first level, and of a country."""
_KINDS = {
    0: "village town city ward",
    1: "mandal township tehsil taluk taluka subdivision block upazila",
    2: "district",
}
KINDS = {
    form: level
    for level, words in _KINDS.items()
    for word in words.split()
    for form in (word, re.sub(r"y$", "ie", word) + "s")
}
LEAST_STEPS = {PlaceReading.WHOLE.value: 1}
"""Levels between a place and the kind in the text from which it is too wide; else two."""


@check("restriction_places", "reading")
def _override_wider_than_row(places: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    overrides: dict[str, dict[str, str]] = {}
    for area_ids, name, reading in tables["place_names"][["area_ids", "name", "reading"]].values:
        for area_id in area_ids.split(";"):
            overrides.setdefault(area_id, {})[fold_name(name)] = reading
    places = places[places["area_id"].isin(overrides)]
    areas = tables["areas"].set_index("area_id")["level"].map(LEVELS).fillna(STATE_LEVEL)
    notes = tables["restrictions"].set_index("restriction_id")["note"].fillna("")
    reasons = [
        _explain_width(
            *(row, overrides[row["area_id"]], int(areas.get(row["area_id"], STATE_LEVEL))),
            notes.get(row["restriction_id"], ""),
        )
        for row in places.to_dict("records")
    ]
    wide = places.assign(reason=reasons)
    return wide[wide["reason"] != ""]


def _explain_width(
    row: Mapping[Hashable, str], overrides: Mapping[str, str], level: int, note: str
) -> str:
    """Return why a place is wider than its row; blank if it is not, or has no override.

    `overrides` are the reviewed readings of names of the place. If none is in the row, that of the
    place that contains it and that the note names counts.
    """
    area_id, names = row["area_id"], row["name"].split("; ")
    name = next((name for name in names if name in overrides), names[0])
    override = name
    if name not in overrides:
        text = f" {fold_name(note)} "
        override = next((holder for holder in overrides if f" {holder} " in text), "")
        if not override or row["found_by"] != PlaceMatch.OVERRIDE.value:
            return ""
    printed = PRINTED_AREA.search(note)
    text = printed[1] if printed else ""
    folded = ", ".join(fold_name(piece) for piece in text.split(","))
    if row["reading"] == PlaceReading.WHOLE.value:
        is_part = overrides[override] == PlaceReading.WITHIN.value
        if is_part and _is_holder_named(name, names, text.casefold(), folded):
            return f"{name} is a part of {area_id}, which is read whole"
        if re.search(PARTS_OF + re.escape(name), folded):
            return f"the row says parts of {name}, which is read whole"
        if spot := SPOT.search(note):
            return f"the row names a {spot[0]}, and {area_id} is read whole"
    kind = _find_kind(name, fold_name(text))
    if kind and level - KINDS[kind] >= LEAST_STEPS.get(row["reading"], 2):
        return f"the row calls {name} a {kind}, and {area_id} is larger"
    return ""


def _is_holder_named(name: str, names: Sequence[str], text: str, folded: str) -> bool:
    """Return whether the text names the whole place only as the container of other places."""
    for holder in names:
        before, separator, after = folded.rpartition(holder)
        is_last = name in before and len(after.split()) <= 1 and "," not in after
        is_followed_by_larger = name in before and re.match(
            r"\s*(?:state|governorate|province|region|district|township)\b", after
        )
        is_bracketed = re.search(re.escape(holder) + r"\s*\(", text)
        is_named = is_last or is_followed_by_larger or is_bracketed
        if holder != name and separator and is_named:
            return True
    return False


def _find_kind(name: str, text: str) -> str:
    if name.split()[-1] in KINDS:
        return name.split()[-1]
    _, separator, after = text.partition(name)
    words = after.split()
    for place, word in enumerate(words if separator else ()):
        if word in KINDS:
            return word if place == 0 or word.endswith("s") else ""
    return ""
