"""The fact table `overlap_calibration`: the correlation of joint use, fitted to surveys.

Definitions
-----------
Set: two to five platforms of one survey, each used by more than 0.005 of the online base.
Fitted correlation of a survey: the one that minimises the squared error of the union over all
its sets.  House: who asked; its surveys share a questionnaire and its effects.

Method
------
Log odds of the fitted correlations are averaged within a house, then over houses with equal
weight.  No draws: the same surveys give the same numbers, rounded to six decimals.

* mean: mean over houses of the house means;
* between: sample variance of the house means;
* within: median, over houses with several surveys, of the sample variance in the house, as the
  online share of a whole house may be poorly known and its variance be that of this share;
* area: analysis of variance by area, after the mean of each year's questionnaire is taken off,
  inside houses that asked areas twice or more, bounded to 0..within;
* region: the part of `between` that surveys of one area by two houses share: one half;
* model: root of mean squared error of the fitted union over mean squared distance between
  independence and the largest audience, in each house, then the root mean square over houses;
* spread_below, spread_above: factors of the spread, chosen on houses left out (docs/method.md).

Assumptions
-----------
Houses are exchangeable and each tells as much as another, whatever its number of surveys.
`region` and the two factors of the spread are assumed.  With fewer than two houses `between`,
and with no house of two surveys `within`, take the value 0.25 (0.5 in log odds).  The table says
what is assumed.

Known drawbacks
---------------
* `area` is known from one house alone, and `within` from four.
* The factors of the spread were chosen on the houses that are there, one left out at a time.
* Sampling error of a survey is not taken off: it is part of `within` and of `model`.
* Sets of one survey overlap; the model error is an average over them, not a likelihood.

Citation
--------
Searle, Casella and McCulloch (1992), Variance Components, Wiley (unbalanced one-way analysis).
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from audience_impact.fitting.tables import digest
from audience_impact.frames import Array
from audience_impact.overlap.copula import LOGIT_GRID, Calibration, union
from audience_impact.overlap.model import frechet, independence
from audience_impact.vocabulary import OverlapParameter, ParameterBasis

SMALLEST_SHARE = 0.005
SET_SIZES = range(2, 6)
UNKNOWN_VARIANCE = 0.25
REGION_PART = 0.5
SPREAD_BELOW, SPREAD_ABOVE = 2.25, 2.75
DECIMALS = 6
SURVEY_COLUMNS = ["survey_id", "area_id", "period", "house", "online_share_override"]
PATTERN_COLUMNS = ["survey_id", "platform_ids", "online", "weighted_share"]

NOTES = {
    OverlapParameter.MEAN: "mean over houses of the log odds of the correlation",
    OverlapParameter.BETWEEN: "variance of the house means",
    OverlapParameter.WITHIN: "variance of surveys in a house, median over houses",
    OverlapParameter.AREA: "part of within that belongs to the area",
    OverlapParameter.REGION: "part of between that surveys of one area by two houses share",
    OverlapParameter.MODEL: "sd of the model error over independence less largest audience",
    OverlapParameter.SPREAD_BELOW: "factor of the spread below the centre",
    OverlapParameter.SPREAD_ABOVE: "factor of the spread above the centre",
    OverlapParameter.SURVEY: "log odds of the correlation that fits this survey best",
}


@dataclass(frozen=True)
class Survey:
    """Sets of platforms of one survey: shares (sets, 5), zero-padded, and the true union."""

    name: str
    house: str
    area: str
    year: str
    shares: Array
    truth: Array


@dataclass(frozen=True)
class Fitted:
    """A survey's own correlation (log odds) and the sums that its model error needs."""

    survey: Survey
    log_odds: float
    squared_error: float
    squared_room: float


@dataclass(frozen=True)
class Parameter:
    """A number learned, what it stands on, and the surveys behind it."""

    name: OverlapParameter
    value: float
    basis: ParameterBasis
    fits: tuple[Fitted, ...]

    @property
    def houses(self) -> int:
        """Houses behind it."""
        return len({fit.survey.house for fit in self.fits})


House = list[Fitted]


