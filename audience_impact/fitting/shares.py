"""Fit distributions of shares of people to areas, for areas without a figure of their own.

Four fact tables are fitted: `daily_use` (users who come on a day), `circumvention_laws` (people who
keep access to what is blocked), `feature_laws` (users of a feature), and `chances` (how often
restrictions of a group happened, were complete, and so on).

Definitions. Those of fitted/shares.py and fitted/chances.py. x is the log odds of a share. Figures
of the same group and area differ by survey organisation, service and year (`within`); areas differ
by what their figures have in common (`between`). The kind of a share of daily use states its
denominator: all users, monthly users, or people who have the app. Kinds are never mixed, except for
the internet, where the first two are both used: they differ by at most 0.03 where both are known
(Tunisia, four surveys). Surveys count people who come every day; a meter counts those who came on a
day.

A reading (fact table `event_readings`) says yes or no to the questions of chances for a row of a
register: as a reader judged from the row and its neighbours, without sight of any result; or,
whether it was still on, by whether a later edition of the register lists the event again. A row
that a reader doubts did not happen.

Method. `within` is the pooled variance of figures around the mean of their area, of all groups
together; `between` of a group is the variance of the means of its areas minus the part caused by
`within`, at least zero. The next figure of another area, and of an area with n figures, is

    x = mean + s T,                      s^2 = between (1 + 1/areas) + within,
    x = w own + (1 - w) mean + s T,      s^2 = between (1 - w) + within,
                                         w = between / (between + within/n),

mean the mean of the areas' means, T Student t of areas - 1 degrees. A group with fewer than
LEAST_AREAS areas has the distribution of any group: the mean over groups, and the variance of their
means besides the mean variance between areas.

A figure of a feature is the share of the people asked who use it in messengers, in any application,
or in the service whose users were asked. A share of the users of a service among everyone online
(who call by Instagram) is no share of its users, and is left out.

Daily use. Of people who do not come every day, those who come at least weekly count WEEKLY_DAYS of
a day and the others RARE_DAYS: the share of a day is share + (1 - share) c. Where a survey does not
say who comes weekly, c is the mean over the organisations that do, for the internet and for
services apart. Of each area and service the latest figure counts, so that s^2 = variance (1 +
1/areas). For the internet, x rises with the share of residents online in the middle of the figure's
period, by least squares inside subregions; what is left has an effect of the subregion, as above
with subregions as areas:

    x = mean + slope (online - centre) + subregion + s T.

`within`, for the internet and for services apart, is half of the mean squared difference of two
figures of one service and area at most LONGEST_GAP_DAYS apart, and between = variance - within; the
mean towards which an area's figure is drawn is that of areas of the subregion where as many are
online as in its period. Such a distribution has no slope: two figures of one area differ less than
the slope of areas says.

Chances. The number of yes among the readings of a group is beta-binomial. Its prior is half a yes
and half a no (Jeffreys), and a number of readings of all groups of the chance together: the number,
at most MOST_WEIGHT, that makes the counts of the groups most likely. So groups that agree share
their readings, groups that differ do not, and no chance is one.

Assumptions. Areas without a figure are similar to those with one, at the same share online; so are
groups. The people exposed keep access as often as people online use a VPN; where both are known
they are of similar size: Pakistan 0.18 and 0.30, Iran 0.75 to 0.84 and 0.50 to 0.94. The share of a
feature applies to the users of the service, whoever the respondents were. Rows of a register that
were read are drawn at random; its editions repeat what is still on.

Known drawbacks. Countries were surveyed because something was restricted there, or because their
markets are large. Years are mixed: calls have grown, and more people come daily each year. VPN use
before a block differs from that during it, and online panels report more of it. A meter also counts
sessions that fail because of the block. Shares of the whole population understate those of the
users of a messenger. Most figures of features are of Europe. The error of c is not in the spread.
An area of a subregion without any figure is drawn from those of all, which is not so for whole
continents that were left out. Eurostat's shares are quotients of two publications, too high where
the ITU counts other ages. An event that was ongoing in several editions of a register counts in
each. Readers saw no events that it lacks, and few rows are doubtful: the chances that a restriction
happened or is distinct rest on very few cases.

Citation. S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992); Gelman et al.
(2013), Bayesian Data Analysis, 3rd edition, chapter 5.
"""

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import betaln, logit

