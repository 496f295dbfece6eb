"""Fit the fact table `overlap_calibration`: the correlation of joint use, from surveys.

Definitions. Set: two to five platforms of one survey, each used by more than SMALLEST_SHARE of the
online base. Fitted correlation of a survey: the one that minimises the squared error of the union
over all its sets. House: the survey organisation; its surveys share a questionnaire.

Method. Log odds of the fitted correlations are averaged within a house, then over houses with equal
weight. How the parameters make a distribution is in overlap/copula.py.

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

Assumptions. Houses are exchangeable, whatever their number of surveys. `region` and the factors of
the spread are assumed; so are `between` with fewer than two houses, and `within` with no house of
two surveys (UNKNOWN_VARIANCE).

Known drawbacks. `area` is known from one house alone, and `within` from four. The sampling error of
a survey is part of `within` and of `model`. Sets of one survey overlap; the model error is an
average over them, not a likelihood.

Citation. Searle, Casella and McCulloch (1992), Variance Components, Wiley (unbalanced one-way
analysis).
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit

from audience_impact.facts.tables import Tables
from audience_impact.fitting.tables import Fit, Fits, digest_facts, make_fit, make_parameter_table
from audience_impact.frames import Array
from audience_impact.overlap import copula
from audience_impact.vocabulary import OverlapParameter, ParameterBasis

SMALLEST_SHARE = 0.005
SET_SIZES = range(2, 6)
UNKNOWN_VARIANCE = 0.25
REGION_PART = 0.5
SPREAD_BELOW, SPREAD_ABOVE = 2.25, 2.75
READ = {
    "surveys": ["survey_id", "area_id", "period", "house", "online_share_override"],
    "use_patterns": ["survey_id", "platform_ids", "online", "weighted_share"],
}


class Survey(NamedTuple):
    """The sets of platforms of a survey: shares (sets, 5), zero-padded, and the true union."""

    name: str
    house: str
    area: str
    year: str
    shares: Array
    truth: Array


class FittedSurvey(NamedTuple):
    """The correlation of one survey, and the mean squares for its model error."""

    survey: Survey
    log_odds: float
    error: float  # of the fitted unions
    room: float  # between independence and the largest audience


def compute_shares_and_truth(
    name: str,
    used: NDArray[np.bool_],
    online: NDArray[np.bool_],
    weight: Array,
    online_share: float = np.nan,
) -> tuple[Array, Array]:
    """Return shares and true unions of all sets of 2-5 platforms, over the online base.

    `online_share` replaces the observed share online, with a ValueError where it is smaller.
    """
    weight = weight / weight.sum()
    observed = float(weight[online | used.any(axis=1)].sum())
    if online_share < observed - 1e-9:
        raise ValueError(
            f"{name}: the online share {online_share} is below {observed:.4f}, "
            "the share observed online"
        )
    weight = weight / (observed if np.isnan(online_share) else online_share)
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
    about = surveys.set_index("survey_id")
    result = []
    for name, patterns in ordered.groupby("survey_id"):
        members = [set(cell.split(";")) - {""} for cell in patterns["platform_ids"]]
        named = sorted(set().union(*members))
        shares, truth = compute_shares_and_truth(
            str(name),
            np.array([[platform in some for platform in named] for some in members]),
            patterns["online"].to_numpy() > 0,
            patterns["weighted_share"].to_numpy(dtype=float),
            float(about.at[name, "online_share_override"]),
        )
        house, area, period = about.loc[name, ["house", "area_id", "period"]]
        result.append(Survey(str(name), house, area, period[:4], shares, truth))
    return result


def fit_survey(survey: Survey) -> FittedSurvey:
    """Return the least-squares correlation of joint use in one survey."""

    def measure_loss(x: float) -> float:
        return float(np.mean((copula.compute_union(survey.shares, expit(x)) - survey.truth) ** 2))

    ends = (float(copula.LOGIT_GRID[0]), float(copula.LOGIT_GRID[-1]))
    best = minimize_scalar(measure_loss, bounds=ends, method="bounded", options={"xatol": 1e-7})
    room = copula.assume_independence(survey.shares) - copula.bound_by_shares(survey.shares)[0]
    return FittedSurvey(survey, float(best.x), float(best.fun), float(np.mean(room**2)))


def fit_surveys(surveys: Sequence[Survey]) -> list[FittedSurvey]:
    """Return the fits of all surveys that have at least one set of platforms."""
    return [fit_survey(survey) for survey in surveys if len(survey.truth)]


def estimate_area_variance(house: pd.DataFrame) -> float:
    """Return the variance between areas in surveys of one house, without the means of years."""
    x = house["log_odds"] - house.groupby("year")["log_odds"].transform("mean")
    areas = x.groupby(house["area"])
    sizes, total = areas.size().to_numpy(), len(x)
    free = total - len(sizes) - (house["year"].nunique() - 1)
    if len(sizes) < 2 or free < 1:
        return 0.0
    inner = float(((x - areas.transform("mean")) ** 2).sum()) / free
    outer = float(np.sum(sizes * areas.mean().to_numpy() ** 2)) / (len(sizes) - 1)
    typical = (total - float(np.sum(sizes**2)) / total) / (len(sizes) - 1)
    return max(0.0, float((outer - inner) / typical))


def fit_parameters(fits: Sequence[FittedSurvey]) -> Fits:
    """Combine fitted surveys into the parameters; raise ValueError without any survey."""
    if not fits:
        raise ValueError("no survey has two platforms with a large enough share")
    numbers = [(survey.house, survey.area, survey.year, *rest) for survey, *rest in fits]
    rows = pd.DataFrame(numbers, columns=["house", "area", "year", *FittedSurvey._fields[1:]])
    houses = rows.groupby("house")
    means, variances = houses["log_odds"].mean(), houses["log_odds"].var().dropna()
    several = rows[rows["house"].isin(variances.index)]
    is_again = several.duplicated(["house", "area"])
    repeated = several[several["house"].isin(several.loc[is_again, "house"])]
    areas = [estimate_area_variance(house) for _, house in repeated.groupby("house")]
    within = float(variances.median()) if len(variances) else UNKNOWN_VARIANCE
    area = min(float(np.mean(areas)) if areas else 0.0, within)
    between = (float(means.var()), rows) if len(means) > 1 else (UNKNOWN_VARIANCE, rows[:0])
    model = float(np.sqrt((houses["error"].sum() / houses["room"].sum()).mean()))
    return {
        OverlapParameter.MEAN: make_fit(float(means.mean()), rows, "house"),
        OverlapParameter.BETWEEN: make_fit(*between, "house"),
        OverlapParameter.WITHIN: make_fit(within, several, "house"),
        OverlapParameter.AREA: make_fit(area, repeated, "house"),
        OverlapParameter.REGION: Fit(REGION_PART),
        OverlapParameter.MODEL: make_fit(model, rows, "house"),
        OverlapParameter.SPREAD_BELOW: Fit(SPREAD_BELOW),
        OverlapParameter.SPREAD_ABOVE: Fit(SPREAD_ABOVE),
    }


def fit_table(tables: Tables) -> pd.DataFrame:
    """Return the fact table `overlap_calibration`, fitted to typed facts."""
    fits = fit_surveys(read_surveys(tables["surveys"], tables["use_patterns"]))
    digest = digest_facts(tables, READ)
    parameters = fit_parameters(fits)
    table = make_parameter_table(parameters, ("surveys", "houses"), digest, parameters)
    names, odds = [fit.survey.name for fit in fits], [fit.log_odds for fit in fits]
    of_surveys = pd.DataFrame({"survey_id": names, "value": odds}).assign(
        parameter=OverlapParameter.SURVEY.value,
        basis=ParameterBasis.ESTIMATED.value,
        surveys=1,
        houses=1,
        data_sha256=digest,
    )
    columns = ["parameter", "survey_id", "value", "basis", "surveys", "houses", "data_sha256"]
    return pd.concat([table.assign(survey_id=""), of_surveys], ignore_index=True)[columns]
