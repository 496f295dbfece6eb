"""Fit the fact table `daily_use`: the share of users who come on a day, and its spread over areas.

Definitions. The kind of a share states its denominator: all users, monthly users, or people who
have the app. Kinds are never mixed, except for the internet, where the first two are both used:
they differ by at most 0.03 where both are known (Tunisia, four surveys). x is the log odds of a
share.

Method. Of each area and service the latest figure counts. A service with figures of LEAST_AREAS or
more areas has a distribution of its own: for an area without a figure

    x = mean + s T,    s^2 = variance (1 + 1/areas),

T Student t of areas - 1 degrees. Any other service has the distribution of a service of its kind:
the mean over services, the variance of their means plus the mean variance between areas inside one.
Two figures of one service and area at most LONGEST_GAP_DAYS apart differ because of the survey
organisation and the time: half of their mean squared difference is the variance `within`. An area
with a figure of its own has the distribution of the next figure of it, by Gaussian conditioning:

    x = w own + (1 - w) mean + s T,    w = (variance - within) / variance,
    s^2 = (variance - within) within / variance + within.

Assumptions. Areas without a figure are similar to those with one. People who report "every day" use
the service on every day, and nobody else does.

Known drawbacks. People who use a service less than daily also use it on some days, so that the
share on a day is above that of "every day" where there are many of them. Few areas were surveyed,
and most of them are Arab countries; years are mixed.

Citation. S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992).
"""

import numpy as np
import pandas as pd
from scipy.special import logit

from audience_impact.fitted.shares import ANY
from audience_impact.fitting.random_effects import LEAST_AREAS, draw_towards, make_fact_table
from audience_impact.vocabulary import WHOLE_INTERNET, UseFrequencyKind

LONGEST_GAP_DAYS = 3 * 366
KINDS = (UseFrequencyKind.OF_USERS.value, UseFrequencyKind.OF_MONTHLY_USERS.value)
"""Kinds of share that are fitted; no audience on record is the denominator of another kind."""
WORLD = "001"
READ = ["platform_id", "area_id", "use_frequency_kind", "share", "period_start", "period_end"]
KEY = ["use_frequency_kind", "platform_id"]
PRIOR = ["mean", "variance", "freedom"]
COLUMNS = ["platform_id", "area_id", "use_frequency_kind", "mean", "spread", "freedom", "areas"]


def select_usable(use_frequency: pd.DataFrame) -> pd.DataFrame:
    """Return the figures of areas of the kinds that are fitted, with their log odds `x`."""
    figures = use_frequency[
        use_frequency["use_frequency_kind"].isin(KINDS)
        & (use_frequency["area_id"] != WORLD)
        & use_frequency["share"].between(0.0, 1.0, inclusive="neither")
    ]
    internet = figures["platform_id"] == WHOLE_INTERNET
    rows = figures.assign(x=logit(figures["share"].to_numpy("float64")), own_kind=1)
    asked_all = rows["use_frequency_kind"] == KINDS[0]
    rows.loc[internet & ~asked_all, ["use_frequency_kind", "own_kind"]] = [KINDS[0], 0]
    return rows.sort_values([*KEY, "area_id", "own_kind", "period_end", "use_frequency_id"])


def select_latest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the latest figure of each service, kind and area, preferring figures of all users."""
    return rows.drop_duplicates([*KEY, "area_id"], keep="last")


def estimate_within(rows: pd.DataFrame) -> float:
    """Return the variance between figures of one service and area, in squared log odds."""
    ordered = rows.sort_values([*KEY, "own_kind", "area_id", "period_end", "use_frequency_id"])
    groups = ordered.groupby([*KEY, "own_kind", "area_id"])
    gap = (ordered["period_end"] - groups["period_end"].shift()).dt.days
    step = (ordered["x"] - groups["x"].shift())[gap <= LONGEST_GAP_DAYS]
    return float((step**2).mean() / 2) if len(step) else 0.0


def fit_table(use_frequency: pd.DataFrame) -> pd.DataFrame:
    """Return the fact table `daily_use`; without rows where there are too few figures."""
    rows = select_usable(use_frequency)
    if rows.empty:
        return pd.DataFrame(columns=[*KEY, "area_id", "mean", "spread"])
    within_variance, latest_figures = estimate_within(rows), select_latest(rows)
    services = _fit_services(latest_figures)
    areas = (
        [_fit_areas(latest_figures, services, within_variance)] if within_variance > 0 else []
    )  # else their error is unknown
    frame = pd.concat([services, *areas]).sort_values([*KEY, "area_id"], ignore_index=True)
    return make_fact_table(frame[[*COLUMNS, "note"]], use_frequency[["use_frequency_id", *READ]])


def _fit_services(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the distributions of services in an area without a figure, and of any service."""
    groups = figures.groupby(KEY)["x"]
    summaries = groups.agg(mean="mean", variance="var", areas="size").reset_index()
    enough = summaries[summaries["areas"] >= LEAST_AREAS]
    single = enough.assign(
        spread=np.sqrt(enough["variance"] * (1 + 1 / enough["areas"])),
        freedom=enough["areas"] - 1,
        note="of this service, for an area without a figure of its own",
    )
    return pd.concat([single, _fit_any_service(summaries)]).assign(area_id=ANY)


def _fit_any_service(summaries: pd.DataFrame) -> pd.DataFrame:
    """Return the distribution of the next service in the next area, by kind."""
    services = summaries[summaries["platform_id"] != WHOLE_INTERNET]
    groups = services.groupby("use_frequency_kind")
    count = groups.size()
    variance = groups["mean"].var() * (1 + 1 / count) + groups["variance"].mean()
    distributions = pd.DataFrame(
        {
            "mean": groups["mean"].mean(),
            "variance": variance,
            "spread": np.sqrt(variance),
            "freedom": count - 1,
            "areas": groups["areas"].max(),
        }
    )[count >= LEAST_AREAS]
    return distributions.reset_index().assign(
        platform_id=ANY, note="of a service without a law of its own"
    )


def _fit_areas(
    figures: pd.DataFrame, services: pd.DataFrame, within_variance: float
) -> pd.DataFrame:
    """Return the distribution of each service in each area that has a figure of the service."""
    of_any = services[services["platform_id"] == ANY].set_index("use_frequency_kind")
    by_service = services.set_index(KEY)[PRIOR]
    prior = by_service.reindex(pd.MultiIndex.from_frame(figures[KEY])).reset_index(drop=True)
    fallback = of_any[PRIOR].reindex(figures["use_frequency_kind"])
    prior = prior.fillna(fallback.reset_index(drop=True))
    prior = prior.assign(between=(prior["variance"] - within_variance).clip(lower=0.0))
    rows = figures.reset_index(drop=True)
    fitted = draw_towards(prior, rows.assign(mean=rows["x"], size=1), within_variance)
    note = "of this area, drawn towards the law of the service"
    return fitted.assign(areas=1, note=note)[prior["mean"].notna()]
