"""Random-effects model: the distribution of a share in a country without a figure of its own.

Definitions. x is the log odds of a share. Each group has a distribution: a feature, or everything
together if there is only one group. Figures of the same group and country differ by survey
organisation, service and year (`within`); countries differ by what their figures have in common
(`between`).

Method. x = m + a + e, a the country, e the figure, both of mean zero. `within` is the pooled
variance of figures around the mean of their country, of all groups together; `between` of a group
is the variance of the means of its countries minus the part caused by `within`, at least zero. The
next figure of another country is

    x = mean + s T,    s^2 = between (1 + 1/countries) + within,

mean the mean of the countries' means, T Student t of countries - 1 degrees. In a country with n
figures of its own it is

    x = w own + (1 - w) mean + s T,    w = between / (between + within/n),
    s^2 = between (1 - w) + within.

A group with fewer than LEAST_AREAS countries has the distribution of any group: the mean over
groups, and the variance of their means besides the mean variance between countries.

Two fact tables are fitted so: `circumvention_laws` (who keeps access), one distribution for all
services that were cut, and `feature_laws` (who uses a feature), one a feature. A figure of a
feature is the share of the people asked who use it in messengers, in any application, or in the
service whose users were asked. A share of the users of a service among everyone online (who call by
Instagram) is no share of its users, and is left out.

Assumptions. Countries without a figure are similar to those with one; so are groups. The people
exposed keep access as often as people online use a VPN; where both are known they are of similar
size: Pakistan 0.18 and 0.30, Iran 0.75 to 0.84 and 0.50 to 0.94. The share of a feature applies to
the users of the service, whoever the respondents were: adults, people online, people with a
messenger.

Known drawbacks. Countries were surveyed because something was restricted there, or because their
markets are large. Years are mixed, and calls have grown. VPN use before a block differs from that
during it. Online panels report more of it than samples of the whole population. A meter also counts
sessions that fail because of the block. Shares of the whole population understate those of the
users of a messenger. Most figures of features are of Europe.

Citation. S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992).
"""

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.fitted import shares
from audience_impact.fitted.shares import ANY, PARAMETERS, log_odds, map_features
from audience_impact.fitting.tables import digest_frames
from audience_impact.vocabulary import WORLD, ParameterBasis, PlatformKind, PopulationBase

LEAST_AREAS = 4
COLUMNS = ["group", "area_id", *PARAMETERS, "areas", "figures"]