from audience_impact.denominators.denominators import Denominators
from audience_impact.facts.tables import Tables
from audience_impact.fitted.shares import (
    ANY,
    PARAMETERS,
    TREND,
    choose_first,
    find_online_shares,
    log_odds,
    map_features,
    select_usable_circumvention,
)
from audience_impact.fitting.tables import digest_frames
from audience_impact.periods import period_middle
from audience_impact.populations import parents_of
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    WORLD,
    Chance,
    ChanceGroup,
    ParameterBasis,
    PlatformKind,
    PopulationBase,
    UseFrequencyKind,
    YesNo,
)

LEAST_AREAS = 4
LEAST_FOR_SLOPE = 10
"""Least number of areas, in LEAST_AREAS subregions or more, from which a slope is fitted."""
WEEKLY_DAYS, RARE_DAYS = 3 / 7, 1 / 15
"""Share of days, by convention, of those who come weekly but not daily, and who come less often."""
LONGEST_GAP_DAYS = 5 * 366
DECIMALS = 4
KINDS = (UseFrequencyKind.OF_USERS.value, UseFrequencyKind.OF_MONTHLY_USERS.value)
"""Kinds of share that are fitted; no audience on record is the denominator of another kind."""
OF_SERVICE = "of this service, for an area without a figure of its own"
OF_SUBREGION = "of this subregion, for an area without a figure of its own"
DAILY_READ = [
    *("use_frequency_id", "platform_id", "area_id", "use_frequency_kind", "share"),
    *("weekly_share", "is_metered", "measurement_series_id", "period_start", "period_end"),
    *("online_share", "subregion_id"),
]
CIRCUMVENTION_READ = [
    *("circumvention_id", "restriction_id", "circumvention_kind", "area_id", "asked"),
    *("share", "low_share", "high_share", "period_start", "period_end"),
]
FEATURES_READ = [
    *("feature_use_id", "platform_id", "feature", "area_id", "population_base"),
    *("share", "low_share", "high_share"),
]
KEY = ["use_frequency_kind", "platform_id"]
COLUMNS = ["group", "area_id", *PARAMETERS, "areas", "figures"]
DAILY_COLUMNS = [
    *("platform_id", "area_id", "use_frequency_kind", "mean", "spread"),
    *(*TREND, "freedom", "areas", "note"),
]


