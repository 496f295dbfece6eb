"""Rules that need more than one table.

Each is registered where it stands, with severity, meaning and advice. An error of a row sends the
row to quarantine, and with it the rows whose key then fails; an error of a table stops publishing;
a warning is published with the data.
"""

from collections.abc import Callable, Collection, Mapping

import pandas as pd

from audience_impact.facts.tables import Finding, Tables, finding, without
from audience_impact.periods import WINDOW_DAYS, with_distance
from audience_impact.populations import EVERYONE, PARENTS, parents_of
from audience_impact.rules import Rule, Stage, named, register
from audience_impact.vocabulary import FindingSeverity, RuleStage, Unit

READ_METRICS = {
    "daily": ("daily_reach", "avg_daily_reach", "dau"),
    "weekly": ("weekly_reach", "wau"),
    "monthly": ("monthly_reach", "mau"),
}
DEEPEST = 12
"""No place lies in so many others, one in the other."""


ACROSS = Stage[Callable[[Tables], list[Finding]]](RuleStage.TABLES)
"""The rules over typed tables, in the order in which they run."""


def top(frame: pd.DataFrame) -> pd.Series:
    """The largest number a figure states: value, else its upper, else its lower end."""
    return frame["value"].fillna(frame["high"]).fillna(frame["low"])


