"""Who uses the restricted feature, and who keeps access in spite of the restriction.

Definitions. Callers stand for the users of any feature: a share of a population on record.
Feature users are the exposed who are callers; of a whole service that is everyone exposed.
Keepers are the share of them who keep access.

Method. A share times the people of its own population gives callers in persons. For a place
with people exposed E inside a base I, callers C of any service:
max(0, C + E - I) <= |E and C| <= min(C, E); callers of a restricted service itself all belong
to E. Several features are a union: from the largest to the sum. The estimate takes callers for
one more service of the copula: |E and C| = C + |E| - |E or C|. A share asked of a narrower age
than the base is silent on the rest, who may all be callers: they raise the upper bound.
Deprived are feature users less keepers.

Assumptions. A share asked about any messenger is taken for the restricted ones, a share for one
kind of call for all calls, a share of one age for the base: each is named in the row and widens
the draws by ASSUMED_SPREAD in log odds. A survey without a stated error is drawn like one of
EFFECTIVE_SAMPLE respondents. A self-selected poll is drawn with SELF_SELECTED_SPREAD in log
odds, and gives no bound.

Known drawbacks. The three numbers are conventions, not measurements: the facts hold too few
repeated shares to learn them from.

Citation. M. Frechet (1935), as in bounds.py; for effective samples L. Kish, Survey Sampling
(1965). Rules of this project, docs/decisions.md.
"""

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from audience_impact.audiences import figures
from audience_impact.facts.rules import PARENTS, WINDOW_DAYS
from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.simulation import distributions as draws
from audience_impact.simulation.distributions import Sampler
from audience_impact.vocabulary import Feature, InputKind, PlatformKind, YesNo

PLACE = ["restriction_id", "country_id"]
LATER_DAYS = 92
"""A share of use may be from up to three months after the start."""
EFFECTIVE_SAMPLE = 500
ASSUMED_SPREAD = 0.12
SELF_SELECTED_SPREAD = 0.8
CALLS = (Feature.VOICE_CALL.value, Feature.VIDEO_CALL.value, Feature.GROUP_CALL.value)
WHOLE = Feature.WHOLE_SERVICE.value
AGES = {"internet_12_plus": "age_12_plus", "internet_all": "all_ages"}
"""The ages of a base of people online."""
COVERAGE = {"ci90": 0.90, "ci95": 0.95}


def whole_service(targets: pd.DataFrame) -> pd.Series:
    """Whether each restriction is of whole services: True, False, or None where of some."""
    whole = targets.assign(whole=targets["feature"] == WHOLE)
    by_platform = whole.groupby(["restriction_id", "platform_id"])["whole"].any()
    groups = by_platform.groupby("restriction_id")
    none = ~groups.any()
    return groups.all().astype(object).where(groups.all() | none, None)


