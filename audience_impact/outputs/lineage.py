"""Tables `lineage` and `sources`: the facts behind each number, their sources, and all sources.

The origin of a figure is written in words: the measurer first, then the page that printed it.

The measurer counted people or surveyed them; the page is where the figure was read. Ten newspapers
that print figures of one panel are ten pages and one measurer. `measurer, period (via page)`:
"Mediascope, July 2025 (via Vanguard)". Brackets after the name of a page (a country, an agency, a
copy) are omitted, and a page of the measurer itself (one name begins with the other) is not named.
If the page does not name the measurer (a measuring programme of the type `press_relay`), UNSTATED
is used instead. A projection of this project names no page, only whose data it continues. A
restriction is reported by the house that wrote the page, not by the one that copied it.
"""

import calendar
import re
from collections.abc import Iterator
from functools import cache

import pandas as pd

from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import AUDIENCE, COUNTRY, Scope
from audience_impact.facts.tables import Tables
from audience_impact.places import networks
from audience_impact.plain_text import mark_filled
from audience_impact.simulation.simulate import SimulationInputs
from audience_impact.vocabulary import WHOLE_INTERNET, FactRole, SourceType, Unstated

UNSTATED = "measurer not stated"
"""Words in place of the measurer if the page does not name one."""
OURS = "audience-impact"
"""Beginning of the name of a measurer that is this project."""


@cache
def name_origin(measurer: str | None, publisher: str, period: str | None = None) -> str:
    """Return the origin of a figure in words; `measurer` is None if the page names none."""
    page, named = _strip_brackets(publisher), UNSTATED if measurer is None else measurer
    is_bare = " that " in page  # of a page whose publisher nobody wrote down
    if measurer is not None:
        names = sorted((_strip_brackets(measurer).casefold(), page.casefold()), key=len)
        is_bare |= measurer.startswith(OURS) or names[1].startswith(names[0])
    when = f", {period_in_words(period)}" if period else ""
    return f"{named}{when}" if is_bare else f"{named}{when} (via {page})"


def name_origins(frame: pd.DataFrame, measurer: str, publisher: str) -> pd.Series:
    """Return the origin of each row from these columns and `period`, as text without nulls."""
    columns = [frame[name].astype("object") for name in (measurer, publisher, "period")]
    cells = (column.where(column.notna(), None).tolist() for column in columns)
    words = [name_origin(*row) for row in zip(*cells, strict=True)]
    return pd.Series(words, frame.index, dtype="str")


def period_in_words(period: str) -> str:
    """Return a period of the facts in words: `2025-07` is July 2025, `A/B` is A to B."""
    words = []
    for moment in period.split("/"):
        year, month, day = (*moment.split("-"), "", "")[:3]
        name = calendar.month_name[int(month)] if month.isdigit() else month
        words.append(" ".join(filter(None, [day.lstrip("0"), name, year])))
    return " to ".join(words)


@cache
def _strip_brackets(name: str) -> str:
    return re.sub(r"\s*\([^)]*\)$", "", name)


EVERY = "all"
"""Platform in lineage of a fact that concerns the whole restriction."""
OF_ROW = "of the row"
"""In place of a platform: that of each row."""
TARGETS = "restriction_targets"
SEVERAL_IDS = re.compile("[;+]")
"""Separators of the ids of several facts of one share or base."""
INPUTS = {
    "estimates": "estimate_id",
    "bases": "base_id",
    "restrictions": "restriction_id",
    "overlaps": "overlap_id",
    "feature_use": "feature_use_id",
    "circumvention": "circumvention_id",
    "surveys": "survey_id",
    "evidence": "evidence_id",
}
"""Key of each fact table that is an input of numbers and has a key of one column."""
SEVERAL_COLUMNS = {
    "restriction_targets": ("/", ["restriction_id", "platform_id", "feature"]),
    "network_use": (" ", ["area_id", "period"]),
    "network_shares": (" ", ["area_id", "asn", "period"]),
}
"""Keys of several columns, joined by a character in `input_id`."""
RESTRICTION_TABLES = ("restrictions", TARGETS)
"""Tables whose rows describe a restriction: reported, not measured."""
COLUMNS = ["restriction_id", "platform_id", "input_id", "role"]
_FACT = [
    *("input_table", "input_id", "source_id", "measurement_series_id", "period"),
    *("row_layer", "row_file", "row_line"),
]
PLACE = ["row_layer", "row_line"]
"""Where a fact stands, within its table."""
OPTIONAL_COLUMNS = ["title", "published_on", "licence"]
"""Columns that may be blank in the facts; here a word replaces the blank."""