def shares_and_truth(
    used: NDArray[np.bool_],
    online: NDArray[np.bool_],
    weight: Array,
    online_share: float | None = None,
) -> tuple[Array, Array]:
    """Shares and true unions of all sets of 2-5 platforms, over the online base.

    `used` is patterns x platforms; `online_share` replaces the observed share online, and
    raises ValueError where that would leave users outside the base.
    """
    weight = weight / weight.sum()
    observed = float(weight[online | used.any(axis=1)].sum())
    if online_share is not None and online_share < observed - 1e-9:
        raise ValueError(f"an online share of {online_share} lies below the {observed:.4f} seen")
    return _sets(used, weight / (observed if online_share is None else online_share))


def _sets(used: NDArray[np.bool_], weight: Array) -> tuple[Array, Array]:
    each = np.minimum((weight[:, None] * used).sum(axis=0), 1.0)
    kept = np.flatnonzero(each > SMALLEST_SHARE)
    chosen = [c for k in SET_SIZES for c in itertools.combinations(kept, k)]
    shares, truth = np.zeros((len(chosen), max(SET_SIZES))), np.zeros(len(chosen))
    for row, members in enumerate(chosen):
        shares[row, : len(members)] = each[list(members)]
        truth[row] = weight[used[:, members].any(axis=1)].sum()
    return shares, np.minimum(truth, 1.0)


def surveys_of(surveys: pd.DataFrame, use_patterns: pd.DataFrame) -> list[Survey]:
    """The surveys of the fact tables `surveys` and `use_patterns` (typed), in order of name."""
    ordered = use_patterns.sort_values(["survey_id", "platform_ids", "online"])
    patterns = dict(iter(ordered.groupby("survey_id")))
    return [
        _survey(row, patterns[row.survey_id])
        for row in surveys.sort_values("survey_id").itertuples()
        if row.survey_id in patterns
    ]


def _survey(row: "pd.core.frame.Row", patterns: pd.DataFrame) -> Survey:
    members = [set(cell.split(";")) - {""} for cell in patterns["platform_ids"]]
    used = np.array([[name in some for name in sorted(set().union(*members))] for some in members])
    override = row.online_share_override
    try:
        shares, truth = shares_and_truth(
            used,
            patterns["online"].to_numpy() > 0,
            patterns["weighted_share"].to_numpy(dtype=float),
            None if pd.isna(override) else float(override),
        )
    except ValueError as error:
        raise ValueError(f"{row.survey_id}: {error}") from error
    return Survey(row.survey_id, row.house, row.area_id, row.period[:4], shares, truth)


def fit(survey: Survey) -> Fitted:
    """Least-squares correlation of one survey."""
    # here: it takes a tenth of the time of a check, which needs none of it
    from scipy.optimize import minimize_scalar

    def loss(x: float) -> float:
        return float(np.mean((union(survey.shares, expit(x)) - survey.truth) ** 2))

    ends = (float(LOGIT_GRID[0]), float(LOGIT_GRID[-1]))
    best = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-7})
    room = independence(survey.shares) - frechet(survey.shares)[0]
    return Fitted(survey, float(best.x), float(best.fun), float(np.mean(room**2)))


def fits_of(surveys: Sequence[Survey]) -> list[Fitted]:
    """Fits of the surveys that have a set at all."""
    return [fit(survey) for survey in surveys if len(survey.truth)]


def _by_house(fits: Sequence[Fitted]) -> list[House]:
    houses: dict[str, House] = {}
    for one in sorted(fits, key=lambda f: f.survey.name):
        houses.setdefault(one.survey.house, []).append(one)
    return list(houses.values())


def _log_odds(house: House) -> list[float]:
    return [fitted.log_odds for fitted in house]


def _variance(values: Sequence[float]) -> float:
    return float(np.var(values, ddof=1))


def area_variance(house: House) -> float:
    """Between-area component of one house, the means of its years taken off (unbalanced)."""
    data = pd.DataFrame([(f.survey.area, f.survey.year, f.log_odds) for f in house])
    x = data[2] - data.groupby(1)[2].transform("mean")
    areas = x.groupby(data[0])
    sizes, total = areas.size().to_numpy(), len(x)
    free = total - len(sizes) - (data[1].nunique() - 1)
    if len(sizes) < 2 or free < 1:
        return 0.0
    inner = float(((x - areas.transform("mean")) ** 2).sum()) / free
    outer = float(np.sum(sizes * areas.mean().to_numpy() ** 2)) / (len(sizes) - 1)
    typical = (total - float(np.sum(sizes**2)) / total) / (len(sizes) - 1)
    return max(0.0, float((outer - inner) / typical))


