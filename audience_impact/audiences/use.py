"""Shares of use: who uses the features that a restriction affects, and who keeps access to them.

Definitions. A share of use is the part of a population on record that uses a feature of a service.
A circumvention share is the share of the people affected who keep access.

Method. FEATURE_STEPS choose the shares of use that speak for a country of a restriction. Times its
own population the share gives feature users in persons. Shares that were asked of a group of
services are pooled over the organisations: their mean in log odds of the base, with the error by
which figures of the feature differ (`spread` of `feature_laws`) over the root of their number.
Where no share speaks for a restriction in a country, the share of the people exposed who use the
feature is learned (fitting/shares.py).

ACCESS_STEPS choose the share of those who keep access; a poll whose answerers chose themselves
limits nothing. Reach under a block stands for no restriction by itself: a meter counts sessions
that fail, and one service is not all of those restricted together. Where no count is on record, no
one keeps what the network has taken away, and of what was cut the share is fitted to the country's
and other countries' figures (fitted/shares.py); it limits nothing either. A service that was slowed
or impaired, and not cut, leaves our record without a count of people who lost access.

Assumptions. A share for any messenger is applied to the restricted messengers, a share for one kind
of call to all calls, a share of one age group, or of respondents who are not described, to the
base, and a share that was asked during the restriction to the time before it. Each assumption is
named in the published row. A network shutdown cannot be circumvented: satellite links and foreign
SIM cards are ignored.

Known drawbacks. A share of a narrower age group than the base does not cover the other ages, who
may all use the feature: they raise the upper bound.

Citation. Rules of this project, docs/decisions.md.
"""

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from audience_impact.audiences import distributions
from audience_impact.audiences.distributions import COVERAGE, FIXED, SPLIT
from audience_impact.audiences.scope import COUNTRY, HIT_FEATURES, WHOLE, Scope
from audience_impact.denominators.denominators import ANY_MEASURER, Denominators
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Z95, FigureErrors
from audience_impact.fitted import shares as fitted_shares
from audience_impact.fitted.models import Context, FittedModels
from audience_impact.fitted.shares import ANY, CALLS, PARAMETERS, choose_parameters, map_features
from audience_impact.periods import WINDOW_DAYS
from audience_impact.populations import AGES, PARENTS, contains_population
from audience_impact.selection import Best, Key, Only, select_candidates
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    Assumption,
    CircumventionBasis,
    Feature,
    IntervalKind,
    PlatformKind,
    PopulationBase,
    Severity,
    YesNo,
)

LATER_DAYS = 92
"""Maximum days after the start at which the period of a share of use may end (three months)."""
LEARNED = "learned"
"""Shape of a share that is drawn from fitted PARAMETERS."""