def make_lineage(scope: Scope, simulation: SimulationInputs, tables: Tables) -> pd.DataFrame:
    """Return one row for each restriction, platform, fact and role."""
    used = [*_use_figures(simulation.selected), *_use_facts(scope, simulation, tables)]
    rows = pd.concat(used, ignore_index=True).drop_duplicates()
    return (
        rows.merge(locate_facts(rows["input_id"], tables), on=["input_table", "input_id"])
        .assign(output_table="impact")
        .sort_values(
            ["restriction_id", "role", "platform_id", "input_table", "input_id"], ignore_index=True
        )
    )


def locate_facts(input_ids: "pd.Series[str]", tables: Tables) -> pd.DataFrame:
    """Return the facts with one of these ids, each with its line, its source and its measurer."""
    keyed = [
        tables[table].rename(columns={key: "input_id"}).assign(input_table=table)
        for table, key in INPUTS.items()
    ]
    keyed += [_add_keys(tables[name], name).assign(input_table=name) for name in SEVERAL_COLUMNS]
    facts = pd.concat([part.reindex(columns=_FACT) for part in keyed], ignore_index=True)
    facts = facts[facts["input_id"].isin(input_ids)]
    pages = tables["sources"][["source_id", "publisher", "url", "measurement_series_id"]]
    facts = facts.merge(pages, on="source_id", suffixes=("", "_of_page"))
    series = facts["measurement_series_id"].fillna(facts["measurement_series_id_of_page"])
    lineages = tables["lineages"].set_index("measurement_series_id")
    measurers = lineages["measurer"].where(lineages["source_type"] != SourceType.PRESS_RELAY)
    facts = facts.assign(measurer=series.map(measurers))
    attribution = name_origins(facts, "measurer", "publisher")
    is_restriction = facts["input_table"].isin(RESTRICTION_TABLES)
    return facts.assign(
        attribution=attribution.where(~is_restriction, facts["publisher"].map(_strip_brackets)),
        measurer=facts["measurer"].mask(is_restriction),
    )


def _add_keys(rows: pd.DataFrame, table: str) -> pd.DataFrame:
    separator, columns = SEVERAL_COLUMNS[table]
    first, *others = (rows[name].astype("str") for name in columns)
    return rows.assign(input_id=first.str.cat(others, sep=separator))


def _use_figures(inputs: Inputs) -> Iterator[pd.DataFrame]:
    chosen, sizes, shares = inputs.chosen, inputs.sizes, inputs.feature_shares
    of_shares = chosen[chosen["share_base_id"] != ""]
    same = [*AUDIENCE, "measurement_series_id", "period", "metric_priority"]
    pages = inputs.before.merge(chosen[same].drop_duplicates(), on=same)
    key = ["restriction_id", "estimate_id"]
    is_chosen = pd.MultiIndex.from_frame(pages[key]).isin(pd.MultiIndex.from_frame(chosen[key]))
    yield _add_role(chosen, FactRole.AUDIENCE, "estimates", "estimate_id", OF_ROW)
    yield _add_role(pages[~is_chosen], FactRole.RELAY, "estimates", "estimate_id", OF_ROW)
    yield _add_role(inputs.daily, FactRole.DAILY_AUDIENCE, "estimates", "daily_id", OF_ROW)
    yield _add_role(sizes, FactRole.BASE, "bases", "base_id")
    yield _add_role(sizes, FactRole.POPULATION, "bases", "population_id")
    yield _add_role(sizes, FactRole.AUDIENCE, "bases", "audience_base_id", WHOLE_INTERNET)
    yield _add_role(sizes, FactRole.AUDIENCE, "bases", "differing_base_ids", WHOLE_INTERNET)
    yield _add_role(of_shares, FactRole.SHARE_BASE, "bases", "share_base_id", OF_ROW)
    yield _add_role(shares, FactRole.SHARE_BASE, "bases", "asked_base_ids")
    yield _add_role(shares, FactRole.FEATURE_SHARE, "feature_use", "feature_use_id")
    keeping = inputs.circumvention
    yield _add_role(keeping, FactRole.CIRCUMVENTION, "circumvention", "circumvention_id")


