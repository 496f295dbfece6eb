"""Selection of the audiences of restrictions that are imputed, and their distributions.

Definitions. An audience is imputed where no figure counts all of it: none qualifies, or those that
do are limits. Its distribution is that of its share of the people online on the day before which it
is required. A figure that counts it is combined with the imputed audience unless it is CLEARER.

A group ("social media") is a platform that represents services of some kinds (MEMBERS), or those
that its `member_ids` list. Its members in a country are the MOST of these services with the largest
imputed audiences there, of those that still exist and were counted in the subregion of the country
or in most subregions; of a list of members, those that were counted in some country or in the
world.

Method. There is one distribution per service, country and day, for all restrictions
(distribution.py). The share is drawn and multiplied by the drawn base (simulation/audiences.py). A
figure and what is imputed as if it did not exist are combined in log odds, weighted by their
inverse squared half widths, so that a figure never makes an answer less certain; the middle stays
in the interval of the figure. Imputed values never enter columns from which bounds are computed.

Members of a group are drawn from their imputed distributions, with a common factor of weight
COMMON, because they share country and survey. Each draw gives shares of the people online, and the
model of joint use gives the share that any of them reaches. The points form a fixed sequence
without a seed, so that the same facts give the same quantiles, none of which is below that of a
member. A group has the farthest evidence level of its members.

Assumptions. The term "social media" in a register means the largest services of these kinds.

Known drawbacks. Services of a group beyond the MOST largest, and those without a count there, are
missing from the union.

Citation. H. Niederreiter, Random Number Generation and Quasi-Monte Carlo Methods (1992), for
Kronecker sequences; overlap/model.py for the union.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr, ndtri

from audience_impact import figure_errors
from audience_impact.facts.tables import Tables
from audience_impact.frames import Array, no_rows
from audience_impact.imputation import distribution
from audience_impact.imputation.distribution import SHARES, ImputationModel
from audience_impact.imputation.figures import RUNGS
from audience_impact.overlap.model import Group, OverlapModel, make_lattice
from audience_impact.populations import EVERYONE, has_ended, parents_of
from audience_impact.vocabulary import WHOLE_INTERNET, ImputationRung, PlatformKind, WayOfCounting

COUNTRY = ["restriction_id", "country_id"]
KEY = [*COUNTRY, "platform_id"]
IMPUTED = "imputed"
"""Shape of an audience that is drawn as a share of the people online."""
COMBINED = "combined"
"""Shape of an audience whose figures say less than those of others: a share of the base as well."""
NAMES = {
    "country_id": "area_id",
    "platform_id": "platform_id",
    "before": "moment",
    "chosen_way": "way",
    "audience_key": "left_out_ids",
}
"""Columns of a question, by their names in an audience."""
COVERAGE = 0.90
CLEARER = 2.0
"""Factor from which a figure is so much surer than what is imputed that it stands alone."""
ENDS = ["least_persons", "most_persons"]
"""Columns of the 99 % ends of the figures of an audience, which no draw leaves."""
COLUMNS = [*KEY, "rung", *SHARES, "is_decisive", "is_only"]
LIMIT = ["low", "mode", "high"]
DECISIVE_PART = 0.5
"""Minimum size of a decisive audience, as a share of the largest audience of its restriction."""


@dataclass(frozen=True)
class Answers:
    """What is imputed for the audiences of a scope, whether or not they have figures."""

    questions: pd.DataFrame  # NAMES with the columns of `impute_shares`, NaN without an answer
    members: pd.DataFrame  # of groups: `platform_id` and SHARES, with the `place` of the question
    movers: pd.DataFrame  # the figures that move each answer most, indexed by its place

    def join_to(self, audiences: pd.DataFrame) -> pd.DataFrame:
        """Return audiences with their answer, as if the figures that they name did not exist."""
        plain = {"chosen_way": WayOfCounting.ASKED.value, "audience_key": ""}
        rows = audiences if "audience_key" in audiences else audiences.assign(**plain)
        return rows.merge(self.questions.reset_index(names="place"), on=[*NAMES], how="left")


def ask_figures(
    requested: pd.DataFrame,
    distributions: pd.DataFrame,
    tables: Tables,
    fitted: tuple[ImputationModel | None, OverlapModel | None],
) -> Answers:
    """Return what is imputed for each service, country and day, with and without its own figures.

    `requested` has KEY, `before` and `is_existing_use`; `distributions` has KEY, `shape` (blank
    where nothing can be drawn), `chosen_way` and `audience_key`, the figures of an audience;
    `fitted` has the figures for the imputation and the model of joint use, or None.
    """
    is_wanted = ~requested["platform_id"].isin([WHOLE_INTERNET, ""]) & requested["is_existing_use"]
    audiences = requested.loc[is_wanted, [*KEY, "before"]]
    counted = audiences.merge(distributions[distributions["shape"] != ""], on=KEY)
    plain = audiences.assign(chosen_way=WayOfCounting.ASKED.value, audience_key="")
    questions = pd.concat([plain, counted])[[*NAMES]].drop_duplicates(ignore_index=True)
    model, joint_use = fitted
    if model is None or questions.empty:
        shares = no_rows(["rung"], [*SHARES, *distribution.ONLINE])
        return Answers(questions.join(shares), no_rows(["place"]), no_rows(["place"]))
    shares, members, movers = impute_with_members(
        questions.rename(columns=NAMES), tables, model, joint_use
    )
    return Answers(questions.join(shares), members, movers)


def impute_audiences(
    requested: pd.DataFrame, audiences: pd.DataFrame, distributions: pd.DataFrame, answers: Answers
) -> pd.DataFrame:
    """Return the imputed audiences with COLUMNS, as shares of the base of each.

    `requested` and `distributions` as in `ask_figures`; `audiences` has KEY and the base.
    """
    is_drawable = distributions["shape"] != ""
    counted = pd.MultiIndex.from_frame(distributions.loc[is_drawable, KEY])
    is_wanted = requested["is_existing_use"] & (requested["platform_id"] != WHOLE_INTERNET)
    is_wanted &= ~pd.MultiIndex.from_frame(requested[KEY]).isin(counted)
    uncounted = requested[is_wanted].merge(audiences[[*KEY, "base", "base_persons"]], on=KEY)
    uncounted = uncounted[uncounted["base_persons"].notna()]
    rows = answers.join_to(uncounted).dropna(subset="rung")
    online = np.where(rows["base"] == EVERYONE, rows["online_share"], 1.0)
    rows[SHARES] = rows[SHARES].mul(online, axis=0)
    services = audiences.groupby(COUNTRY)["platform_id"].nunique()
    count = services.reindex(pd.MultiIndex.from_frame(rows[COUNTRY])).to_numpy()
    rows = rows.assign(is_decisive=_is_decisive(rows, audiences), is_only=count == 1)
    return rows[COLUMNS].sort_values(KEY, ignore_index=True)


def combine_with_others(
    distributions: pd.DataFrame, requested: pd.DataFrame, audiences: pd.DataFrame, answers: Answers
) -> pd.DataFrame:
    """Return the distributions of counted audiences, combined with what is imputed without them."""
    distributions = distributions.assign(least_persons=np.nan, most_persons=np.nan)
    drawable = distributions[distributions["shape"] != ""].reset_index(names="row")
    rows = requested[[*KEY, "before"]].merge(drawable, on=KEY)
    rows = rows.merge(audiences[[*KEY, "base_size_persons"]], on=KEY)
    rows = answers.join_to(rows[rows["base_size_persons"] > 0.0]).dropna(subset="rung")
    if rows.empty:
        return distributions
    return _weigh_by_precision(distributions, rows.set_index("row"))


def _weigh_by_precision(distributions: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    middle, below, above = figure_errors.measure_spread(rows, rows["base_size_persons"])
    half = (below + above) / 2.0
    online = rows["online_persons"] / rows["base_size_persons"]
    low, imputed, high = (
        logit((rows[name] * online).clip(upper=distribution.MOST_SHARE)) for name in SHARES
    )
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
    share = audiences["low_persons"] / audiences["base_persons"]
    counted = share.groupby([audiences[name] for name in COUNTRY]).max()
    largest = rows.groupby(COUNTRY)["q50_share"].transform("max")
    largest_counted = counted.reindex(pd.MultiIndex.from_frame(rows[COUNTRY])).set_axis(rows.index)
    return rows["q50_share"] >= DECISIVE_PART * np.fmax(largest, largest_counted)


def is_too_uncertain(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Return True for decisive imputed audiences with wide intervals, if none is narrow.

    A union of several is known better than each; the only one must not say nothing.
    """
    is_wide = ~distribution.is_narrow(rows) | (rows["is_only"] & distribution.says_nothing(rows))
    is_clear = rows["is_decisive"] & ~is_wide
    beside = is_clear.groupby([rows["restriction_id"], rows["country_id"]]).transform("any")
    return rows["is_decisive"] & is_wide & ~beside


