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
from audience_impact.outputs.review.status_rules import filled
from audience_impact.simulation.audiences import COUNTED
from audience_impact.tracing import draws
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    CircumventionBasis,
    OverlapParameter,
    PartGap,
)
from flows.explaining.recomputed import Facts, Recomputed
from flows.explaining.told import Fact, Number, Step, facts, of_draws, value

MOVERS = 8
"""Figures named that move an imputed audience most."""


def _laws(found: Recomputed, table: str, known: Facts, **cells: str) -> list[Any]:
    """The rows of a table of learned laws, as facts that were used."""
    rows = found.tables[table]
    for name, cell in cells.items():
        rows = rows[rows[name] == cell]
    names = [name for name in ("parameter", "kind") if name in rows] or ["area_id"]
    ids = rows[names].astype("str").agg(" ".join, axis=1) if len(rows) else ""
    told = rows[PROVENANCE].assign(
        role="learned_law", input_table=table, input_id=ids, passed_over=""
    )
    return facts(told, known)


def errors(found: Recomputed, known: Facts) -> Iterator[Step]:
    """What each figure may be off by, and how far its audience may have grown since."""
    inputs = found.stages.inputs
    laws = inputs.audiences.laws
    own = laws[laws["shape"].ne("") & laws["rounding_error_persons"].notna()]
    if own.empty:
        return
    rows = own.to_dict("records")
    says = [
        *(f"{row['platform_id']} in {row['country_id']}: {LAWS[row['shape']]}." for row in rows),
        "Half widths of 90 % intervals; independent errors add up in squares. Growth goes with "
        "the square root of the months since the figure.",
    ]
    numbers = [one for row in rows for one in _errors(row)]
    learned = [one for one in _laws(found, "figure_errors", known) if _is_of_audiences(one)]
    yield Step("What the figures may be off by", says, learned, numbers)


LAWS = {
    FIXED: "the figure is taken as it stands, before its errors",
    PERT: "drawn over the range that is stated or that pages print (PERT)",
    SPLIT: "drawn through the confidence interval that is stated or that the sample gives",
    POOL: "a random-effects pool of its measurers",
}
"""How a figure is drawn, by shape."""


def _is_of_audiences(law_of: Fact) -> bool:
    """Whether a learned error is one of audiences, not of bases."""
    return not str(law_of.cells["parameter"]).startswith(("base_", "population"))


def _errors(row: dict[Any, Any]) -> list[Number]:
    growth, name = [row[end] for end in GROWTH], row["platform_id"]
    told = [
        *value(f"{name}: rounding, +-", row["rounding_error_persons"]),
        *value(f"{name}: what pages differ by, +- of it", row["page_error_share"], "share"),
        *value(f"{name}: other definitions or measurers, +-", row["odds_error"], "log odds"),
        *value(f"{name}: people online then", row["universe_persons"]),
    ]
    if not any(map(pd.isna, growth)):
        what = f"{name}: growth until the start"
        told.append(Number(what, "log odds", None, *map(float, growth)))
    return told


def joint_use(found: Recomputed, known: Facts) -> Iterator[Step]:
    """How nobody is counted twice: bounds, overlaps, and what surveys taught."""
    limits = found.stages.bounds
    for row in limits.countries.reset_index().to_dict("records"):
        country = row["country_id"]
        own = found.stages.inputs.audiences.sizes["country_id"] == country
        if own.sum() < 2:
            continue
        way = (
            "sharp bounds by linear programming"
            if row["is_sharp"]
            else ("Frechet: no fewer than the largest audience, no more than the base or the sum")
        )
        says = [f"What the figures force, if each is right as printed ({way})."]
        learned = found.used("own_survey")
        if not learned.empty:
            says.append("Surveys of the country pull the joint use learned from all surveys.")
        calibration = _laws(found, "overlap_calibration", known, survey_id="")
        parameters = {parameter.value for parameter in OverlapParameter}
        told = [
            *facts(found.looked("overlap", country_id=country), known),
            *facts(learned, known),
            *(one for one in calibration if one.cells["parameter"] in parameters),
        ]
        names = (draws.CORRELATION,)
        numbers = [
            *value("added up, which counts people several times", row["naive_sum_persons"]),
            *value("at least", row["lower_persons"]),
            *value("at most", row["upper_persons"]),
            *of_draws([one for one in found.of(*names) if one.country_id == country]),
        ]
        yield Step(f"Each person once in {country}", says, told, numbers)


