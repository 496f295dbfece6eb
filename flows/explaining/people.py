"""From figures to people: errors, joint use, places, imputation, features, days."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from audience_impact.audiences.intervals import FIXED, PERT, SPLIT
from audience_impact.audiences.parts import ONLINE, ONLY, PEOPLE
from audience_impact.audiences.pooling import POOL
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.errors.figure_errors import GROWTH
from audience_impact.facts.tables import PROVENANCE
from audience_impact.fitted.shares import PARAMETERS
from audience_impact.imputation import distribution, groups, rungs
from audience_impact.outputs.person_days import EVERY
from audience_impact.outputs.review.status_rules import fill_sentence
from audience_impact.simulation.audiences import COUNTED
from audience_impact.tracing import draws
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    CircumventionBasis,
    OverlapParameter,
    PartGap,
)
from flows.explaining.elements import (
    Fact,
    Number,
    Step,
    describe_draws,
    describe_facts,
    list_number,
)
from flows.explaining.recomputed import FactRows, RecomputedAnswer

MOVERS = 8
"""Most figures that are listed as moving an imputed audience."""


def _describe_parameters(
    answer: RecomputedAnswer, table: str, fact_rows: FactRows, **cells: str
) -> list[Any]:
    """Return the rows of a table of fitted parameters as used facts."""
    rows = answer.tables[table]
    for name, cell in cells.items():
        rows = rows[rows[name] == cell]
    names = [name for name in ("parameter", "kind") if name in rows] or ["area_id"]
    ids = rows[names].astype("str").agg(" ".join, axis=1) if len(rows) else ""
    used = rows[PROVENANCE].assign(
        role="learned_law", input_table=table, input_id=ids, passed_over=""
    )
    return describe_facts(used, fact_rows)


def explain_errors(answer: RecomputedAnswer, fact_rows: FactRows) -> Iterator[Step]:
    """Yield the errors of each figure and the growth of its audience since."""
    inputs = answer.stages.inputs
    laws = inputs.audiences.distributions
    drawn = laws[laws["shape"].ne("") & laws["rounding_error_persons"].notna()]
    if drawn.empty:
        return
    rows = drawn.to_dict("records")
    says = [
        *(
            f"{row['platform_id']} in {row['country_id']}: {DISTRIBUTIONS[row['shape']]}."
            for row in rows
        ),
        "Half widths of 90 % intervals; independent errors add up in squares. Growth goes with "
        "the square root of the months since the figure.",
    ]
    numbers = [number for row in rows for number in _list_errors(row)]
    fitted = [
        number
        for number in _describe_parameters(answer, "figure_errors", fact_rows)
        if _is_of_audiences(number)
    ]
    yield Step("The errors of the figures", says, fitted, numbers)


DISTRIBUTIONS = {
    FIXED: "the figure is taken as it stands, before its errors",
    PERT: "drawn over the range that is stated or that pages print (PERT)",
    SPLIT: "drawn through the confidence interval that is stated or that the sample gives",
    POOL: "a random-effects pool of its measurers",
}
"""Sentences on how a figure is drawn, by shape."""


def _is_of_audiences(fact: Fact) -> bool:
    return not str(fact.cells["parameter"]).startswith(("base_", "population"))


def _list_errors(row: dict[Any, Any]) -> list[Number]:
    growth, name = [row[end] for end in GROWTH], row["platform_id"]
    numbers = [
        *list_number(f"{name}: rounding, +-", row["rounding_error_persons"]),
        *list_number(f"{name}: what pages differ by, +- of it", row["page_error_share"], "share"),
        *list_number(f"{name}: other definitions or measurers, +-", row["odds_error"], "log odds"),
        *list_number(f"{name}: people online then", row["universe_persons"]),
    ]
    if not any(map(pd.isna, growth)):
        what = f"{name}: growth until the start"
        numbers.append(Number(what, "log odds", None, *map(float, growth)))
    return numbers


def explain_joint_use(answer: RecomputedAnswer, fact_rows: FactRows) -> Iterator[Step]:
    """Yield bounds and overlaps that count each person once, with the surveys they use."""
    limits = answer.stages.bounds
    for row in limits.countries.reset_index().to_dict("records"):
        country = row["country_id"]
        is_of_country = answer.stages.inputs.audiences.sizes["country_id"] == country
        if is_of_country.sum() < 2:
            continue
        way = (
            "sharp bounds by linear programming"
            if row["is_sharp"]
            else ("Frechet: no fewer than the largest audience, no more than the base or the sum")
        )
        says = [f"What the figures force, if each is right as printed ({way})."]
        surveys = answer.list_used("own_survey")
        if not surveys.empty:
            says.append("Surveys of the country adjust the joint use fitted to all surveys.")
        calibration = _describe_parameters(answer, "overlap_calibration", fact_rows, survey_id="")
        parameters = {parameter.value for parameter in OverlapParameter}
        step_facts = [
            *describe_facts(answer.list_candidates("overlap", country_id=country), fact_rows),
            *describe_facts(surveys, fact_rows),
            *(fact for fact in calibration if fact.cells["parameter"] in parameters),
        ]
        correlations = answer.select_draws(draws.CORRELATION)
        drawn = [draw for draw in correlations if draw.country_id == country]
        numbers = [
            *list_number("added up, which counts people several times", row["naive_sum_persons"]),
            *list_number("at least", row["lower_persons"]),
            *list_number("at most", row["upper_persons"]),
            *describe_draws(drawn),
        ]
        yield Step(f"Each person once in {country}", says, step_facts, numbers)


def explain_places(answer: RecomputedAnswer, fact_rows: FactRows) -> Iterator[Step]:
    """Yield each place of a partial restriction: its people, those online, and its networks."""
    for row in answer.stages.inputs.parts.to_dict("records"):
        country, area = row["country_id"], row["area_id"]
        candidates = answer.candidates[answer.candidates["country_id"] == country]
        lines = candidates[candidates["role"].eq("place") & candidates["looked_for"].eq(area)]
        online = candidates[candidates["role"].eq("place_online")]
        step_facts = [
            *describe_facts(lines, fact_rows),
            *describe_facts(online[_select_chain(online, area)], fact_rows),
            *describe_facts(candidates[candidates["role"].eq("network")], fact_rows),
        ]
        yield Step(
            f"The part: {area} in {country}",
            list(_describe_part(row)),
            step_facts,
            _list_part_numbers(row),
        )
    drawn = describe_draws(answer.select_draws(draws.PART))
    if drawn:
        yield Step("The part of the country that is touched", (), (), drawn)


def _select_chain(rows: pd.DataFrame, area: str) -> "pd.Series[bool]":
    """Return a mask of the rows of an area or of areas around it, whose ids begin its id."""
    return rows["looked_for"].str.split(" ").str[0].map(lambda holder: area.startswith(holder))


def _describe_part(row: dict[Any, Any]) -> Iterator[str]:
    if row["reason"]:
        yield f"Nothing can be drawn of it: {PartGap(row['reason']).meaning}."
    yield f"The text means {row['reading']}; networks: {row['network'].partition('|')[0]}."
    if row["place_rung"]:
        yield f"The number of people online there depends on: {row['place_rung']}."
    if row["network_rung"]:
        yield f"The share that the network leaves without any depends on: {row['network_rung']}."


def _list_part_numbers(row: dict[Any, Any]) -> list[Number]:
    distributions = (
        ("people living there", "persons", PEOPLE),
        ("people online there, less those of the country", "log odds", ONLINE),
        ("share of those online whom the network leaves without any", "share", ONLY),
    )
    numbers = [
        Number(what, unit, None, *(float(row[name]) for name in names))
        for what, unit, names in distributions
        if not any(pd.isna(row[name]) for name in names)
    ]
    return [
        *numbers,
        *list_number("no more people than", row["most_persons"]),
        *list_number("people living in the country", row["country_persons"]),
    ]


def explain_imputation(answer: RecomputedAnswer, fact_rows: FactRows) -> Iterator[Step]:
    """Yield the imputed audiences, with the figures that move each most."""
    fitted = answer.stages.fitted
    uncounted = _select_uncounted(answer)
    if fitted.audiences is None or uncounted.empty:
        return
    imputed = groups.impute_with_groups(
        uncounted, answer.tables, fitted.audiences, fitted.joint_use
    )
    movers = distribution.find_influential_figures(
        uncounted.loc[imputed.index], answer.tables, fitted.audiences, MOVERS
    )
    members = groups.choose_members(uncounted, answer.tables, fitted.audiences)
    for place, row in uncounted.iterrows():
        name = f"{row['platform_id']} in {row['area_id']}"
        if place not in imputed.index:
            yield Step(f"Nothing to impute from: {name}")
            continue
        imputed_row = imputed.loc[place]
        says = [
            f"Imputed from {rungs.MEANINGS[imputed_row['rung']]} (rung {imputed_row['rung']}).",
            *_explain_unused(answer),
        ]
        numbers = [
            _summarize_share("share of the people online", imputed_row),
            *_list_members(members, place),
        ]
        moving = _list_movers(movers[movers["place"] == place], answer, fact_rows)
        yield Step(f"Imputed: {name}", says, moving, numbers, "the figures that move it most")


def _select_uncounted(answer: RecomputedAnswer) -> pd.DataFrame:
    """Return audiences without usable figures: columns `area_id`, `platform_id`, `moment`."""
    scope, inputs = answer.stages.scope, answer.stages.inputs
    counted = inputs.audiences.distributions.loc[
        inputs.audiences.distributions["shape"].isin(COUNTED), AUDIENCE
    ]
    rows = scope.requested[scope.requested["is_existing_use"]]
    rows = rows[~pd.MultiIndex.from_frame(rows[AUDIENCE]).isin(pd.MultiIndex.from_frame(counted))]
    rows = rows[~rows["platform_id"].isin([WHOLE_INTERNET, ""])].reset_index(drop=True)
    return rows.rename(columns={"country_id": "area_id", "before": "moment"})[
        ["area_id", "platform_id", "moment"]
    ]


def _explain_unused(answer: RecomputedAnswer) -> Iterator[str]:
    """Yield the reason why an imputation is not used."""
    inputs = answer.stages.inputs
    if answer.restriction_id in inputs.audiences.closed_level_ids:
        yield "It is not used: this evidence level failed in tests with known answers."
    elif answer.restriction_id in inputs.audiences.too_uncertain_ids:
        yield "It is not used: an interval whose ends differ by a factor of 20 is no estimate."


def _summarize_share(what: str, row: Any) -> Number:
    return Number(what, "share", None, *(float(row[name]) for name in distribution.SHARES))


def _list_members(members: pd.DataFrame, place: Any) -> list[Number]:
    member_rows = members[members["place"] == place].to_dict("records")
    return [_summarize_share(f"stands for it: {row['platform_id']}", row) for row in member_rows]


def _list_movers(rows: pd.DataFrame, answer: RecomputedAnswer, fact_rows: FactRows) -> list[Fact]:
    """Return the figures that move an imputed share most, with the share without each."""
    estimates = answer.tables["estimates"].set_index("estimate_id")[PROVENANCE]
    surveys = answer.tables["surveys"].set_index("survey_id")[PROVENANCE]
    movers = []
    for row in rows.to_dict("records"):
        survey, _, platform = row["figure_id"].partition("|")
        table, lines = ("surveys", surveys) if platform else ("estimates", estimates)
        line = lines.loc[[survey]].assign(
            role=row["way"], input_table=table, input_id=row["figure_id"], passed_over=""
        )
        (fact,) = describe_facts(line, fact_rows)
        moved = (
            f"{row['platform_id']} in {row['area_id']}, {row['share']:.4g} of people online: "
            f"without it {row['without_share']:.4g}"
        )
        movers.append(replace(fact, says=f"{moved}; {fact.says}"))
    return movers


def explain_features(answer: RecomputedAnswer, fact_rows: FactRows) -> Iterator[Step]:
    """Yield the share that uses the feature and the share that keeps access."""
    inputs = answer.stages.inputs
    shares = answer.list_candidates("feature_share")
    fitted = inputs.use.feature_laws
    if not shares.empty or not fitted.empty:
        says = [f"Assumed: {text}." for text in _list_assumptions(inputs.use.feature_shares)]
        says += [
            f"No survey asked about {feature_name}: the share is fitted to other features."
            for feature_name in fitted["feature"]
        ]
        base = describe_facts(answer.list_used("share_base"), fact_rows)
        distinct = shares.sort_values("passed_over").drop_duplicates("input_id")
        drawn = describe_draws(answer.select_draws(draws.FEATURE_SHARE))
        yield Step(
            "Who uses the feature",
            says,
            [*describe_facts(distinct, fact_rows), *base],
            [*_list_parameters(fitted), *drawn],
        )
    rows = inputs.use.circumvention
    keeping = rows[rows["restriction_id"] == answer.restriction_id]
    candidates = answer.list_candidates("circumvention")
    if not keeping.empty or not candidates.empty:
        used = candidates if not candidates.empty else answer.list_used("circumvention")
        words = [BASES_OF_ACCESS[basis] for basis in keeping["basis"]] or [
            "Nobody measured the share."
        ]
        drawn = describe_draws(answer.select_draws(draws.KEEPING_SHARE))
        yield Step(
            "Who keeps access",
            words,
            describe_facts(used, fact_rows),
            [*_list_parameters(keeping), *drawn],
        )


BASES_OF_ACCESS = {
    CircumventionBasis.MEASURED.value: "The share was measured.",
    CircumventionBasis.NETWORK_GONE.value: "Without a network nobody is assumed to keep access.",
    CircumventionBasis.LEARNED.value: "Nobody measured it here: fitted to other restrictions.",
}
"""Sentences on the basis of the share that keeps access."""


def _list_assumptions(shares: pd.DataFrame) -> list[str]:
    details = {detail for cell in shares["assumed"] for detail in cell.split(";") if detail}
    return sorted(fill_sentence("feature_assumed", detail) for detail in details)


def _list_parameters(rows: pd.DataFrame) -> list[Number]:
    """Return the fitted parameters, in log odds of the share."""
    return [
        number
        for row in rows.dropna(subset=PARAMETERS).to_dict("records")
        for number in (
            *list_number("fitted distribution, middle", row["mean"], "log odds"),
            *list_number("fitted distribution, spread", row["spread"], "log odds"),
        )
    ]


def explain_days(answer: RecomputedAnswer, fact_rows: FactRows) -> Iterator[Step]:
    """Yield the days in force, the daily audience and person-days."""
    frame = answer.frames["person_days"]
    total = frame[frame["period"] == EVERY]
    if total.empty:
        return
    lines = answer.stages.simulation.timeline.periods
    period = lines.loc[answer.restriction_id]
    says = [
        f"In force from {period['from_day']:%Y-%m-%d} until before {period['end']:%Y-%m-%d}"
        + ("; the end is not known." if period["is_end_unknown"] else ".")
    ]
    numbers: list[Number] = []
    for row in total.to_dict("records"):
        numbers += list_number("days", row["days"], "days")
        numbers += list_number("at least", row["lower_person_days"], "person_days")
        numbers += list_number("at most", row["upper_person_days"], "person_days")
        middle = [row[f"{name}_person_days"] for name in ("q05", "q50", "q95")]
        if not any(map(pd.isna, middle)):
            numbers.append(Number("person-days", "person_days", None, *map(float, middle)))
        says += [f"{row['area_id']}: {row['reason']}."] if row["reason"] else []
    yield Step(
        "Days and person-days",
        says,
        describe_facts(answer.list_candidates("daily_audience"), fact_rows),
        numbers,
    )


def explain_losses(answer: RecomputedAnswer, fact_rows: FactRows) -> Iterator[Step]:
    """Yield the figures from after the start, from which reach lost is computed."""
    after = answer.list_used("after")
    says = [] if len(after) else ["No measurer has a figure from before and after the start."]
    yield Step("The figures from after", says, describe_facts(after, fact_rows))
