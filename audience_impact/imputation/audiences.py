"""Selection of the audiences of restrictions that are imputed, and their distributions.

Definitions. An audience is imputed where no figure counts all of it: none qualifies, or those that
do are limits. Its distribution is that of its share of the people online on the day before which it
is required. If the base is not the people online, the recorded people online are used within it. A
figure that counts it is combined with the imputed audience unless it is CLEARER.

Method. There is one distribution per service, country and day, for all restrictions
(distribution.py, groups.py). The share is drawn and multiplied by the drawn base
(simulation/audiences.py). A figure and what is imputed without it are combined by their precision,
so that a figure never makes an answer less certain. Imputed values never enter columns from which
bounds are computed.
"""

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from audience_impact import figure_errors
from audience_impact.facts.tables import Tables
from audience_impact.imputation import groups
from audience_impact.imputation.distribution import (
    MOST_SHARE,
    SHARES,
    ImputationModel,
    is_narrow,
    says_nothing,
)
from audience_impact.overlap.model import OverlapModel
from audience_impact.populations import EVERYONE
from audience_impact.vocabulary import WHOLE_INTERNET

COUNTRY = ["restriction_id", "country_id"]
KEY = [*COUNTRY, "platform_id"]
IMPUTED = "imputed"
"""Shape of an audience that is drawn as a share of the people online."""
COMBINED = "combined"
"""Shape of an audience whose figures say less than those of others: a share of the base as well."""
COVERAGE = 0.90
CLEARER = 2.0
"""Factor from which a figure is so much surer than what is imputed that it stands alone."""
ENDS = ["least_persons", "most_persons"]
"""Columns of the 99 % ends of the figures of an audience, which no draw leaves."""
COLUMNS = [*KEY, "rung", *SHARES, "is_decisive", "is_only"]
LIMIT = ["low", "mode", "high"]
DECISIVE_PART = 0.5
"""Minimum size of a decisive audience, as a share of the largest audience of its restriction."""


def impute_audiences(
    requested: pd.DataFrame,
    audiences: pd.DataFrame,
    distributions: pd.DataFrame,
    tables: Tables,
    fitted: tuple[ImputationModel | None, OverlapModel | None],
) -> pd.DataFrame:
    """Return the imputed audiences with COLUMNS; no rows if no parameters were fitted.

    `requested` has KEY, `before` and `is_existing_use`; `audiences` KEY, `base` and `base_persons`;
    `distributions` KEY and `shape`, blank where nothing can be drawn from the figures; `fitted` has
    the figures for the imputation and the model of joint use. Shares refer to the base of the
    audience.
    """
    is_drawable = distributions["shape"] != ""
    counted = pd.MultiIndex.from_frame(distributions.loc[is_drawable, KEY])
    is_wanted = requested["is_existing_use"] & (requested["platform_id"] != WHOLE_INTERNET)
    is_wanted &= ~pd.MultiIndex.from_frame(requested[KEY]).isin(counted)
    uncounted = requested[is_wanted].merge(audiences[[*KEY, "base", "base_persons"]], on=KEY)
    uncounted = uncounted[uncounted["base_persons"].notna()].reset_index(drop=True)
    figures, joint_use = fitted
    if figures is None or uncounted.empty:
        nothing = pd.DataFrame(columns=COLUMNS)
        truths = dict.fromkeys(["is_decisive", "is_only"], "bool")
        return nothing.astype({**dict.fromkeys(SHARES, "float"), **truths})
    days = uncounted.rename(columns={"country_id": "area_id", "before": "moment"})
    place = ["area_id", "platform_id", "moment"]
    places = days[place].drop_duplicates(ignore_index=True)
    imputed, _ = groups.impute_with_members(places, tables, figures, joint_use)
    shares = places.join(imputed, how="inner")
    rows = days.merge(shares, on=place).rename(columns={"area_id": "country_id"})
    online = np.where(rows["base"] == EVERYONE, rows["online_share"], 1.0)
    rows[SHARES] = rows[SHARES].mul(online, axis=0)
    services = audiences.groupby(COUNTRY)["platform_id"].nunique()
    count = services.reindex(pd.MultiIndex.from_frame(rows[COUNTRY])).to_numpy()
    rows = rows.assign(is_decisive=_is_decisive(rows, audiences), is_only=count == 1)
    return rows[COLUMNS].sort_values(KEY, ignore_index=True)