def fit_distributions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the distribution of each group in any area, and in each area with figures.

    `rows` has `group`, `area_id` and `x`. There are no rows with too few areas, and none of an area
    where figures of one area never differ: their error is unknown then.
    """
    groups = rows.groupby(["group", "area_id"])["x"]
    by_area = groups.agg(["mean", "size"]).reset_index()
    spare = len(rows) - len(by_area)
    squares = float(((rows["x"] - groups.transform("mean")) ** 2).sum())
    within = squares / spare if spare else 0.0
    by_group = _fit_groups(by_area, within)
    if by_group.empty:
        return pd.DataFrame(columns=COLUMNS)
    both = [by_group]
    if within > 0:
        prior = by_group.set_index("group")
        figures = by_area.assign(prior=by_area["group"].where(by_area["group"].isin(prior.index)))
        figures = figures.fillna({"prior": ANY})
        figures = figures[figures["prior"].isin(prior.index)].reset_index(drop=True)
        prior = prior.reindex(figures["prior"]).reset_index(drop=True)
        both.append(_draw_towards(prior, figures, within).assign(areas=1, figures=figures["size"]))
    return pd.concat(both)[COLUMNS].sort_values(["group", "area_id"], ignore_index=True)


def _fit_groups(by_area: pd.DataFrame, within: float) -> pd.DataFrame:
    """Return the distribution of each group, and of any, from `mean` and `size` of each area."""
    groups = by_area.assign(rest=1 / by_area["size"]).groupby("group")
    summaries = pd.DataFrame(
        {
            "mean": groups["mean"].mean(),
            "between": (groups["mean"].var() - within * groups["rest"].mean()).clip(lower=0.0),
            "areas": groups.size(),
            "figures": groups["size"].sum(),
        }
    ).reset_index()
    enough = summaries[summaries["areas"] >= LEAST_AREAS]
    fitted = enough.assign(
        spread=np.sqrt(enough["between"] * (1 + 1 / enough["areas"]) + within),
        freedom=enough["areas"] - 1,
    )
    count, means = len(summaries), summaries["mean"]
    if count >= LEAST_AREAS:
        between = float(means.var()) + float(summaries["between"].mean())
        any_group = {
            "group": ANY,
            "mean": means.mean(),
            "between": between,
            "spread": np.sqrt(between + means.var() / count + within),
            "freedom": count - 1,
            "areas": int(summaries["areas"].max()),
            "figures": int(summaries["figures"].sum()),
        }
        fitted = pd.concat([fitted, pd.DataFrame([any_group])], ignore_index=True)
    return fitted.assign(area_id=ANY)


def _draw_towards(
    prior: pd.DataFrame, figures: pd.DataFrame, within: "float | pd.Series[float]"
) -> pd.DataFrame:
    """Return `figures` (`mean`, `size`) drawn towards their rows of `prior`, with PARAMETERS."""
    noise = within / figures["size"]
    weight = (prior["between"] / (prior["between"] + noise)).fillna(0.0)
    return figures.assign(
        mean=weight * figures["mean"] + (1 - weight) * prior["mean"],
        spread=np.sqrt(prior["between"] * (1 - weight) + within),
        freedom=prior["freedom"],
    )


def _make_fact_table(fitted: pd.DataFrame, read: pd.DataFrame) -> pd.DataFrame:
    counts = [name for name in ("freedom", "areas", "figures") if name in fitted]
    typed = fitted.astype(dict.fromkeys(["mean", "spread"], "float64") | dict.fromkeys(counts, int))
    note = pd.Series("of this area, drawn towards the distribution of any", fitted.index)
    note = fitted.get("note", note.mask(fitted["area_id"] == ANY, "of any other area"))
    basis = ParameterBasis.ESTIMATED.value
    typed = typed.drop(columns="note", errors="ignore")
    return typed.assign(basis=basis, data_sha256=digest_frames(read), note=note)


def fit_keeping_access(tables: Tables) -> pd.DataFrame:
    """Return the fact table `circumvention_laws`, fitted to typed facts."""
    figures = tables["circumvention"]
    fitted = fit_distributions(select_usable_circumvention(figures, tables["restrictions"]))
    return _make_fact_table(fitted.drop(columns="group"), figures[CIRCUMVENTION_READ])


def fit_features(tables: Tables) -> pd.DataFrame:
    """Return the fact table `feature_laws`, fitted to typed facts."""
    figures = tables["feature_use"]
    fitted = fit_distributions(select_usable_features(figures, tables["platforms"]))
    return _make_fact_table(fitted.rename(columns={"group": "feature"}), figures[FEATURES_READ])


def select_usable_features(figures: pd.DataFrame, platforms: pd.DataFrame) -> pd.DataFrame:
    """Return the figures of features used in the fit: `group`, `area_id` and `x`."""
    kind = platforms.set_index("platform_id")["kind"]
    is_group = figures["platform_id"].map(kind) == PlatformKind.GROUP.value
    is_of_users = figures["population_base"] == PopulationBase.CUSTOM.value
    usable = figures[(is_group | is_of_users) & (figures["area_id"] != WORLD)]
    rows = usable.assign(group=map_features(usable["feature"]), x=log_odds(usable))
    return rows.sort_values("feature_use_id").dropna(subset=["x"])[["group", "area_id", "x"]]


def fit_daily_use(tables: Tables) -> pd.DataFrame:
    """Return the fact table `daily_use`; without rows where there are too few figures."""
    figures = add_places(tables)
    rows = select_usable_daily(figures)
    if rows.empty:
        return pd.DataFrame(columns=DAILY_COLUMNS)
    return _make_fact_table(fit_daily_distributions(rows), figures[DAILY_READ])


def add_places(tables: Tables) -> pd.DataFrame:
    """Return the figures of daily use with `subregion_id`, and `online_share` in their period."""
    figures = tables["use_frequency"]
    middle = period_middle(figures["period_start"], figures["period_end"]).dt.floor("D")
    places = pd.DataFrame({"country_id": figures["area_id"], "start": middle})
    online = find_online_shares(places, Denominators(tables))
    subregion = figures["area_id"].map(parents_of(tables["areas"])).fillna(ANY).astype("str")
    return figures.assign(online_share=online, subregion_id=subregion)


def select_usable_daily(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the figures of `add_places` that are fitted, with their log odds `x`."""
    usable = figures[
        figures["use_frequency_kind"].isin(KINDS)
        & (figures["area_id"] != WORLD)
        & figures["share"].between(0.0, 1.0, inclusive="neither")
    ]
    is_internet = usable["platform_id"] == WHOLE_INTERNET
    rows = usable.assign(is_internet=is_internet, own_kind=1)
    rows = rows.assign(day_share=estimate_day_shares(rows))
    rows["x"] = logit(rows["day_share"].to_numpy("float64"))
    asked_all = rows["use_frequency_kind"] == KINDS[0]
    rows.loc[is_internet & ~asked_all, ["use_frequency_kind", "own_kind"]] = [KINDS[0], 0]
    return rows.sort_values([*KEY, "area_id", "own_kind", "period_end", "use_frequency_id"])


