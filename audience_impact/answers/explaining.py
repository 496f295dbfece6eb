"""The explanation of an answer, step by step, down to the lines of the fact tables.

Method. The numbers of each step, and the candidates with the reason why each was passed over, are
those that a run published of the restriction. The facts are read at their lines in the fact files.
Words are written here: those of the items of a step are in tracing/items.csv.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache, partial
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from audience_impact.answers.names import label_code
from audience_impact.answers.numbers import ENDS
from audience_impact.facts.reading import FORMER_NAMES
from audience_impact.facts.tables import Tables
from audience_impact.outputs.lineage import EVERY, INPUTS, RESTRICTION_TABLES, name_origin
from audience_impact.outputs.review.status_rules import RULES
from audience_impact.plain_text import plain_line
from audience_impact.store.versions import Stored, write_words
from audience_impact.tracing import ITEMS
from audience_impact.tracing.candidates import EXAMPLES
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    Feature,
    ImpactMetric,
    ObsStatus,
    OverlapParameter,
    SourceType,
    TraceStep,
    Unit,
    YesNo,
)

TABLES = ("restrictions", "impact", "comparisons", "lineage", "candidates", "steps", "person_days")
"""Published tables with the rows of a restriction that an explanation shows."""
PERSONS, SHARE, PERSON_DAYS, DAYS = Unit.PERSONS.value, Unit.SHARE.value, "person_days", "days"
FORMS = {PERSONS: "{:,.0f}", PERSON_DAYS: "{:,.0f}", DAYS: "{:,.0f}", SHARE: "{:.4g}"}
"""Format of a number by unit; numbers in other units are shown with their sign."""
COUNTED = {
    ImpactMetric.PEOPLE_EXPOSED: "people who ordinarily use what is restricted, in a month, from "
    "before it began",
    ImpactMetric.PEOPLE_FEATURE_EXPOSED: "those of the people exposed who use the restricted "
    "feature; of a whole service everyone",
    ImpactMetric.PEOPLE_DEPRIVED_NET: "those of the feature users who do not keep access",
}
"""People that each impact metric counts, in words."""
OF_ERRORS = (
    "Half widths of likely ranges; independent errors add up in squares. Growth goes with the "
    "square root of the months since the figure."
)
OF_SURVEYS = "Surveys of the country adjust the joint use fitted to all surveys."
OF_DRAWS = (
    "Median and likely range (5 to 95 %) of what is drawn, after each step; draws are not cut at "
    "the bounds, which are valid if each figure is right as printed."
)
Cells = dict[str, str]
"""Cells of a row of a fact file by column, as written there, without blank cells."""


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
        form = FORMS.get(self.unit, "{:+.3f}").format
        if self.value is not None:
            return form(self.value)
        return f"{form(self.q50)} (5 to 95 %: {form(self.q05)} to {form(self.q95)})"


@dataclass(frozen=True)
class Step:
    """A step of an explanation."""

    title: str
    says: Sequence[str] = ()
    facts: Sequence[Fact] = ()
    numbers: Sequence[Number] = ()
    label: str = "used"


@dataclass(frozen=True)
class Trace:
    """The rows of a restriction in TABLES, as published, and the files of the facts they name.

    A file `0/estimates.csv` is a table of the first layer. `origin` is a sentence on where the
    numbers come from.
    """

    restriction_id: str
    tables: Tables
    files: Mapping[str, bytes]
    origin: str

    def select_steps(self, step: TraceStep) -> pd.DataFrame:
        """Return the rows of a step, with the words of each item as `text`."""
        rows = self.tables["steps"]
        rows = rows[rows["step"] == step.value]
        cells = zip(rows["item"], rows["details"].fillna(""), strict=True)
        text = [ITEMS[item].write_words(details) for item, details in cells]
        return rows.assign(text=pd.Series(text, rows.index, "str"))

    def impact_row(self, metric: str) -> "pd.Series[object]":
        """Return the row of a metric in `impact`; cells without a text are blank."""
        row = self.tables["impact"].set_index("impact_metric").loc[metric]
        return row.where(row.notna() | row.index.str.endswith("_persons"), "")

    def list_used(self, *roles: str) -> list[Fact]:
        """Return the facts in the rows of `lineage` with these roles."""
        rows = self.tables["lineage"]
        rows = rows[rows["role"].isin(roles)].sort_values(["row_layer", "row_line"])
        return self.describe_rows(rows.assign(passed_over="", persons=float("nan")))

    def list_candidates(self, role: str, **cells: str) -> pd.DataFrame:
        """Return the candidates with this role and cells: used ones first, then by reason."""
        rows = self.tables["candidates"].fillna({"passed_over": ""})
        for name, cell in {"role": role, **cells}.items():
            rows = rows[rows[name] == cell]
        return rows.sort_values(["passed_over", "row_layer", "row_line"])

    def describe_candidates(self, role: str, **cells: str) -> list[Fact]:
        """Return the candidates with this role and cells as facts."""
        return self.describe_rows(self.list_candidates(role, **cells))

    def describe_rows(self, rows: pd.DataFrame) -> list[Fact]:
        """Return the facts in rows of `candidates`, or rows with their columns."""
        return [self.describe_fact(row) for row in rows.to_dict("records")]

    def describe_fact(self, row: Mapping[str, Any]) -> Fact:
        """Return the fact that a row with the key columns of `candidates` names by its line."""
        table, layer, line = row["input_table"], int(row["row_layer"]), int(row["row_line"])
        cells = next(iter(self._read_rows(table, layer)[line - 1 : line]), {})
        persons = None if pd.isna(row["persons"]) else float(row["persons"])
        attribution, url = self._find_attribution(table, cells)
        return Fact(
            role=row["role"],
            table=table,
            id=row["input_id"],
            place=f"{f'{layer}/' if self._layers_count > 1 else ''}{table}.csv:{line}",
            says=summarise_fact(table, cells, persons) if cells else "",
            attribution=attribution,
            url=url,
            persons=persons,
            cells=cells,
            passed_over=row["passed_over"],
        )

    def list_rows(self, table: str) -> Iterator[tuple[dict[str, Any], Cells]]:
        """Yield the rows of a fact table in all layers: what `describe_fact` takes, and cells."""
        plain = {"input_table": table, "persons": None, "passed_over": ""}
        for layer in range(1, self._layers_count + 1):
            for line, cells in enumerate(self._read_rows(table, layer), 1):
                if line > 1 and cells:
                    yield {**plain, "row_layer": layer, "row_line": line}, cells

    def _read_rows(self, table: str, layer: int) -> list[Cells]:
        return _read_rows(self.files.get(f"{layer - 1}/{table}.csv", b""))

    @cached_property
    def _layers_count(self) -> int:
        return 1 + max((int(name.split("/")[0]) for name in self.files), default=0)

    @cached_property
    def _sources(self) -> dict[str, Cells]:
        return {cells["source_id"]: cells for _, cells in self.list_rows("sources")}

    @cached_property
    def _measurers(self) -> dict[str, str]:
        return {
            cells["measurement_series_id"]: cells["measurer"]
            for _, cells in self.list_rows("lineages")
            if cells.get("source_type") != SourceType.PRESS_RELAY and "measurer" in cells
        }

    def _find_attribution(self, table: str, cells: Cells) -> tuple[str, str]:
        """Return the measurer of a fact, in words, and its address; blank without a source."""
        source = self._sources.get(cells.get("source_id", ""))
        if source is None or table not in {*INPUTS, *RESTRICTION_TABLES}:
            return "", ""
        publisher, url = source["publisher"], source.get("url", "")
        if table in RESTRICTION_TABLES:
            return publisher, url
        series = cells.get("measurement_series_id") or source.get("measurement_series_id", "")
        return name_origin(self._measurers.get(series), publisher, cells.get("period")), url


@lru_cache
def _read_rows(content: bytes) -> list[Cells]:
    """Return the rows of a fact file by line: a row is a line, and the first has the columns."""
    lines = content.decode("utf-8-sig").split("\n")
    names, *rows = (next(csv.reader([line]), []) for line in lines)
    names = [FORMER_NAMES.get(name, name) for name in names]
    cells = (zip(names, row, strict=False) for row in rows)
    return [{}, *({name: cell for name, cell in of_row if cell} for of_row in cells)]


def read_trace(version: Stored, restriction_id: str) -> Trace:
    """Return the trace of a restriction in a version; raise PublishError if it is damaged."""
    tables = {name: version.read_arrow(name) for name in TABLES}
    origin = f"Published in version {version.id}."
    return make_trace(tables, restriction_id, version.fact_files(), origin)


def make_trace(
    tables: Mapping[str, pa.Table], restriction_id: str, files: Mapping[str, bytes], origin: str
) -> Trace:
    """Return the trace of a restriction from TABLES as they are published."""
    chosen = pc.field("restriction_id") == restriction_id
    rows = {
        name: write_words(table.filter(chosen), YesNo.YES.value, YesNo.NO.value).to_pandas()
        for name, table in tables.items()
    }
    return Trace(restriction_id, rows, files, origin)


def summarise_fact(table: str, cells: Cells, persons: float | None = None) -> str:
    """Return the content of a fact in a few words; `persons` is a share in persons."""
    match table:
        case "bases":
            count = f"{float(cells['persons']):,.0f} {cells['population_base']}"
            is_forecast = cells.get("obs_status") == ObsStatus.FORECAST
            return f"{count} in {cells['period']}{', projected' if is_forecast else ''}"
        case "restriction_targets":
            return f"{cells['platform_id']} {cells['feature']} ({cells['claim_status']})"
        case "restrictions":
            return f"{cells['action']}, {cells['severity']}"
        case "network_use":
            least, most = (float(cells[f"{end}_share"]) for end in ("least", "most"))
            return f"{least:.4g} to {most:.4g} of those online"
        case "network_shares":
            return f"{float(cells['users_share']):.4g} of the users, on {cells['as_name']}"
        case "surveys":
            return f"{float(cells['respondents']):,.0f} asked, in {cells['period']}"
    if "data_sha256" in cells:
        value = float(cells.get("value") or cells["mean"])
        return f"{value:.4g}; {cells.get('note', '')}"
    unit = cells.get("unit", SHARE)
    form = "{:.4g}".format if unit == SHARE else "{:,.0f}".format
    names = ("value", "share", "low", "high", "low_share", "high_share")
    numbers = " to ".join(form(float(cells[name])) for name in names if name in cells)
    kind = cells.get("interval_kind", "none")
    about = ("audience_metric", "feature", "population_base", "age", "asked", "period")
    words = [f"{numbers} {unit}{'' if kind == 'none' else f' {kind}'}"]
    words += [cells[name] for name in about if name in cells]
    is_of_share = persons is not None and cells.get("unit") == SHARE
    return ", ".join(words) + (f" = {persons:,.0f} persons" if is_of_share else "")


def choose_metric(trace: Trace) -> ImpactMetric:
    """Return the default metric: users of a restricted feature, else all people exposed."""
    features = {fact.id.rpartition("/")[2] for fact in trace.list_used("target")}
    is_whole = features <= {Feature.WHOLE_SERVICE.value, Feature.UNKNOWN.value}
    return ImpactMetric.PEOPLE_EXPOSED if is_whole else ImpactMetric.PEOPLE_FEATURE_EXPOSED


def build_steps(trace: Trace, metric: ImpactMetric) -> list[Step]:
    """Return all steps that apply to the metric."""
    return [
        _explain_question(trace, metric),
        *_explain_each(trace, TraceStep.BASE),
        *_explain_each(trace, TraceStep.AUDIENCE),
        *_explain_errors(trace),
        *_explain_each(trace, TraceStep.JOINT_USE),
        *_explain_each(trace, TraceStep.PLACE),
        *_explain_part(trace),
        *_explain_each(trace, TraceStep.IMPUTED),
        *_explain_shares(trace),
        *_explain_days(trace),
        _explain_draws(trace, metric),
        _explain_status(trace, metric),
        *_explain_comparisons(trace),
        _explain_ends(trace, metric),
    ]


def _list_sentences(rows: pd.DataFrame) -> list[str]:
    return list(rows.loc[rows["unit"].isna() & rows["input_table"].isna(), "text"])


def _list_numbers(rows: pd.DataFrame, named: bool = False) -> list[Number]:
    """Return the numbers in rows of table `steps`; `named` adds subject and country."""
    numbers = []
    for row in rows[rows["unit"].notna()].to_dict("records"):
        names = [row["subject"], row["country_id"]] if named else []
        where = " in ".join(_name_service(name) for name in names if name != EVERY)
        is_drawn = not pd.isna(row["low"])
        ends = (None, row["low"], row["value"], row["high"]) if is_drawn else (row["value"],)
        numbers.append(Number(f"{row['text']}{where and f', {where}'}", row["unit"], *ends))
    return numbers


def _list_values(values: Mapping[str, Any], unit: str) -> list[Number]:
    return [Number(what, unit, float(cell)) for what, cell in values.items() if not pd.isna(cell)]


def _name_service(platform: str, internet: str = "the whole internet") -> str:
    return internet if platform == WHOLE_INTERNET else platform or "an unknown service"


def _explain_question(trace: Trace, metric: ImpactMetric) -> Step:
    (row,) = trace.tables["restrictions"].to_dict("records")
    day = "a day that is not known" if pd.isna(row["start_on"]) else row["start_on"]
    says = [
        f"{trace.restriction_id}: {row['action']} in {row['area_ids']} from {day}; "
        f"{row['claim_status']}, evidence {row['evidence_state']}.",
        f"Counted: {COUNTED[metric]} ({metric}).",
        *_list_sentences(trace.select_steps(TraceStep.QUESTION)),
    ]
    return Step("The question", says, trace.list_used("restriction", "target"))


def _explain_each(trace: Trace, step: TraceStep) -> Iterator[Step]:
    """Yield a step for each country, and for each of its services or places, with its facts."""
    rows = trace.select_steps(step)
    for (country, subject), part in rows.groupby(["country_id", "subject"], sort=False):
        describe = partial(trace.describe_candidates, country_id=country)
        says, label = _list_sentences(part), "used"
        if step is TraceStep.BASE:
            title, population = f"The base in {country}", trace.list_used("population")
            facts = describe("base")
            facts += [fact for fact in population if fact.cells.get("area_id") == country]
        elif step is TraceStep.AUDIENCE:
            title = f"The audience: {_name_service(subject, 'internet users')} in {country}"
            facts = describe("audience", platform_id=subject)
        elif step is TraceStep.JOINT_USE:
            title, surveys = f"Each person once in {country}", trace.list_used("own_survey")
            fitted = _describe_parameters(trace, "overlap_calibration")
            used = [fact for name, fact in fitted.items() if name in [*OverlapParameter]]
            facts = [*describe("overlap"), *surveys, *used]
            says += [OF_SURVEYS] if surveys else []
        elif step is TraceStep.PLACE:
            title = f"The part: {subject} in {country}"
            sought = {
                "place": subject,
                "place_online": subject,
                "network": EVERY,
                "operators": EVERY,
            }
            facts = [fact for role, at in sought.items() for fact in describe(role, looked_for=at)]
        else:
            title, label = f"Imputed: {subject} in {country}", "the figures that move it most"
            movers = part[part["input_table"].notna()]
            movers = movers.assign(role=movers["text"], persons=None, passed_over="")
            facts = trace.describe_rows(movers)
        yield Step(title, says, facts, _list_numbers(part), label)


def _explain_part(trace: Trace) -> Iterator[Step]:
    draws = trace.select_steps(TraceStep.DRAWS)
    if numbers := _list_numbers(draws[draws["item"] == "drawn_part"], named=True):
        yield Step("The part of the country that is affected", (), (), numbers)


def _describe_parameters(trace: Trace, table: str) -> dict[str, Fact]:
    facts = {}
    for row, cells in trace.list_rows(table):
        if "survey_id" not in cells:
            name = " ".join(filter(None, (cells.get("parameter"), cells.get("kind"))))
            facts[name] = trace.describe_fact({**row, "input_id": name, "role": "learned_law"})
    return facts


def _explain_errors(trace: Trace) -> Iterator[Step]:
    rows = trace.select_steps(TraceStep.ERRORS)
    if rows.empty:
        return
    where = rows["subject"] + " in " + rows["country_id"] + ": "
    says = _list_sentences(rows.assign(text=where + rows["text"] + "."))
    fitted = _describe_parameters(trace, "figure_errors")
    used = [fact for name, fact in fitted.items() if not name.startswith(("base_", "population"))]
    numbers = _list_numbers(rows.assign(text=rows["subject"] + ": " + rows["text"]))
    yield Step("The errors of the figures", [*says, OF_ERRORS], used, numbers)


def _explain_shares(trace: Trace) -> Iterator[Step]:
    rows, shares = trace.select_steps(TraceStep.FEATURE), trace.list_candidates("feature_share")
    if not (shares.empty and rows.empty):
        used = trace.describe_rows(shares.drop_duplicates("input_id"))
        used += trace.list_used("share_base")
        says = list(dict.fromkeys(_list_sentences(rows)))
        yield Step("Who uses the feature", says, used, _list_numbers(rows, named=True))
    rows, keeping = trace.select_steps(TraceStep.ACCESS), trace.describe_candidates("circumvention")
    if keeping or not rows.empty:
        says = _list_sentences(rows) or ["Our record has no measurement of the share."]
        facts = keeping or trace.list_used("circumvention")
        yield Step("Who keeps access", says, facts, _list_numbers(rows))


def _explain_days(trace: Trace) -> Iterator[Step]:
    frame = trace.tables["person_days"]
    total = frame[frame["period"] == EVERY]
    if total.empty:
        return
    says = _list_sentences(trace.select_steps(TraceStep.DAYS))
    numbers: list[Number] = []
    for row in total.to_dict("records"):
        numbers += _list_values({DAYS: row["days"]}, DAYS)
        ends = {"minimum": row["min_person_days"], "maximum": row["max_person_days"]}
        numbers += _list_values(ends, PERSON_DAYS)
        quantiles = [row[f"{name}_person_days"] for name in ("q05", "q50", "q95")]
        if not any(map(pd.isna, quantiles)):
            numbers.append(Number("person-days", PERSON_DAYS, None, *map(float, quantiles)))
        says += [] if pd.isna(row["reason"]) else [f"{row['area_id']}: {row['reason']}."]
    yield Step("Days and person-days", says, trace.describe_candidates("daily_audience"), numbers)


def _explain_draws(trace: Trace, metric: ImpactMetric) -> Step:
    row, rows = trace.impact_row(metric), trace.select_steps(TraceStep.DRAWS)
    ends = [row[name] for name in ENDS[1:4]]
    if rows.empty or any(map(pd.isna, ends)):
        why = row["reason"] or "nothing is drawn of this metric"
        missing = _list_sentences(trace.select_steps(TraceStep.UNDRAWN))
        return Step("Why there is no median", [f"{why}.", *missing])
    ordered = rows.sort_values("subject", key=lambda subjects: subjects == EVERY, kind="stable")
    answer = Number(f"the answer: {metric}", PERSONS, None, *map(float, ends))
    numbers = [*_list_numbers(ordered, named=True), answer]
    return Step("From the figures to the answer", [OF_DRAWS], (), numbers)


def _explain_status(trace: Trace, metric: ImpactMetric) -> Step:
    row = trace.impact_row(metric)
    status, names = row["obs_status"], dict.fromkeys(row["reason_rule_ids"].split(";"))
    rules = [RULES[name] for name in names if name in RULES]
    says = [f"Status {status}, {label_code(status, 'obs_status')}: {row['reason'] or 'no rule'}."]
    says += [f"{rule.id} caps at {rule.caps_at}, when: {rule.condition}." for rule in rules]
    return Step("The status", says)


def _explain_comparisons(trace: Trace) -> Iterator[Step]:
    rows = trace.tables["comparisons"].to_dict("records")
    if not rows:
        return
    keys = {"estimates": "estimate_id", "published_figures": "published_figure_id"}
    lines = {cells[key]: at for table, key in keys.items() for at, cells in trace.list_rows(table)}
    facts, says = [], []
    for row in rows:
        name, reason = row["published_figure_id"], row["difference_reason"]
        # a company's statement that the bounds did not use is an estimate
        line = lines.get(name) or lines[name.rpartition("/")[2]]
        facts.append(trace.describe_fact({**line, "input_id": name, "role": reason}))
        says.append(
            f"{row['attribution']}: {row['published_value']:,.0f} {row['unit']} "
            f"({row['figure_kind']}), beside our bounds of the {row['compared_with']}: {reason}."
        )
    yield Step("What others published", says, facts, label="on")


def _explain_ends(trace: Trace, metric: ImpactMetric) -> Step:
    row = trace.impact_row(metric)
    names = ["minimum", "5 %", "median", "95 %", "maximum"]
    names += ["minimum, as printed", "maximum, as printed"]
    values = {what: row[name] for what, name in zip(names, ENDS, strict=True)}
    says = [trace.origin]
    if row["obs_status"] == ObsStatus.MISSING:
        says.insert(0, "The number of people is not known: there are only bounds.")
    title = f"The answer: {metric} of {trace.restriction_id}"
    return Step(title, says, (), _list_values(values, PERSONS))


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
    by_reason: dict[str, list[Fact]] = {}
    for fact in step.facts:
        by_reason.setdefault(fact.passed_over, []).append(fact)
    if used := by_reason.pop("", []):
        yield f"   {step.label}:"
        yield from (f"     {_format_fact(fact)}" for fact in used)
    if by_reason:
        yield "   passed over:"
    for reason, facts in by_reason.items():
        yield f"     {reason}:"
        yield from (f"       {_format_fact(fact)}" for fact in facts[:EXAMPLES])
        if len(facts) > EXAMPLES:
            yield f"       and {len(facts) - EXAMPLES} more"
    width = max((len(entry.what) for entry in step.numbers), default=0)
    yield from (f"   {entry.what:<{width}}  {entry.text}" for entry in step.numbers)
    yield ""


def _format_fact(fact: Fact) -> str:
    origin = f"; {fact.attribution}" if fact.attribution else ""
    return f"{fact.place}  {fact.id} ({fact.role.replace('_', ' ')}): {fact.says}{origin}"
