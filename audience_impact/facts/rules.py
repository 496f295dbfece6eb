"""Rules that need more than one table.

Each rule is registered where it is defined; rules.csv has its severity and texts. An error of a row
sends the row to quarantine, and with it the rows whose key then fails; an error of a table stops
publishing; a warning is published with the data.
"""

from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Finding, Tables, build_finding, drop_faulty_rows
from audience_impact.periods import WINDOW_DAYS, with_distance
from audience_impact.populations import EVERYONE, PARENTS, parents_of
from audience_impact.rules import Stage, get_rule, register_rule
from audience_impact.vocabulary import (
    ONLINE_YEARS,
    PlatformKind,
    RuleStage,
    Unit,
)

READ_METRICS = {
    "daily": ("daily_reach", "avg_daily_reach", "dau"),
    "weekly": ("weekly_reach", "wau"),
    "monthly": ("monthly_reach", "mau"),
}
ROUNDING = 1e-3
"""Excess over 1 of rounded shares that add up to it."""
MOST_ACCOUNTS = 3.0
"""Accounts of a service for each person, beyond which a number is no count of them: the highest on
record is 1.1."""
VINTAGES_DIFFER = 1.05
"""Ratio of two counts of the same residents from which they are no two vintages of one."""
ACCOUNTS = (Unit.ACCOUNTS.value, Unit.IDENTITIES.value)
DEEPEST = 12
"""Maximum depth of nested places."""


ACROSS = Stage[Callable[[Tables], list[Finding]]](RuleStage.TABLES)
"""Rules that validate several typed tables together, in the order in which they run."""


def choose_largest_number(frame: pd.DataFrame) -> pd.Series:
    """Return the largest number of a figure: value, else its upper, else its lower end."""
    return frame["value"].fillna(frame["high"]).fillna(frame["low"])


def _join_nearest_base(
    figures: pd.DataFrame, bases: pd.DataFrame, by: list[str], times: float = 1.0
) -> pd.DataFrame:
    """Join figures to the bases that match `by`, the nearest in time for each figure.

    Only figures of more than `times` the smallest such base, as the others exceed none.
    """
    columns = [*by, "base_id", "persons", "period_start", "period_end"]
    least = bases.groupby(by)["persons"].min().rename("least_persons")
    least_persons = figures[by].join(least, on=by)["least_persons"].to_numpy()
    figures = figures[figures["stated_persons"].to_numpy() > times * least_persons]
    right = bases[list(dict.fromkeys(columns))].rename(
        columns={
            "period_start": "base_start",
            "period_end": "base_end",
            "persons": "of_persons",
            "base_id": "of_base_id",
        }
    )
    joined = figures.reset_index(names="place").merge(right, on=by)
    joined = with_distance(joined, ("period_start", "period_end"), ("base_start", "base_end"))
    return joined.sort_values(["gap", "apart", "of_base_id"]).drop_duplicates("place")


def report_row(table: str, row: "pd.Series[str]", column: str, rule: str, message: str) -> Finding:
    """Return a finding of a registered rule."""
    return build_finding(table, row, column, rule, get_rule(rule).severity, message)


Describe = Callable[[Any], str]
"""Returns the message about a row, which is a named tuple."""
Odd = tuple[pd.DataFrame, Describe]
"""The odd rows of a table, and the message about each."""


def report_rows(
    table: str, frame: pd.DataFrame, rule: str, odd: pd.DataFrame, column: str, describe: Describe
) -> list[Finding]:
    """Return a finding for each odd row (index of the frame), with the message of `describe`.

    Where the cell of the column is blank the finding points at `low` or `high`.
    """
    findings: list[Finding] = []
    if odd.empty:  # nearly always, and pandas makes no named tuples of nothing quickly
        return findings
    for place, odd_row in zip(odd.index, odd.itertuples(), strict=True):
        row = frame.loc[place]
        filled = (name for name in (column, "low", "high") if pd.notna(row.get(name)))
        findings.append(report_row(table, row, next(filled, column), rule, describe(odd_row)))
    return findings