def _use_facts(scope: Scope, drawn: SimulationInputs, tables: Tables) -> Iterator[pd.DataFrame]:
    """Yield what describes the restriction and its places, and what joint use rests on."""
    inputs, targets = drawn.selected, _add_keys(tables["restriction_targets"], TARGETS)
    yield _add_role(scope.restrictions, FactRole.RESTRICTION, "restrictions", "restriction_id")
    yield _add_role(targets, FactRole.TARGET, TARGETS, platform=OF_ROW)
    yield _add_role(scope.evidence, FactRole.EVIDENCE, "evidence", "evidence_id")
    measured = drawn.bounds.overlaps
    ids = [(overlap.key[0], key) for overlap in measured for key in overlap.used_ids]
    overlaps = pd.DataFrame(ids, columns=["restriction_id", "input_id"])
    yield _add_role(overlaps, FactRole.OVERLAP, "overlaps")
    several = inputs.sizes.groupby(COUNTRY)["platform_id"].nunique() > 1
    fitted = tables["surveys"]["survey_id"].isin(tables["overlap_calibration"]["survey_id"])
    surveys = (
        several[several]
        .reset_index()[COUNTRY]
        .merge(tables["surveys"][fitted], left_on="country_id", right_on="area_id")
    )
    yield _add_role(surveys, FactRole.OWN_SURVEY, "surveys", "survey_id")
    lines, shares = list_counts_of_lines(inputs, tables), list_operator_shares(inputs, tables)
    yield _add_role(lines[lines["is_used"]], FactRole.NETWORK, "network_use")
    if len(shares):
        yield _add_role(shares[shares["is_used"]], FactRole.OPERATORS, "network_shares")


def list_counts_of_lines(inputs: Inputs, tables: Tables) -> pd.DataFrame:
    """Return the counts of fixed lines of countries of parts, of which the nearest `is_used`."""
    counted = inputs.parts[inputs.parts["network_rung"].isin(networks.COUNTED)]
    places = counted[COUNTRY].assign(day=counted["start"])
    near = networks.find_nearest_counts(places, tables["network_use"])[PLACE]
    lines = _add_keys(tables["network_use"], "network_use")
    rows = places.join(near.add_prefix("near_")).merge(
        lines, left_on="country_id", right_on="area_id"
    )
    is_used = rows["row_line"].eq(rows["near_row_line"])
    return rows.assign(is_used=is_used & rows["row_layer"].eq(rows["near_row_layer"]))


def list_operator_shares(inputs: Inputs, tables: Tables) -> pd.DataFrame:
    """Return shares of operators' networks, `is_used` in the nearest month; no rows without any."""
    named = inputs.parts[inputs.parts["network_rung"] == networks.OPERATORS]
    if named.empty:
        return named
    operators = named["network"].astype("str").str.extract(r"\|(.*)", expand=False)
    named = named[COUNTRY].assign(day=named["start"], operators=operators)
    rows = networks.list_considered(named, tables)
    return _add_keys(rows.assign(area_id=rows["country_id"]), "network_shares")


def _add_role(
    rows: pd.DataFrame, role: FactRole, table: str, column: str = "input_id", platform: str = EVERY
) -> pd.DataFrame:
    """Return the facts of a table that a column names, several in a cell, with their role."""
    ids = rows[column].astype("str").str.split(SEVERAL_IDS)
    named = rows.assign(input_id=ids, role=role.value, input_table=table)
    named = named if platform == OF_ROW else named.assign(platform_id=platform)
    return named.explode("input_id")[[*COLUMNS, "input_table"]].dropna(subset="input_id")


def make_sources(tables: Tables) -> pd.DataFrame:
    """Return one row per source of the facts, with the measurer whose figures the source prints."""
    measurer = tables["lineages"].set_index("measurement_series_id")["measurer"]
    frame = tables["sources"]
    stated = frame[OPTIONAL_COLUMNS].apply(
        lambda cells: cells.where(mark_filled(cells), Unstated.NOT_RECORDED.value)
    )
    return frame.assign(
        **stated, measurer=frame["measurement_series_id"].map(measurer)
    ).sort_values("source_id", ignore_index=True)
