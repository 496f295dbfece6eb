"""Which published figure stands for a platform, an area and a day.

Definitions. A figure qualifies when it counts people (persons, or a share of a base on
record) of the whole population of an area. Metrics have a priority; only figures of
the best metric priority speak. A lineage is one measuring programme with all the secondary sources
that print it.

Method. Exposed are the users from before: the period ends no later than the restriction
starts. Of a step of an act they are those from before its first step, or, where no figure of that
kind is so old, those of the figures nearest to it. In each lineage the latest such period; of
several sources of it the primary one, the measurer's own page, else the value that most of them
print, where a page votes for what it prints and for every finer printing that it rounds or cuts
off. What speaks against a figure that was chosen is in doubts.py. Several lineages give a range.
Priorities: monthly reach
of a panel; regular or monthly use in a survey; monthly active users; a company's or an
unexplained figure, which enters only where nothing better exists; and, as a lower bound
alone, daily or weekly reach, since whoever comes on a day comes in the month; and, last, a survey
of some ages with the people of a census: the other ages may use the service as well. What a
figure says at least and at most is read in intervals.py.

Assumptions. The months before the restriction describe the month it starts in.

Known drawbacks. No growth since the figure; the staleness says how old. What figures say
together, and how they may have drifted, is in pooling.py.

Citation. Rules of this project, docs/decisions.md.
"""

import pandas as pd

from audience_impact import selection as choosing
from audience_impact.audiences import intervals
from audience_impact.audiences.intervals import LAW
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.denominators.counts import LONGEST_GAP_DAYS
from audience_impact.denominators.denominators import Denominators
from audience_impact.errors import rounding
from audience_impact.errors.distribution import FigureErrors
from audience_impact.facts.tables import Tables
from audience_impact.periods import WINDOW_DAYS, middle, months_between, with_distance
from audience_impact.populations import AGES, ONLINE, ONLINE_12_PLUS, PART_OF_AGES
from audience_impact.selection import Best, Key, Only
from audience_impact.vocabulary import (
    AudienceMetric,
    IntervalKind,
    PopulationBase,
    Reliability,
    SourceType,
    Staleness,
    Unit,
)

PRIORITY = {
    metric.value: priority
    for priority, metrics in {
        1: [AudienceMetric.MONTHLY_REACH],
        2: [AudienceMetric.SURVEY_MONTHLY, AudienceMetric.SURVEY_REGULAR],
        3: [AudienceMetric.MAU, AudienceMetric.DSA_AMAR],
        4: [AudienceMetric.UNSPECIFIED],
        5: [
            AudienceMetric.WEEKLY_REACH,
            AudienceMetric.WAU,
            AudienceMetric.DAILY_REACH,
            AudienceMetric.AVG_DAILY_REACH,
            AudienceMetric.DAU,
        ],
    }.items()
    for metric in metrics
}
"""Priority of each metric that may stand for the people exposed; all others never do."""

WEAK, FLOOR, PART = 4, 5, 6
"""From FLOOR on figures are lower bounds alone; PART: a survey of a part of the ages."""
STALENESS = [(3, Staleness.FRESH), (12, Staleness.AGEING), (24, Staleness.STALE)]
"""Age in months up to which a figure is called so."""


def staleness(months: pd.Series) -> pd.Series:
    """fresh <= 3 months, ageing <= 12, stale <= 24, expired beyond; blank for NaN."""
    words = pd.Series(Staleness.EXPIRED.value, index=months.index)
    for limit, word in reversed(STALENESS):
        words = words.where(~(months <= limit), word.value)
    return words.where(months.notna(), "")