def places(found: Recomputed, known: Facts) -> Iterator[Step]:
    """Of a partial restriction: the places, who lives there, is online, and on which networks."""
    for row in found.stages.inputs.parts.to_dict("records"):
        country, area = row["country_id"], row["area_id"]
        looked = found.candidates[found.candidates["country_id"] == country]
        lines = looked[looked["role"].eq("place") & looked["looked_for"].eq(area)]
        online = looked[looked["role"].eq("place_online")]
        told = [
            *facts(lines, known),
            *facts(online[_of_chain(online, area)], known),
            *facts(looked[looked["role"].eq("network")], known),
        ]
        yield Step(f"The part: {area} in {country}", list(_of_part(row)), told, _part(row))
    drawn = of_draws(found.of(draws.PART))
    if drawn:
        yield Step("The part of the country that is touched", (), (), drawn)


def _of_chain(rows: pd.DataFrame, area: str) -> "pd.Series[bool]":
    """Figures of a place or of what holds it: ids of places begin with those of their holders."""
    return rows["looked_for"].str.split(" ").str[0].map(lambda one: area.startswith(one))


def _of_part(row: dict[Any, Any]) -> Iterator[str]:
    if row["reason"]:
        yield f"Nothing can be drawn of it: {PartGap(row['reason']).meaning}."
    yield f"The text means {row['reading']}; networks: {row['network'].partition('|')[0]}."
    if row["place_rung"]:
        yield f"Who is online there rests on: {row['place_rung']}."
    if row["network_rung"]:
        yield f"Whom the network leaves without any rests on: {row['network_rung']}."


def _part(row: dict[Any, Any]) -> list[Number]:
    laws = (
        ("people living there", "persons", PEOPLE),
        ("people online there, less those of the country", "log odds", ONLINE),
        ("share of those online whom the network leaves without any", "share", ONLY),
    )
    told = [
        Number(what, unit, None, *(float(row[name]) for name in names))
        for what, unit, names in laws
        if not any(pd.isna(row[name]) for name in names)
    ]
    return [
        *told,
        *value("no more people than", row["most_persons"]),
        *value("people living in the country", row["country_persons"]),
    ]


def imputation(found: Recomputed, known: Facts) -> Iterator[Step]:
    """Audiences that nobody counted: from what they are imputed, and what moves them most."""
    fitted = found.stages.fitted
    wanted = _uncounted(found)
    if fitted.audiences is None or wanted.empty:
        return
    told = groups.imputed(wanted, found.tables, fitted.audiences, fitted.joint_use)
    movers = distribution.movers(wanted.loc[told.index], found.tables, fitted.audiences, MOVERS)
    members = groups.members_of(wanted, found.tables, fitted.audiences)
    for place, row in wanted.iterrows():
        name = f"{row['platform_id']} in {row['area_id']}"
        if place not in told.index:
            yield Step(f"Nothing to impute from: {name}")
            continue
        own = told.loc[place]
        says = [f"Imputed from {rungs.SAID[own['rung']]} (rung {own['rung']}).", *_closed(found)]
        numbers = [_shares("share of the people online", own), *_members(members, place)]
        moving = _moved(movers[movers["place"] == place], found, known)
        yield Step(f"Imputed: {name}", says, moving, numbers, "the figures that move it most")


def _uncounted(found: Recomputed) -> pd.DataFrame:
    """Audiences that are not drawn from figures of their own, as `imputed` takes them."""
    scope, inputs = found.stages.scope, found.stages.inputs
    counted = inputs.audiences.laws.loc[inputs.audiences.laws["shape"].isin(COUNTED), AUDIENCE]
    rows = scope.wanted[scope.wanted["is_existing_use"]]
    rows = rows[~pd.MultiIndex.from_frame(rows[AUDIENCE]).isin(pd.MultiIndex.from_frame(counted))]
    rows = rows[~rows["platform_id"].isin([WHOLE_INTERNET, ""])].reset_index(drop=True)
    return rows.rename(columns={"country_id": "area_id", "before": "moment"})[
        ["area_id", "platform_id", "moment"]
    ]


def _closed(found: Recomputed) -> Iterator[str]:
    """Why nothing of the restriction is imputed in the end."""
    inputs = found.stages.inputs
    if found.restriction_id in inputs.audiences.shut:
        yield "It is not used: where the answer was known, this rung failed."
    elif found.restriction_id in inputs.audiences.vague:
        yield "It is not used: an interval whose ends differ by a factor of 20 is no estimate."


def _shares(what: str, row: Any) -> Number:
    return Number(what, "share", None, *(float(row[name]) for name in distribution.SHARES))


def _members(members: pd.DataFrame, place: Any) -> list[Number]:
    own = members[members["place"] == place].to_dict("records")
    return [_shares(f"stands for it: {row['platform_id']}", row) for row in own]


