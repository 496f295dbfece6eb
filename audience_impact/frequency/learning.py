"""The share of users who come on a day: how it differs between areas, learned from the facts.

Definitions. A share is of what its kind says: of all users, of those of a month, of those who have
the app. Kinds are never mixed, but for the internet, where both of the first two are taken: there
they lie within 0.03 of each other where both are known (Tunisia, four surveys). x is the log odds
of a share.

Method. Of each area and service the latest figure counts. A service with figures of LEAST_AREAS or
more areas has a law of its own: for an area without a figure

    x = mean + s T,    s^2 = variance (1 + 1/areas),

T Student t of areas - 1 degrees. Any other service has the law of a service of its kind: the mean
over services, the variance of their means plus the mean variance between areas inside one. Two
figures of one service and area at most LONGEST_GAP_DAYS apart differ by the same service in other
hands or times: half of their mean squared difference is the variance `within`. An area with a
figure of its own has the law of the next figure of it, by Gaussian conditioning:

    x = w own + (1 - w) mean + s T,    w = (variance - within) / variance,
    s^2 = (variance - within) within / variance + within.

Assumptions. Areas without a figure are like those with one. Who says "every day" comes on every
day, and nobody else comes.

Known drawbacks. Those who come every other day come on some days as well, so that the share of a
day lies above that of "every day" where many do. Areas that were asked are few, and most of them
Arab; years are mixed.

Citation. S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992).
"""

import hashlib

import numpy as np
import pandas as pd
from scipy.special import logit

from audience_impact.vocabulary import WHOLE_INTERNET, ParameterBasis, UseFrequencyKind

LEAST_AREAS = 4
LONGEST_GAP_DAYS = 3 * 366
DECIMALS = 4
KINDS = (UseFrequencyKind.OF_USERS.value, UseFrequencyKind.OF_MONTHLY_USERS.value)
"""Kinds that a law is learned of: no audience of the facts counts the others."""
WORLD = "001"
READ = ["platform_id", "area_id", "use_frequency_kind", "share", "period_start", "period_end"]
KEY = ["use_frequency_kind", "platform_id"]
ANY_SERVICE = ""
"""In `platform_id`: the law of a service without one of its own."""


def usable(use_frequency: pd.DataFrame) -> pd.DataFrame:
    """The figures of areas of the kinds that a law is learned of, with their log odds `x`."""
    known = use_frequency[
        use_frequency["use_frequency_kind"].isin(KINDS)
        & (use_frequency["area_id"] != WORLD)
        & use_frequency["share"].between(0.0, 1.0, inclusive="neither")
    ]
    internet = known["platform_id"] == WHOLE_INTERNET
    rows = known.assign(x=logit(known["share"].to_numpy("float64")), own_kind=1)
    asked_all = rows["use_frequency_kind"] == KINDS[0]
    rows.loc[internet & ~asked_all, ["use_frequency_kind", "own_kind"]] = [KINDS[0], 0]
    return rows.sort_values([*KEY, "area_id", "own_kind", "period_end", "use_frequency_id"])


def latest(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each service, kind and area the latest figure; of all users where there is one."""
    return rows.drop_duplicates([*KEY, "area_id"], keep="last")


def within(rows: pd.DataFrame) -> float:
    """Variance of figures of one service and area around each other, in squared log odds."""
    ordered = rows.sort_values([*KEY, "own_kind", "area_id", "period_end", "use_frequency_id"])
    groups = ordered.groupby([*KEY, "own_kind", "area_id"])
    gap = (ordered["period_end"] - groups["period_end"].shift()).dt.days
    step = (ordered["x"] - groups["x"].shift())[gap <= LONGEST_GAP_DAYS]
    return float((step**2).mean() / 2) if len(step) else 0.0


def table(use_frequency: pd.DataFrame) -> pd.DataFrame:
    """The fact table `daily_use` that these figures give; without rows where there are too few."""
    rows = usable(use_frequency)
    if rows.empty:
        return pd.DataFrame(columns=[*KEY, "area_id", "mean", "spread"])
    own, known = within(rows), latest(rows)
    services = _services(known)
    areas = [_areas(known, services, own)] if own > 0 else []  # else nobody knows its width
    frame = pd.concat([services, *areas]).sort_values([*KEY, "area_id"], ignore_index=True)
    numbers = {name: frame[name].round(DECIMALS) for name in ("mean", "spread")}
    counts = {name: frame[name].astype("int64") for name in ("freedom", "areas")}
    return frame.assign(data_sha256=digest(use_frequency), **numbers, **counts)[
        ["platform_id", "area_id", "use_frequency_kind", "mean", "spread", "freedom", "areas",
         "basis", "data_sha256", "note"]
    ]  # fmt: skip


def _services(known: pd.DataFrame) -> pd.DataFrame:
    """Laws of services for an area without a figure, and of a service without a law of its own."""
    groups = known.groupby(KEY)["x"]
    each = groups.agg(mean="mean", variance="var", areas="size").reset_index()
    enough = each[each["areas"] >= LEAST_AREAS]
    single = enough.assign(
        spread=np.sqrt(enough["variance"] * (1 + 1 / enough["areas"])),
        freedom=enough["areas"] - 1,
        note="of this service, for an area without a figure of its own",
    )
    return pd.concat([single, _any_service(each)]).assign(
        area_id="", basis=ParameterBasis.ESTIMATED.value
    )


def _any_service(each: pd.DataFrame) -> pd.DataFrame:
    """The law of any service, by kind: that of the next service in the next area."""
    services = each[each["platform_id"] != WHOLE_INTERNET]
    groups = services.groupby("use_frequency_kind")
    count = groups.size()
    variance = groups["mean"].var() * (1 + 1 / count) + groups["variance"].mean()
    found = pd.DataFrame(
        {
            "mean": groups["mean"].mean(),
            "variance": variance,
            "spread": np.sqrt(variance),
            "freedom": count - 1,
            "areas": groups["areas"].max(),
        }
    )[count >= LEAST_AREAS]
    return found.reset_index().assign(
        platform_id=ANY_SERVICE, note="of a service without a law of its own"
    )


def _areas(known: pd.DataFrame, services: pd.DataFrame, own: float) -> pd.DataFrame:
    """Laws of services in areas that have a figure of their own."""
    of_any = services[services["platform_id"] == ANY_SERVICE].set_index("use_frequency_kind")
    law = services.set_index(KEY)[["mean", "variance", "freedom"]]
    prior = law.reindex(pd.MultiIndex.from_frame(known[KEY])).reset_index(drop=True)
    other = of_any[["mean", "variance", "freedom"]].reindex(known["use_frequency_kind"])
    prior = prior.fillna(other.reset_index(drop=True))
    between = (prior["variance"] - own).clip(lower=0.0)
    weight = between / prior["variance"]
    rows = known.reset_index(drop=True)
    return rows.assign(
        mean=weight * rows["x"] + (1 - weight) * prior["mean"],
        spread=np.sqrt(weight * own + own),
        freedom=prior["freedom"],
        areas=1,
        basis=ParameterBasis.ESTIMATED.value,
        note="of this area, drawn towards the law of the service",
    )[prior["mean"].notna()]


def digest(use_frequency: pd.DataFrame) -> str:
    """SHA-256 of what is read of the table; order and notes do not count."""
    ordered = use_frequency[["use_frequency_id", *READ]].sort_values("use_frequency_id")
    return hashlib.sha256(ordered.to_csv(index=False, lineterminator="\n").encode()).hexdigest()
