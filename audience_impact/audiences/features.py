"""Selection of the shares of use that describe the features that a restriction touches.

Definitions. A share of use is the part of a population on record that uses a feature of a service.

Method. A share speaks for a country of a restriction if it was asked there, of a restricted service
or of a group of services, of the feature or, for calls, of one kind of call, in a period that
ends at most LATER_DAYS after the start. A service's own shares come before those of a group, the
feature itself before another kind of call, later before earlier ones. Times its own population
the share gives feature users in persons. Where no share speaks for a restriction in a country, the
share of the people exposed who use the feature is learned (fitting/random_effects.py).

Assumptions. A share for any messenger is applied to the restricted messengers, a share for one kind
of call to all calls, and a share of one age group to the base. Each assumption is named in the
published row.

Known drawbacks. A share of a narrower age group than the base does not cover the other ages, who
may all use the feature: they raise the upper bound.

Citation. Rules of this project, docs/decisions.md.
"""

import pandas as pd

from audience_impact import selection as choosing
from audience_impact.audiences import intervals
from audience_impact.audiences.scope import COUNTRY, WHOLE
from audience_impact.denominators.denominators import Denominators
from audience_impact.errors.distribution import FigureErrors
from audience_impact.facts.tables import Tables
from audience_impact.fitted.shares import CALLS, choose_parameters, map_features
from audience_impact.periods import WINDOW_DAYS
from audience_impact.populations import AGES, PARENTS, contains_population
from audience_impact.selection import Best, Key, Only
from audience_impact.vocabulary import (
    HITS_EXISTING_USERS,
    Assumption,
    Feature,
    PlatformKind,
    PopulationBase,
)

LATER_DAYS = 92
"""Maximum days after the start at which the period of a share of use may end (three months)."""


STEPS = (
    Only(lambda rows: rows["age"] == "", "asked of some ages of the population alone"),
    Only(
        lambda rows: rows["population_base"] != PopulationBase.CUSTOM.value,
        "of a population of which there is no base",
    ),
    Only(lambda rows: rows["is_own"] | rows["is_group"], "asked about another service"),
    Only(
        lambda rows: ~(rows["late_days"] > LATER_DAYS),
        f"from more than {LATER_DAYS} days after the start",
    ),
    Best(
        [*COUNTRY, "feature", "platform_id"],
        (
            Key("is_own", "asked about any messenger, where the service was asked about", False),
            Key("exact", "asked about another kind of call", False),
            Key("period_end", "an earlier one: another is from later", False),
            Key("feature_use_id", "no different in what counts: the first by its id is taken"),
        ),
    ),
)
"""Steps that select the share of use."""


def choose_shares(
    audiences: pd.DataFrame, targets: pd.DataFrame, tables: Tables, denominators: Denominators
) -> pd.DataFrame:
    """Return the shares of use for each country of a restriction of features.

    One row per country of a restriction and fact: COUNTRY, `feature` (the restricted features that
    it describes, joined by ;), `feature_use_id`, DISTRIBUTION_COLUMNS, `least` and `most` of
    intervals.py in shares, `is_own` (asked about a restricted service), `assumed` (Assumption),
    `of_persons`, `share_base_id`, `beyond_persons` (people in the ages of the base that the survey
    excluded; NaN where nobody counted them), `is_inside` (the surveyed people are part of the
    base), and the columns of denominators/counts.py for the surveyed population.
    """
    best = choosing.select_candidates(
        list_candidates(audiences, targets, tables, denominators.errors), STEPS
    )
    best = best.sort_values(
        ["is_own", "exact", "period_end", "feature_use_id"], ascending=[False, False, False, True]
    )
    return _convert_to_persons(_merge_duplicates(best), denominators)


def list_candidates(
    audiences: pd.DataFrame, targets: pd.DataFrame, tables: Tables, errors: FigureErrors | None
) -> pd.DataFrame:
    """Return every share of use of a restricted feature in its country, with its ranks."""
    facts = _read_shares(tables, errors)
    joined = _pair_features(audiences, targets).merge(facts, on=["country_id", "asked"])
    return joined.assign(
        is_own=joined["platform_id_asked"] == joined["platform_id"],
        is_group=joined["platform_id_asked"].map(
            tables["platforms"].set_index("platform_id")["kind"]
        )
        == PlatformKind.GROUP.value,
        late_days=(joined["period_end"] - joined["start"]).dt.days,
        exact=joined["feature"] == joined["feature_asked"],
    )


def use_fitted_shares(
    audiences: pd.DataFrame, targets: pd.DataFrame, measured: pd.DataFrame, fitted: pd.DataFrame
) -> pd.DataFrame:
    """Return the fitted share of users of each restricted feature that no fact on use describes.

    One row per country of a restriction and feature, all calls one: COUNTRY, `feature`, `draw_key`
    and PARAMETERS of fitted/shares.py; `measured` is the result of `choose_shares`; `fitted` has
    parameters by feature.
    """
    with_share = pd.MultiIndex.from_frame(measured[COUNTRY])
    named = _list_named_features(audiences, targets)
    named = named[~pd.MultiIndex.from_frame(named[COUNTRY]).isin(with_share)]
    rows = named.assign(feature=map_features(named["feature"]))
    rows = rows[[*COUNTRY, "feature"]].drop_duplicates().sort_values([*COUNTRY, "feature"])
    rows = rows.reset_index(drop=True)
    parameters = choose_parameters(fitted, rows["feature"], rows["country_id"])
    fitted_rows = rows.assign(draw_key=rows["feature"] + "|" + rows["country_id"]).join(parameters)
    return fitted_rows.dropna(subset=["mean"]).reset_index(drop=True)