def _moved(rows: pd.DataFrame, found: Recomputed, known: Facts) -> list[Fact]:
    """The figures that move an imputed share most, with what it would be without each."""
    estimates = found.tables["estimates"].set_index("estimate_id")[PROVENANCE]
    surveys = found.tables["surveys"].set_index("survey_id")[PROVENANCE]
    told = []
    for row in rows.to_dict("records"):
        survey, _, platform = row["figure_id"].partition("|")
        table, lines = ("surveys", surveys) if platform else ("estimates", estimates)
        line = lines.loc[[survey]].assign(
            role=row["way"], input_table=table, input_id=row["figure_id"], passed_over=""
        )
        (fact,) = facts(line, known)
        moved = (
            f"{row['platform_id']} in {row['area_id']}, {row['share']:.4g} of people online: "
            f"without it {row['without_share']:.4g}"
        )
        told.append(replace(fact, says=f"{moved}; {fact.says}"))
    return told


def features(found: Recomputed, known: Facts) -> Iterator[Step]:
    """Who of those exposed uses the feature, and who keeps access."""
    inputs = found.stages.inputs
    shares = found.looked("feature_share")
    learned = inputs.use.feature_laws
    if not shares.empty or not learned.empty:
        says = [f"Taken for granted: {text}." for text in _assumed(inputs.use.feature_shares)]
        says += [f"Nobody asked about {one}: learned from others." for one in learned["feature"]]
        base = facts(found.used("share_base"), known)
        once = shares.sort_values("passed_over").drop_duplicates("input_id")
        drawn = of_draws(found.of(draws.FEATURE_SHARE))
        yield Step(
            "Who uses the feature",
            says,
            [*facts(once, known), *base],
            [*_law(learned), *drawn],
        )
    rows = inputs.use.circumvention
    own = rows[rows["restriction_id"] == found.restriction_id]
    looked = found.looked("circumvention")
    if not own.empty or not looked.empty:
        used = looked if not looked.empty else found.used("circumvention")
        words = [BASES_OF_ACCESS[basis] for basis in own["basis"]] or ["Nobody counted it."]
        drawn = of_draws(found.of(draws.KEPT))
        yield Step("Who keeps access", words, facts(used, known), [*_law(own), *drawn])


BASES_OF_ACCESS = {
    CircumventionBasis.MEASURED.value: "Somebody counted it.",
    CircumventionBasis.NETWORK_GONE.value: "Where the network is gone nobody is taken to keep it.",
    CircumventionBasis.LEARNED.value: "Nobody counted it here: learned from others.",
}
"""What the share that keeps access stands on."""


def _assumed(shares: pd.DataFrame) -> list[str]:
    details = {detail for cell in shares["assumed"] for detail in cell.split(";") if detail}
    return sorted(filled("feature_assumed", detail) for detail in details)


def _law(rows: pd.DataFrame) -> list[Number]:
    """The laws learned of others, in log odds of the share."""
    return [
        one
        for row in rows.dropna(subset=PARAMETERS).to_dict("records")
        for one in (
            *value("learned law, middle", row["mean"], "log odds"),
            *value("learned law, spread", row["spread"], "log odds"),
        )
    ]


def days(found: Recomputed, known: Facts) -> Iterator[Step]:
    """The days on which it was in force, who comes on a day, and person-days."""
    frame = found.frames["person_days"]
    total = frame[frame["period"] == EVERY]
    if total.empty:
        return
    lines = found.stages.simulation.timeline.periods
    period = lines.loc[found.restriction_id]
    says = [
        f"In force from {period['from_day']:%Y-%m-%d} until before {period['end']:%Y-%m-%d}"
        + ("; the end is not known." if period["is_end_unknown"] else ".")
    ]
    numbers: list[Number] = []
    for row in total.to_dict("records"):
        numbers += value("days", row["days"], "days")
        numbers += value("at least", row["lower_person_days"], "person_days")
        numbers += value("at most", row["upper_person_days"], "person_days")
        middle = [row[f"{name}_person_days"] for name in ("q05", "q50", "q95")]
        if not any(map(pd.isna, middle)):
            numbers.append(Number("person-days", "person_days", None, *map(float, middle)))
        says += [f"{row['area_id']}: {row['reason']}."] if row["reason"] else []
    yield Step("Days and person-days", says, facts(found.looked("daily_audience"), known), numbers)


def lost(found: Recomputed, known: Facts) -> Iterator[Step]:
    """The figures from after the start, of which reach lost is made."""
    after = found.used("after")
    says = [] if len(after) else ["No measurer has a figure from before and after the start."]
    yield Step("The figures from after", says, facts(after, known))
