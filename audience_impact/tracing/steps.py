"""Table `steps`: how each answer comes about, in sentences and numbers, step by step.

Method. A row is a sentence, a number (`value`, or its 5, 50 and 95 % quantiles as `low`, `value`
and `high`), or a figure that moves an imputed audience, with its line in the facts. All rows are
made of what the stages of the run computed, of all restrictions at once. What other published
tables have (bounds, statuses, person-days, comparisons) is not repeated.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from audience_impact.audiences import intervals
from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.parts import ONLINE, ONLY, PEOPLE
from audience_impact.audiences.pooling import POOL
from audience_impact.audiences.scope import AUDIENCE, COUNTRY, Scope
from audience_impact.bounds.restrictions import Bounds
from audience_impact.facts.tables import PROVENANCE, Tables
from audience_impact.figure_errors import GROWTH
from audience_impact.fitted.models import Context, FittedModels
from audience_impact.imputation import distribution, evidence_levels, groups
from audience_impact.outputs.lineage import EVERY
from audience_impact.outputs.review.status_rules import RULES, fill_sentence
from audience_impact.simulation.audiences import COUNTED
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.simulate import Simulation
from audience_impact.tracing.draws import ENDS, PERSONS, SHARE, trace_draws
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    CircumventionBasis,
    PartGap,
    PartKind,
    PlaceReading,
    TraceStep,
)

LOG_ODDS = "log odds"
REFERENCE = ["input_table", "input_id", *PROVENANCE]
COLUMNS = [*COUNTRY, "step", "subject", "position", "text", "unit", *ENDS, *REFERENCE]
KEY = [*COUNTRY, "step", "subject", "position"]
MOVERS = 8
"""Most figures that are listed as moving an imputed audience."""
FIGURES = 6
"""Significant figures of a number that counts no people."""

FLAGS = {
    "is_never_enforced": "It was never carried out: nobody was touched.",
    "is_subnational": "It touches a part of the country.",
    "is_some_networks": "It touches some networks alone.",
    "is_networks_unknown": "Which networks it touches is not known.",
}
"""Sentences on a restriction, by flag of the scope."""
FLAG_RULES = {
    "is_under_block": "under_block",
    "is_under_restriction": "under_restriction",
    "is_printed_differently": "printed_differently",
    "is_outlier": "outlier",
    "is_missing_younger": "younger_missing",
}
"""Rules of status by quality flag of a figure."""
DISTRIBUTIONS = {
    intervals.FIXED: "the figure is taken as it stands, before its errors",
    intervals.PERT: "drawn over the range that is stated or that pages print (PERT)",
    intervals.SPLIT: "drawn through the confidence interval that is stated or that the sample "
    "gives",
    POOL: "a random-effects pool of its measurers",
}
"""Sentences on how a figure is drawn, by shape."""
BASES_OF_ACCESS = {
    CircumventionBasis.MEASURED.value: "The share was measured.",
    CircumventionBasis.NETWORK_GONE.value: "Without a network nobody is assumed to keep access.",
    CircumventionBasis.LEARNED.value: "Nobody measured it here: fitted to other restrictions.",
}
"""Sentences on the basis of the share that keeps access."""


def make_steps(
    scope: Scope,
    inputs: Inputs,
    bounds: Bounds,
    simulation: Simulation,
    context: Context,
) -> pd.DataFrame:
    """Return the steps of all restrictions, as COLUMNS; `position` counts the rows of a step."""
    tables, fitted = context.tables, context.fitted
    parts = [
        *_trace_question(scope, tables),
        *_trace_bases(inputs, tables["online_levels"]),
        *_trace_audiences(inputs),
        *_trace_errors(inputs),
        *_trace_bounds(bounds, inputs),
        *_trace_places(inputs),
        *_trace_imputation(scope, inputs, fitted, tables),
        *_trace_use(inputs),
        *_trace_days(simulation.inputs),
        *_trace_undrawn(simulation.inputs, inputs),
        *trace_draws(simulation),
    ]
    filled = [part.reindex(columns=COLUMNS) for part in parts if not part.empty]
    table = pd.concat(filled) if filled else pd.DataFrame(columns=COLUMNS)
    blank = dict.fromkeys(["country_id", "subject"], EVERY)
    blank |= dict.fromkeys(["text", "unit", "input_table", "input_id", "row_file"], "")
    table = _round_numbers(table.astype(dict.fromkeys(blank, "object")).fillna(blank))
    number = table["step"].map({word.value: at for at, word in enumerate(TraceStep)})
    order = ["restriction_id", "number", "country_id", "subject"]
    table = table.assign(number=number).sort_values(order, kind="stable", ignore_index=True)
    return table.assign(position=table.groupby(order).cumcount() + 1)[COLUMNS]


def _round_numbers(table: pd.DataFrame) -> pd.DataFrame:
    is_persons = table["unit"] == PERSONS
    rounded = {}
    for name in ENDS:
        numbers = table[name].astype("float64")
        size = np.floor(np.log10(numbers.abs().where(numbers.abs() > 0.0, 1.0)))
        scale = 10.0 ** (FIGURES - 1 - size)
        rounded[name] = numbers.round().where(is_persons, (numbers * scale).round() / scale)
    return table.assign(**rounded)


def _say(
    rows: pd.DataFrame, step: TraceStep, text: "pd.Series[str] | str", when: object = True
) -> pd.DataFrame:
    """Return a sentence of the trace for each row for which `when` is true."""
    names = [name for name in (*COUNTRY, "subject") if name in rows]
    is_said = pd.Series(when, rows.index).fillna(False).astype("bool")
    sentences = rows[names].assign(step=step.value, text=text)
    return sentences[is_said & (sentences["text"] != "")]


def _count(
    rows: pd.DataFrame,
    step: TraceStep,
    text: "pd.Series[str] | str",
    columns: Sequence[str] | str,
    unit: str = PERSONS,
) -> pd.DataFrame:
    """Return rows as traced numbers, each a value of one column or three quantiles."""
    names = ["value"] if isinstance(columns, str) else ENDS
    columns = [columns] if isinstance(columns, str) else list(columns)
    rows = rows.dropna(subset=columns)
    numbers = rows[columns].astype("float64").set_axis(names, axis=1)
    return _say(rows, step, text).assign(unit=unit).join(numbers)


def _trace_question(scope: Scope, tables: Tables) -> Iterator[pd.DataFrame]:
    acts = tables["restrictions"][["restriction_id", "action"]]
    rows = scope.restrictions.merge(acts, on="restriction_id")
    day = rows["start"].dt.strftime("%Y-%m-%d").where(rows["is_start_known"])
    text = (
        rows["restriction_id"] + ": " + rows["action"] + " in " + rows["area_ids"] + " from "
        + day.fillna("a day that is not known") + "; " + rows["claim_status"] + ", evidence "
        + rows["evidence_state"] + "."
    )  # fmt: skip
    yield _say(rows, TraceStep.QUESTION, text)
    for flag, sentence in FLAGS.items():
        yield _say(rows, TraceStep.QUESTION, sentence, rows[flag])
    continuing = scope.requested[scope.requested["is_step"]]
    first = continuing.groupby("restriction_id")["before"].min().dt.strftime("%Y-%m-%d")
    day = rows["restriction_id"].map(first).astype("object")
    text = (
        "It continues " + rows["continues"] + ": audiences are those from before the first step, "
        + day.fillna("") + "."
    )  # fmt: skip
    yield _say(rows, TraceStep.QUESTION, text, day.notna())


def _trace_bases(inputs: Inputs, levels: pd.DataFrame) -> Iterator[pd.DataFrame]:
    rows, step = inputs.audiences.sizes.drop_duplicates(COUNTRY), TraceStep.BASE
    has_base = rows["base_id"].notna()
    kind = pd.Series("by another measurer, or wider than the audiences are of", rows.index)
    kind = kind.mask(rows["is_own_base"].eq(True), "by the measurer of the audiences")
    nothing = "No base is on record: nothing limits the audience, and nothing is drawn."
    yield _say(rows, step, nothing, ~has_base)
    yield _say(rows, step, rows["base"].astype("str") + ": " + kind + ".", has_base)
    text = "It is a projection, which limits nothing: bounds go to all residents."
    yield _say(rows, step, text, rows["is_base_projected"].eq(True) & has_base)
    is_fitted = rows["online_moment"].notna()
    text = "Publishers differ by half or more: bounds span their numbers."
    yield _say(rows, step, text, rows["is_base_disputed"].eq(True) & has_base)
    notes = levels[levels["note"] != ""].set_index("area_id")["note"]
    counts = rows["country_id"].map(notes).astype("object").fillna("").astype("str")
    text = "Drawn from the share of residents online on the day, fitted to: " + counts + ". "
    text += "Residents below twelve are taken to be online half as often to as often as others."
    yield _say(rows, step, text, is_fitted)
    yield _count(rows, step, "at most, as printed", "base_persons")
    ends = ["base_low_persons", "expected_persons", "base_high_persons"]
    yield _count(rows, step, "drawn on the day of the start", ends)
    yield _count(rows, step, "under a ceiling of", "ceiling_persons")


def _name_subject(rows: pd.DataFrame, column: str = "platform_id") -> pd.DataFrame:
    return rows.assign(subject=rows[column])


def _trace_audiences(inputs: Inputs) -> Iterator[pd.DataFrame]:
    rows, step = _name_subject(inputs.audiences.sizes), TraceStep.AUDIENCE
    is_counted = rows["metric_priority"].notna()
    keys, imputed = (
        pd.MultiIndex.from_frame(frame[AUDIENCE]) for frame in (rows, inputs.audiences.imputed)
    )
    text = pd.Series("No figure qualifies.", rows.index)
    text = text.mask(keys.isin(imputed), "No figure qualifies: it is imputed, see below.")
    yield _say(rows, step, text, ~is_counted)
    age = rows["age_months"].round().astype("Int64").astype("str")
    text = rows["metric"].astype("str") + ", " + age + " months old at the start."
    yield _say(rows, step, text, is_counted)
    chosen = _name_subject(inputs.figures.chosen)
    text = chosen["estimate_id"] + " says only at least or at most: a bound alone."
    yield _say(chosen, step, text, chosen["interval_kind"].isin(intervals.ONE_SIDED))
    flags = inputs.figures.quality_flags.groupby(AUDIENCE)[[*FLAG_RULES]].any().reset_index()
    sentences = [
        "; ".join(RULES[rule].sentence for name, rule in FLAG_RULES.items() if row[name])
        for row in flags.to_dict("records")
    ]
    text = "Against it: " + pd.Series(sentences, flags.index, dtype="str") + "."
    yield _say(_name_subject(flags), step, text, flags[[*FLAG_RULES]].any(axis=1))
    yield _count(rows, step, "at least, as printed", "low_persons")
    yield _count(rows, step, "at most, as printed", "high_persons")


def _trace_errors(inputs: Inputs) -> Iterator[pd.DataFrame]:
    rows, step = inputs.audiences.distributions, TraceStep.ERRORS
    is_figure = rows["shape"].isin(DISTRIBUTIONS) & rows["rounding_error_persons"].notna()
    rows = _name_subject(rows[is_figure])
    yield _say(rows, step, rows["shape"].map(DISTRIBUTIONS))
    yield _count(rows, step, "rounding, +-", "rounding_error_persons")
    yield _count(rows, step, "what pages differ by, +- of it", "page_error_share", SHARE)
    text = "other definitions or measurers, +-"
    yield _count(rows, step, text, "odds_error", LOG_ODDS)
    yield _count(rows, step, "people online then", "universe_persons")
    yield _count(rows, step, "growth until the start", GROWTH, LOG_ODDS)


def _trace_bounds(bounds: Bounds, inputs: Inputs) -> Iterator[pd.DataFrame]:
    """Yield the bounds of countries with several audiences, which count each person once."""
    count = inputs.audiences.sizes.groupby(COUNTRY).size().rename("audiences_count")
    rows, step = bounds.countries.reset_index().join(count, on=COUNTRY), TraceStep.JOINT_USE
    rows = rows[rows["audiences_count"] > 1]
    way = pd.Series(
        "Frechet: no fewer than the largest audience, no more than the base or the sum", rows.index
    ).mask(rows["is_sharp"].eq(True), "sharp bounds by linear programming")
    yield _say(rows, step, "What the figures force, if each is right as printed (" + way + ").")
    text = "added up, which counts people several times"
    yield _count(rows, step, text, "naive_sum_persons")
    yield _count(rows, step, "at least, as printed", "printed_min_persons")
    yield _count(rows, step, "at most, as printed", "printed_max_persons")


def _trace_places(inputs: Inputs) -> Iterator[pd.DataFrame]:
    """Yield each place of a partial restriction: its people, those online, and its networks."""
    rows, step = _name_subject(inputs.parts, "area_id"), TraceStep.PLACE
    if rows.empty:
        return
    gap = _describe_gaps(rows)
    yield _say(rows, step, "Nothing can be drawn of it: " + gap + ".", gap != "")
    network = rows["network"].str.split("|").str[0]
    reading = rows["reading"].map(PlaceReading.list_meanings())
    yield _say(rows, step, "The text means " + reading + "; networks: " + network + ".")
    is_part = rows["part_kind"] != ""
    units = rows["units_count"].fillna(1.0).astype("int64").astype("str")
    kind = rows["part_kind"].map(PartKind.list_meanings()).fillna("")
    yield _say(rows, step, "Kind of the part: " + kind + "; number: " + units + ".", is_part)
    text = "The number of people online there depends on: " + rows["place_rung"] + "."
    yield _say(rows, step, text, rows["place_rung"] != "")
    text = "The share that the network leaves without any depends on: " + rows["network_rung"] + "."
    yield _say(rows, step, text, rows["network_rung"] != "")
    yield _count(rows, step, "people living there", PEOPLE)
    yield _count(rows, step, "people living in the part of it", "part_persons")
    text = "people online there, less those of the country"
    yield _count(rows, step, text, ONLINE, LOG_ODDS)
    text = "share of those online whom the network leaves without any"
    yield _count(rows, step, text, ONLY, SHARE)
    yield _count(rows, step, "no more people than", "most_persons")
    yield _count(rows, step, "people living in the country", "country_persons")


def _describe_gaps(parts: pd.DataFrame) -> "pd.Series[str]":
    texts = [PartGap(reason).meaning if reason else "" for reason in parts["reason"]]
    return pd.Series(texts, parts.index, dtype="str")


def _trace_imputation(
    scope: Scope, inputs: Inputs, fitted: FittedModels, tables: Tables
) -> Iterator[pd.DataFrame]:
    """Yield the imputed audiences, with the figures that move each most."""
    uncounted = _select_uncounted(scope, inputs)
    if fitted.audiences is None or uncounted.empty:
        return
    place, step = ["area_id", "platform_id", "moment"], TraceStep.IMPUTED
    places = uncounted[place].drop_duplicates(ignore_index=True)
    shares, members = groups.impute_with_members(places, tables, fitted.audiences, fitted.joint_use)
    at = uncounted.merge(places.reset_index(names="place"), on=place)
    at = at.assign(country_id=at["area_id"], subject=at["platform_id"])
    at = at[[*COUNTRY, "subject", "place"]]
    rows = at.join(shares, on="place")
    is_imputed = rows["rung"].notna()
    yield _say(rows, step, "There is nothing to impute from.", ~is_imputed)
    rows = rows[is_imputed]
    level = rows["rung"].map(evidence_levels.MEANINGS)
    yield _say(rows, step, "Imputed from " + level + " (rung " + rows["rung"] + ").")
    is_closed, is_uncertain = (
        rows["restriction_id"].isin(ids)
        for ids in (inputs.audiences.closed_level_ids, inputs.audiences.too_uncertain_ids)
    )
    text = "It is not used: this evidence level failed in tests with known answers."
    yield _say(rows, step, text, is_closed)
    text = "It is not used: its interval spans a factor of 20, or most of everyone online."
    yield _say(rows, step, text, is_uncertain & ~is_closed)
    yield _count(rows, step, "share of the people online", distribution.SHARES, SHARE)
    rows = at.merge(members[["place", "platform_id", *distribution.SHARES]], on="place")
    text = "stands for it: " + rows["platform_id"]
    yield _count(rows, step, text, distribution.SHARES, SHARE)
    imputed = places.loc[shares.index]
    movers = distribution.find_influential_figures(imputed, tables, fitted.audiences, MOVERS)
    yield _describe_movers(at.merge(movers, on="place"), tables)


def _select_uncounted(scope: Scope, inputs: Inputs) -> pd.DataFrame:
    distributions = inputs.audiences.distributions
    counted = distributions.loc[distributions["shape"].isin(COUNTED), AUDIENCE]
    rows = scope.requested[scope.requested["is_existing_use"]]
    is_counted = pd.MultiIndex.from_frame(rows[AUDIENCE]).isin(pd.MultiIndex.from_frame(counted))
    rows = rows[~is_counted & ~rows["platform_id"].isin([WHOLE_INTERNET, ""])]
    return rows.rename(columns={"country_id": "area_id", "before": "moment"})


def _describe_movers(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    key = rows["figure_id"].astype("str").str.split("|").str[0]
    lines = pd.concat(
        [
            tables[table].set_index(key)[PROVENANCE].assign(input_table=table)
            for table, key in (("surveys", "survey_id"), ("estimates", "estimate_id"))
        ]
    )
    text = [
        f"{row.platform_id} in {row.area_id} ({str(row.way).replace('_', ' ')}), {row.share:.4g} "
        f"of people online: without it {row.without_share:.4g}"
        for row in rows.itertuples()
    ]
    sentences = _say(rows, TraceStep.IMPUTED, pd.Series(text, rows.index, dtype="str"))
    return sentences.assign(input_id=rows["figure_id"]).join(lines.loc[key].set_axis(rows.index))


def _trace_use(inputs: Inputs) -> Iterator[pd.DataFrame]:
    """Yield the assumptions on the people who use the feature, and on those who keep access."""
    shares, step = inputs.use.feature_shares[[*COUNTRY, "assumed"]], TraceStep.FEATURE
    details = shares.assign(assumed=shares["assumed"].astype("str").str.split(";")).explode(
        "assumed"
    )
    details = details[details["assumed"].fillna("") != ""].sort_values("assumed")
    text = details["assumed"].map(lambda detail: fill_sentence("feature_assumed", detail))
    details = details.assign(text=text).drop_duplicates(["restriction_id", "text"])
    yield _say(details, step, "Assumed: " + details["text"] + ".").drop(columns="country_id")
    fitted = inputs.use.feature_laws
    text = (
        "No survey asked about " + fitted["feature"].astype("str")
        + ": the share is fitted to other features."
    )  # fmt: skip
    yield _say(fitted, step, text)
    yield from _trace_parameters(fitted, step)
    keeping = inputs.use.circumvention
    yield _say(keeping, TraceStep.ACCESS, keeping["basis"].map(BASES_OF_ACCESS))
    yield from _trace_parameters(keeping, TraceStep.ACCESS)


def _trace_parameters(rows: pd.DataFrame, step: TraceStep) -> Iterator[pd.DataFrame]:
    yield _count(rows, step, "fitted distribution, middle", "mean", LOG_ODDS)
    yield _count(rows, step, "fitted distribution, spread", "spread", LOG_ODDS)


def _trace_days(simulation: SimulationInputs) -> Iterator[pd.DataFrame]:
    rows = simulation.timeline.periods.reset_index().dropna(subset=["from_day", "end"])
    first, end = (rows[name].dt.strftime("%Y-%m-%d") for name in ("from_day", "end"))
    ending = pd.Series(".", rows.index).mask(rows["is_end_unknown"], "; the end is not known.")
    yield _say(rows, TraceStep.DAYS, "In force from " + first + " until before " + end + ending)


def _trace_undrawn(simulation: SimulationInputs, inputs: Inputs) -> Iterator[pd.DataFrame]:
    rows, step = simulation.audiences, TraceStep.UNDRAWN
    name = rows["platform_id"].mask(rows["platform_id"] == "", "a service that is not named")
    text = "Of " + name + " in " + rows["country_id"] + " no number can be drawn: all are needed."
    yield _say(rows, step, text, rows["shape"] == "")
    parts = inputs.parts
    gap = _describe_gaps(parts)
    if not parts.empty:
        yield _say(parts, step, "Of " + parts["area_id"] + ": " + gap + ".", gap != "")