def _has_own(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether, for the audience of each row, a survey asked about the service itself."""
    by = [rows[name] for name in (*COUNTRY, "feature", "platform_id")]
    return rows["is_own"].astype(bool).groupby(by).transform("any")


FEATURE_STEPS = (
    Only(lambda rows: rows["age"] == "", "asked of some ages of the population alone"),
    Only(lambda rows: rows["is_own"] | rows["is_group"], "asked about another service"),
    Only(
        lambda rows: ~(rows["late_days"] > LATER_DAYS),
        f"from more than {LATER_DAYS} days after the start",
    ),
    Only(
        lambda rows: rows["is_own"] | ~_has_own(rows),
        "asked about any messenger, where the service was asked about",
    ),
    Best(
        [*COUNTRY, "feature", "platform_id", "measurement_series_id"],
        (
            Key("exact", "asked about another kind of call", False),
            Key("period_end", "an earlier one: another is from later", False),
            Key("feature_use_id", "no different in what counts: the first by its id is taken"),
        ),
    ),
)
ACCESS_STEPS = (
    Only(
        lambda rows: rows["circumvention_kind"].isin(fitted_shares.COUNTED_KINDS),
        lambda rows: rows["circumvention_kind"] + " is no share of people who keep access",
    ),
    Best(
        ["restriction_id"],
        (
            Key("is_poll", "a poll whose answerers chose themselves"),
            Key("period_end", "an earlier one: another is from later", ascending=False),
            Key("share", "access by one means, which access of any kind contains", ascending=False),
            Key("circumvention_id", "no different in what counts: the first by its id is taken"),
        ),
    ),
)


def choose_feature_shares(
    audiences: pd.DataFrame, targets: pd.DataFrame, context: Context
) -> pd.DataFrame:
    """Return the shares of use for each country of a restriction of features, a row for each fact.

    Pooled facts are one row. `feature` and `asked_base_ids` are joined by ;, `feature_use_id` by +.
    `is_own`: a restricted service was asked about. `is_inside`: those asked are part of the base.
    `beyond_persons`: people of the ages of the base who were not asked; NaN without a count.
    """
    denominators = context.denominators
    candidates = list_feature_candidates(audiences, targets, context.tables, context.errors)
    by = [*COUNTRY, "feature_use_id"]
    best = select_candidates(candidates, FEATURE_STEPS)
    best = best.sort_values([*by, "feature", "platform_id"])
    # A row for each fact, with all features that it describes.
    groups = best.groupby(by)
    features = groups["feature"].transform(_join_words).astype("str")
    best = best.assign(feature=features, exact=groups["exact"].transform("all"))
    best = best.drop_duplicates(by, ignore_index=True)
    rows = _pool_surveys(_convert_to_persons(best, denominators), context.fitted.features)
    share_bases = rows[["country_id", "start"]].assign(base_id=rows["share_base_id"])
    return pd.concat([rows, denominators.compute_quantiles(share_bases)], axis=1)


def list_feature_candidates(
    audiences: pd.DataFrame, targets: pd.DataFrame, tables: Tables, errors: FigureErrors | None
) -> pd.DataFrame:
    """Return every share of use of a restricted feature in its country, with its ranks."""
    facts = tables["feature_use"]
    shares = distributions.describe_shares(facts, pd.Series(True, facts.index), errors)
    names = {name: f"{name}_asked" for name in ("feature", "platform_id")}
    shares = shares.rename(columns={"area_id": "country_id", **names})
    shares = shares.drop(columns=["source_id", "also_source_id", "note"])
    by_feature = targets[targets["feature"] != WHOLE][["restriction_id", "platform_id", "feature"]]
    keys = audiences[[*COUNTRY, "platform_id", "start", "base"]]
    rows = keys.merge(by_feature.drop_duplicates(), on=["restriction_id", "platform_id"])
    answered = rows["feature"].map(lambda name: CALLS if name in CALLS else (name,))
    rows = rows.assign(feature_asked=answered).explode("feature_asked", ignore_index=True)
    joined = rows.merge(shares, on=["country_id", "feature_asked"])
    kinds = tables["platforms"].set_index("platform_id")["kind"]
    return joined.assign(
        is_own=joined["platform_id_asked"] == joined["platform_id"],
        is_group=joined["platform_id_asked"].map(kinds) == PlatformKind.GROUP.value,
        late_days=(joined["period_end"] - joined["start"]).dt.days,
        exact=joined["feature"] == joined["feature_asked"],
    )


def use_fitted_shares(
    audiences: pd.DataFrame, targets: pd.DataFrame, measured: pd.DataFrame, fitted: pd.DataFrame
) -> pd.DataFrame:
    """Return the fitted share of users of each restricted feature that is not `measured`."""
    names = targets["feature"].isin({*HIT_FEATURES} - {WHOLE, Feature.UNKNOWN.value})
    by = ["restriction_id", "platform_id"]
    named = audiences[[*COUNTRY, "platform_id"]].merge(targets[names][[*by, "feature"]], on=by)
    with_share = pd.MultiIndex.from_frame(measured[COUNTRY])
    named = named[~pd.MultiIndex.from_frame(named[COUNTRY]).isin(with_share)]
    key = [*COUNTRY, "feature"]
    rows = named.assign(feature=map_features(named["feature"]))[key].drop_duplicates()
    rows = rows.sort_values(key, ignore_index=True)
    parameters = choose_parameters(fitted, rows["feature"], rows["country_id"])
    fitted_rows = rows.assign(draw_key=rows["feature"] + "|" + rows["country_id"]).join(parameters)
    return fitted_rows.dropna(subset=["mean"]).reset_index(drop=True)


def _convert_to_persons(best: pd.DataFrame, denominators: Denominators) -> pd.DataFrame:
    is_undescribed = best["population_base"] == PopulationBase.CUSTOM.value
    respondents = best["population_base"].mask(is_undescribed, best["base"])
    ages = best["base"].map(AGES).fillna(best["base"]).astype("str").fillna("")
    people, base, everyone = (
        denominators.find_nearest(
            best.assign(population_base=names), ANY_MEASURER, WINDOW_DAYS
        ).reindex(best.index)[["base_id", "base_persons"]]
        for names in (respondents, best["base"], ages)
    )
    covered, inside = [], []
    for asked_base, base_name, base_ages in zip(respondents, best["base"], ages, strict=True):
        is_in_base = contains_population(asked_base, base_name)
        covered.append(is_in_base or contains_population(asked_base, base_ages))
        is_of_ages = AGES.get(base_name) in PARENTS.get(asked_base, ())
        inside.append(is_of_ages or contains_population(base_name, asked_base))
    beyond = (everyone["base_persons"] - people["base_persons"]).clip(lower=0)
    rows = best.assign(
        of_persons=people["base_persons"],
        share_base_id=people["base_id"],
        asked_base_ids=people["base_id"],
        whole_persons=base["base_persons"],
        whole_base_id=base["base_id"],
        beyond_persons=beyond.mask(pd.Series(covered, best.index, dtype="bool"), 0.0),
        is_inside=inside,
    )
    complete = rows.assign(assumed=_list_assumptions(rows)).dropna(subset=["of_persons"])
    return complete.reset_index(drop=True)


def _list_assumptions(rows: pd.DataFrame) -> list[str]:
    """Return the assumptions of each row: words of Assumption with parameters, joined by `;`."""
    texts = []
    for row in rows.itertuples():
        feature = f"{Assumption.FEATURE}:{row.feature_asked}:{row.feature.replace(';', ',')}"
        population = f"{Assumption.POPULATION}:{row.population_base}:{row.base}"
        is_undescribed = row.population_base == PopulationBase.CUSTOM.value
        made = {
            Assumption.ANY_MESSENGER.value: not row.is_own,
            feature: not row.exact,
            population: row.beyond_persons != 0 or is_undescribed,
            Assumption.DURING.value: row.late_days > 0,
            Assumption.LIMIT.value: row.interval_kind in distributions.ONE_SIDED,
        }
        texts.append(";".join(text for text, is_made in made.items() if is_made))
    return texts


def _pool_surveys(shares: pd.DataFrame, fitted: pd.DataFrame) -> pd.DataFrame:
    """Return the shares; those of groups of services are pooled, as shares of the base."""
    group = map_features(shares["feature"].str.split(";").str[0])
    spread = choose_parameters(fitted, group, shares["country_id"])["spread"]
    is_pooled = ~shares["is_own"].astype(bool) & spread.notna() & shares["whole_persons"].notna()
    users = shares[["least", "mode", "most"]].mul(shares["of_persons"], axis=0)
    users["most"] += shares["beyond_persons"]
    parts = users.div(shares["whole_persons"], axis=0).clip(upper=1.0)
    odds = pd.Series(logit(parts["mode"].clip(1e-6, 1 - 1e-6)), shares.index)
    table = shares.assign(group=group, odds=odds, spread=spread, **parts[["least", "most"]])
    groups = table[is_pooled].groupby([*COUNTRY, "group"], sort=True)
    if not groups.ngroups:
        return shares
    middle = groups["odds"].mean()
    half = Z95 * groups["spread"].first() / np.sqrt(groups.size())
    pooled = groups.first().assign(
        feature_use_id=groups["feature_use_id"].agg("+".join),
        least=groups["least"].min(),
        most=groups["most"].max(skipna=False),
        low=expit(middle - half),
        mode=expit(middle),
        high=expit(middle + half),
        shape=SPLIT,
        coverage=COVERAGE[IntervalKind.CI90.value],
        beyond_persons=0.0,
        is_inside=groups["is_inside"].all(),
        of_persons=groups["whole_persons"].first(),
        share_base_id=groups["whole_base_id"].first(),
    )
    for name in ("feature", "assumed", "asked_base_ids"):
        pooled[name] = groups[name].agg(_join_words)
    return pd.concat([shares[~is_pooled], pooled.reset_index()[shares.columns]], ignore_index=True)


def _join_words(cells: "pd.Series[str]") -> str:
    """Return the words of cells that are joined by `;`, without repeats, in their order."""
    return ";".join(dict.fromkeys(word for cell in cells for word in cell.split(";") if word))


def list_access_candidates(scope: Scope, tables: Tables) -> pd.DataFrame:
    """Return every figure of people who keep access under a restriction, with its ranks."""
    facts = tables["circumvention"]
    shares = facts[facts["restriction_id"].isin(scope.restrictions["restriction_id"])]
    return shares.assign(is_poll=shares["self_selected"] == YesNo.YES.value)


def choose_access_shares(scope: Scope, context: Context) -> pd.DataFrame:
    """Return the share of people who keep access, by restriction; PARAMETERS where it is fitted."""
    best = select_candidates(list_access_candidates(scope, context.tables), ACCESS_STEPS)
    is_poll = best["is_poll"]
    stated = distributions.describe_shares(best, ~is_poll, context.errors)
    measured = stated.assign(
        **dict.fromkeys(PARAMETERS, np.nan),
        basis=CircumventionBasis.MEASURED.value,
        draw_key=best["circumvention_id"],
        is_self_selected=is_poll,
        least_share=stated["least"].mask(is_poll, 0.0),
        most_share=stated["most"].fillna(1.0).mask(is_poll, 1.0),
    )
    is_measured = scope.restrictions["restriction_id"].isin(best["restriction_id"])
    rest = scope.restrictions[~is_measured & ~scope.restrictions["is_never_enforced"]]
    targets = scope.targets
    network = targets.loc[targets["platform_id"] == WHOLE_INTERNET, "restriction_id"]
    is_network = rest["restriction_id"].isin(network)
    is_gone = is_network & (rest["severity"] == Severity.NETWORK_UNAVAILABLE.value)
    cut = rest[rest["severity"].isin(fitted_shares.CUT_SEVERITIES) & ~is_network]
    return pd.concat(
        [measured, _assume_nobody(rest[is_gone]), _fit_access(cut, scope, context.fitted)],
        ignore_index=True,
    )


def _assume_nobody(restrictions: pd.DataFrame) -> pd.DataFrame:
    """Return restrictions for which the draws assume that nobody keeps access; bounds stay open."""
    return restrictions[["restriction_id"]].assign(
        **dict.fromkeys(("coverage", *PARAMETERS), np.nan),
        **dict.fromkeys(("low", "mode", "high"), 0.0),
        shape=FIXED,
        basis=CircumventionBasis.NETWORK_GONE.value,
        circumvention_id="",
        draw_key="",
        is_self_selected=False,
        least_share=0.0,
        most_share=1.0,
    )


def _fit_access(restrictions: pd.DataFrame, scope: Scope, fitted: FittedModels) -> pd.DataFrame:
    places = scope.requested.groupby("restriction_id")["country_id"].agg(["first", "nunique"])
    places = places.reindex(restrictions["restriction_id"]).set_axis(restrictions.index)
    country = places["first"].where(places["nunique"] == 1, ANY).astype("str")
    group = pd.Series(fitted_shares.KEEPS_ACCESS, restrictions.index)
    parameters = choose_parameters(fitted.keeping_access, group, country)
    rows = _assume_nobody(restrictions).assign(
        **parameters[PARAMETERS],
        basis=CircumventionBasis.LEARNED.value,
        circumvention_id=country.map(fitted.keeping_figures).astype("str").fillna(""),
        draw_key="law|" + country.where(country != ANY, restrictions["restriction_id"]),
        **dict.fromkeys(("low", "mode", "high"), np.nan),
        shape=LEARNED,
    )
    return rows[parameters["mean"].notna()]