def reports(
    table: str, column: str, report: Callable[..., list[Finding]] = report_rows
) -> Callable[[Callable[[Tables], Any]], Callable[[Tables], list[Finding]]]:
    """Register a function that returns the odd rows of a table as a rule; it points at `column`."""

    def register(find: Callable[[Tables], Any]) -> Callable[[Tables], list[Finding]]:
        @wraps(find)
        def run(tables: Tables) -> list[Finding]:
            odd, describe = find(tables)
            return report(table, tables[table], find.__name__, odd, column, describe)

        return ACROSS.rule(table)(run)

    return register


def _select_persons(estimates: pd.DataFrame) -> pd.DataFrame:
    persons = estimates[estimates["unit"] == Unit.PERSONS.value]
    return persons.assign(stated_persons=choose_largest_number(persons))


def _repeat_for_containing(figures: pd.DataFrame) -> pd.DataFrame:
    """Repeat each figure for its population and for each population that contains this."""
    populations = figures["population_base"]
    chain = populations.map(lambda name: (name, *PARENTS.get(name, ())))
    return figures.assign(population_base=chain).explode("population_base")


Excess = tuple[pd.DataFrame, str]
"""Figures joined to the counts that they exceed, and the template of the message."""


def _report_excess(
    table: str, frame: pd.DataFrame, rule: str, joined: pd.DataFrame, column: str, template: str
) -> list[Finding]:
    findings = []
    for row in joined.sort_values("row_line").itertuples():
        original = frame.loc[row.place]
        text = template.format(
            stated=int(row.stated_persons), limit=int(row.of_persons), base=row.of_base_id
        )
        stated_in = column if pd.notna(original[column]) else "high"
        findings.append(report_row(table, original, stated_in, rule, text))
    return findings


@reports("estimates", "value", _report_excess)
def estimate_above_base(tables: Tables) -> Excess:
    """Report audiences above their base by the same measurer within a year."""
    people = _select_persons(tables["estimates"])
    wide = _repeat_for_containing(people.assign(place=people.index))
    figures = wide.rename(columns={"place": "place_of"}).reset_index(drop=True)
    near = _join_nearest_base(
        figures, tables["bases"], ["area_id", "population_base", "measurement_series_id"]
    )
    over = near[(near["gap"] <= WINDOW_DAYS) & (near["stated_persons"] > near["of_persons"])]
    first = over.sort_values(["place_of", "gap"]).drop_duplicates("place_of")
    return first.assign(place=first["place_of"]), (
        "{stated} persons are more than the {limit} of the base {base}; "
        "correct the value or its base"
    )


def _select_residents(tables: Tables) -> pd.DataFrame:
    bases = tables["bases"]
    return bases[bases["population_base"] == EVERYONE]


@reports("estimates", "value", _report_excess)
def above_population(tables: Tables) -> Excess:
    """Report audiences larger than all the people of their area."""
    people = _select_persons(tables["estimates"])
    near = _join_nearest_base(people, _select_residents(tables), ["area_id"])
    return near[near["stated_persons"] > near["of_persons"]], (
        "{stated} persons are more than all {limit} people of the area ({base}); "
        "persons, not thousands or accounts?"
    )


@reports("estimates", "value", _report_excess)
def accounts_above_people(tables: Tables) -> Excess:
    """Report accounts of single services beyond MOST_ACCOUNTS times the people of their area.

    Services that are counted together may have any number of accounts a person.
    """
    estimates, platforms = tables["estimates"], tables["platforms"]
    groups = platforms.loc[platforms["kind"] == PlatformKind.GROUP.value, "platform_id"]
    accounts = estimates[estimates["unit"].isin(ACCOUNTS) & ~estimates["platform_id"].isin(groups)]
    accounts = accounts.assign(stated_persons=accounts[["value", "low", "high"]].max(axis=1))
    near = _join_nearest_base(accounts, _select_residents(tables), ["area_id"], MOST_ACCOUNTS)
    return near[near["stated_persons"] > MOST_ACCOUNTS * near["of_persons"]], (
        f"{{stated}} accounts are more than {MOST_ACCOUNTS:g} times the {{limit}} people of the "
        "area ({base}); look for thousands written out, and compare the number with its page"
    )


