"""Fit the fact table `daily_use`: the share of users who come on a day, and its spread over areas.

Definitions. The kind of a share states its denominator: all users, monthly users, or people who
have the app. Kinds are never mixed, except for the internet, where the first two are both used:
they differ by at most 0.03 where both are known (Tunisia, four surveys). Surveys count
people who come every day; a meter counts those who came on a day. x is the log odds of the share
of a day.

Method. Of people who do not come every day, those who come at least weekly count WEEKLY_DAYS of a
day (three days of a week, a convention) and the others RARE_DAYS (two of a month): the share of a
day is share + (1 - share) c. Where a survey does not say who comes weekly, c is the mean over the
organisations that do, for the internet and for services apart. Of each area and service the latest
figure counts. A service with figures of LEAST_AREAS or more areas has a distribution of its own:
for an area without a figure

    x = mean + s T,    s^2 = variance (1 + 1/areas),

T Student t of areas - 1 degrees. For the internet, x rises with the share of residents online, that
of the facts in the middle of the figure's period, by least squares inside subregions; what is left
has an effect of the subregion (random_effects.py, subregions in the place of countries):

    x = mean + slope (online - centre) + subregion + s T,

T of subregions - 1 degrees. Any other service has the distribution of a service of its kind: the
mean over services, the variance of their means plus the mean variance between areas inside one. Two
figures of one service and area at most LONGEST_GAP_DAYS apart differ because of the survey
organisation and the time: half of their mean squared difference is the variance `within`, for the
internet and for services apart. An area with a figure of its own has the distribution of the next
figure of it, by Gaussian conditioning:

    x = w own + (1 - w) mean + s T,    w = (variance - within) / variance,
    s^2 = (variance - within) within / variance + within,

the mean that of areas of the subregion where as many are online as in the period of the figure.
Such a distribution has no slope: two figures of one area differ less than the slope of areas says.

Assumptions. Areas without a figure are similar to those of their subregion with one, at the same
share online.

Known drawbacks. The error of c is not in the spread. An area of a subregion without any figure is
drawn from those of all, which is not so for whole continents that were left out. A figure of an
area counts the same after ten years, though more people come daily each year. Eurostat's shares are
quotients of two publications, too high where the ITU counts other ages.

Citation. S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992).
"""

import numpy as np
import pandas as pd
from scipy.special import logit

from audience_impact.denominators.counts import Counts
from audience_impact.facts.tables import Tables
from audience_impact.fitted.shares import ANY, TREND, find_online_shares
from audience_impact.fitting import random_effects
from audience_impact.fitting.random_effects import (
    LEAST_AREAS,
    draw_towards,
    make_fact_table,
)
from audience_impact.periods import period_middle
from audience_impact.populations import parents_of
from audience_impact.vocabulary import WHOLE_INTERNET, WORLD, UseFrequencyKind, YesNo

WEEKLY_DAYS, RARE_DAYS = 3 / 7, 1 / 15
"""Share of the days on which people come who come weekly but not daily, and who come less often."""
LONGEST_GAP_DAYS = 5 * 366
LEAST_FOR_SLOPE = 10
"""Least number of areas, in LEAST_AREAS subregions or more, from which a slope is fitted."""
DECIMALS = 4
KINDS = (UseFrequencyKind.OF_USERS.value, UseFrequencyKind.OF_MONTHLY_USERS.value)
"""Kinds of share that are fitted; no audience on record is the denominator of another kind."""
OF_SERVICE = "of this service, for an area without a figure of its own"
OF_SUBREGION = "of this subregion, for an area without a figure of its own"
READ = [
    *("use_frequency_id", "platform_id", "area_id", "use_frequency_kind", "share"),
    *("weekly_share", "is_metered", "measurement_series_id", "period_start", "period_end"),
    *("online_share", "subregion_id"),
]
KEY = ["use_frequency_kind", "platform_id"]
PRIOR = ["mean", "variance", "freedom"]
COLUMNS = [
    *("platform_id", "area_id", "use_frequency_kind", "mean", "spread"),
    *(*TREND, "freedom", "areas"),
]