def shares(audiences: pd.DataFrame, targets: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The shares of use that speak for each place whose platforms are restricted by feature.

    One row a place and fact: PLACE, `feature` (the restricted ones it speaks for, joined by ;),
    `feature_use_id`, `share`, `low_share`, `high_share`, `interval_kind`, `own` (asked about a
    restricted service), `assumed` (words), `of_persons`, `share_base_id`, `beyond_persons` (people
    of the ages of the base that were not asked; NaN where nobody counted them).
    """
    wanted = _wanted(audiences, targets)
    facts = _usable(tables)
    joined = wanted.merge(facts, on=["country_id", "asked"])
    named = joined["platform_id_asked"] == joined["platform_id"]
    group = joined["platform_id_asked"].map(_kinds(tables)) == PlatformKind.GROUP.value
    late = (joined["period_end"] - joined["start"]).dt.days > LATER_DAYS
    found = joined.assign(own=named)[(named | group) & ~late]
    found["exact"] = found["feature"] == found["feature_asked"]
    best = found.sort_values(
        ["own", "exact", "period_end", "feature_use_id"], ascending=[False, False, False, True]
    ).drop_duplicates([*PLACE, "feature", "platform_id"])
    return _in_persons(_once(best), tables)


def _kinds(tables: Tables) -> pd.Series:
    return tables["platforms"].set_index("platform_id")["kind"]


def _wanted(audiences: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Each place, platform and restricted feature, and which features speak for it."""
    by_feature = targets[targets["feature"] != WHOLE][["restriction_id", "platform_id", "feature"]]
    known = audiences[[*PLACE, "platform_id", "start", "base"]]
    rows = known.merge(by_feature.drop_duplicates(), on=["restriction_id", "platform_id"])
    asked = rows["feature"].map(lambda name: CALLS if name in CALLS else (name,))
    return rows.assign(asked=asked).explode("asked", ignore_index=True)


def _usable(tables: Tables) -> pd.DataFrame:
    """Shares of a population on record, all ages of it."""
    facts = tables["feature_use"]
    kept = facts[(facts["age"] == "") & (facts["population_base"] != "custom")]
    columns = {"area_id": "country_id", "platform_id": "platform_id_asked"}
    return (
        kept.rename(columns=columns)
        .assign(asked=kept["feature"], feature_asked=kept["feature"])
        .drop(columns=["feature", "lineage_id", "source_id", "also_source_id", "note", "age"])
    )


def _once(best: pd.DataFrame) -> pd.DataFrame:
    """One row a place and fact, whatever platforms and features it speaks for."""
    by = [*PLACE, "feature_use_id"]
    first = best.sort_values([*by, "feature", "platform_id"]).drop_duplicates(by)
    features = best.groupby(by)["feature"].agg(lambda names: ";".join(sorted(set(names))))
    exact = best.groupby(by)["exact"].all()
    keys = pd.MultiIndex.from_frame(first[by])
    return first.assign(
        feature=features.reindex(keys).to_numpy(), exact=exact.reindex(keys).to_numpy()
    ).reset_index(drop=True)


def _in_persons(best: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The people the share was asked of, and those of the base's ages beyond them."""
    people = _people_of(best, best["population_base"], tables)
    ages = best["base"].map(AGES).fillna(best["base"])
    everyone = _people_of(best, ages.astype("str").fillna(""), tables)
    beyond = (everyone["base_persons"] - people["base_persons"]).clip(lower=0)
    covered = [
        asked in (base, age, *PARENTS.get(age, ()), *PARENTS.get(base, ()))
        for asked, base, age in zip(best["population_base"], best["base"], ages, strict=True)
    ]
    inside = [
        asked == base or base in PARENTS.get(asked, ()) or AGES.get(base) in PARENTS.get(asked, ())
        for asked, base in zip(best["population_base"], best["base"], strict=True)
    ]
    rows = best.assign(
        of_persons=people["base_persons"],
        share_base_id=people["base_id"],
        beyond_persons=beyond.mask(pd.Series(covered, best.index, dtype="bool"), 0.0),
        inside=inside,
    )
    return rows.assign(assumed=_assumed(rows)).dropna(subset=["of_persons"])


def _people_of(rows: pd.DataFrame, populations: pd.Series, tables: Tables) -> pd.DataFrame:
    """Base nearest to the start of each row; NaN where none is within a year."""
    wanted = rows.assign(population_base=populations)
    found = figures.nearest_base(
        wanted, tables["bases"], tables["sources"], ["population_base"], WINDOW_DAYS
    )
    return found.reindex(rows.index)[["base_id", "base_persons"]]


def _assumed(rows: pd.DataFrame) -> list[str]:
    """What is taken for granted in each row, in words."""
    return [
        "; ".join(
            text
            for text, on in (
                ("use of any messenger taken for use of these", not row.own),
                (
                    f"{row.feature_asked} taken for all of {row.feature.replace(';', ', ')}",
                    not row.exact,
                ),
                (f"asked of {row.population_base}, taken for {row.base}", row.beyond_persons != 0),
                ("a limit taken for the share itself", "one_sided" in row.interval_kind),
            )
            if on
        )
        for row in rows.itertuples()
    ]


def callers(rows: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of the callers of each row of `shares`, in persons."""
    u = sampler.rows(InputKind.FEATURE_SHARE, "feature|" + rows["feature_use_id"])
    share = _drawn(u, rows, EFFECTIVE_SAMPLE)
    steps = rows["assumed"].map(lambda text: len([part for part in text.split("; ") if part]))
    wider = ASSUMED_SPREAD * np.sqrt(steps.to_numpy("float64"))[:, None]
    z = sampler.normals(InputKind.ASSUMED, "assumed|" + rows["feature_use_id"])
    spread = expit(logit(np.clip(share, 1e-12, 1 - 1e-12)) + wider * z)
    return np.asarray(spread * rows["of_persons"].to_numpy("float64")[:, None])


def _drawn(u: Array, rows: pd.DataFrame, size: int) -> Array:
    """Shares drawn by what their source states: an interval, a range, or nothing."""
    share, low, high = (
        rows[name].to_numpy("float64")[:, None] for name in ("share", "low_share", "high_share")
    )
    share = np.where(np.isnan(share), (low + high) / 2, share)
    ends = ~np.isnan(low) & ~np.isnan(high)
    low, high = np.where(ends, low, share), np.where(ends, high, share)
    coverage = rows["interval_kind"].map(COVERAGE).to_numpy("float64")[:, None]
    normal = draws.split_normal(
        u, share, low, high, np.where(np.isnan(coverage), 0.9, coverage), 0.0, 1.0
    )
    ranged = draws.pert(u, low, share, high)
    plain = draws.beta(u, share, size)
    stated = np.where(np.isnan(coverage), ranged, normal)
    return np.asarray(np.where(ends & (high > low), stated, plain))


def limits(rows: pd.DataFrame) -> pd.DataFrame:
    """Least and most callers of each row of `shares`, as its source states the share."""
    low, high = _stated(rows)
    people = rows["of_persons"]
    return rows.assign(
        low_persons=low * people, high_persons=high * people + rows["beyond_persons"]
    )


def _stated(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    low, high = rows["low_share"].fillna(rows["share"]), rows["high_share"].fillna(rows["share"])
    kind = rows["interval_kind"]
    return low.where(kind != "one_sided_max", 0.0), high.where(kind != "one_sided_min", 1.0)


def bounds(rows: pd.DataFrame, exposed: pd.DataFrame, missing: pd.Series) -> pd.DataFrame:
    """Bounds on the feature users of each place.

    `rows` as `limits` gives them; `exposed` indexed by PLACE with `lower_persons`,
    `upper_persons`, `base_persons`; `missing` (PLACE) says that some feature has no share.
    """
    about = exposed.reindex(pd.MultiIndex.from_frame(rows[PLACE]))
    lower, base, upper = (
        about[name].to_numpy("float64")
        for name in ("lower_persons", "base_persons", "upper_persons")
    )
    forced = np.clip(rows["low_persons"] + lower - base, 0.0, None)
    forced = forced.where(rows["inside"], 0.0).where(~rows["own"], rows["low_persons"])
    capped = rows.assign(low=np.fmin(forced, upper), high=np.fmin(rows["high_persons"], upper))
    groups = capped.groupby(PLACE)
    table = pd.DataFrame(
        {"lower_persons": groups["low"].max(), "upper_persons": groups["high"].sum()}
    ).reindex(exposed.index)
    open_above = table["upper_persons"].isna() | missing.reindex(exposed.index).fillna(False)
    top = exposed["upper_persons"]
    most = table["upper_persons"].where(~open_above, top)
    return pd.DataFrame(
        {
            "lower_persons": table["lower_persons"].fillna(0.0),
            "upper_persons": pd.concat([most, top], axis=1).min(axis=1),
        }
    )


def keepers(restrictions: pd.Index, tables: Tables) -> pd.DataFrame:
    """The share that keeps access, one row a restriction that has one.

    Latest period first; of shares of one period the largest, since access of any kind contains
    access by one means. Columns: those of the fact, `self_selected`, `restriction_id`.
    """
    facts = tables["circumvention"]
    own = facts[facts["restriction_id"].isin(restrictions)]
    best = own.sort_values(
        ["period_end", "share", "circumvention_id"], ascending=[False, False, True]
    ).drop_duplicates("restriction_id")
    return best.assign(poll=best["self_selected"] == YesNo.YES.value).reset_index(drop=True)


def kept(rows: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of the share that keeps access."""
    u = sampler.rows(InputKind.CIRCUMVENTION, "keeps|" + rows["circumvention_id"])
    share = rows["share"].fillna((rows["low_share"] + rows["high_share"]) / 2)
    wide = expit(
        logit(np.clip(share.to_numpy("float64"), 1e-9, 1 - 1e-9))[:, None]
        + SELF_SELECTED_SPREAD * ndtri(u)
    )
    poll = rows["poll"].to_numpy("bool")[:, None]
    return np.asarray(np.where(poll, wide, _drawn(u, rows, EFFECTIVE_SAMPLE)))


def kept_limits(rows: pd.DataFrame) -> pd.DataFrame:
    """Least and most who keep access; a self-selected poll limits nothing."""
    low, high = _stated(rows)
    return rows.assign(
        least_share=low.where(~rows["poll"], 0.0), most_share=high.where(~rows["poll"], 1.0)
    )
