"""Fit the fact table `audience_laws`: the model for audiences without a count on record.

Definitions. Those of imputation/figures.py and effects.py. A factor widens (or narrows) the
interval of the model. Blocks are sets of figures that are left out together (LEAVING). With the
covariance K of all figures, Q its inverse and a = Q y, the figures y_b of a block have, given all
others, the mean y_b - S_b a_b and the covariance S_b = (Q_bb)^-1. No model is fitted again.

Method. The spreads of the effects are those with which blocks that are left out are foretold best.
The score of a block is the log density of each of its figures by itself, of Student's t of DEGREES
degrees, so that a wrong figure does not dominate; the weight of a figure is one over the square
root of the number of figures of its country. The gradient of all scores by K is

    sum_ij W_ij dK_ij,   W = Q D Q - (q a' + a q') / 2,   q = Q u,

with u_b = S_b g_r and D_b = sym(u_b r_b') + S_b diag(g_s) S_b from the derivatives of the scores by
residual r = S a and variance s = diag S. A normal prior of PRIOR on the log of each spread, around
where it begins, fixes what the figures say nothing of.

Then the figures are left out as each evidence level has it. A factor is what makes nine tenths of
those that a run would impute on a scale lie inside the interval: by level, the largest of those by
what was left out (of LEAST_FIGURES or more); then by platform and by region of the world, drawn
towards one by countries / (countries + SHRINK).

Assumptions. Countries without figures are similar to those with figures.

Known drawbacks. Spreads and factors are fitted to the same figures: some forty spreads to some two
thousand figures in two hundred countries. The benchmark measures the effect (docs/method.md).

Citation. V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World (2005), for
intervals scaled on what was left out; S. Sundararajan, S. S. Keerthi, Predictive approaches for
choosing hyperparameters in Gaussian processes, Neural Computation 13 (2001) 1103-1118; for the
inverse of a block, C. E. Rasmussen, C. K. I. Williams (2006), section 5.4.2.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize

from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Z95
from audience_impact.fitting.tables import digest_frames, measure_half_width
from audience_impact.frames import Array
from audience_impact.imputation import distribution, effects, figures
from audience_impact.imputation.figures import COARSE, FINE, read_observations
from audience_impact.vocabulary import WORLD, AudienceLaw, ParameterBasis, WayOfCounting

LEAVING = (
    (("area_id",), 1.0),
    (("area_id", "platform_id"), 0.7),
    (("area_id", "platform_id", "way"), 0.7),
    (("area_id", "platform_id", "year"), 0.5),
    (("counted_in_countries",), 0.5),
)
"""Blocks of figures that are left out together to measure predictions, with their weights; the last
on the fine scale alone, where a service is left out in all countries, but not its totals."""
LEAST_FIGURES, LEAST_COUNTRIES = 30, 8
PRIOR, LEAST_SPREAD, MOST_SPREAD = 2.0, 0.01, 3.0
STEPS = 15
ROUNDS = 3
START_OWN = 0.13
SHRINK = 10.0
LEAST_FACTOR_COUNTRIES = 5
DECIMALS = 4
COLUMNS = ["parameter", "kind", "value", "basis", "figures", "areas", "data_sha256"]
DEGREES = 6.0
Blocks = Sequence[NDArray[np.int64]]


def _list_blocks(rows: pd.DataFrame) -> list[tuple[tuple[str, ...], Blocks, float]]:
    ways = LEAVING if (rows["area_id"] == WORLD).any() else LEAVING[:-1]
    return [
        (by, effects.split_blocks(effects.number_groups(by, rows)[0]), counts)
        for by, counts in ways
    ]


def fit_spreads(rows: pd.DataFrame, steps: int = STEPS) -> dict[str, float]:
    """Return spreads of the effects and of the ways of counting, by name."""
    (countries,) = effects.number_groups(["area_id"], rows)
    weights = np.asarray(np.bincount(countries)[countries] ** -0.5, dtype="float64")
    weights /= weights.mean()
    left_out = tuple((blocks, counts) for _, blocks, counts in _list_blocks(rows))
    odds = rows["odds"].to_numpy("float64")
    ways = sorted(way.value for way in WayOfCounting)
    start = np.log([effect.start for effect in effects.EFFECTS] + [START_OWN] * len(ways))
    most = np.log([effect.most for effect in effects.EFFECTS] + [MOST_SPREAD] * len(ways))
    shared = [effects.share_effect(effect, rows, rows) for effect in effects.EFFECTS]
    way_codes = rows["way"].map({way: n for n, way in enumerate(ways)}).to_numpy("int64")
    count = len(odds)

    def evaluate_loss(logs: Array) -> tuple[float, Array]:
        squares, own_squares = np.split(np.exp(2.0 * logs), [len(shared)])
        matrix = np.zeros((count, count))
        for effect, square in zip(shared, squares, strict=True):
            matrix[effect.row, effect.col] += square * effect.data
        matrix.reshape(-1)[:: count + 1] += own_squares[way_codes]
        total, slope = score_ways(matrix, odds, left_out, weights)
        gradient = [
            2.0 * square * float(slope[effect.row, effect.col] @ effect.data)
            for effect, square in zip(shared, squares, strict=True)
        ]
        of_own = np.bincount(way_codes, np.diag(slope), len(ways)) * 2.0 * own_squares
        away = (logs - start) / PRIOR**2
        return -total + 0.5 * float(away @ (logs - start)), -np.append(gradient, of_own) + away

    result = minimize(
        evaluate_loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(np.log(LEAST_SPREAD), end) for end in most],
        options={"maxiter": steps, "maxfun": 2 * steps},
    )
    return dict(zip(effects.NAMES, np.exp(result.x).round(DECIMALS).tolist(), strict=True))


def predict_left_out(rows: pd.DataFrame, fitted_spreads: effects.Spreads) -> pd.DataFrame:
    """Return predictions of each left-out figure, a row per figure and way of leaving out."""
    odds = rows["odds"].to_numpy("float64")
    precision, weighted = distribution.reweight_figures(
        distribution.invert_covariance(effects.compute_covariance(rows, fitted_spreads)),
        odds,
        rows["area_id"] == WORLD,
    )
    predictions = []
    for by, parts, _ in _list_blocks(rows):
        residual, variance = leave_out(precision, weighted, parts)
        predictions.append(
            rows.assign(
                rung=_find_level_left_out(rows, by),
                left_out="+".join(by),
                middle=odds - residual,
                spread=np.sqrt(variance),
            )
        )
    together = pd.concat(predictions, ignore_index=True)
    is_answer = (together["area_id"] != WORLD) & (together["rung"] != "")
    return together[is_answer].reset_index(drop=True)


def _find_level_left_out(rows: pd.DataFrame, by: tuple[str, ...]) -> pd.Series:
    block = rows.groupby(list(by), sort=False).ngroup()
    areas = rows["area_id"].where(rows["area_id"] != WORLD)
    countries = areas.groupby(rows["platform_id"]).transform("nunique")
    inside = areas.groupby([rows["platform_id"], block]).transform("nunique")
    abroad = countries - inside >= figures.LEAST_ABROAD
    levels = pd.Series("", rows.index)
    for rung, people_only, columns in figures.LEVELS:
        counts, keys = figures.speaks_for(rows, rung, people_only), [rows[name] for name in columns]
        all_of = counts.groupby(keys).transform("sum")
        has = all_of > counts.groupby([*keys, block]).transform("sum")
        levels = levels.mask(has & (abroad | (rung not in figures.OF_OTHERS)), rung.value)
    return levels


def fit_factors_by_scale(
    coarse: pd.DataFrame, fine: pd.DataFrame | None = None
) -> list[pd.DataFrame]:
    """Return the factors of the coarse and, if there is one, the fine scale from predictions.

    A run imputes on the scale that the coarse factors choose: these are fitted ROUNDS times.
    """
    of_all = fit_factors(coarse)
    if fine is None:
        return [of_all]

    def fit_all_levels(rows: pd.DataFrame, of_all: pd.DataFrame) -> pd.DataFrame:
        factors = fit_factors(rows)
        is_level = of_all["parameter"] == AudienceLaw.RUNG_FACTOR.value
        missing = of_all[is_level & ~of_all["kind"].isin(factors["kind"])]  # with too few rows
        return pd.concat([factors, missing], ignore_index=True)

    factors = of_all
    for _ in range(ROUNDS):
        factors = fit_all_levels(select_clear(coarse, factors), of_all)
    rest = drop_figures(fine, select_clear(coarse, factors))
    return [factors, fit_all_levels(rest, fit_factors(fine))]


def select_clear(coarse: pd.DataFrame, factors: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions that a run would take from the coarse scale."""
    intervals = distribution.add_intervals(coarse, distribution.read_factors(factors), COARSE)
    return coarse[~distribution.is_too_vague(intervals)].reset_index(drop=True)