def replace_undrawable(distributions: pd.DataFrame, imputed_rows: pd.DataFrame) -> pd.DataFrame:
    """Return all distributions, with imputed ones in place of those that cannot be drawn.

    No draw is below the 99 % end of a figure that is a limit. Its errors are kept, except for
    rounding, which is in persons.
    """
    if imputed_rows.empty:
        return distributions
    service = imputed_rows["country_id"] + "|" + imputed_rows["platform_id"]
    figures = distributions[[*KEY, *LIMIT, *figure_errors.COLUMNS]]
    limits = imputed_rows[KEY].merge(figures, on=KEY, how="left")
    least, _ = figure_errors.find_ends(limits.assign(mode=limits["low"], high=limits["low"]))
    described = limits.set_index(imputed_rows.index).assign(
        least_persons=least,
        rounding_error_persons=0.0,
        audience_key="imputed|" + service,
        shape=IMPUTED,
        **dict(zip(LIMIT, (imputed_rows[name] for name in SHARES), strict=True)),
        coverage=COVERAGE,
    )
    keys = pd.MultiIndex.from_frame(imputed_rows[KEY])
    counted = distributions[~pd.MultiIndex.from_frame(distributions[KEY]).isin(keys)]
    parts = [counted, described.reindex(columns=distributions.columns)]
    together = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return together.sort_values(KEY, ignore_index=True)