QUALIFYING = (
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
"""Which estimates may stand for an audience at all."""
NO_PEOPLE = "a share of a population that nobody counted at that time"
BEFORE_START = (
    Only(
        lambda rows: rows["is_existing_use"],
        "nothing is restricted that existing users come upon",
    ),
    Only(
        lambda rows: rows["period_end"] <= rows["start"],
        "from after the start of the restriction",
    ),
)
"""Which of the figures of a service and country speak of those from before."""


def candidates(tables: Tables, denominators: Denominators) -> pd.DataFrame:
    """Every estimate that may stand for an audience, in persons.

    Adds what intervals.read gives, `metric_priority`, `low_persons`, `high_persons` (NaN: no upper
    limit), `share_base_id` (the base that turned a share into people), `is_primary_source` (the
    measurer's own page), `rounding_persons` (half a unit of the last digit printed), `of_persons`
    (of a share) and `is_doubtful` (read in a source of low reliability).
    """
    qualifying = choosing.left(tables["estimates"], QUALIFYING)
    rows = _with_own_errors(qualifying, tables, denominators.errors)
    return _limits(_in_persons(rows, denominators), tables)


def _with_own_errors(
    known: pd.DataFrame, tables: Tables, errors: FigureErrors | None
) -> pd.DataFrame:
    """The rounding of each figure, in its own unit, and the interval of a survey's share."""
    is_share = known["unit"] == Unit.SHARE.value
    exact = known["interval_kind"] == IntervalKind.NONE.value
    half = rounding.half_step(known["value"], is_share).where(exact).fillna(0.0)
    rounded = known.assign(rounding_persons=half)
    if errors is None:
        return rounded
    kinds = tables["lineages"].set_index("measurement_series_id")["source_type"]
    is_asked = is_share & (known["measurement_series_id"].map(kinds) == SourceType.SURVEY.value)
    columns = ("value", "low", "high")
    return intervals.with_sampling(rounded, is_asked, errors.effective_sample, columns)


def _in_persons(estimates: pd.DataFrame, denominators: Denominators) -> pd.DataFrame:
    """Shares times a base: the same measurer's, else that of a census for a share of an age.

    Of several the nearest in time; without one the row drops out.
    """
    by = ["area_id", "population_base", "measurement_series_id"]
    names = [*by, "base_id", "persons", "period_start", "period_end"]
    right = denominators.counts.bases[names].rename(
        columns={
            "base_id": "share_base_id",
            "persons": "of_persons",
            "period_start": "base_start",
            "period_end": "base_end",
        }
    )
    shares = estimates[estimates["unit"] == Unit.SHARE.value].merge(right, on=by)
    shares = with_distance(shares, ("period_start", "period_end"), ("base_start", "base_end"))
    shares = shares[shares["gap"] <= WINDOW_DAYS].sort_values(["gap", "apart", "share_base_id"])
    shares = shares.drop_duplicates("estimate_id")
    shares = pd.concat([shares, _of_population(estimates, shares, denominators)])
    for name in ("value", "low", "high"):
        shares[name] = (shares[name] * shares["of_persons"]).round()
    shares["rounding_persons"] = shares["rounding_persons"] * shares["of_persons"]
    people = estimates[estimates["unit"] == Unit.PERSONS.value].assign(
        share_base_id="", of_persons=float("nan")
    )
    return pd.concat([people, shares[people.columns]], ignore_index=True)


def _of_population(
    estimates: pd.DataFrame, own: pd.DataFrame, denominators: Denominators
) -> pd.DataFrame:
    """Shares of people of an age that their measurer did not count: a survey's, with its base."""
    ages = ~estimates["population_base"].str.startswith("internet")
    left = ~estimates["estimate_id"].isin(own["estimate_id"]) & (
        estimates["unit"] == Unit.SHARE.value
    )
    wanted = estimates[ages & left].rename(columns={"area_id": "country_id"})
    moment = middle(wanted["period_start"], wanted["period_end"])
    base = denominators.nearest(wanted.assign(start=moment), LONGEST_GAP_DAYS)
    people = base.reindex(wanted.index)[["base_id", "base_persons"]]
    shares = wanted.assign(share_base_id=people["base_id"], of_persons=people["base_persons"])
    return shares.dropna(subset=["of_persons"]).rename(columns={"country_id": "area_id"})


def _parts(tables: Tables) -> set[str]:
    """Bases of a part of the ages: the others may use a service as well."""
    bases = tables["bases"]
    part = bases["population_base"].isin(PART_OF_AGES)
    return set(bases.loc[part, "base_id"])


def _limits(figures: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """What each figure says, the priority of its metric, and whose page it stands on."""
    lineages = tables["lineages"].set_index("measurement_series_id")["source_type"]
    pages = tables["sources"].set_index("source_id")["source_type"]
    trust = tables["sources"].set_index("source_id")["reliability"]
    priority = figures["audience_metric"].map(PRIORITY).astype("float64")
    company = figures["measurement_series_id"].map(lineages) == SourceType.COMPANY_STATEMENT.value
    priority = priority.where(~company | (priority > WEAK), WEAK)
    priority = priority.where(~figures["share_base_id"].isin(_parts(tables)), PART)
    stated = intervals.read(figures)
    return figures.assign(
        point_persons=figures["value"].fillna(figures["high"]),
        **{name: stated[name] for name in (*LAW, "is_ranged")},
        low_persons=stated["least"],
        high_persons=stated["most"].where(priority < FLOOR),
        stated_most_persons=stated["most"],
        metric_priority=priority,
        is_company_statement=company,
        is_primary_source=figures["source_id"].map(pages) != SourceType.PRESS_RELAY.value,
        is_doubtful=figures["source_id"].map(trust) == Reliability.LOW.value,
    )


def joined(wanted: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Each wanted (restriction, country, platform), as scope.WANTED declares it, and figure."""
    known = figures.rename(columns={"area_id": "country_id"})
    return wanted.merge(known, on=["country_id", "platform_id"])


def before(wanted: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Figures of each wanted (restriction, country, platform) from before its start.

    `wanted` as scope.WANTED declares it; the result has one row an audience and figure. What no
    existing user comes upon has no figure.
    """
    return choosing.left(joined(wanted, figures), BEFORE_START)


def choose(joined: pd.DataFrame) -> pd.DataFrame:
    """The figures that speak: of the best priority, of each lineage one period, one page each.

    Adds `pages_count`, the number of pages that print the chosen period of the lineage.
    """
    chosen = choosing.left(_ranked(choosing.left(joined, SPEAKING)), PAGE)
    return chosen.sort_values([*LINEAGE], ignore_index=True)


def passed_over(joined: pd.DataFrame) -> "pd.Series[str]":
    """Why each figure of `joined` does not speak for its audience; blank where it does."""
    told = choosing.passed_over(joined, (*BEFORE_START, *SPEAKING))
    pages = _ranked(joined[told == ""])
    return told.mask(told == "", choosing.passed_over(pages, PAGE).reindex(joined.index))


def _ranked(pages: pd.DataFrame) -> pd.DataFrame:
    """The pages that print the period of each lineage that speaks, with what ranks them."""
    said = pages["point_persons"].fillna(pages["low_persons"])
    ranked = pages.assign(
        said=said,
        step=rounding.half_step(said, pd.Series(False, said.index)),
        floor=pages["low_persons"].where(pages["metric_priority"] >= FLOOR, 0.0),
        pages_count=pages.groupby(LINEAGE)["metric_priority"].transform("size"),
        exact=pages["interval_kind"] == IntervalKind.NONE.value,
    )
    return ranked.assign(votes=_votes(ranked, LINEAGE))


def _is_best(joined: pd.DataFrame) -> "pd.Series[bool]":
    """Of each audience the figures of the best priority."""
    best = joined.groupby(AUDIENCE)["metric_priority"].transform("min")
    return joined["metric_priority"] == best


def _better(joined: pd.DataFrame) -> "pd.Series[str]":
    """What the figures are that speak instead of those of another metric."""
    first = joined.sort_values(["metric_priority", "audience_metric"]).groupby(AUDIENCE)
    best = first["audience_metric"].transform("first").reindex(joined.index)
    return joined["audience_metric"] + " comes after " + best + " in the order of metrics"


def _is_clear(joined: pd.DataFrame) -> "pd.Series[bool]":
    """Whether each figure is from before the first step of the act; all, where none is."""
    clear = joined["period_end"] <= joined["before"]
    return clear | ~clear.groupby([joined[name] for name in AUDIENCE]).transform("any")


def _is_nearest(best: pd.DataFrame) -> "pd.Series[bool]":
    """Of each lineage the figures whose period ends nearest to the first step of the act."""
    ends = best.groupby(LINEAGE)["period_end"]
    is_clear = best["period_end"] <= best["before"]
    return best["period_end"] == ends.transform("max").where(is_clear, ends.transform("min"))


def _is_longest(latest: pd.DataFrame) -> "pd.Series[bool]":
    """Of periods that end alike the longest; of lower bounds alone every one."""
    longest = latest.groupby(LINEAGE)["period_start"].transform("min")
    return (latest["period_start"] == longest) | (latest["metric_priority"] >= FLOOR)


LINEAGE = [*AUDIENCE, "measurement_series_id"]
SPEAKING = (
    Only(_is_best, _better),
    Only(_is_clear, "from under an earlier step of the act"),
    Only(_is_nearest, "the same measurer has a figure nearer to the start"),
    Only(_is_longest, "the same measurer has a figure of a longer period that ends alike"),
)
"""Which figures from before speak: of each lineage those of one period."""
PAGE = (
    Best(
        LINEAGE,
        (
            Key("floor", "a lower bound, and another one is higher", ascending=False),
            Key(
                "is_primary_source",
                "another page of the same measurement: the measurer's own is taken",
                ascending=False,
            ),
            Key(
                "votes",
                "another page of the same measurement: more pages print the other value",
                ascending=False,
            ),
            Key(
                "exact",
                "another page of the same measurement: the other prints a value and no limit",
                ascending=False,
            ),
            Key("step", "another page of the same measurement: the other rounds less"),
            Key(
                "estimate_id",
                "another page of the same measurement, no different: the first by its id is taken",
            ),
        ),
    ),
)
"""Which of the pages that print one measurement is taken."""


def _votes(pages: pd.DataFrame, by: list[str]) -> pd.Series:
    """How many pages print the value of each page: that value, or one that it is rounded to."""
    own = pages[[*by, "said", "step"]].reset_index(names="place")
    both = own.merge(own, on=by, suffixes=("", "_other"))
    apart = (both["said"] - both["said_other"]).abs()
    is_rounded = (both["step_other"] > both["step"]) & (apart < 2 * both["step_other"])
    agree = (apart == 0) | is_rounded
    return agree.groupby(both["place"]).sum().reindex(pages.index)


def audiences(wanted: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """One row an audience: the range its lineages span; NaN where nothing qualifies.

    Columns: AUDIENCE, `start`, `low_persons`, `high_persons`, `metric_priority`, `metric`,
    `measurement_series_id` (if only one), `measurement_series_count`, `containing`, `period`,
    `age_months`, `is_from_share` (a share of a base was turned into people).
    """
    groups = chosen.groupby(AUDIENCE, sort=True)
    one = groups["measurement_series_id"].nunique() == 1
    open_above = groups["high_persons"].apply(lambda highs: highs.isna().any())
    table = pd.DataFrame(
        {
            "low_persons": groups["low_persons"].min(),
            "high_persons": groups["high_persons"].max().where(~open_above),
            "metric_priority": groups["metric_priority"].first(),
            "metric": groups["audience_metric"].first(),
            "measurement_series_id": groups["measurement_series_id"].first().where(one, ""),
            "measurement_series_count": groups["measurement_series_id"].nunique(),
            "containing": groups["population_base"].agg(_containing),
            "period": groups["period"].agg(lambda texts: ";".join(sorted(set(texts)))),
            "period_end": groups["period_end"].min(),
            "is_from_share": groups["share_base_id"].agg(lambda ids: (ids != "").any()),
        }
    ).reset_index()
    whole = wanted.merge(table, on=AUDIENCE, how="left")
    months = months_between(whole["period_end"], whole["start"])
    return whole.assign(age_months=months.clip(lower=0))


def _containing(populations: pd.Series) -> str:
    """The online population that contains audiences of these populations by definition."""
    narrow = set(populations) <= {ONLINE_12_PLUS, AGES[ONLINE_12_PLUS]}
    return ONLINE_12_PLUS if narrow else ONLINE
