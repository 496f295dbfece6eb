"""The elements of an explanation: steps, each with sentences, facts and numbers.

All numbers come from results and facts. Text and JSON are made from the same steps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from audience_impact.explaining.facts import Cells, FactLine, FactRows
from audience_impact.outputs.lineage import EVERY
from audience_impact.plain_text import plain_line
from audience_impact.tracing.candidates import EXAMPLES
from audience_impact.vocabulary import WHOLE_INTERNET, ObsStatus, Unit

PERSONS, SHARE = Unit.PERSONS.value, Unit.SHARE.value
FORMS = {PERSONS: "{:,.0f}", "person_days": "{:,.0f}", "days": "{:,.0f}", SHARE: "{:.4g}"}
"""Format of a number by unit; numbers in other units are shown with their sign."""


@dataclass(frozen=True)
class Fact:
    """A fact that was used, or excluded for a reason (`passed_over`)."""

    role: str
    table: str
    id: str
    place: str
    says: str
    attribution: str
    url: str
    persons: float | None
    cells: Cells
    passed_over: str


@dataclass(frozen=True)
class Number:
    """A number of a step: one value, or the 5, 50 and 95 % quantiles of draws."""

    what: str
    unit: str
    value: float | None = None
    q05: float | None = None
    q50: float | None = None
    q95: float | None = None

    @property
    def text(self) -> str:
        """Return the number or the quantiles as text."""
        if self.value is not None:
            return format_number(self.value, self.unit)
        low, middle, high = (
            format_number(quantile, self.unit) for quantile in (self.q05, self.q50, self.q95)
        )
        return f"{middle} (5 to 95 %: {low} to {high})"


@dataclass(frozen=True)
class Step:
    """One step of an explanation."""

    title: str
    says: Sequence[str] = ()
    facts: Sequence[Fact] = ()
    numbers: Sequence[Number] = ()
    label: str = "used"


def format_number(value: float | None, unit: str) -> str:
    """Return a number as text in the format of its unit; a dash for a missing number."""
    if value is None or pd.isna(value):
        return "-"
    return FORMS.get(unit, "{:+.3f}").format(value)


def list_number(what: str, number: float | None, unit: str = PERSONS) -> list[Number]:
    """Return a list with the number; empty if the number is missing."""
    is_known = number is not None and not pd.isna(number)
    return [Number(what, unit, float(number))] if is_known and number is not None else []


def list_sentences(rows: pd.DataFrame) -> list[str]:
    """Return the sentences in these rows of table `steps`."""
    return list(rows.loc[rows["unit"].isna() & rows["input_table"].isna(), "text"])


def list_numbers(rows: pd.DataFrame, named: bool = False) -> list[Number]:
    """Return the numbers in these rows of table `steps`; `named` adds subject and country."""
    return [
        Number(_name_number(row) if named else row["text"], row["unit"], *_list_ends(row))
        for row in rows[rows["unit"].notna()].to_dict("records")
    ]


def _list_ends(row: dict[Any, Any]) -> tuple[float | None, ...]:
    if pd.isna(row["low"]):
        return (row["value"],)
    return None, row["low"], row["value"], row["high"]


def _name_number(row: dict[Any, Any]) -> str:
    names = (row["subject"], row["country_id"])
    where = " in ".join(name_service(name) for name in names if name != EVERY)
    return f"{row['text']}, {where}" if where else str(row["text"])


def name_service(platform: str, internet: str = "the whole internet") -> str:
    """Return the name of a service, or words for the whole internet or an unknown service."""
    return internet if platform == WHOLE_INTERNET else platform or "an unknown service"


def describe_facts(rows: pd.DataFrame, fact_rows: FactRows) -> list[Fact]:
    """Return the facts in rows of candidates or lineage: used ones first, then by reason."""
    order = rows.sort_values(["passed_over", "row_layer", "row_line"])
    return [
        describe_fact(
            FactLine(row["input_table"], int(row["row_layer"]), int(row["row_line"])),
            row["input_id"],
            row["role"],
            fact_rows,
            row.get("persons"),
            row["passed_over"],
        )
        for row in order.to_dict("records")
    ]


def describe_fact(
    at: FactLine,
    fact_id: str,
    role: str,
    fact_rows: FactRows,
    persons: float | None = None,
    passed_over: str = "",
) -> Fact:
    """Return the description of the fact at a line of the files."""
    cells = fact_rows.find_row(at)
    persons = None if persons is None or pd.isna(persons) else float(persons)
    return Fact(
        role,
        at.table,
        fact_id,
        fact_rows.format_place(at),
        summarize_fact(at.table, cells, persons) if cells else "",
        *fact_rows.find_attribution(at.table, cells),
        persons,
        cells,
        passed_over,
    )


def summarize_fact(table: str, cells: Cells, persons: float | None = None) -> str:
    """Return the content of a fact in a few words."""
    if table == "bases":
        projected = ", projected" if cells.get("obs_status") == ObsStatus.FORECAST else ""
        people = f"{float(cells['persons']):,.0f} {cells['population_base']}"
        return f"{people} in {cells['period']}{projected}"
    if table == "restriction_targets":
        return f"{cells['platform_id']} {cells['feature']} ({cells['claim_status']})"
    if table == "restrictions":
        return f"{cells['action']}, {cells['severity']}"
    if table == "network_use":
        least, most = float(cells["least_share"]), float(cells["most_share"])
        return f"{least:.4g} to {most:.4g} of those online"
    if table == "network_shares":
        return f"{float(cells['users_share']):.4g} of the users, on {cells['as_name']}"
    if table == "surveys":
        return f"{float(cells['respondents']):,.0f} asked, in {cells['period']}"
    if "data_sha256" in cells:
        value = float(cells.get("value") or cells["mean"])
        return f"{value:.4g}; {cells.get('note', '')}"
    return f"{_format_figure(cells)}{_format_persons(cells, persons)}"


def _format_figure(cells: Cells) -> str:
    """Return a figure with its unit, kind, population and period."""
    unit = cells.get("unit", SHARE)
    form = "{:.4g}".format if unit == SHARE else "{:,.0f}".format
    names = ("value", "share", "low", "high", "low_share", "high_share")
    numbers = " to ".join(form(float(cells[name])) for name in names if name in cells)
    kind = cells.get("interval_kind", "none")
    kind = f" {kind}" if kind != "none" else ""
    words = [
        cells[name]
        for name in ("audience_metric", "feature", "population_base", "age", "asked", "period")
        if name in cells
    ]
    return ", ".join([f"{numbers} {unit}{kind}", *words])


def _format_persons(cells: Cells, persons: float | None) -> str:
    """Return the persons of a figure that is a share; blank for any other unit."""
    if persons is None or cells.get("unit") != SHARE:
        return ""
    return f" = {persons:,.0f} persons"


def as_json(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Return the steps as objects for JSON, numbered from 1."""
    return [{"step": number, **asdict(step)} for number, step in enumerate(steps, 1)]