def drop_figures(fine: pd.DataFrame, clear: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions of figures that are not among the clear ones, left out in one way."""
    key = ["figure_id", "left_out"]
    is_clear = pd.MultiIndex.from_frame(fine[key]).isin(pd.MultiIndex.from_frame(clear[key]))
    return fine[~is_clear].reset_index(drop=True)


def fit_factors(out: pd.DataFrame) -> pd.DataFrame:
    """Return factors (parameter, kind, value, figures, areas) from predictions of left-out ones."""
    rows = out.assign(off=(out["odds"] - out["middle"]).abs() / out["spread"] / Z95)
    factors = []
    for column, parameter in (
        ("rung", AudienceLaw.RUNG_FACTOR),
        ("platform_id", AudienceLaw.PLATFORM_FACTOR),
        ("region", AudienceLaw.REGION_FACTOR),
    ):
        is_rung = column == "rung"
        fitted = _fit_rung_factors(rows) if is_rung else _fit_group_factors(rows, column, parameter)
        factors.append(fitted)
        rows["off"] /= rows[column].map(fitted.set_index("kind")["value"]).fillna(1.0)
    last = _fit_rung_factors(rows).set_index("kind")["value"]
    factors[0]["value"] *= factors[0]["kind"].map(last)
    return pd.concat(factors, ignore_index=True)


def _fit_rung_factors(rows: pd.DataFrame) -> pd.DataFrame:
    parts = [
        _fit_group_factors(part, "rung", AudienceLaw.RUNG_FACTOR, shrink=0.0)
        for _, part in rows.groupby("left_out", sort=True)
    ]
    tests = pd.concat(parts, ignore_index=True)
    tests = tests.assign(is_large=tests["figures"] >= LEAST_FIGURES)
    ordered = tests.sort_values(["kind", "is_large", "value"]).drop(columns="is_large")
    return ordered.drop_duplicates("kind", keep="last").reset_index(drop=True)


def _fit_group_factors(
    rows: pd.DataFrame, column: str, parameter: AudienceLaw, shrink: float = SHRINK
) -> pd.DataFrame:
    """Return quantiles of errors of groups, in half widths; a service in a country counts once."""
    same = ["rung", "area_id", "platform_id"]
    weight = 1.0 / rows.groupby(same)["off"].transform("size")
    group_factors = []
    for word, part in rows.assign(weight=weight).groupby(column, sort=True):
        countries = part["area_id"].nunique()
        if countries < LEAST_FACTOR_COUNTRIES:
            continue
        raw = measure_half_width(*(part[name].to_numpy("float64") for name in ("off", "weight")))
        value = raw ** (countries / (countries + shrink))
        group_factors.append((parameter.value, str(word), value, len(part), countries))
    return pd.DataFrame(group_factors, columns=["parameter", "kind", "value", "figures", "areas"])


def fit_table(tables: Tables, steps: int = STEPS) -> pd.DataFrame:
    """Return the fact table `audience_laws`; without rows where figures are too few."""
    spreads_by_scale, predictions = [], []
    for scale in (COARSE, FINE):
        rows = read_observations(tables, scale)
        countries = rows["area_id"].nunique()
        is_too_few = len(rows) < LEAST_FIGURES or countries < LEAST_COUNTRIES
        if is_too_few or (scale.has_totals and not (rows["area_id"] == WORLD).any()):
            break
        spreads = fit_spreads(rows, steps)
        predictions.append(predict_left_out(rows, spreads))
        fitted = pd.DataFrame({"kind": list(spreads), "value": list(spreads.values())})
        name = AudienceLaw.EFFECT_SPREAD.value
        spreads_by_scale.append(fitted.assign(parameter=name, figures=len(rows), areas=countries))
    if not predictions:
        return pd.DataFrame(columns=COLUMNS)
    parts = [
        part.assign(kind=scale.prefix + part["kind"])
        for scale, *both in zip(
            (COARSE, FINE), spreads_by_scale, fit_factors_by_scale(*predictions), strict=False
        )
        for part in both
    ]
    table = pd.concat(parts, ignore_index=True)
    basis = ParameterBasis.ESTIMATED.value
    return table.assign(basis=basis, data_sha256=_digest_figures(tables))[COLUMNS]


def is_current(tables: Tables) -> bool:
    """Return True if the parameters were fitted to these figures by this model."""
    current = tables["audience_laws"]
    kinds = current.loc[current["parameter"] == AudienceLaw.EFFECT_SPREAD.value, "kind"]
    is_total = read_observations(tables, FINE)["area_id"] == WORLD
    scales = (COARSE, FINE) if is_total.any() else (COARSE,)
    is_complete = set(kinds) == {scale.prefix + name for scale in scales for name in effects.NAMES}
    return is_complete and set(current["data_sha256"]) == {_digest_figures(tables)}


def _digest_figures(tables: Tables) -> str:
    rows = read_observations(tables, FINE)
    columns = rows[["figure_id", "area_id", "platform_id", "way", "series", "moment", "share"]]
    return digest_frames(columns.round({"share": DECIMALS}))


def leave_out(precision: Array, weighted: Array, parts: Blocks) -> tuple[Array, Array]:
    """Return residual and variance of each figure given other blocks, from Q and Q y."""
    residual, variance = np.empty(len(weighted)), np.empty(len(weighted))
    for part in parts:
        inside = np.linalg.inv(precision[np.ix_(part, part)])
        residual[part], variance[part] = inside @ weighted[part], np.diag(inside)
    return residual, variance


def _score_block(inside: Array, weighted: Array, weights: Array) -> tuple[float, Array, Array]:
    """Return the score of leaving out a block, and its derivatives u and D."""
    r, s = inside @ weighted, np.diag(inside)
    both = DEGREES * s + r**2
    score = weights @ (-(DEGREES + 1.0) / 2.0 * np.log1p(r**2 / (DEGREES * s)) - 0.5 * np.log(s))
    by_residual = -weights * (DEGREES + 1.0) * r / both
    by_variance = weights * (-0.5 / s + (DEGREES + 1.0) / 2.0 * r**2 / (s * both))
    u = inside @ by_residual
    outer = np.outer(u, r)
    return float(score), u, 0.5 * (outer + outer.T) + (inside * by_variance) @ inside


def score_ways(
    covariance: Array, odds: Array, ways: Sequence[tuple[Blocks, float]], weights: Array
) -> tuple[float, Array]:
    """Return the summed scores of `ways` and their gradient W; `covariance` is overwritten."""
    precision = distribution.invert_covariance(covariance)
    weighted = precision @ odds
    middle, u, total = np.zeros_like(precision), np.zeros(len(odds)), 0.0
    for parts, counts in ways:
        scores = 0.0
        for part in parts:
            inside = np.linalg.inv(precision[np.ix_(part, part)])
            score, slope, inner = _score_block(inside, weighted[part], counts * weights[part])
            scores, u[part] = scores + score, u[part] + slope
            middle[part] += inner @ precision[part]
        total += scores
    gradient = precision @ middle
    q = precision @ u
    gradient -= 0.5 * (np.outer(q, weighted) + np.outer(weighted, q))
    return total, gradient