def _nearest(figures: pd.DataFrame, bases: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Figures joined to the bases that match `by`, the nearest in time for each figure."""
    wanted = [*by, "base_id", "persons", "period_start", "period_end"]
    right = bases[list(dict.fromkeys(wanted))].rename(
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


def found_in(table: str, row: "pd.Series[str]", column: str, rule: str, message: str) -> Finding:
    """A finding of a registered rule."""
    return finding(table, row, column, rule, named(rule).severity, message)


def _people(estimates: pd.DataFrame) -> pd.DataFrame:
    persons = estimates[estimates["unit"] == Unit.PERSONS.value]
    return persons.assign(stated_persons=top(persons))


def _ancestors(figures: pd.DataFrame) -> pd.DataFrame:
    """Each figure once for its own population and once for each that contains it."""
    own = figures["population_base"]
    chain = own.map(lambda name: (name, *PARENTS.get(name, ())))
    return figures.assign(population_base=chain).explode("population_base")


def _messages(
    joined: pd.DataFrame,
    table: str,
    column: str,
    rule: str,
    tables: Tables,
    says: str,
) -> list[Finding]:
    found = []
    for row in joined.sort_values("row_line").itertuples():
        original = tables[table].loc[row.place]
        text = says.format(
            stated=int(row.stated_persons), limit=int(row.of_persons), base=row.of_base_id
        )
        stated_in = column if pd.notna(original[column]) else "high"
        found.append(found_in(table, original, stated_in, rule, text))
    return found


@ACROSS.rule(
    FindingSeverity.ERROR,
    "an audience exceeds its base as the same measurer counts it within 12 months",
    "correct the value or its base",
    "estimates",
    number=1,
)
def estimate_above_base(tables: Tables) -> list[Finding]:
    """An audience is part of its base, as the same measurer counts it within a year."""
    people = _people(tables["estimates"])
    wide = _ancestors(people.assign(place=people.index))
    each = wide.rename(columns={"place": "place_of"}).reset_index(drop=True)
    near = _nearest(each, tables["bases"], ["area_id", "population_base", "measurement_series_id"])
    over = near[(near["gap"] <= WINDOW_DAYS) & (near["stated_persons"] > near["of_persons"])]
    first = over.sort_values(["place_of", "gap"]).drop_duplicates("place_of")
    return _messages(
        first.assign(place=first["place_of"]),
        "estimates",
        "value",
        "estimate_above_base",
        tables,
        "{stated} persons are more than the {limit} of the base {base}; "
        "correct the value or its base",
    )


def _populations(tables: Tables) -> pd.DataFrame:
    """The largest population on record of each area and year-near period."""
    bases = tables["bases"]
    return bases[bases["population_base"] == EVERYONE]


@ACROSS.rule(
    FindingSeverity.ERROR,
    "an audience exceeds the population of its area",
    "look for thousands or accounts taken for persons",
    "estimates",
    number=1,
)
def above_population(tables: Tables) -> list[Finding]:
    """No audience is larger than all the people of its area."""
    people = _people(tables["estimates"])
    near = _nearest(people, _populations(tables), ["area_id"])
    over = near[near["stated_persons"] > near["of_persons"]]
    return _messages(
        over,
        "estimates",
        "value",
        "above_population",
        tables,
        "{stated} persons are more than all {limit} people of the area ({base}); "
        "persons, not thousands or accounts?",
    )


@ACROSS.rule(
    FindingSeverity.TABLE_ERROR,
    "a base exceeds the population of its area",
    "correct the base or the population",
    "bases",
    number=2,
)
def base_above_population(tables: Tables) -> list[Finding]:
    """No base is larger than all the people of its area, a twentieth of slack for vintages."""
    bases = tables["bases"]
    parts = bases[bases["population_base"] != EVERYONE]
    near = _nearest(
        parts.drop(columns="base_id").assign(stated_persons=parts["persons"]),
        _populations(tables),
        ["area_id"],
    )
    over = near[near["stated_persons"] > 1.05 * near["of_persons"]]
    return _messages(
        over,
        "bases",
        "persons",
        "base_above_population",
        tables,
        "{stated} persons are more than all {limit} people of the area ({base})",
    )


@ACROSS.rule(
    FindingSeverity.TABLE_ERROR,
    "a base exceeds the base that contains it",
    "correct the base or the one that contains it",
    "bases",
    number=2,
)
def base_above_parent(tables: Tables) -> list[Finding]:
    """A base is no larger than the base that contains it, by the same measurer."""
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
    near = _nearest(
        parts.reset_index(drop=True), bases, ["area_id", "population_base", "measurement_series_id"]
    )
    over = near[(near["gap"] <= WINDOW_DAYS) & (near["stated_persons"] > near["of_persons"])]
    first = over.drop_duplicates("place_of")
    return _messages(
        first.assign(place=first["place_of"]),
        "bases",
        "persons",
        "base_above_parent",
        tables,
        "{stated} persons are more than the {limit} of the base {base} that contains it",
    )


@ACROSS.rule(
    FindingSeverity.TABLE_ERROR,
    "one measurer gives two numbers for the same area, population and period",
    "keep the number of the newer revision",
    "bases",
    number=2,
)
def bases_contradict(tables: Tables) -> list[Finding]:
    """One measurer gives one number for an area, a population and a period."""
    bases = tables["bases"]
    key = ["area_id", "population_base", "period", "measurement_series_id"]
    bases = bases[bases.duplicated(key, keep=False)]
    first = bases.groupby(key)["persons"].transform("first")
    line = bases.groupby(key)["row_line"].transform("first")
    return [
        found_in(
            "bases",
            row,
            "persons",
            "bases_contradict",
            f"line {line[place]} gives {int(first[place])} for the same measurement",
        )
        for place, row in bases[bases["persons"] != first].iterrows()
    ]


@ACROSS.rule(
    FindingSeverity.WARNING,
    "daily <= weekly <= monthly does not hold in one lineage and period",
    "compare both with their pages; a metric or a unit may be wrong",
    "estimates",
    number=3,
)
def daily_above_monthly(tables: Tables) -> list[Finding]:
    """Daily <= weekly <= monthly in one lineage and period."""
    estimates = tables["estimates"]
    spans = {metric: span for span, metrics in READ_METRICS.items() for metric in metrics}
    rows = estimates.assign(span=estimates["audience_metric"].map(spans), stated=top(estimates))
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
    found: list[Finding] = []
    for short, long in (("daily", "weekly"), ("daily", "monthly"), ("weekly", "monthly")):
        ceiling = rows[rows["span"] == long].groupby(key)["stated"].max().rename("ceiling")
        lower = rows[rows["span"] == short].join(ceiling, on=key)
        found += [
            found_in(
                "estimates",
                row,
                "value",
                "daily_above_monthly",
                f"the {short} figure exceeds the {long} one of {row['ceiling']:,.0f}",
            )
            for _, row in lower[lower["stated"] > lower["ceiling"]].iterrows()
        ]
    return found


@ACROSS.rule(
    FindingSeverity.ERROR,
    "a step of an act does not start after the restriction that it continues",
    "name in continues the step before this one, or leave the cell blank",
    "restrictions",
)
def step_out_of_order(tables: Tables) -> list[Finding]:
    """A step starts after the one that it continues; both starts are known."""
    acts = tables["restrictions"]
    starts = acts[["announced_on_start", "observed_from_start"]].min(axis=1)
    steps = acts[acts["continues"] != ""]
    earlier = starts.set_axis(acts["restriction_id"]).reindex(steps["continues"])
    later = starts[steps.index] > earlier.set_axis(steps.index)
    return [
        found_in(
            "restrictions",
            row,
            "continues",
            "step_out_of_order",
            "the restriction that it continues does not start before it",
        )
        for _, row in steps[~later].iterrows()
    ]


@ACROSS.rule(
    FindingSeverity.ERROR,
    "an area lies in itself, by what holds it or by its members",
    "correct parent_id or members: an area is smaller than what holds it",
    "areas",
)
def area_in_itself(tables: Tables) -> list[Finding]:
    """No area is held by itself, however many lie between, and no union is its own member."""
    areas = tables["areas"]
    parents = parents_of(areas)
    above = areas["area_id"]
    for _ in range(DEEPEST):
        if (above == "").all():
            break
        above = above.map(parents).fillna("").astype("str")
    pairs = zip(areas["area_id"], areas["members"].str.split(";"), strict=True)
    own = pd.Series([area in members for area, members in pairs], areas.index, dtype="bool")
    return [
        found_in(
            "areas",
            row,
            "members" if own[place] else "parent_id",
            "area_in_itself",
            "the area lies in itself",
        )
        for place, row in areas[above.ne("") | own].iterrows()
    ]


@ACROSS.rule(
    FindingSeverity.WARNING,
    "a source has no address",
    "add the address when it is found",
    "sources",
    number=16,
)
def source_without_address(tables: Tables) -> list[Finding]:
    """A source that no reader can open."""
    sources = tables["sources"]
    return [
        found_in(
            "sources",
            row,
            "url",
            "source_without_address",
            "no address on record; add it when it is found",
        )
        for _, row in sources[sources["url"] == ""].iterrows()
    ]


KEY_UNRESOLVED = register(
    Rule(
        "key_unresolved",
        RuleStage.KEYS,
        FindingSeverity.ERROR,
        "a key points to a row that does not exist or was sent to quarantine",
        "add the row to the table that the key points to, or correct the key",
        number=17,
    )
).id


class Reads(dict[str, pd.DataFrame]):
    """Tables that remember which of them were read."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self.read: set[str] = set()

    def __getitem__(self, table: str) -> pd.DataFrame:
        """The table, which counts as read from now on."""
        self.read.add(table)
        return super().__getitem__(table)


def cross(
    tables: Tables, with_warnings: bool = True, unread: Collection[str] = ()
) -> list[Finding]:
    """Everything that the rules over several tables find in typed tables.

    A rule is run where a table that it is held on has rows; those of warnings if they are asked
    for. What it says counts where it looked
    at no table of `unread`, whose rows are not all known.
    """
    found = []
    for rule, run in ACROSS.runs.items():
        is_wanted = with_warnings or named(rule).severity is not FindingSeverity.WARNING
        if is_wanted and any(len(tables[table]) for table in named(rule).tables):
            seen = Reads(tables)
            told = run(seen)
            found += told if seen.read.isdisjoint(unread) else []
    return found


def unresolved(
    tables: Tables, keys: Mapping[str, list[str]], references: Mapping[str, Mapping[str, str]]
) -> list[Finding]:
    """A finding for each reference that no row of the table it points to answers."""
    targets = {target for columns in references.values() for target in columns.values()}
    known = {target: {*tables[target][keys[target][0]].unique(), ""} for target in targets}
    return [
        found_in(
            table,
            tables[table].loc[place],
            column,
            KEY_UNRESOLVED,
            _advice(tables[table][column][place], known[target], target),
        )
        for table, columns in references.items()
        for column, target in columns.items()
        for place in _dangling(tables[table][column], known[target])
    ]


def _dangling(cells: pd.Series, known: set[str]) -> list[int]:
    """Where a cell names what is not known."""
    odd = {cell for cell in cells.unique() if cell not in known and not known >= {*cell.split(";")}}
    return list(cells.index[cells.isin(odd)]) if odd else []


def _advice(cell: str, known: set[str], target: str) -> str:
    missing = [part for part in cell.split(";") if part not in known]
    return f"{', '.join(missing)} is not in {target}.csv or was refused there; add or correct it"


def settle(
    tables: Tables, keys: Mapping[str, list[str]], references: Mapping[str, Mapping[str, str]]
) -> tuple[Tables, list[Finding]]:
    """Take out rows whose keys do not resolve until all that stay do."""
    found: list[Finding] = []
    while fresh := unresolved(tables, keys, references):
        found += fresh
        tables = without(tables, fresh)
    return tables, found
