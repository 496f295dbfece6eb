"""What an explanation is made of: steps, each of sentences, facts and numbers.

Numbers are those of the results and facts: nothing is typed here. Text and JSON are made of the
same steps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from audience_impact.plain_text import plain
from audience_impact.tracing.draws import Drawn
from audience_impact.vocabulary import WHOLE_INTERNET
from flows.explaining.recomputed import Facts

EXAMPLES = 3
"""Facts named in the text of those passed over for one reason; JSON names all."""
PERSONS, SHARE, ODDS = "persons", "share", "log odds"
FORMS = {PERSONS: "{:,.0f}", "person_days": "{:,.0f}", "days": "{:,.0f}", "share": "{:.4g}"}
"""How a number of each unit is written; others with their sign."""


@dataclass(frozen=True)
class Fact:
    """A fact that was used, or passed over for a reason."""

    role: str
    table: str
    id: str
    place: str
    says: str
    attribution: str
    url: str
    persons: float | None
    cells: dict[str, Any]
    passed_over: str


@dataclass(frozen=True)
class Number:
    """A number on the way: one value, or the 5, 50 and 95 % quantile of what is drawn."""

    what: str
    unit: str
    value: float | None = None
    q05: float | None = None
    q50: float | None = None
    q95: float | None = None

    @property
    def text(self) -> str:
        """The number for the eye."""
        if self.value is not None:
            return shown(self.value, self.unit)
        low, middle, high = (shown(each, self.unit) for each in (self.q05, self.q50, self.q95))
        return f"{middle} (5 to 95 %: {low} to {high})"


@dataclass(frozen=True)
class Step:
    """One step of an explanation."""

    title: str
    says: Sequence[str] = ()
    facts: Sequence[Fact] = ()
    numbers: Sequence[Number] = ()
    label: str = "used"


def holds(cell: Any) -> bool:
    """Whether a cell says yes; no where it is missing."""
    return not pd.isna(cell) and bool(cell)


def shown(value: float | None, unit: str) -> str:
    """A number for the eye; a dash where there is none."""
    if value is None or pd.isna(value):
        return "-"
    return FORMS.get(unit, "{:+.3f}").format(value)


def of_draws(drawn: Sequence[Drawn]) -> list[Number]:
    """What is drawn, as numbers."""
    return [Number(_what(one), one.unit, None, one.q05, one.q50, one.q95) for one in drawn]


def _what(one: Drawn) -> str:
    of = "the whole internet" if one.of == WHOLE_INTERNET else one.of
    where = " in ".join(name for name in (of, one.country_id) if name)
    return f"{one.what}, {where}" if where else one.what


def value(what: str, number: float | None, unit: str = PERSONS) -> list[Number]:
    """One number, or none where it is not known."""
    known = number is not None and not pd.isna(number)
    return [Number(what, unit, float(number))] if known and number is not None else []


def facts(rows: pd.DataFrame, found: Facts) -> list[Fact]:
    """Facts from rows of candidates or of lineage: used first, then by the reason why not."""
    if rows.empty:
        return []
    order = rows.sort_values(["passed_over", "row_layer", "row_line"]).reset_index(drop=True)
    origin = found.attributions(order)
    return [
        _fact(row, found, attribution, url)
        for row, attribution, url in zip(
            order.to_dict("records"), origin["attribution"], origin["url"], strict=True
        )
    ]


def _fact(row: dict[Any, Any], found: Facts, attribution: str, url: str) -> Fact:
    at = str(row["input_table"]), int(row["row_layer"]), int(row["row_line"])
    cells, persons = found.row(*at), row.get("persons")
    persons = None if persons is None or pd.isna(persons) else float(persons)
    return Fact(
        row["role"],
        at[0],
        row["input_id"],
        found.place(*at),
        says(at[0], cells, persons),
        attribution,
        url,
        persons,
        cells,
        row["passed_over"],
    )


def says(table: str, cells: dict[str, Any], persons: float | None = None) -> str:
    """What a fact says, in few words."""
    if table == "bases":
        projected = ", projected" if cells["obs_status"] == "F" else ""
        return f"{cells['persons']:,.0f} {cells['population_base']} in {cells['period']}{projected}"
    if table == "restriction_targets":
        return f"{cells['platform_id']} {cells['feature']} ({cells['claim_status']})"
    if table == "restrictions":
        return f"{cells['action']}, {cells['severity']}"
    if table == "network_use":
        return f"{cells['least_share']:.4g} to {cells['most_share']:.4g} of those online"
    if table == "surveys":
        return f"{cells['respondents']:,.0f} asked, in {cells['period']}"
    if "data_sha256" in cells:
        return f"{cells.get('value', cells.get('mean')):.4g}; {cells.get('note', '')}"
    return f"{_measure(cells)}{_in_persons(cells, persons)}"


def _measure(cells: dict[str, Any]) -> str:
    """A figure with its unit, kind, population and period."""
    unit = cells.get("unit", SHARE)
    form = "{:.4g}".format if unit == SHARE else "{:,.0f}".format
    names = ("value", "share", "low", "high", "low_share", "high_share")
    numbers = " to ".join(form(cells[name]) for name in names if name in cells)
    kind = str(cells.get("interval_kind", "none"))
    kind = f" {kind}" if kind != "none" else ""
    words = [
        str(cells[name])
        for name in ("audience_metric", "feature", "population_base", "age", "asked", "period")
        if name in cells
    ]
    return ", ".join([f"{numbers} {unit}{kind}", *words])


def _in_persons(cells: dict[str, Any], persons: float | None) -> str:
    """The figure as people, where it is a share."""
    if persons is None or cells.get("unit") != SHARE:
        return ""
    return f" = {persons:,.0f} persons"


def as_json(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The steps as plain objects."""
    return [{"step": number, **asdict(step)} for number, step in enumerate(steps, 1)]


def as_text(steps: Sequence[Step]) -> str:
    """The steps for a reader; signs that a terminal would act upon are shown by number."""
    lines = (line for number, step in enumerate(steps, 1) for line in _lines(number, step))
    return "\n".join(map(plain, lines))


def _lines(number: int, step: Step) -> Iterator[str]:
    yield f"{number}. {step.title}"
    yield from (f"   {text}" for text in step.says)
    used = [fact for fact in step.facts if not fact.passed_over]
    if used:
        yield f"   {step.label}:"
        yield from (f"     {_named(fact)}" for fact in used)
    aside = [fact for fact in step.facts if fact.passed_over]
    if aside:
        yield "   passed over:"
        for reason in dict.fromkeys(fact.passed_over for fact in aside):
            yield from _passed_over(reason, [one for one in aside if one.passed_over == reason])
    width = max((len(one.what) for one in step.numbers), default=0)
    yield from (f"   {one.what:<{width}}  {one.text}" for one in step.numbers)
    yield ""


def _passed_over(reason: str, rows: Sequence[Fact]) -> Iterator[str]:
    """A reason, how many facts were passed over for it, and some of them."""
    more = len(rows) - EXAMPLES
    yield f"     {reason}:"
    yield from (f"       {_named(fact)}" for fact in rows[:EXAMPLES])
    if more > 0:
        yield f"       and {more} more"


def _named(fact: Fact) -> str:
    origin = f"; {fact.attribution}" if fact.attribution else ""
    role = fact.role.replace("_", " ")
    return f"{fact.place}  {fact.id} ({role}): {fact.says}{origin}"