def fit_distributions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the distribution of each group in any country, and in each country with figures.

    `rows` has `group`, `area_id` and `x`, a row a figure. The result has `group` and COLUMNS, and
    no rows where there are too few countries. No country has a row where figures of one country
    never differ: their error is unknown then.
    """
    groups = rows.groupby(["group", "area_id"])["x"]
    by_country = groups.agg(["mean", "size"]).reset_index()
    spare = len(rows) - len(by_country)
    squares = float(((rows["x"] - groups.transform("mean")) ** 2).sum())
    within = squares / spare if spare else 0.0
    by_group = _fit_groups(by_country, within)
    if by_group.empty:
        return pd.DataFrame(columns=COLUMNS)
    of_countries = [_fit_countries(by_country, by_group, within)] if within > 0 else []
    both = pd.concat([by_group, *of_countries])[COLUMNS]
    return both.sort_values(["group", "area_id"], ignore_index=True)


def _fit_groups(by_country: pd.DataFrame, within: float) -> pd.DataFrame:
    groups = by_country.assign(rest=1 / by_country["size"]).groupby("group")
    summaries = groups.agg(
        mean=("mean", "mean"),
        variance=("mean", "var"),
        areas=("area_id", "size"),
        figures=("size", "sum"),
        rest=("rest", "mean"),
    ).reset_index()
    summaries["between"] = (summaries["variance"] - within * summaries["rest"]).clip(lower=0.0)
    enough = summaries[summaries["areas"] >= LEAST_AREAS]
    of_groups = enough.assign(
        spread=np.sqrt(enough["between"] * (1 + 1 / enough["areas"]) + within),
        freedom=enough["areas"] - 1,
    )
    both = pd.concat([of_groups, _fit_any_group(summaries, within)], ignore_index=True)
    return both.assign(area_id=ANY)


def _fit_any_group(summaries: pd.DataFrame, within: float) -> pd.DataFrame:
    """Return the distribution of an unknown group in an unknown country; none for few groups."""
    count = len(summaries)
    if count < LEAST_AREAS:
        return summaries.iloc[:0]
    means = summaries["mean"]
    between = float(means.var()) + float(summaries["between"].mean())
    spread = np.sqrt(between + means.var() / count + within)
    areas, figures = int(summaries["areas"].max()), int(summaries["figures"].sum())
    row = (ANY, means.mean(), between, spread, count - 1, areas, figures)
    columns = ["group", "mean", "between", "spread", "freedom", "areas", "figures"]
    return pd.DataFrame([row], columns=columns)


def _fit_countries(by_country: pd.DataFrame, by_group: pd.DataFrame, within: float) -> pd.DataFrame:
    prior = by_group.set_index("group")[["mean", "between", "freedom"]]
    groups = by_country["group"].where(by_country["group"].isin(prior.index), ANY)
    has_prior = groups.isin(prior.index)
    figures = by_country[has_prior].reset_index(drop=True)
    rows = draw_towards(prior.reindex(groups[has_prior]).reset_index(drop=True), figures, within)
    return rows.assign(areas=1, figures=figures["size"])


def draw_towards(
    prior: pd.DataFrame, figures: pd.DataFrame, within: "float | pd.Series[float]"
) -> pd.DataFrame:
    """Return `figures` with the PARAMETERS of the next figure of each row.

    Gaussian conditioning moves the mean of `figures` towards that of `prior`. `prior` has `mean`,
    `between` and `freedom`; `figures` has the `mean` and the number (`size`) of the figures of a
    row. Both have the same rows.
    """
    noise = within / figures["size"]
    weight = (prior["between"] / (prior["between"] + noise)).fillna(0.0)
    return figures.assign(
        mean=weight * figures["mean"] + (1 - weight) * prior["mean"],
        spread=np.sqrt(prior["between"] * (1 - weight) + within),
        freedom=prior["freedom"],
    )


def _fit_table(rows: pd.DataFrame, read: pd.DataFrame) -> pd.DataFrame:
    """Return the distributions fitted to `rows` as a fact table with `group`.

    `read` contains the facts behind the fit, of which the table stores the digest.
    """
    fitted = fit_distributions(rows)
    note = pd.Series("of this area, drawn towards the distribution of any", fitted.index)
    note = note.mask(fitted["area_id"] == ANY, "of any other area")
    return make_fact_table(fitted.assign(note=note), read)


def make_fact_table(fitted: pd.DataFrame, read: pd.DataFrame) -> pd.DataFrame:
    """Return distributions with the columns and types of a fact table."""
    counts = [name for name in ("freedom", "areas", "figures") if name in fitted]
    typed = fitted.astype(dict.fromkeys(["mean", "spread"], "float64") | dict.fromkeys(counts, int))
    return typed.assign(
        basis=ParameterBasis.ESTIMATED.value,
        data_sha256=digest_frames(read),
        note=typed.pop("note"),
    )


CIRCUMVENTION_READ = [
    *("circumvention_id", "restriction_id", "circumvention_kind", "area_id", "asked"),
    *("share", "low_share", "high_share", "period_start", "period_end"),
]
FEATURES_READ = [
    *("feature_use_id", "platform_id", "feature", "area_id", "population_base"),
    *("share", "low_share", "high_share"),
]


def select_usable_features(figures: pd.DataFrame, platforms: pd.DataFrame) -> pd.DataFrame:
    """Return the figures of features used in the fit: `group`, `area_id` and `x`."""
    kind = platforms.set_index("platform_id")["kind"]
    is_group = figures["platform_id"].map(kind) == PlatformKind.GROUP.value
    is_of_users = figures["population_base"] == PopulationBase.CUSTOM.value
    usable = figures[(is_group | is_of_users) & (figures["area_id"] != WORLD)]
    rows = usable.assign(group=map_features(usable["feature"]), x=log_odds(usable))
    return rows.sort_values("feature_use_id").dropna(subset=["x"])[["group", "area_id", "x"]]


def fit_keeping_access(tables: Tables) -> pd.DataFrame:
    """Return the fact table `circumvention_laws`, fitted to typed facts."""
    figures = tables["circumvention"]
    rows = shares.select_usable_circumvention(figures, tables["restrictions"])
    return _fit_table(rows, figures[CIRCUMVENTION_READ]).drop(columns="group")


def fit_features(tables: Tables) -> pd.DataFrame:
    """Return the fact table `feature_laws`, fitted to typed facts."""
    figures = tables["feature_use"]
    rows = select_usable_features(figures, tables["platforms"])
    return _fit_table(rows, figures[FEATURES_READ]).rename(columns={"group": "feature"})