def as_text(steps: Sequence[Step]) -> str:
    """Return the steps as text; control characters of a terminal are shown by number."""
    lines = (line for number, step in enumerate(steps, 1) for line in _write_step(number, step))
    return "\n".join(map(plain_line, lines))


def _write_step(number: int, step: Step) -> Iterator[str]:
    yield f"{number}. {step.title}"
    yield from (f"   {text}" for text in step.says)
    used = [fact for fact in step.facts if not fact.passed_over]
    if used:
        yield f"   {step.label}:"
        yield from (f"     {_format_fact(fact)}" for fact in used)
    aside = [fact for fact in step.facts if fact.passed_over]
    if aside:
        yield "   passed over:"
        for reason in dict.fromkeys(fact.passed_over for fact in aside):
            yield from _write_excluded(
                reason, [entry for entry in aside if entry.passed_over == reason]
            )
    width = max((len(entry.what) for entry in step.numbers), default=0)
    yield from (f"   {entry.what:<{width}}  {entry.text}" for entry in step.numbers)
    yield ""


def _write_excluded(reason: str, rows: Sequence[Fact]) -> Iterator[str]:
    """Yield each reason, some of the facts it excluded, and the number of further facts."""
    more = len(rows) - EXAMPLES
    yield f"     {reason}:"
    yield from (f"       {_format_fact(fact)}" for fact in rows[:EXAMPLES])
    if more > 0:
        yield f"       and {more} more"


def _format_fact(fact: Fact) -> str:
    origin = f"; {fact.attribution}" if fact.attribution else ""
    role = fact.role.replace("_", " ")
    return f"{fact.place}  {fact.id} ({role}): {fact.says}{origin}"
