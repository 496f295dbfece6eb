"""Fit the fact table `overlap_calibration`: the correlation of joint use, from surveys.

Definitions
-----------
Set: two to five platforms of one survey, each used by more than 0.005 of the online base.
Fitted correlation of a survey: the one that minimises the squared error of the union over all its
sets. House: the survey organisation; its surveys share a questionnaire and its effects.

Method
------
Log odds of the fitted correlations are averaged within a house, then over houses with equal weight.
Nothing is drawn at random: the same surveys give the same numbers, rounded to six decimals.

* mean: mean over houses of the house means;
* between: sample variance of the house means;
* within: median, over houses with several surveys, of the sample variance in the house, as the
  online share of a whole house may be poorly known and its variance be that of this share;
* area: analysis of variance by area, after the mean of each year's questionnaire is subtracted,
  inside houses that surveyed areas twice or more, bounded to 0..within;
* region: the part of `between` that surveys of one area by two houses share: one half;
* model: root of mean squared error of the fitted union over mean squared distance between
  independence and the largest audience, in each house, then the root mean square over houses;
* spread_below, spread_above: factors of the spread, chosen on houses left out (docs/method.md).

Assumptions
-----------
Houses are exchangeable and have equal weight, whatever their number of surveys. `region` and the
two factors of the spread are assumed. With fewer than two houses `between`, and with no house of
two surveys `within`, take the value 0.25 (0.5 in log odds). The table marks assumed values.

Known drawbacks
---------------
* `area` is known from one house alone, and `within` from four.
* The factors of the spread were chosen on the available houses, leaving one out at a time.
* The sampling error of a survey is not subtracted: it is part of `within` and of `model`.
* Sets of one survey overlap; the model error is an average over them, not a likelihood.

Citation
--------
Searle, Casella and McCulloch (1992), Variance Components, Wiley (unbalanced one-way analysis).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from audience_impact.fitting.tables import digest_frames
from audience_impact.frames import Array
from audience_impact.overlap.copula import LOGIT_GRID, compute_union
from audience_impact.overlap.model import assume_independence, bound_by_shares
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
    """The sets of platforms of a survey: shares (sets, 5), zero-padded, and the true union."""

    name: str
    house: str
    area: str
    year: str
    shares: Array
    truth: Array


@dataclass(frozen=True)
class FittedSurvey:
    """The correlation (log odds) of one survey, and the sums for its model error."""

    survey: Survey
    log_odds: float
    squared_error: float
    squared_room: float


class Parameter(NamedTuple):
    """A fitted parameter, its basis, and the numbers of surveys and houses behind it."""

    name: OverlapParameter
    value: float
    basis: ParameterBasis
    surveys: int = 0
    houses: int = 0
    survey_id: str = ""


HouseFits = list[FittedSurvey]


def compute_shares_and_truth(
    used: NDArray[np.bool_],
    online: NDArray[np.bool_],
    weight: Array,
    online_share: float | None = None,
) -> tuple[Array, Array]:
    """Return shares and true unions of all sets of 2-5 platforms, over the online base.

    `used` is patterns x platforms; `online_share` replaces the observed share online, and
    raises ValueError where that would leave users outside the base.
    """
    weight = weight / weight.sum()
    observed = float(weight[online | used.any(axis=1)].sum())
    if online_share is not None and online_share < observed - 1e-9:
        raise ValueError(
            f"the online share {online_share} is below {observed:.4f}, the share observed online"
        )
    return _list_sets(used, weight / (observed if online_share is None else online_share))


def _list_sets(used: NDArray[np.bool_], weight: Array) -> tuple[Array, Array]:
    user_shares = np.minimum((weight[:, None] * used).sum(axis=0), 1.0)
    large_enough = np.flatnonzero(user_shares > SMALLEST_SHARE)
    chosen = [c for k in SET_SIZES for c in itertools.combinations(large_enough, k)]
    shares, truth = np.zeros((len(chosen), max(SET_SIZES))), np.zeros(len(chosen))
    for row, members in enumerate(chosen):
        shares[row, : len(members)] = user_shares[list(members)]
        truth[row] = weight[used[:, members].any(axis=1)].sum()
    return shares, np.minimum(truth, 1.0)


def read_surveys(surveys: pd.DataFrame, use_patterns: pd.DataFrame) -> list[Survey]:
    """Return the surveys of the typed `surveys` and `use_patterns`, by name."""
    ordered = use_patterns.sort_values(["survey_id", "platform_ids", "online"])
    patterns = dict(iter(ordered.groupby("survey_id")))
    return [
        _read_survey(row, patterns[row.survey_id])
        for row in surveys.sort_values("survey_id").itertuples()
        if row.survey_id in patterns
    ]


def _read_survey(row: "pd.core.frame.Row", patterns: pd.DataFrame) -> Survey:
    members = [set(cell.split(";")) - {""} for cell in patterns["platform_ids"]]
    used = np.array([[name in some for name in sorted(set().union(*members))] for some in members])
    override = row.online_share_override
    try:
        shares, truth = compute_shares_and_truth(
            used,
            patterns["online"].to_numpy() > 0,
            patterns["weighted_share"].to_numpy(dtype=float),
            None if pd.isna(override) else float(override),
        )
    except ValueError as error:
        raise ValueError(f"{row.survey_id}: {error}") from error
    return Survey(row.survey_id, row.house, row.area_id, row.period[:4], shares, truth)


def fit_survey(survey: Survey) -> FittedSurvey:
    """Return the least-squares correlation of joint use in one survey."""
    # here: it takes a tenth of the time of a check, which needs none of it
    from scipy.optimize import minimize_scalar

    def measure_loss(x: float) -> float:
        return float(np.mean((compute_union(survey.shares, expit(x)) - survey.truth) ** 2))

    ends = (float(LOGIT_GRID[0]), float(LOGIT_GRID[-1]))
    best = minimize_scalar(measure_loss, bounds=ends, method="bounded", options={"xatol": 1e-7})
    room = assume_independence(survey.shares) - bound_by_shares(survey.shares)[0]
    return FittedSurvey(survey, float(best.x), float(best.fun), float(np.mean(room**2)))


def fit_surveys(surveys: Sequence[Survey]) -> list[FittedSurvey]:
    """Return the fits of all surveys that have at least one set of platforms."""
    return [fit_survey(survey) for survey in surveys if len(survey.truth)]


def _list_log_odds(house: HouseFits) -> list[float]:
    return [fitted.log_odds for fitted in house]


def estimate_area_variance(house: HouseFits) -> float:
    """Return the variance between areas in surveys of one house, without the means of years."""
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


def estimate_model_error(house: HouseFits) -> float:
    """Return the root mean square of the error of fitted unions, relative to its range."""
    room = sum(fitted.squared_room for fitted in house)
    missed = sum(fitted.squared_error for fitted in house)
    return float(np.sqrt(missed / room)) if room > 0.0 else 0.0


def _measure_variance(values: Sequence[float]) -> float:
    return float(np.var(values, ddof=1))


def _make_parameter(name: OverlapParameter, value: float, houses: Sequence[HouseFits]) -> Parameter:
    bases = (ParameterBasis.ASSUMED, ParameterBasis.SINGLE_HOUSE, ParameterBasis.ESTIMATED)
    return Parameter(name, value, bases[min(len(houses), 2)], sum(map(len, houses)), len(houses))


def fit_parameters(fits: Sequence[FittedSurvey]) -> list[Parameter]:
    """Combine fitted surveys into the parameters by the method in the docstring of the module.

    Raise ValueError without any survey.
    """
    if not fits:
        raise ValueError("no survey has two platforms with a large enough share")
    by_house: dict[str, HouseFits] = {}
    for fitted in sorted(fits, key=lambda fitted: fitted.survey.name):
        by_house.setdefault(fitted.survey.house, []).append(fitted)
    houses = list(by_house.values())
    means = [float(np.mean(_list_log_odds(house))) for house in houses]
    several = [house for house in houses if len(house) > 1]
    within = [_measure_variance(_list_log_odds(house)) for house in several]
    repeated = [h for h in several if len({fitted.survey.area for fitted in h}) < len(h)]
    areas = [estimate_area_variance(house) for house in repeated]
    errors = [estimate_model_error(house) for house in houses]
    variance = float(np.median(within)) if within else UNKNOWN_VARIANCE
    area = min(float(np.mean(areas)) if areas else 0.0, variance)
    between = _measure_variance(means) if len(houses) > 1 else UNKNOWN_VARIANCE
    model = float(np.sqrt(np.mean(np.square(errors))))
    assumed = ParameterBasis.ASSUMED
    return [
        _make_parameter(OverlapParameter.MEAN, float(np.mean(means)), houses),
        _make_parameter(OverlapParameter.BETWEEN, between, houses if len(houses) > 1 else []),
        _make_parameter(OverlapParameter.WITHIN, variance, several),
        _make_parameter(OverlapParameter.AREA, area, repeated),
        Parameter(OverlapParameter.REGION, REGION_PART, assumed),
        _make_parameter(OverlapParameter.MODEL, model, houses),
        Parameter(OverlapParameter.SPREAD_BELOW, SPREAD_BELOW, assumed),
        Parameter(OverlapParameter.SPREAD_ABOVE, SPREAD_ABOVE, assumed),
    ]


def fit_table(surveys: pd.DataFrame, use_patterns: pd.DataFrame) -> pd.DataFrame:
    """Return the fact table `overlap_calibration`, fitted to these surveys."""
    fits = fit_surveys(read_surveys(surveys, use_patterns))
    estimated = ParameterBasis.ESTIMATED
    parameters = fit_parameters(fits) + [
        Parameter(OverlapParameter.SURVEY, f.log_odds, estimated, 1, 1, f.survey.name) for f in fits
    ]
    sha256 = digest_frames(surveys[SURVEY_COLUMNS], use_patterns[PATTERN_COLUMNS])
    return pd.DataFrame(
        {
            "parameter": parameter.name.value,
            "survey_id": parameter.survey_id,
            "value": round(parameter.value, DECIMALS),
            "basis": parameter.basis.value,
            "surveys": parameter.surveys,
            "houses": parameter.houses,
            "data_sha256": sha256,
            "note": NOTES[parameter.name],
        }
        for parameter in parameters
    )