@reports("bases", "persons", _report_excess)
def base_above_population(tables: Tables) -> Excess:
    """Report bases above all people of their area, with a twentieth of slack for vintages."""
    bases = tables["bases"]
    parts = bases[bases["population_base"] != EVERYONE]
    near = _join_nearest_base(
        parts.drop(columns="base_id").assign(stated_persons=parts["persons"]),
        _select_residents(tables),
        ["area_id"],
        VINTAGES_DIFFER,
    )
    over = near[near["stated_persons"] > VINTAGES_DIFFER * near["of_persons"]]
    return over, "{stated} persons are more than all {limit} people of the area ({base})"


@reports("bases", "persons", _report_excess)
def base_above_parent(tables: Tables) -> Excess:
    """Report bases larger than the base that contains them, by the same measurer."""
    bases = tables["bases"]
    parts = bases.assign(
        stated_persons=bases["persons"],
        population_base=bases["population_base"].map(lambda name: PARENTS.get(name, ())),
    ).explode("population_base")
    parts = (
        parts.drop(columns="base_id")
        .assign(place_of=parts.index)
        .dropna(subset=["population_base"])
    )
    near = _join_nearest_base(
        parts.reset_index(drop=True), bases, ["area_id", "population_base", "measurement_series_id"]
    )
    over = near[(near["gap"] <= WINDOW_DAYS) & (near["stated_persons"] > near["of_persons"])]
    first = over.drop_duplicates("place_of")
    return first.assign(place=first["place_of"]), (
        "{stated} persons are more than the {limit} of the base {base} that contains it"
    )


@reports("bases", "persons")
def bases_contradict(tables: Tables) -> Odd:
    """Report several numbers of one measurer for an area, a population and a period."""
    bases = tables["bases"]
    key = ["area_id", "population_base", "period", "measurement_series_id"]
    bases = bases[bases.duplicated(key, keep=False)]
    first = bases.groupby(key)["persons"].transform("first")
    line = bases.groupby(key)["row_line"].transform("first")
    odd = bases.assign(first=first, line=line)[bases["persons"] != first]
    return odd, lambda row: f"line {row.line} gives {int(row.first)} for the same measurement"


@reports("network_shares", "users_share")
def networks_above_users(tables: Tables) -> Odd:
    """Report the largest network of each country and period whose shares exceed 1 together."""
    shares = tables["network_shares"].sort_values("users_share", ascending=False)
    key = ["area_id", "period"]
    total = shares.groupby(key)["users_share"].transform("sum")
    odd = shares.assign(total=total)[total > 1.0 + ROUNDING].drop_duplicates(key)
    return odd, lambda row: f"the shares of the networks of {row.area_id} add up to {row.total:.4f}"


@ACROSS.rule("estimates")
def daily_above_monthly(tables: Tables) -> list[Finding]:
    """Report daily > weekly or weekly > monthly figures in one series and period."""
    estimates = tables["estimates"]
    spans = {metric: span for span, metrics in READ_METRICS.items() for metric in metrics}
    rows = estimates.assign(
        span=estimates["audience_metric"].map(spans), stated=choose_largest_number(estimates)
    )
    key = [
        "platform_id",
        "area_id",
        "measurement_series_id",
        "population_base",
        "period",
        "unit",
        "age",
        "sex",
        "activity_threshold",
    ]
    findings: list[Finding] = []
    for short, long in (("daily", "weekly"), ("daily", "monthly"), ("weekly", "monthly")):
        ceiling = rows[rows["span"] == long].groupby(key)["stated"].max().rename("ceiling")
        lower = rows[rows["span"] == short].join(ceiling, on=key)
        findings += [
            report_row(
                "estimates",
                row,
                "value",
                "daily_above_monthly",
                f"the {short} figure exceeds the {long} one of {row['ceiling']:,.0f}",
            )
            for _, row in lower[lower["stated"] > lower["ceiling"]].iterrows()
        ]
    return findings


@reports("restrictions", "continues")
def step_out_of_order(tables: Tables) -> Odd:
    """Report steps that do not start after the one that they continue."""
    restrictions = tables["restrictions"]
    starts = restrictions[["announced_on_start", "observed_from_start"]].min(axis=1)
    steps = restrictions[restrictions["continues"] != ""]
    earlier = starts.set_axis(restrictions["restriction_id"]).reindex(steps["continues"])
    later = starts[steps.index] > earlier.set_axis(steps.index)
    return steps[~later], lambda _: "the restriction that it continues does not start before it"


