"""What the figures of the facts teach of audiences that nobody counted: the table `audience_laws`.

Definitions. Those of figures.py and effects.py. A factor widens (or narrows) the interval that the
model gives; the rungs are those of rungs.py.

Method. The spreads of the effects are those with which figures that are left out are foretold best
(leaving_out.py): all figures of a country; those of a service in a country; those of a service
that were counted in one way; those of one year. A normal prior of PRIOR on the log of each spread,
around where it begins, holds what the figures say nothing of. L-BFGS-B, at most STEPS steps, from
the starts of EFFECTS: the same facts give the same numbers, to the decimals written. Then the
figures are left out as each rung has it, and a factor is what makes nine tenths of them lie inside
the interval: by rung; then by platform and by region of the world, drawn towards one by countries /
(countries + SHRINK). Figures of one country, service and way weigh together as one.

Assumptions. A country that is not counted is like those that are. Figures of one country are left
out together, so that none of them speaks for another.

Known drawbacks. Spreads are learned from the figures that the factors are then learned from; there
are some forty spreads and some two thousand figures in two hundred countries. The benchmark tells
what that costs (docs/method.md).

Citation. V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World (2005), for
intervals scaled on what was left out; R. H. Byrd, P. Lu, J. Nocedal, C. Zhu (1995) for L-BFGS-B.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.fitting.leaving_out import (
    Blocks,
    blocks,
    left_out,
    score,
)
from audience_impact.fitting.tables import INSIDE, digest, quantiles
from audience_impact.frames import Array
from audience_impact.imputation.distribution import Z90, inverse, trusting
from audience_impact.imputation.effects import (
    EFFECTS,
    OWN,
    Shared,
    Spreads,
    among,
    codes,
    covariance,
    described,
)
from audience_impact.imputation.figures import observations
from audience_impact.imputation.rungs import LEAST_ABROAD, LEVELS, PEOPLE, rung_needs_abroad
from audience_impact.vocabulary import AudienceLaw, ParameterBasis, WayOfCounting

LEAVING = (
    (("area_id",), 1.0),
    (("area_id", "platform_id"), 0.7),
    (("area_id", "platform_id", "way"), 0.7),
    (("area_id", "platform_id", "year"), 0.5),
)
"""What is left out together when it is learned how well figures are foretold, and its weight."""
READ = ("estimates", "surveys", "use_patterns", "bases", "areas", "platforms", "lineages")
"""Tables that are learned from."""
LEAST_FIGURES, LEAST_COUNTRIES = 30, 8
"""Fewer figures or countries teach nothing."""
PRIOR, LEAST_SPREAD, MOST_SPREAD = 2.0, 0.01, 3.0
STEPS = 15
START_OWN = 0.13
SHRINK = 10.0
LEAST_FACTOR_COUNTRIES = 5
DECIMALS = 4
COLUMNS = ["parameter", "kind", "value", "basis", "figures", "areas", "data_sha256", "note"]


@dataclass(frozen=True)
class Figures:
    """Figures to learn from, and the ways of leaving them out."""

    rows: pd.DataFrame
    odds: Array
    weights: Array
    ways: tuple[tuple[Blocks, float], ...]


def figures(rows: pd.DataFrame) -> Figures:
    """Figures (as `described` gives them) with their weights and blocks."""
    (countries,) = codes(["area_id"], rows)
    weights = np.bincount(countries)[countries] ** -0.5
    ways = tuple((blocks(codes(by, rows)[0]), counts) for by, counts in LEAVING)
    return Figures(rows, rows["odds"].to_numpy("float64"), weights / weights.mean(), ways)


def spreads(known: Figures, steps: int = STEPS) -> dict[str, float]:
    """Spreads of the effects and of the ways of counting, by name."""
    # here: it takes a while, and a run needs none of it
    from scipy.optimize import minimize

    ways = sorted(way.value for way in WayOfCounting)
    names = [effect.name for effect in EFFECTS] + [OWN + way for way in ways]
    start = np.log([effect.start for effect in EFFECTS] + [START_OWN] * len(ways))
    shared = [among(effect, known.rows) for effect in EFFECTS]
    own = known.rows["way"].map({way: n for n, way in enumerate(ways)}).to_numpy("int64")

    def loss(logs: Array) -> tuple[float, Array]:
        return _loss(logs, start, known, shared, own)

    most = np.log([effect.most for effect in EFFECTS] + [MOST_SPREAD] * len(ways))
    ends = [(np.log(LEAST_SPREAD), end) for end in most]
    options = {"maxiter": steps, "maxfun": 2 * steps}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=ends, options=options)
    return dict(zip(names, np.exp(found.x).round(DECIMALS).tolist(), strict=True))


def _loss(
    logs: Array, start: Array, known: Figures, shared: list[Shared], own: "np.ndarray"
) -> tuple[float, Array]:
    """What is minimised, and its gradient by the logs of the spreads."""
    squares = np.exp(2.0 * logs)
    count, effects = len(known.odds), len(shared)
    matrix = np.zeros((count, count))
    flat = matrix.reshape(-1)
    for one, square in zip(shared, squares[:effects], strict=True):
        if one.flat is None:
            matrix += square * one.share
        else:
            flat[one.flat] += square * one.share
    flat[:: count + 1] += squares[effects:][own]
    total, slope = score(matrix, known.odds, known.ways, known.weights)
    by = slope.reshape(-1)
    gradient = [
        2.0 * q * float((slope * one.share).sum() if one.flat is None else by[one.flat] @ one.share)
        for one, q in zip(shared, squares[:effects], strict=True)
    ]
    ways = len(logs) - effects
    of_own = np.bincount(own, np.diag(slope), ways) * 2.0 * squares[effects:]
    away = (logs - start) / PRIOR**2
    return -total + 0.5 * float(away @ (logs - start)), -np.append(gradient, of_own) + away


def foretold(rows: pd.DataFrame, known: Spreads) -> pd.DataFrame:
    """Every figure as each rung foretells it, left out: `rung`, `odds`, `middle`, `spread`, ...

    One row a figure and rung; `rows` as `described` gives them.
    """
    odds = rows["odds"].to_numpy("float64")
    precision, weighted = trusting(inverse(covariance(rows, known)), odds)
    found = []
    for by, _ in LEAVING:
        parts = blocks(codes(by, rows)[0])
        out = left_out(precision, weighted, parts)
        found.append(
            rows.assign(
                rung=_rung_left_out(rows, by),
                left_out="+".join(by),
                middle=odds - out.residual,
                spread=np.sqrt(out.variance),
            )
        )
    return pd.concat(found, ignore_index=True)


def _rung_left_out(rows: pd.DataFrame, by: tuple[str, ...]) -> pd.Series:
    """Return the rung of each figure when those of its group (`by`) are left out."""
    block = rows.groupby(list(by), sort=False).ngroup()
    people = rows["way"].isin(PEOPLE)
    every = pd.Series(True, rows.index)
    countries = rows.groupby("platform_id")["area_id"].transform("nunique")
    abroad = countries - 1 >= LEAST_ABROAD
    found = pd.Series("", rows.index)
    for rung, asked, columns in LEVELS:
        has = _others(rows, people if asked else every, columns, block)
        found = found.mask(has & (abroad | (not rung_needs_abroad(rung))), rung.value)
    return found


def _others(rows: pd.DataFrame, counts: pd.Series, by: list[str], block: pd.Series) -> pd.Series:
    """Return which figures agree in these columns with one outside their block."""
    all_of = counts.groupby([rows[name] for name in by]).transform("sum")
    own = counts.groupby([*(rows[name] for name in by), block]).transform("sum")
    return all_of > own


def factors(out: pd.DataFrame) -> pd.DataFrame:
    """Factors (parameter, kind, value, figures, areas) from figures that were left out."""
    rows = out.assign(off=(out["odds"] - out["middle"]).abs() / out["spread"] / Z90)
    by_rung = _factors(rows, "rung", AudienceLaw.RUNG_FACTOR, shrink=0.0)
    rows["off"] /= _of(rows["rung"], by_rung)
    by_platform = _factors(rows, "platform_id", AudienceLaw.PLATFORM_FACTOR)
    rows["off"] /= _of(rows["platform_id"], by_platform)
    by_region = _factors(rows, "region", AudienceLaw.REGION_FACTOR)
    rows["off"] /= _of(rows["region"], by_region)
    last = _factors(rows, "rung", AudienceLaw.RUNG_FACTOR, shrink=0.0).set_index("kind")["value"]
    by_rung["value"] *= by_rung["kind"].map(last)
    return pd.concat([by_rung, by_platform, by_region], ignore_index=True)


def _of(words: pd.Series, table: pd.DataFrame) -> pd.Series:
    """The factor of each word, one where it has none."""
    return words.map(table.set_index("kind")["value"]).fillna(1.0)


def _factors(
    rows: pd.DataFrame, column: str, parameter: AudienceLaw, shrink: float = SHRINK
) -> pd.DataFrame:
    """The factor of each group: the quantile of what figures are off by, in half widths."""
    same = ["rung", "area_id", "platform_id", "way"]
    weight = 1.0 / rows.groupby(same)["off"].transform("size")
    found = []
    for word, part in rows.assign(weight=weight).groupby(column, sort=True):
        countries = part["area_id"].nunique()
        if countries < LEAST_FACTOR_COUNTRIES:
            continue
        values, masses = part["off"].to_numpy("float64"), part["weight"].to_numpy("float64")
        raw = float(quantiles(values, masses, (INSIDE,))[0])
        value = raw ** (countries / (countries + shrink))
        found.append((parameter.value, str(word), value, len(part), countries))
    return pd.DataFrame(found, columns=["parameter", "kind", "value", "figures", "areas"])


def table(tables: Tables, steps: int = STEPS) -> pd.DataFrame:
    """The fact table `audience_laws` that these facts give; without rows where they are too few."""
    rows = described(observations(tables))
    countries = rows["area_id"].nunique()
    if len(rows) < LEAST_FIGURES or countries < LEAST_COUNTRIES:
        return pd.DataFrame(columns=COLUMNS)
    known = spreads(figures(rows), steps)
    effects = pd.DataFrame(
        {
            "parameter": AudienceLaw.EFFECT_SPREAD.value,
            "kind": list(known),
            "value": list(known.values()),
            "figures": len(rows),
            "areas": countries,
            "note": "softened log odds of the share of people online",
        }
    )
    widths = factors(foretold(rows, known)).assign(note="times the half width of the interval")
    frame = pd.concat([effects, widths], ignore_index=True)
    return frame.assign(
        value=frame["value"].round(DECIMALS),
        basis=ParameterBasis.ESTIMATED.value,
        data_sha256=_digest(rows),
    )[COLUMNS]


def is_current(tables: Tables) -> bool:
    """Whether the laws among the facts were learned from these figures, by this model."""
    known = tables["audience_laws"]
    effects = known[known["parameter"] == AudienceLaw.EFFECT_SPREAD.value]["kind"]
    wanted = {effect.name for effect in EFFECTS} | {OWN + way.value for way in WayOfCounting}
    rows = described(observations(tables))
    return set(effects) == wanted and set(known["data_sha256"]) == {_digest(rows)}


def _digest(rows: pd.DataFrame) -> str:
    """Return the digest of the figures that are fitted to."""
    said = rows[["figure_id", "area_id", "platform_id", "way", "series", "moment", "share"]]
    return digest(said.round({"share": DECIMALS}))
