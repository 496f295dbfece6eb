"""Selection of the published figures that describe the audience of a platform in an area.

Definitions. A figure qualifies when it counts people (persons, or a share of a base on record) of
the whole population of an area. Metrics have a priority; only figures of the best metric priority
are used. A lineage is a measuring programme with all the secondary sources that print its figures.
A figure is from under a restriction where an earlier restriction of the same service in the same
country was in force on UNDER_SHARE of the days of its period: then it counts the users who remained
or circumvented the restriction. From under a block it is where that restriction took or slowed the
whole service for everyone. Neighbours are the last figure of the same measuring programme, metric
and population from before the chosen period and the first from after it, each at most
NEIGHBOUR_DAYS away.

Method. The people exposed are the users from before the restriction: the period of the figure ends
no later than the restriction starts. For a restriction that continues another one, they are the
users from before the first of these restrictions or, where no figure is that old, those of the
figures nearest to it. In each lineage the latest such period; of several sources of it the primary
one, the measurer's own page, else the value that most of them print, where a page counts in favour
of the value that it prints and of every more precise value that it rounds or truncates. Several
lineages give a range. A company's or an unexplained figure enters only where nothing better exists;
daily or weekly reach is a lower bound alone, since whoever comes on a day comes in the month; last
comes a survey of some ages with the people of a census: the other ages may use the service as well.
A bare minimum of a better kind comes after a newer figure that states both sides.

Quality flags are reasons for caution that the published row states. A restriction without a known
end counts only for its first day. Those never enforced, of regions alone, or of an unconfirmed
report alone are ignored. If an equally severe block of fewer services begins during an event of
several services, its start is used for these services. Where pages print one measurement
differently (by a unit of the coarser printing or more: they neither round nor cut off), the
expected value is interpolated in logs between the neighbours; the chosen value is an outlier if
another printed value is nearer to it. A figure lacks younger users where another one of the service
has a lower minimum age.

Assumptions. The months before the restriction describe the month it starts in. Use changes steadily
between neighbours. A service that is on record only as part of an event of several services was
restricted from its first day.

Known drawbacks. Growth since the date of the figure is not considered here; the staleness states
the age of the figure.

Citation. Rules of this project, docs/decisions.md.
"""

import numpy as np
import pandas as pd

from audience_impact import figure_errors
from audience_impact import selection as choosing
from audience_impact.audiences import distributions
from audience_impact.audiences.distributions import DISTRIBUTION_COLUMNS, FLOOR, LINEAGE, PART, WEAK
from audience_impact.audiences.scope import AUDIENCE, HIT_FEATURES, WHOLE, Scope
from audience_impact.denominators.denominators import ANY_MEASURER, LONGEST_GAP_DAYS, Denominators
from audience_impact.facts.tables import Tables
from audience_impact.periods import (
    ONE_DAY,
    WINDOW_DAYS,
    months_between,
    period_middle,
    with_distance,
)
from audience_impact.populations import AGES, LEAST_AGE, ONLINE, ONLINE_12_PLUS, PART_OF_AGES
from audience_impact.selection import Best, Key, Only
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    AudienceMetric,
    ClaimStatus,
    EndStatus,
    EvidenceState,
    IntervalKind,
    PopulationBase,
    Reliability,
    Severity,
    SourceType,
    Staleness,
    Unit,
)

NEIGHBOUR_DAYS = 183
UNDER_SHARE = 0.5
WHOLE_SERVICE_GONE = (Severity.SERVICE_IMPAIRED.value, Severity.SERVICE_UNAVAILABLE.value)
PRIORITY = {
    AudienceMetric.MONTHLY_REACH.value: 1,
    AudienceMetric.SURVEY_MONTHLY.value: 2,
    AudienceMetric.SURVEY_REGULAR.value: 2,
    AudienceMetric.MAU.value: 3,
    AudienceMetric.DSA_AMAR.value: 3,
    AudienceMetric.UNSPECIFIED.value: 4,
    AudienceMetric.WEEKLY_REACH.value: 5,
    AudienceMetric.WAU.value: 5,
    AudienceMetric.DAILY_REACH.value: 5,
    AudienceMetric.AVG_DAILY_REACH.value: 5,
    AudienceMetric.DAU.value: 5,
}
"""Priority of each metric that may describe the people exposed; other metrics are never used."""


def classify_staleness(months: pd.Series) -> pd.Series:
    """Return fresh (<= 3 months), ageing (<= 12), stale (<= 24) or expired; blank for NaN."""
    words = [word.value for word in Staleness]
    return pd.cut(months, [-np.inf, 3, 12, 24, np.inf], labels=words).astype("str").fillna("")