MEMBERS = {
    "social-media": [PlatformKind.SOCIAL_NETWORK.value, PlatformKind.VIDEO.value],
    "any-messenger": [PlatformKind.MESSENGER.value, PlatformKind.VOIP.value],
    "voip-apps": [PlatformKind.MESSENGER.value, PlatformKind.VOIP.value],
}
"""Kinds of the services in each group that is named without its members."""
MOST = 6
MOST_PLACES = 0.5
"""Share of the subregions; a service counted in more of them is a member everywhere."""
COMMON = 0.3
DRAWS = 256


def impute_with_members(
    requested: pd.DataFrame,
    tables: Tables,
    figures_model: ImputationModel,
    model: OverlapModel | None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return shares as `impute_shares`, the members of each group by `place`, and the movers."""
    is_group = requested["platform_id"].isin(list_services(tables["platforms"]).index)
    if model is None or not is_group.any():
        shares, movers = distribution.impute_shares(requested, tables, figures_model)
        return shares, pd.DataFrame(columns=["place", "platform_id", *SHARES]), movers
    models = [figures_model, figures_model.finer]
    figures = pd.concat([model_of.figures for model_of in models if model_of is not None])
    members = _list_members(requested[is_group], tables, figures)
    singles = requested[~is_group]
    both = pd.concat([singles.assign(place=singles.index), members], ignore_index=True)
    shares, movers = distribution.impute_shares(both.drop(columns="place"), tables, figures_model)
    place = both["place"].to_numpy(requested.index.dtype)
    is_member = shares.index >= len(singles)
    movers = movers[movers.index < len(singles)]
    singles = shares[~is_member].set_axis(place[shares.index[~is_member]])
    rest = shares[is_member].join(both[["place", "platform_id"]].assign(country_id=both["area_id"]))
    counted = rest[rest["rung"] != ImputationRung.KIND.value]
    ranked = counted.sort_values(["place", "q50_share"], ascending=[True, False])
    largest = ranked[ranked.groupby("place").cumcount() < MOST]
    united = pd.concat([singles, _unite_members(largest, model)]).sort_index()
    return united, largest, movers.set_axis(place[movers.index])


def list_services(platforms: pd.DataFrame) -> "pd.Series[str]":
    """Return the ids of the services of each group, one row per service, indexed by the group."""
    by_kind = platforms.groupby("kind")["platform_id"].agg(list)
    kinds = pd.Series(MEMBERS).explode().map(by_kind).explode().dropna()
    listed = platforms[platforms["member_ids"].fillna("") != ""].set_index("platform_id")
    return pd.concat([kinds, listed["member_ids"].str.split(";").explode()])


def _list_members(groups: pd.DataFrame, tables: Tables, figures: pd.DataFrame) -> pd.DataFrame:
    services = list_services(tables["platforms"])
    counted = services[services.isin(tables["estimates"]["platform_id"])].rename("service_id")
    rows = groups.assign(place=groups.index).join(counted, on="platform_id", how="inner")
    subregion = rows["area_id"].map(parents_of(tables["areas"])).fillna("")
    there = figures.loc[figures["subregion"] != "", ["subregion", "platform_id"]].drop_duplicates()
    spread = there["platform_id"].value_counts() / max(there["subregion"].nunique(), 1)
    is_used = pd.MultiIndex.from_arrays([subregion, rows["service_id"]]).isin(
        pd.MultiIndex.from_frame(there)
    ) | rows["service_id"].isin(spread.index[spread > MOST_PLACES])
    is_listed = ~rows["platform_id"].isin(list(MEMBERS))
    exists = ~has_ended(rows["service_id"], rows["moment"], tables["platforms"])
    rows = rows.assign(platform_id=rows.pop("service_id"))[(is_used | is_listed) & exists]
    return rows.sort_values(["place", "platform_id"], ignore_index=True)


def _unite_members(members: pd.DataFrame, model: OverlapModel) -> pd.DataFrame:
    unions, z = {}, _make_points()
    for place, group in members.groupby("place"):
        joint_use = model.joint_use(str(group["country_id"].iloc[0]), make_lattice(DRAWS))
        everyone = np.ones((1, len(group)), dtype=bool)
        correlated = np.sqrt(COMMON) * z[0] + np.sqrt(1.0 - COMMON) * z[1 : len(group) + 1]
        q05, q50, q95 = (logit(group[name].to_numpy("float64")[:, None]) for name in SHARES)
        shares = np.asarray(
            expit(figure_errors.draw_through_quantiles(ndtr(correlated), q05, q50, q95))
        )
        union = model.draw_unions(Group(shares, joint_use, everyone))[0]
        quantiles = np.quantile(union, (0.05, 0.5, 0.95)).round(distribution.SHARE_DECIMALS)
        quantiles = np.maximum(quantiles, group[SHARES].max().to_numpy())
        rung = RUNGS[int(group["rung"].map(RUNGS.index).max())]
        unions[place] = [*quantiles, rung, *group[distribution.ONLINE].iloc[0]]
    table = pd.DataFrame.from_dict(unions, orient="index", columns=distribution.COLUMNS)
    return table.astype(dict.fromkeys([*SHARES, *distribution.ONLINE], "float64"))


@cache
def _make_points() -> Array:
    """Return normal points (1 + MOST, DRAWS) of a Kronecker sequence of the golden ratio."""
    golden = 2.0
    for _ in range(64):  # converges: the root of x^(d + 1) = x + 1, d the columns
        golden = (1.0 + golden) ** (1.0 / (2 + MOST))
    steps = golden ** -np.arange(1.0, 2 + MOST)
    points = (0.5 + np.outer(steps, np.arange(DRAWS))) % 1.0
    return np.asarray(ndtri(points.clip(1e-4, 1 - 1e-4)))