def _list_named_features(audiences: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Return the named restricted features of each audience that affect existing users."""
    hit = [feature.value for feature, is_hit in HITS_EXISTING_USERS.items() if is_hit]
    names = targets["feature"].isin(hit) & ~targets["feature"].isin([WHOLE, Feature.UNKNOWN.value])
    by = ["restriction_id", "platform_id"]
    return audiences[[*COUNTRY, "platform_id"]].merge(targets[names][[*by, "feature"]], on=by)


def _pair_features(audiences: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Return each audience and restricted feature with the features that describe it."""
    by_feature = targets[targets["feature"] != WHOLE][["restriction_id", "platform_id", "feature"]]
    keys = audiences[[*COUNTRY, "platform_id", "start", "base"]]
    rows = keys.merge(by_feature.drop_duplicates(), on=["restriction_id", "platform_id"])
    answered = rows["feature"].map(lambda name: CALLS if name in CALLS else (name,))
    return rows.assign(asked=answered).explode("asked", ignore_index=True)


def _read_shares(tables: Tables, errors: FigureErrors | None) -> pd.DataFrame:
    """Return shares of use with sampling intervals, in the columns of `list_candidates`."""
    facts = tables["feature_use"]
    columns = {"area_id": "country_id", "platform_id": "platform_id_asked"}
    if errors is not None:
        is_asked, names = pd.Series(True, facts.index), ("share", "low_share", "high_share")
        facts = intervals.add_sampling_intervals(facts, is_asked, errors.effective_sample, names)
    return (
        facts.rename(columns=columns)
        .join(intervals.read_intervals(facts, "share", "low_share", "high_share"))
        .assign(asked=facts["feature"], feature_asked=facts["feature"])
        .drop(columns=["feature", "measurement_series_id", "source_id", "also_source_id", "note"])
    )


def _merge_duplicates(best: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each country of a restriction and fact."""
    by = [*COUNTRY, "feature_use_id"]
    first = best.sort_values([*by, "feature", "platform_id"]).drop_duplicates(by)
    features = best.groupby(by)["feature"].agg(lambda names: ";".join(sorted(set(names))))
    exact = best.groupby(by)["exact"].all()
    keys = pd.MultiIndex.from_frame(first[by])
    return first.assign(
        feature=features.reindex(keys).to_numpy(), exact=exact.reindex(keys).to_numpy()
    ).reset_index(drop=True)


def _convert_to_persons(best: pd.DataFrame, denominators: Denominators) -> pd.DataFrame:
    """Return shares with the persons in their population, and the persons outside of it."""
    people = _find_base(best, best["population_base"], denominators)
    ages = best["base"].map(AGES).fillna(best["base"])
    everyone = _find_base(best, ages.astype("str").fillna(""), denominators)
    beyond = (everyone["base_persons"] - people["base_persons"]).clip(lower=0)
    covered = [
        contains_population(population, base) or contains_population(population, age)
        for population, base, age in zip(best["population_base"], best["base"], ages, strict=True)
    ]
    inside = [
        contains_population(base, population) or AGES.get(base) in PARENTS.get(population, ())
        for population, base in zip(best["population_base"], best["base"], strict=True)
    ]
    rows = best.assign(
        of_persons=people["base_persons"],
        share_base_id=people["base_id"],
        beyond_persons=beyond.mask(pd.Series(covered, best.index, dtype="bool"), 0.0),
        is_inside=inside,
    )
    complete = rows.assign(assumed=_list_assumptions(rows)).dropna(subset=["of_persons"])
    complete = complete.reset_index(drop=True)
    share_bases = complete[["country_id", "start"]].assign(base_id=complete["share_base_id"])
    return pd.concat([complete, denominators.compute_quantiles(share_bases)], axis=1)


def _find_base(
    rows: pd.DataFrame, populations: pd.Series, denominators: Denominators
) -> pd.DataFrame:
    """Return the nearest base, and its persons, within a year of each start; NaN without one."""
    base = denominators.find_nearest(rows.assign(population_base=populations), WINDOW_DAYS)
    return base.reindex(rows.index)[["base_id", "base_persons"]]


def _list_assumptions(rows: pd.DataFrame) -> list[str]:
    """Return the assumptions of each row: words of Assumption with parameters, joined by `;`."""
    return [
        ";".join(
            text
            for text, on in (
                (Assumption.ANY_MESSENGER.value, not row.is_own),
                (
                    f"{Assumption.FEATURE}:{row.feature_asked}:{row.feature.replace(';', ',')}",
                    not row.exact,
                ),
                (
                    f"{Assumption.POPULATION}:{row.population_base}:{row.base}",
                    row.beyond_persons != 0,
                ),
                (Assumption.LIMIT.value, row.interval_kind in intervals.ONE_SIDED),
            )
            if on
        )
        for row in rows.itertuples()
    ]