QUALIFYING = (
    Only(lambda rows: rows["disputed_by"] == "", lambda rows: "disputed by " + rows["disputed_by"]),
    Only(
        lambda rows: rows["unit"].isin([Unit.PERSONS.value, Unit.SHARE.value]),
        lambda rows: "counts " + rows["unit"] + ", not people",
    ),
    Only(
        lambda rows: rows["audience_metric"].isin(list(PRIORITY)),
        lambda rows: rows["audience_metric"] + " never stands for the users of a month",
    ),
    Only(
        lambda rows: (rows["age"] == "") & (rows["sex"] == ""),
        "counts a part of the people, by age or sex",
    ),
    Only(
        lambda rows: rows["population_base"] != PopulationBase.CUSTOM.value,
        "of a population of which there is no base",
    ),
)
NO_PEOPLE = "a share of a population of which our record has no count at that time"
BEFORE_START = (
    Only(lambda rows: rows["is_existing_use"], distributions.NEW_USE),
    Only(
        lambda rows: rows["period_end"] <= rows["start"], "from after the start of the restriction"
    ),
)


def list_qualifying_figures(tables: Tables, denominators: Denominators) -> pd.DataFrame:
    """Return every estimate that may describe the size of an audience, in persons.

    `high_persons` is NaN without an upper limit; `share_base_id` is the base that turned a share
    into people, `of_persons` its size; `rounding_persons` half a unit of the last digit printed;
    and `series_persons` what the neighbours in the measurer's own series let expect.
    """
    figures = choosing.select_candidates(tables["estimates"], QUALIFYING)
    is_share = figures["unit"] == Unit.SHARE.value
    is_exact = figures["interval_kind"] == IntervalKind.NONE.value
    rounding = figure_errors.half_step(figures["value"], is_share).where(is_exact).fillna(0.0)
    measurers = tables["lineages"].set_index("measurement_series_id")["source_type"]
    kinds = figures["measurement_series_id"].map(measurers)
    is_asked = is_share & (kinds == SourceType.SURVEY.value)
    figures = distributions.add_sampling_intervals(
        figures.assign(rounding_persons=rounding), is_asked, denominators.errors
    )
    figures = _add_limits(_convert_to_persons(figures, denominators), tables)
    return figures.assign(series_persons=interpolate_between_neighbours(figures))


def _convert_to_persons(estimates: pd.DataFrame, denominators: Denominators) -> pd.DataFrame:
    """Return shares times the base nearest in time: of the measurer, else of a census."""
    by = ["area_id", "population_base", "measurement_series_id"]
    names = {"base_id": "share_base_id", "persons": "of_persons"}
    names |= {"period_start": "base_start", "period_end": "base_end"}
    bases = denominators.bases[[*by, *names]].rename(columns=names)
    is_share = estimates["unit"] == Unit.SHARE.value
    shares = estimates[is_share].merge(bases, on=by)
    shares = with_distance(shares, ("period_start", "period_end"), ("base_start", "base_end"))
    shares = shares[shares["gap"] <= WINDOW_DAYS].sort_values(["gap", "apart", "share_base_id"])
    shares = shares.drop_duplicates("estimate_id")
    rest = estimates[is_share & ~estimates["estimate_id"].isin(shares["estimate_id"])]
    rest = rest[~rest["population_base"].str.startswith("internet")]
    places = rest.rename(columns={"area_id": "country_id"}).assign(
        start=period_middle(rest["period_start"], rest["period_end"])
    )
    base = denominators.find_nearest(places, ANY_MEASURER, LONGEST_GAP_DAYS).reindex(rest.index)
    rest = rest.assign(share_base_id=base["base_id"], of_persons=base["base_persons"])
    shares = pd.concat([shares, rest.dropna(subset=["of_persons"])])
    for name in ("value", "low", "high"):
        shares[name] = (shares[name] * shares["of_persons"]).round()
    shares["rounding_persons"] = shares["rounding_persons"] * shares["of_persons"]
    people = estimates[estimates["unit"] == Unit.PERSONS.value].assign(
        share_base_id="", of_persons=float("nan")
    )
    return pd.concat([people, shares[people.columns]], ignore_index=True)