def add_places(tables: Tables) -> pd.DataFrame:
    """Return the figures of daily use with `subregion_id`, and `online_share` in their period."""
    figures = tables["use_frequency"]
    middle = period_middle(figures["period_start"], figures["period_end"]).dt.floor("D")
    places = pd.DataFrame({"country_id": figures["area_id"], "start": middle})
    online = find_online_shares(places, Counts.from_tables(tables))
    subregion = figures["area_id"].map(parents_of(tables["areas"])).fillna(ANY).astype("str")
    return figures.assign(online_share=online, subregion_id=subregion)


def select_usable(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the figures of areas of the kinds that are fitted, with their log odds `x`.

    `figures` as `add_places` returns them.
    """
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
    """Return the share of a day: what a meter counted, else daily users and a part of the others.

    `figures` has `is_internet`.
    """
    share, weekly = figures["share"], figures["weekly_share"]
    is_metered = figures["is_metered"] == YesNo.YES.value
    days = WEEKLY_DAYS * (weekly - share) + RARE_DAYS * (1.0 - weekly)
    parts = figures.assign(part=(days / (1.0 - share)).where(~is_metered))
    houses = parts.groupby(["is_internet", "measurement_series_id"])["part"].mean()
    usual = parts["is_internet"].map(houses.groupby(level=0).mean())
    part = parts["part"].fillna(usual).fillna(0.0).mask(is_metered, 0.0)
    return share + (1.0 - share) * part


def select_latest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the latest figure of each service, kind and area, preferring figures of all users."""
    return rows.drop_duplicates([*KEY, "area_id"], keep="last")


def fit_trend(latest: pd.DataFrame) -> tuple[float, float]:
    """Return how much x rises with the share online inside a subregion, and the mean share.

    NaN where figures of too few areas or subregions are there.
    """
    counted = latest[latest["is_internet"] & latest["online_share"].notna()]
    groups = counted.groupby("subregion_id")
    if len(counted) < LEAST_FOR_SLOPE or groups.ngroups < LEAST_AREAS:
        return np.nan, np.nan
    x, online = (counted[name] - groups[name].transform("mean") for name in ("x", "online_share"))
    slope = float((x * online).sum() / (online**2).sum())
    return round(slope, DECIMALS), round(float(counted["online_share"].mean()), DECIMALS)


def remove_trend(rows: pd.DataFrame, slope: float, centre: float) -> pd.DataFrame:
    """Return rows with the `x` that figures of the internet have where `centre` are online."""
    shift = (slope * (rows["online_share"] - centre)).where(rows["is_internet"]).fillna(0.0)
    return rows.assign(x=rows["x"] - shift)


def estimate_within(rows: pd.DataFrame) -> "pd.Series[float]":
    """Return the variance between figures of one service and area, by whether it is the internet.

    In squared log odds; without a row where no area was asked twice.
    """
    ordered = rows.sort_values([*KEY, "own_kind", "area_id", "period_end", "use_frequency_id"])
    groups = ordered.groupby([*KEY, "own_kind", "area_id"])
    gap = (ordered["period_end"] - groups["period_end"].shift()).dt.days
    step = (ordered["x"] - groups["x"].shift())[gap <= LONGEST_GAP_DAYS]
    variance = (step**2).groupby(ordered["is_internet"]).mean() / 2
    return variance[variance > 0.0]


def fit_table(tables: Tables) -> pd.DataFrame:
    """Return the fact table `daily_use`; without rows where there are too few figures."""
    figures = add_places(tables)
    rows = select_usable(figures)
    if rows.empty:
        return pd.DataFrame(columns=[*COLUMNS, "note"])
    return make_fact_table(fit_distributions(rows), figures[READ])


def fit_distributions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the distributions fitted to figures as `select_usable` returns them.

    COLUMNS and `note`; TREND is that of the internet in areas without a figure.
    """
    latest_figures = select_latest(rows)
    slope, centre = fit_trend(latest_figures)
    level = remove_trend(latest_figures, slope, centre)
    groups = (fit_services(level), fit_subregions(level))
    services = pd.concat([group for group in groups if len(group)]).drop_duplicates(
        [*KEY, "area_id"], keep="last"
    )
    areas = _fit_areas(latest_figures, level, services, estimate_within(rows))
    frame = pd.concat([services, areas]).sort_values([*KEY, "area_id"], ignore_index=True)
    is_internet = frame["platform_id"] == WHOLE_INTERNET
    has_trend = is_internet & frame["note"].isin([OF_SERVICE, OF_SUBREGION])
    for name, value in zip(TREND, (slope, centre), strict=True):
        frame[name] = pd.Series(value, frame.index).where(has_trend)
    return frame[[*COLUMNS, "note"]]


def fit_services(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the distributions of services in an area without a figure, and of any service."""
    groups = figures.groupby(KEY)["x"]
    summaries = groups.agg(mean="mean", variance="var", areas="size").reset_index()
    enough = summaries[summaries["areas"] >= LEAST_AREAS]
    single = enough.assign(
        spread=np.sqrt(enough["variance"] * (1 + 1 / enough["areas"])),
        freedom=enough["areas"] - 1,
        note=OF_SERVICE,
    )
    return pd.concat([single, _fit_any_service(summaries)]).assign(area_id=ANY)


def fit_subregions(level: pd.DataFrame) -> pd.DataFrame:
    """Return the distributions of the internet in areas of a subregion, and of any subregion.

    `level` are the latest figures without the trend. There are none for too few subregions.
    """
    internet = level[level["is_internet"] & level["subregion_id"].ne(ANY)]
    rows = pd.DataFrame(
        {"group": WHOLE_INTERNET, "area_id": internet["subregion_id"], "x": internet["x"]}
    )
    fitted = random_effects.fit_distributions(rows)
    if fitted.empty:
        return pd.DataFrame()
    return fitted.assign(
        platform_id=WHOLE_INTERNET,
        use_frequency_kind=KINDS[0],
        variance=fitted["spread"] ** 2,
        areas=fitted["figures"],
        note=fitted["area_id"].eq(ANY).map({True: OF_SERVICE, False: OF_SUBREGION}),
    ).drop(columns=["group", "figures"])


def _fit_any_service(summaries: pd.DataFrame) -> pd.DataFrame:
    """Return the distribution of the next service in the next area, by kind."""
    services = summaries[summaries["platform_id"] != WHOLE_INTERNET]
    groups = services.groupby("use_frequency_kind")
    count = groups.size()
    variance = groups["mean"].var() * (1 + 1 / count) + groups["variance"].mean()
    numbers = {
        "mean": groups["mean"].mean(),
        "variance": variance,
        "spread": np.sqrt(variance),
        "freedom": count - 1,
        "areas": groups["areas"].max(),
    }
    note = "of a service without a distribution of its own"
    distributions = pd.DataFrame(numbers)[count >= LEAST_AREAS].reset_index()
    return distributions.assign(platform_id=ANY, note=note)


def _fit_areas(
    figures: pd.DataFrame, level: pd.DataFrame, services: pd.DataFrame, within: "pd.Series[float]"
) -> pd.DataFrame:
    """Return the distribution of each service in each area that has a figure of the service.

    `level` are the figures without the trend. There is no distribution where `within` is unknown,
    because the error of the figure is unknown then.
    """
    has_error = figures["is_internet"].isin(within.index)
    rows = figures[has_error].assign(trend=figures["x"] - level["x"]).reset_index(drop=True)
    noise = rows["is_internet"].map(within)
    laws = services.set_index([*KEY, "area_id"])[PRIOR]
    kind, service = rows["use_frequency_kind"], rows["platform_id"]
    blank = pd.Series(ANY, rows.index)
    prior = pd.DataFrame(np.nan, rows.index, PRIOR)
    for names in ((service, rows["subregion_id"]), (service, blank), (blank, blank)):
        of_key = laws.reindex(pd.MultiIndex.from_arrays([kind, *names])).set_axis(rows.index)
        prior = prior.fillna(of_key)
    between = (prior["variance"] - noise).clip(lower=0.0)
    prior = prior.assign(between=between, mean=prior["mean"] + rows["trend"])
    fitted = draw_towards(prior, rows.assign(mean=rows["x"], size=1), noise)
    note = "of this area, drawn towards the distribution of the service"
    return fitted.assign(areas=1, note=note)[prior["mean"].notna()]