def combine_with_others(
    distributions: pd.DataFrame,
    requested: pd.DataFrame,
    audiences: pd.DataFrame,
    tables: Tables,
    fitted: tuple[ImputationModel | None, OverlapModel | None],
) -> pd.DataFrame:
    """Return the distributions of counted audiences, combined with figures of others.

    `chosen_way` of `distributions` is how the figures count. An audience is imputed as if its
    figures did not exist. Unless they are CLEARER, the two are combined: the weights of
    the log odds are the inverse squared half widths, so that the result is narrower than both; its
    middle stays in the interval of the figures.
    """
    figures, joint_use = fitted
    distributions = distributions.assign(least_persons=np.nan, most_persons=np.nan)
    drawable = distributions[distributions["shape"] != ""].reset_index(names="place")
    rows = requested[[*KEY, "before"]].merge(drawable, on=KEY)
    rows = rows.merge(audiences[[*KEY, "base_size_persons"]], on=KEY)
    rows = rows[rows["base_size_persons"] > 0.0].reset_index(drop=True)
    if figures is None or rows.empty:
        return distributions
    names = {"country_id": "area_id", "platform_id": "platform_id", "before": "moment"}
    names |= {"chosen_way": "way", "audience_key": "left_out_ids"}
    days = rows[list(names)].rename(columns=names)
    imputed, _ = groups.impute_with_members(days, tables, figures, joint_use)
    rows = rows.join(imputed, how="inner").set_index("place")
    return _weigh_by_precision(distributions, rows)


def _weigh_by_precision(distributions: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the distributions, with those of `rows` combined whose figures are not CLEARER.

    `rows` is indexed like `distributions`, and has SHARES of the people online.
    """
    middle, below, above = figure_errors.measure_spread(rows, rows["base_size_persons"])
    half = (below + above) / 2.0
    online = rows["online_persons"] / rows["base_size_persons"]
    low, imputed, high = (logit((rows[name] * online).clip(upper=MOST_SHARE)) for name in SHARES)
    imputed_half = (high - low) / 2.0
    weight = imputed_half**2 / (half**2 + imputed_half**2)
    narrowed = np.sqrt(1.0 - weight)
    centre = (weight * middle + (1.0 - weight) * imputed).clip(middle - below, middle + above)
    quantiles = {
        "low": centre - narrowed * (imputed - low),
        "mode": centre,
        "high": centre + narrowed * (high - imputed),
    }
    ends = dict(zip(ENDS, figure_errors.find_ends(rows), strict=True))
    combined = pd.DataFrame({name: expit(odds) for name, odds in quantiles.items()} | ends)
    changed = combined.assign(shape=COMBINED, coverage=COVERAGE)[half > imputed_half / CLEARER]
    distributions.loc[changed.index, list(changed)] = changed
    return distributions


def _is_decisive(rows: pd.DataFrame, audiences: pd.DataFrame) -> "pd.Series[bool]":
    """Return True for imputed audiences near the largest of their restriction and country."""
    share = audiences["low_persons"] / audiences["base_persons"]
    counted = share.groupby([audiences[name] for name in COUNTRY]).max()
    largest = rows.groupby(COUNTRY)["q50_share"].transform("max")
    largest_counted = counted.reindex(pd.MultiIndex.from_frame(rows[COUNTRY])).set_axis(rows.index)
    return rows["q50_share"] >= DECISIVE_PART * np.fmax(largest, largest_counted)


def is_too_uncertain(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Return True for decisive imputed audiences with wide intervals, if none is narrow.

    If another audience is narrow, an uncertain one is drawn as well; the interval of the answer
    then shows how uncertain their union is. The only one of a restriction must not say nothing; a
    union of several is known better than each of them.
    """
    is_wide = ~is_narrow(rows) | (rows["is_only"] & says_nothing(rows))
    is_clear = rows["is_decisive"] & ~is_wide
    beside = is_clear.groupby([rows["restriction_id"], rows["country_id"]]).transform("any")
    return rows["is_decisive"] & is_wide & ~beside


def _describe_imputed(imputed_rows: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """Return the distributions of imputed audiences with the columns of `like`.

    If a figure in `like` is only a limit of the audience, no draw is below the 99 % end of it. Its
    errors are kept, except for rounding, which is in persons while the distribution is one of
    shares.
    """
    service = imputed_rows["country_id"] + "|" + imputed_rows["platform_id"]
    limits = imputed_rows[KEY].merge(
        like[[*KEY, *LIMIT, *figure_errors.COLUMNS]], on=KEY, how="left"
    )
    least, _ = figure_errors.find_ends(limits.assign(mode=limits["low"], high=limits["low"]))
    described = limits.set_index(imputed_rows.index).assign(
        least_persons=least,
        rounding_error_persons=0.0,
        audience_key="imputed|" + service,
        shape=IMPUTED,
        **dict(zip(LIMIT, (imputed_rows[name] for name in SHARES), strict=True)),
        coverage=COVERAGE,
        sources_count=0,
    )
    return described.reindex(columns=like.columns)


def replace_undrawable(distributions: pd.DataFrame, imputed_rows: pd.DataFrame) -> pd.DataFrame:
    """Return all distributions, with imputed ones in place of those that cannot be drawn."""
    if imputed_rows.empty:
        return distributions
    keys = pd.MultiIndex.from_frame(imputed_rows[KEY])
    counted = distributions[~pd.MultiIndex.from_frame(distributions[KEY]).isin(keys)]
    parts = [counted, _describe_imputed(imputed_rows, distributions)]
    together = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return together.sort_values(KEY, ignore_index=True)