def estimate_day_shares(figures: pd.DataFrame) -> "pd.Series[float]":
    """Return the share of a day: what a meter counted, else daily users and a part of others."""
    share, weekly = figures["share"], figures["weekly_share"]
    is_metered = figures["is_metered"] == YesNo.YES.value
    days = WEEKLY_DAYS * (weekly - share) + RARE_DAYS * (1.0 - weekly)
    parts = figures.assign(part=(days / (1.0 - share)).where(~is_metered))
    houses = parts.groupby(["is_internet", "measurement_series_id"])["part"].mean()
    usual = parts["is_internet"].map(houses.groupby(level=0).mean())
    part = parts["part"].fillna(usual).fillna(0.0).mask(is_metered, 0.0)
    return share + (1.0 - share) * part


def fit_daily_distributions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return DAILY_COLUMNS of usable figures; TREND is of areas without a figure."""
    latest = rows.drop_duplicates([*KEY, "area_id"], keep="last")
    slope, centre = fit_trend(latest)
    shift = (slope * (latest["online_share"] - centre)).where(latest["is_internet"]).fillna(0.0)
    level = latest.assign(x=latest["x"] - shift)
    groups = (_fit_services(level), _fit_subregions(level))
    services = pd.concat([group for group in groups if len(group)]).drop_duplicates(
        [*KEY, "area_id"], keep="last"
    )
    areas = _fit_areas(latest, level, services, _estimate_within(rows))
    frame = pd.concat([services, areas]).sort_values([*KEY, "area_id"], ignore_index=True)
    is_internet = frame["platform_id"] == WHOLE_INTERNET
    has_trend = is_internet & frame["note"].isin([OF_SERVICE, OF_SUBREGION])
    for name, value in zip(TREND, (slope, centre), strict=True):
        frame[name] = pd.Series(value, frame.index).where(has_trend)
    return frame[DAILY_COLUMNS]


def fit_trend(latest: pd.DataFrame) -> tuple[float, float]:
    """Return how x rises with the share online inside a subregion, and the mean share, or NaN."""
    counted = latest[latest["is_internet"] & latest["online_share"].notna()]
    groups = counted.groupby("subregion_id")
    if len(counted) < LEAST_FOR_SLOPE or groups.ngroups < LEAST_AREAS:
        return np.nan, np.nan
    x, online = (counted[name] - groups[name].transform("mean") for name in ("x", "online_share"))
    slope = float((x * online).sum() / (online**2).sum())
    return round(slope, DECIMALS), round(float(counted["online_share"].mean()), DECIMALS)


def _estimate_within(rows: pd.DataFrame) -> "pd.Series[float]":
    """Return `within`, by whether it is the internet; no row where no area was asked twice."""
    ordered = rows.sort_values([*KEY, "own_kind", "area_id", "period_end", "use_frequency_id"])
    groups = ordered.groupby([*KEY, "own_kind", "area_id"])
    gap = (ordered["period_end"] - groups["period_end"].shift()).dt.days
    step = (ordered["x"] - groups["x"].shift())[gap <= LONGEST_GAP_DAYS]
    variance = (step**2).groupby(ordered["is_internet"]).mean() / 2
    return variance[variance > 0.0]


def _fit_services(level: pd.DataFrame) -> pd.DataFrame:
    by_area = level.rename(columns={"platform_id": "group", "x": "mean"}).assign(size=1)
    parts = [
        _fit_groups(rows, 0.0).assign(use_frequency_kind=kind)
        for (kind, _), rows in by_area.groupby(["use_frequency_kind", "is_internet"])
    ]
    fitted = pd.concat(parts).rename(columns={"group": "platform_id"})
    is_any = fitted["platform_id"] == ANY
    note = is_any.map({True: "of a service without a distribution of its own", False: OF_SERVICE})
    return fitted.assign(variance=fitted["between"].mask(is_any, fitted["spread"] ** 2), note=note)


def _fit_subregions(level: pd.DataFrame) -> pd.DataFrame:
    internet = level[level["is_internet"] & level["subregion_id"].ne(ANY)]
    rows = {"group": WHOLE_INTERNET, "area_id": internet["subregion_id"], "x": internet["x"]}
    fitted = fit_distributions(pd.DataFrame(rows))
    return fitted.assign(
        platform_id=WHOLE_INTERNET,
        use_frequency_kind=KINDS[0],
        variance=fitted["spread"] ** 2,
        areas=fitted["figures"],
        note=fitted["area_id"].eq(ANY).map({True: OF_SERVICE, False: OF_SUBREGION}),
    ).drop(columns=["group", "figures"])


def _fit_areas(
    latest: pd.DataFrame, level: pd.DataFrame, services: pd.DataFrame, within: "pd.Series[float]"
) -> pd.DataFrame:
    """Return distributions in areas with figures of known error; `level` are without the trend."""
    has_error = latest["is_internet"].isin(within.index)
    rows = latest[has_error].assign(trend=latest["x"] - level["x"]).reset_index(drop=True)
    noise = rows["is_internet"].map(within)
    laws = services.set_index([*KEY, "area_id"])[["mean", "variance", "freedom"]]
    kind, service = rows["use_frequency_kind"], rows["platform_id"]
    blank = pd.Series(ANY, rows.index)
    places = (service, rows["subregion_id"]), (service, blank), (blank, blank)
    prior = choose_first(laws, [(kind, *place) for place in places])
    between = (prior["variance"] - noise).clip(lower=0.0)
    prior = prior.assign(between=between, mean=prior["mean"] + rows["trend"])
    fitted = _draw_towards(prior, rows.assign(mean=rows["x"], size=1), noise)
    note = "of this area, drawn towards the distribution of the service"
    return fitted.assign(areas=1, note=note)[prior["mean"].notna()]


MOST_WEIGHT = 5.0
QUESTIONS = {
    Chance.HAPPENED: ("evidence_group", "is_real"),
    Chance.WHOLE: ("extent_group", "is_whole"),
    Chance.ONGOING: ("end_group", "is_on"),
    Chance.DISTINCT: ("neighbour_group", "is_distinct"),
}
"""The columns of `event_readings` with the group and the answer of each chance."""


def list_answers(readings: pd.DataFrame) -> pd.DataFrame:
    """Return an answer a row: `chance`, `chance_group`, `event_id` and `is_yes` (0 or 1)."""
    parts = []
    for chance, (group, answer) in QUESTIONS.items():
        rows = readings.loc[readings[answer] != "", ["event_id", group, answer]]
        rows = rows.rename(columns={group: "chance_group"}).assign(chance=chance.value)
        parts.append(rows.assign(is_yes=(rows.pop(answer) == YesNo.YES.value).astype("float64")))
    return pd.concat(parts, ignore_index=True)


def fit_groups(answers: pd.DataFrame) -> pd.DataFrame:
    """Return `share`, `weight` and the number of `figures` of each chance and group (index)."""
    counts = answers.groupby(["chance", "chance_group"])["is_yes"].agg(["sum", "size"])
    chances = counts.groupby(level="chance", sort=False)
    return pd.concat([_fit_chance(part) for _, part in chances])


def _fit_chance(counts: pd.DataFrame) -> pd.DataFrame:
    yes, size = (counts[name].to_numpy("float64") for name in ("sum", "size"))
    mean = yes.sum() / size.sum()

    def minus_likelihood(weight: float) -> float:
        a, b = 0.5 + weight * mean, 0.5 + weight * (1.0 - mean)
        return -float((betaln(a + yes, b + size - yes) - betaln(a, b)).sum())

    shared = minimize_scalar(minus_likelihood, bounds=(0.0, MOST_WEIGHT), method="bounded").x
    weight = size + shared + 1.0
    share = (yes + shared * mean + 0.5) / weight
    numbers = {"share": share, "weight": weight, "figures": size.astype("int64")}
    return pd.DataFrame(numbers, counts.index)


def fit_chances(tables: Tables) -> pd.DataFrame:
    """Return the fact table `chances` from typed facts."""
    readings = tables["event_readings"]
    columns = ["register_row", "event_id", *(name for pair in QUESTIONS.values() for name in pair)]
    groups = [
        (chance.value, group.value)
        for chance in Chance
        for group in ChanceGroup
        if group.value in set(readings[QUESTIONS[chance][0]])
    ]
    fits = fit_groups(list_answers(readings)).reindex(groups).reset_index()
    return fits.assign(
        basis=ParameterBasis.ESTIMATED.value, data_sha256=digest_frames(readings[columns])
    )