def _add_limits(figures: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    measurers = tables["lineages"].set_index("measurement_series_id")["source_type"]
    pages = tables["sources"].set_index("source_id")[["source_type", "reliability"]]
    bases = tables["bases"].set_index("base_id")["population_base"]
    is_company = (
        figures["measurement_series_id"].map(measurers).eq(SourceType.COMPANY_STATEMENT.value)
    )
    priority = figures["audience_metric"].map(PRIORITY).astype("float64")
    priority = priority.where(~is_company | (priority > WEAK), WEAK)
    priority = priority.mask(figures["share_base_id"].map(bases).isin(PART_OF_AGES), PART)
    stated = distributions.read_intervals(figures)
    return figures.assign(
        point_persons=figures["value"].fillna(figures["high"]),
        **{name: stated[name] for name in (*DISTRIBUTION_COLUMNS, "is_ranged")},
        low_persons=stated["least"],
        high_persons=stated["most"].where(priority < FLOOR),
        stated_most_persons=stated["most"],
        metric_priority=priority,
        is_company_statement=is_company,
        is_primary_source=figures["source_id"].map(pages["source_type"])
        != SourceType.PRESS_RELAY.value,
        is_doubtful=figures["source_id"].map(pages["reliability"]) == Reliability.LOW.value,
    )


def join_figures(requested: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Return each requested audience of a scope with every figure that describes it."""
    by_country = figures.rename(columns={"area_id": "country_id"})
    return requested.merge(by_country, on=["country_id", "platform_id"])


def select_before_start(requested: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Return the figures from before the start of each requested audience with existing users."""
    return choosing.select_candidates(join_figures(requested, figures), BEFORE_START)


def choose_figures(joined: pd.DataFrame) -> pd.DataFrame:
    """Return the chosen figures, a page a lineage, and `pages_count`, the pages of its period."""
    pages = _rank_pages(choosing.select_candidates(joined, SPEAKING))
    return choosing.select_candidates(pages, PAGE).sort_values(LINEAGE, ignore_index=True)


def rejection_reason(joined: pd.DataFrame) -> "pd.Series[str]":
    """Return the reason why each figure of `joined` is not chosen; blank for chosen figures."""
    reasons = choosing.rejection_reason(joined, (*BEFORE_START, *SPEAKING))
    pages = _rank_pages(joined[reasons == ""])
    return reasons.mask(reasons == "", choosing.rejection_reason(pages, PAGE).reindex(joined.index))


def _rank_pages(pages: pd.DataFrame) -> pd.DataFrame:
    """Return the pages of the chosen periods, ranked; `votes` counts those that print one value."""
    printed = pages["point_persons"].fillna(pages["low_persons"])
    ranked = pages.assign(
        printed=printed,
        step=figure_errors.half_step(printed, pd.Series(False, printed.index)),
        floor=pages["low_persons"].where(pages["metric_priority"] >= FLOOR, 0.0),
        pages_count=pages.groupby(LINEAGE)["metric_priority"].transform("size"),
        exact=pages["interval_kind"] == IntervalKind.NONE.value,
    )
    printings = ranked[[*LINEAGE, "printed", "step"]].reset_index(names="place")
    both = printings.merge(printings, on=LINEAGE, suffixes=("", "_other"))
    apart = (both["printed"] - both["printed_other"]).abs()
    is_rounded = (both["step_other"] > both["step"]) & (apart < 2 * both["step_other"])
    votes = ((apart == 0) | is_rounded).groupby(both["place"]).sum()
    return ranked.assign(votes=votes.reindex(pages.index))


def _rank_kinds(joined: pd.DataFrame) -> "pd.Series[float]":
    """Return the priority of each figure: a bare minimum must not hide a newer, full figure."""
    priority, ends = joined["metric_priority"], joined["period_end"]
    is_minimum = joined["interval_kind"].eq(distributions.AT_LEAST) & (priority < FLOOR)
    full = ends.where(~is_minimum & (priority < FLOOR))
    newest = full.groupby([joined[name] for name in AUDIENCE]).transform("max")
    return priority.mask(is_minimum & (ends < newest), FLOOR - 0.5)


def _is_best(joined: pd.DataFrame) -> "pd.Series[bool]":
    rank = _rank_kinds(joined)
    return rank == rank.groupby([joined[name] for name in AUDIENCE]).transform("min")


def _explain_priority(joined: pd.DataFrame) -> "pd.Series[str]":
    ranked = joined.assign(rank=_rank_kinds(joined)).sort_values(["rank", "audience_metric"])
    best = ranked.groupby(AUDIENCE)["audience_metric"].transform("first").reindex(joined.index)
    return joined["audience_metric"] + " comes after " + best + " in the order of metrics"


def _is_before_first_step(joined: pd.DataFrame) -> "pd.Series[bool]":
    """Return True for figures from before the first step, or for all if none is."""
    clear = joined["period_end"] <= joined["before"]
    return clear | ~clear.groupby([joined[name] for name in AUDIENCE]).transform("any")


def _is_nearest(best: pd.DataFrame) -> "pd.Series[bool]":
    ends = best.groupby(LINEAGE)["period_end"]
    is_clear = best["period_end"] <= best["before"]
    return best["period_end"] == ends.transform("max").where(is_clear, ends.transform("min"))


def _is_longest(latest: pd.DataFrame) -> "pd.Series[bool]":
    longest = latest.groupby(LINEAGE)["period_start"].transform("min")
    return (latest["period_start"] == longest) | (latest["metric_priority"] >= FLOOR)


SPEAKING = (
    Only(_is_best, _explain_priority),
    Only(_is_before_first_step, "from under an earlier step of the act"),
    Only(_is_nearest, "the same measurer has a figure nearer to the start"),
    Only(_is_longest, "the same measurer has a figure of a longer period that ends alike"),
)
"""Steps that select, in each lineage, the figures of one period before the start."""
_OTHER_PAGE = "another page of the same measurement"
PAGE = (
    Best(
        LINEAGE,
        (
            Key("floor", "a lower bound, and another one is higher", False),
            Key("is_primary_source", f"{_OTHER_PAGE}: the measurer's own is taken", False),
            Key("votes", f"{_OTHER_PAGE}: more pages print the other value", False),
            Key("exact", f"{_OTHER_PAGE}: the other prints a value and no limit", False),
            Key("step", f"{_OTHER_PAGE}: the other rounds less"),
            Key("estimate_id", f"{_OTHER_PAGE}, no different: the first by its id is taken"),
        ),
    ),
)


def summarise_audiences(requested: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Return the range of the figures of each audience, of one series or with a blank one."""
    groups = chosen.groupby(AUDIENCE, sort=True)
    count = groups["measurement_series_id"].nunique()
    is_closed = groups["high_persons"].count() == groups.size()
    narrow = {ONLINE_12_PLUS, AGES[ONLINE_12_PLUS]}
    table = pd.DataFrame(
        {
            "low_persons": groups["low_persons"].min(),
            "high_persons": groups["high_persons"].max().where(is_closed),
            "metric_priority": groups["metric_priority"].first(),
            "metric": groups["audience_metric"].first(),
            "measurement_series_id": groups["measurement_series_id"].first().where(count == 1, ""),
            "measurement_series_count": count,
            "containing": groups["population_base"].agg(
                lambda names: ONLINE_12_PLUS if narrow.issuperset(names) else ONLINE
            ),
            "period": groups["period"].agg(lambda texts: ";".join(sorted(set(texts)))),
            "period_end": groups["period_end"].min(),
            "is_from_share": groups["share_base_id"].agg(lambda ids: (ids != "").any()),
        }
    ).reset_index()
    rows = requested.merge(table, on=AUDIENCE, how="left", validate="m:1")
    months = months_between(rows["period_end"], rows["start"])
    return rows.assign(age_months=months.clip(lower=0))


def flag_quality(
    chosen: pd.DataFrame, before: pd.DataFrame, scope: Scope, tables: Tables
) -> pd.DataFrame:
    """Return the quality flags of each chosen figure, by LINEAGE; `least_age` NaN for all ages."""
    restrictions = _list_restrictions_in_force(scope)
    names = ["country_id", "platform_id", "start", "period_start", "period_end"]
    rows = chosen[names].reset_index(names="place")
    pairs = rows.merge(restrictions, on=["country_id", "platform_id"])
    first = pairs[["act_start", "period_start"]].max(axis=1)
    shared = pairs[["act_end", "period_end"]].min(axis=1) - first
    enough = shared >= UNDER_SHARE * (pairs["period_end"] - pairs["period_start"])
    earlier = pairs[enough & (pairs["act_start"] < pairs["start"])]
    is_under_block = earlier.groupby("place")["is_block"].any()
    printed = _find_contradicting_pages(chosen, before)
    expected = np.log(printed["place"].map(chosen["series_persons"]))
    distances = np.log(printed[["point_persons", "other_persons"]]).sub(expected, axis=0).abs()
    is_outlier = distances["other_persons"] < distances["point_persons"]
    ages = pd.to_numeric(tables["estimates"]["age"].str.extract(r"^(\d+)")[0], errors="coerce")
    youngest = ages.groupby(tables["estimates"]["platform_id"]).min()
    least_age = chosen["population_base"].map(LEAST_AGE).astype("float64")
    return chosen[LINEAGE].assign(
        is_after_first_step=chosen["period_end"] > chosen["before"],
        is_under_block=chosen.index.isin(is_under_block.index[is_under_block]),
        is_under_restriction=chosen.index.isin(is_under_block.index[~is_under_block]),
        is_printed_differently=chosen.index.isin(printed["place"]),
        is_outlier=chosen.index.isin(printed.loc[is_outlier, "place"]),
        least_age=least_age,
        is_missing_younger=chosen["platform_id"].map(youngest).astype("float64") < least_age,
    )


def _list_restrictions_in_force(scope: Scope) -> pd.DataFrame:
    """Return restrictions by country: `act_start`, `act_end` (NaT: ongoing), `is_block`."""
    restrictions = scope.restrictions
    unconfirmed = restrictions["claim_status"] != ClaimStatus.OFFICIAL.value
    unconfirmed &= restrictions["evidence_state"] == EvidenceState.INSUFFICIENT.value
    is_in_force = restrictions["is_start_known"] & ~restrictions["is_never_enforced"]
    restrictions = restrictions[is_in_force & ~unconfirmed]
    start = restrictions["observed_from_start"].fillna(restrictions["start"])
    end = restrictions["ended_on_end"].fillna(start + ONE_DAY)
    end = end.mask(restrictions["end_status"] == EndStatus.ONGOING.value)
    country = restrictions["area_ids"].str.split(";")
    days = restrictions[["restriction_id", "severity", "is_partial"]]
    days = days.assign(country_id=country, act_start=start, act_end=end)
    targets = scope.targets[scope.targets["feature"].isin(HIT_FEATURES)]
    targets = targets[targets["platform_id"] != WHOLE_INTERNET]
    rows = days.explode("country_id").merge(targets, on="restriction_id")
    is_whole = rows["feature"] == WHOLE
    gone = rows["severity"].isin(WHOLE_SERVICE_GONE)
    rows = rows.assign(is_block=is_whole & gone & ~rows["is_partial"])
    names = ["country_id", "platform_id", "act_start", "act_end", "is_block"]
    return rows.loc[~_is_superseded(rows), names]


def _is_superseded(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Return True for blocks that a later block, as severe and of fewer services, replaces."""
    services = rows.groupby("restriction_id")["platform_id"].transform("nunique")
    blocks = rows.assign(services=services)[rows["is_block"]].reset_index(names="place")
    pairs = blocks.merge(blocks, on=["country_id", "platform_id", "severity"], suffixes=("", "_of"))
    within = pairs["act_start_of"].ge(pairs["act_start"])
    within &= pairs["act_end"].isna() | (pairs["act_start_of"] < pairs["act_end"])
    superseded = pairs.loc[within & (pairs["services_of"] < pairs["services"]), "place"]
    return pd.Series(rows.index.isin(superseded), rows.index)


def _find_contradicting_pages(chosen: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Return pages that print another value for a chosen figure: `place`, `other_persons`."""
    key = [*LINEAGE, "audience_metric", "activity_threshold", "population_base", "period"]
    figures = chosen[[*key, "point_persons"]].reset_index(names="place")
    pages = before[[*key, "point_persons"]].rename(columns={"point_persons": "other_persons"})
    both = figures.merge(pages, on=key).dropna(subset=["point_persons", "other_persons"])
    is_share, ends = pd.Series(False, both.index), ("point_persons", "other_persons")
    half, other_half = (figure_errors.half_step(both[name], is_share) for name in ends)
    apart = (both["point_persons"] - both["other_persons"]).abs()
    return both[(apart > 0) & (apart >= 2 * np.fmax(half, other_half))]


def interpolate_between_neighbours(figures: pd.DataFrame) -> "pd.Series[float]":
    """Return the persons expected from the neighbours of each figure, in logs; NaN without both."""
    series = ["area_id", "platform_id", "measurement_series_id", "audience_metric"]
    series += ["activity_threshold", "population_base"]
    rows = figures[series].assign(
        middle=period_middle(figures["period_start"], figures["period_end"]),
        persons=figures["point_persons"].where(figures["point_persons"] > 0),
    )
    others = rows.dropna(subset=["persons", "middle"])
    both = rows.drop(columns="persons").reset_index(names="place").merge(others, on=series)
    days = (both["middle_y"] - both["middle_x"]).dt.days
    both = both.assign(days=days, far=days.abs())[(days != 0) & (days.abs() <= NEIGHBOUR_DAYS)]
    both = both.sort_values(["place", "far", "persons"])
    ends = [both[both["days"] * sign > 0].drop_duplicates("place") for sign in (-1, 1)]
    ahead, behind = (end.set_index("place") for end in ends)
    part = ahead["far"] / (ahead["far"] + behind["far"])
    low, high = np.log(ahead["persons"]), np.log(behind["persons"])
    return np.exp(low + (high - low) * part).reindex(figures.index)