def model_error(house: House) -> float:
    """Root of the squared error of the fitted unions over the squared room for error."""
    room = sum(fitted.squared_room for fitted in house)
    missed = sum(fitted.squared_error for fitted in house)
    return float(np.sqrt(missed / room)) if room > 0.0 else 0.0


def _over(
    middle: Callable[[Sequence[float]], float],
    houses: Sequence[House],
    number: Callable[[House], float],
    unknown: float,
) -> float:
    return float(middle([number(house) for house in houses])) if houses else unknown


def _root_mean_square(values: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _learned(name: OverlapParameter, value: float, houses: Sequence[House]) -> Parameter:
    known = (ParameterBasis.ASSUMED, ParameterBasis.SINGLE_HOUSE, ParameterBasis.ESTIMATED)
    return Parameter(name, value, known[min(len(houses), 2)], tuple(itertools.chain(*houses)))


def _assumed(name: OverlapParameter, value: float) -> Parameter:
    return Parameter(name, value, ParameterBasis.ASSUMED, ())


def _between(houses: Sequence[House]) -> Parameter:
    means = [float(np.mean(_log_odds(house))) for house in houses]
    several = houses if len(houses) > 1 else []
    value = _variance(means) if several else UNKNOWN_VARIANCE
    return _learned(OverlapParameter.BETWEEN, value, several)


def parameters(fits: Sequence[Fitted]) -> list[Parameter]:
    """Combine fitted surveys into the parameters; the module says how.

    Raises ValueError where there is no survey at all.
    """
    if not fits:
        raise ValueError("no survey with two platforms that are large enough")
    houses = _by_house(fits)
    several = [house for house in houses if len(house) > 1]
    repeated = [h for h in several if len({f.survey.area for f in h}) < len(h)]
    mean = _over(np.mean, houses, lambda h: float(np.mean(_log_odds(h))), 0.0)
    within = _over(np.median, several, lambda h: _variance(_log_odds(h)), UNKNOWN_VARIANCE)
    area = min(_over(np.mean, repeated, area_variance, 0.0), within)
    model = _over(_root_mean_square, houses, model_error, 0.0)
    return [
        _learned(OverlapParameter.MEAN, mean, houses),
        _between(houses),
        _learned(OverlapParameter.WITHIN, within, several),
        _learned(OverlapParameter.AREA, area, repeated),
        _assumed(OverlapParameter.REGION, REGION_PART),
        _learned(OverlapParameter.MODEL, model, houses),
        _assumed(OverlapParameter.SPREAD_BELOW, SPREAD_BELOW),
        _assumed(OverlapParameter.SPREAD_ABOVE, SPREAD_ABOVE),
    ]


def calibrate(fits: Sequence[Fitted]) -> Calibration:
    """The distribution of the correlation that the surveys teach."""
    learned = parameters(fits)
    return Calibration(**{p.name.value: p.value for p in learned}, houses=learned[0].houses)


def table(surveys: pd.DataFrame, use_patterns: pd.DataFrame) -> pd.DataFrame:
    """The fact table `overlap_calibration` that these surveys give."""
    fits = fits_of(surveys_of(surveys, use_patterns))
    own = [
        Parameter(OverlapParameter.SURVEY, f.log_odds, ParameterBasis.ESTIMATED, (f,)) for f in fits
    ]
    sha256 = digest(surveys[SURVEY_COLUMNS], use_patterns[PATTERN_COLUMNS])
    return pd.DataFrame([_row(learned, sha256) for learned in [*parameters(fits), *own]])


def _row(learned: Parameter, sha256: str) -> dict[str, str | int | float]:
    single = learned.name is OverlapParameter.SURVEY
    return {
        "parameter": learned.name.value,
        "survey_id": learned.fits[0].survey.name if single else "",
        "value": round(learned.value, DECIMALS),
        "basis": learned.basis.value,
        "surveys": len(learned.fits),
        "houses": learned.houses,
        "data_sha256": sha256,
        "note": NOTES[learned.name],
    }