@ACROSS.rule("areas")
def area_in_itself(tables: Tables) -> list[Finding]:
    """Report areas that contain themselves, at any depth, and unions that are their own member."""
    areas = tables["areas"]
    parents = parents_of(areas)
    above = dict(enumerate(areas["area_id"].tolist()))
    for _ in range(DEEPEST):
        above = {row: parent for row, area in above.items() if (parent := parents.get(area, ""))}
    is_above_itself = np.isin(np.arange(len(areas)), [*above])
    pairs = zip(areas["area_id"].tolist(), areas["members"].tolist(), strict=True)
    is_own_member = pd.Series(
        [area in members.split(";") for area, members in pairs], areas.index, dtype="bool"
    )
    return [
        report_row(
            "areas",
            row,
            "members" if is_own_member[place] else "parent_id",
            "area_in_itself",
            "the area lies in itself",
        )
        for place, row in areas[is_above_itself | is_own_member].iterrows()
    ]


@ACROSS.rule("online_levels")
def years_missing(tables: Tables) -> list[Finding]:
    """Report the first row of each country of which a fitted year is missing.

    A country without it has no levels, because a year is drawn from those around it.
    """
    levels = tables["online_levels"]
    years = levels["period_start"].dt.year.groupby(levels["area_id"])
    return [
        report_row(
            "online_levels",
            levels.loc[present.index[0]],
            "period",
            "years_missing",
            f"{area} has no row of {', '.join(map(str, missing))}",
        )
        for area, present in years
        if (missing := sorted(set(ONLINE_YEARS) - set(present)))
    ]


@reports("sources", "url")
def source_without_address(tables: Tables) -> Odd:
    """Report sources that no reader can open."""
    sources = tables["sources"]
    return sources[sources["url"] == ""], lambda _: "no address on record; add it when it is found"


KEY_UNRESOLVED = register_rule("key_unresolved", RuleStage.KEYS)


class RecordedTables(dict[str, pd.DataFrame]):
    """A set of tables that records the names of the tables that were read."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self.read_names: set[str] = set()

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return the table and record that it was read."""
        self.read_names.add(table)
        return super().__getitem__(table)


def check_across_tables(tables: Tables, unread: Collection[str] = ()) -> list[Finding]:
    """Return the findings of the rules over several tables (typed).

    Rules without rows to check are skipped. Findings of a rule that read a table of `unread`, which
    may lack rows, are dropped.
    """
    findings: list[Finding] = []
    for rule, run in ACROSS.runs.items():
        if any(len(tables[table]) for table in get_rule(rule).tables):
            recorded = RecordedTables(tables)
            rule_findings = run(recorded)
            findings += rule_findings if recorded.read_names.isdisjoint(unread) else []
    return findings


def find_unresolved(
    tables: Tables, keys: Mapping[str, list[str]], references: Mapping[str, Mapping[str, str]]
) -> list[Finding]:
    """Return a finding for each reference to a row that does not exist."""
    targets = {target for columns in references.values() for target in columns.values()}
    key_values = {target: {*tables[target][keys[target][0]].unique(), ""} for target in targets}
    return [
        report_row(
            table,
            tables[table].loc[place],
            column,
            KEY_UNRESOLVED,
            _name_missing_keys(tables[table][column][place], key_values[target], target),
        )
        for table, columns in references.items()
        for column, target in columns.items()
        for place in _find_dangling(tables[table][column], key_values[target])
    ]


def _find_dangling(cells: pd.Series, key_values: set[str]) -> list[int]:
    odd = {
        cell
        for cell in cells.unique()
        if cell not in key_values and not key_values >= {*cell.split(";")}
    }
    return list(cells.index[cells.isin(odd)]) if odd else []


def _name_missing_keys(cell: str, key_values: set[str], target: str) -> str:
    missing = [part for part in cell.split(";") if part not in key_values]
    return f"{', '.join(missing)} is not in {target}.csv or was refused there; add or correct it"


def drop_unresolved(
    tables: Tables, keys: Mapping[str, list[str]], references: Mapping[str, Mapping[str, str]]
) -> tuple[Tables, list[Finding]]:
    """Drop rows with unresolved keys until all keys resolve; return tables and findings."""
    findings: list[Finding] = []
    while fresh := find_unresolved(tables, keys, references):
        findings += fresh
        tables = drop_faulty_rows(tables, fresh)
    return tables, findings
