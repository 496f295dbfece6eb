"""Tables of the parameters of fitted distributions, and their common columns.

A command writes these tables, so an impossible value is an error of an edit by hand.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.facts.figures import parse_numbers
from schemas.fields import FactModel

QUANTILES = (words.ErrorQuantile.Q05, words.ErrorQuantile.Q50, words.ErrorQuantile.Q95)
MOST_LOG_ODDS = 20.0
"""Maximum of the absolute log odds of a share, that of one in a thousand million."""
LEAST = float(np.nextafter(0.0, 1.0))
Limits = tuple[float, float]
LOG_ODDS: Limits = (-MOST_LOG_ODDS, MOST_LOG_ODDS)
VARIANCE: Limits = (0.0, MOST_LOG_ODDS)
ABOVE_ZERO: Limits = (LEAST, MOST_LOG_ODDS)
COUNT: Limits = (LEAST, 1e12)
INNER_SHARE: Limits = (LEAST, float(np.nextafter(1.0, 0.0)))

data_differ = fields.row_rule("data_sha256")
quantiles_out_of_order = fields.row_rule("value")
parameter_rule = fields.row_rule("value", "mean", "share", name="parameter_out_of_range")
count_rule = fields.row_rule("freedom", "figures", "pairs", "houses", name="learned_from_nothing")


def are_within(frame: pd.DataFrame, limits: Mapping[str, Limits]) -> pd.Series:
    """Return whether the numbers of some columns are within limits; blank cells are."""
    inside = [
        parse_numbers(frame, name).between(*ends) | parse_numbers(frame, name).isna()
        for name, ends in limits.items()
    ]
    return pd.concat(inside, axis=1).all(axis=1)


def require_parameters(**limits: Limits) -> Any:
    """Return the rule `parameter_out_of_range` with limits for each of some columns."""
    return parameter_rule(lambda cls, frame: are_within(frame, limits))


def require_counts(*columns: str) -> Any:
    """Return the rule `learned_from_nothing`: counts above zero in all of some columns."""
    return count_rule(lambda cls, frame: are_within(frame, dict.fromkeys(columns, COUNT)))


def is_in_order(frame: pd.DataFrame) -> pd.Series:
    """Return whether rows are at least the previous quantile of the same parameter."""
    place = frame["kind"].map({kind.value: at for at, kind in enumerate(QUANTILES)})
    rows = pd.DataFrame(
        {"parameter": frame["parameter"], "place": place, "value": parse_numbers(frame, "value")}
    )
    rows = rows.dropna().sort_values(["parameter", "place"])
    lower = rows.groupby("parameter")["value"].diff() < 0
    return ~lower.reindex(frame.index, fill_value=False)


class Law(FactModel):
    """A distribution fitted to data, with its basis."""

    basis: Series[str] = fields.code_field(words.ParameterBasis)
    data_sha256: Series[str] = fields.text_field(filled=True, sha256=True)
    note: Series[str] = fields.text_field()

    @data_differ
    def data_differ(cls, frame: pd.DataFrame) -> Any:
        """Require that all rows of a table were fitted together to the same data."""
        return frame["data_sha256"].eq(frame["data_sha256"].iloc[0])


class StudentLaw(Law):
    """A share in log odds: Student t of `freedom` degrees around `mean`, times `spread`."""

    mean: Series[str] = fields.parameter_field()
    spread: Series[str] = fields.parameter_field()
    freedom: Series[str] = fields.persons_field(filled=True)
    areas: Series[str] = fields.persons_field(filled=True)

    parameter_out_of_range = require_parameters(mean=LOG_ODDS, spread=ABOVE_ZERO)
    learned_from_nothing = require_counts("freedom", "areas")


class ShareLaw(StudentLaw):
    """A distribution for any country (blank `area_id`), or for a country with own figures."""

    area_id: Series[str] = fields.reference_field("areas", filled=False)
    figures: Series[str] = fields.persons_field(filled=True)


class Quantiles(Law):
    """Quantiles of distributions by parameter; `kind` names the quantile, or a plain number."""

    kind: Series[str] = fields.code_field(words.ErrorQuantile)
    value: Series[str] = fields.parameter_field()

    @quantiles_out_of_order
    def quantiles_out_of_order(cls, frame: pd.DataFrame) -> Any:
        """Require that a higher quantile is not below a lower one."""
        return is_in_order(frame)

    @parameter_rule
    def parameter_out_of_range(cls, frame: pd.DataFrame) -> Any:
        """Require log odds within limits; a single quantile is half a central interval's width."""
        is_count = frame["kind"].eq(words.ErrorQuantile.COUNT.value)
        others = frame["parameter"].map(frame.groupby("parameter").size())
        is_width = others.eq(1) & frame["kind"].eq(words.ErrorQuantile.Q95.value)
        is_odds = are_within(frame, {"value": LOG_ODDS})
        is_odds = is_odds.mask(is_width, are_within(frame, {"value": ABOVE_ZERO}))
        return is_odds.mask(is_count, are_within(frame, {"value": (-MOST_LOG_ODDS, COUNT[1])}))


class QuantileLaw(Quantiles):
    """A quantile of a distribution fitted to figures of some countries; `kind` names it."""

    figures: Series[str] = fields.persons_field(filled=True)
    countries: Series[str] = fields.persons_field(filled=True)


class FeatureLaws(ShareLaw):
    """Distributions of the share of users who use a feature; written only by `learn-shares`.

    One row per feature, or for any feature if `feature` is blank, for any country, and one per
    country with figures of its own. Log odds: Student t of `freedom` degrees around `mean`, times
    `spread`.
    """

    feature: Series[str] = fields.code_field(words.Feature, filled=False)


class CircumventionLaws(ShareLaw):
    """Distributions of the share that keeps access; written only by `learn-shares`.

    One row for any country, in which `area_id` is blank, and one per country with figures of its
    own. Log odds: Student t of `freedom` degrees around `mean`, times `spread`.
    """


class OverlapCalibration(Law):
    """Parameters of joint use, fitted to surveys; written only by `audience-impact calibrate`.

    One row per parameter, and one per survey with its own correlation (in log odds).
    """

    parameter: Series[str] = fields.code_field(words.OverlapParameter)
    survey_id: Series[str] = fields.reference_field("surveys", filled=False)
    value: Series[str] = fields.parameter_field()
    surveys: Series[str] = fields.persons_field(filled=True)
    houses: Series[str] = fields.persons_field(filled=True)

    @parameter_rule
    def parameter_out_of_range(cls, frame: pd.DataFrame) -> Any:
        """Require log odds of a correlation, variances, a part of 1, and factors above zero."""
        kinds = words.OverlapParameter
        limits = {
            **dict.fromkeys((kinds.MEAN, kinds.SURVEY), LOG_ODDS),
            **dict.fromkeys((kinds.BETWEEN, kinds.WITHIN, kinds.AREA), VARIANCE),
            kinds.REGION: (0.0, 1.0),
        }
        is_valid = are_within(frame, {"value": ABOVE_ZERO})
        for parameter, ends in limits.items():
            is_kind = frame["parameter"].eq(parameter.value)
            is_valid = is_valid.mask(is_kind, are_within(frame, {"value": ends}))
        return is_valid

    @count_rule
    def learned_from_nothing(cls, frame: pd.DataFrame) -> Any:
        """Require at least one survey of one organisation for parameters that are not assumed."""
        is_assumed = frame["basis"].eq(words.ParameterBasis.ASSUMED.value)
        return is_assumed | are_within(frame, {"surveys": COUNT, "houses": COUNT})


class DailyUse(StudentLaw):
    """Distributions of the share of users who come on a day; written only by `learn-daily-use`.

    One row per service, or for any service if `platform_id` is blank, and one per area with figures
    of its own. Log odds: Student t of `freedom` degrees around `mean`, times `spread`. For the
    internet `mean` is that where `centre_share` of the people are online; it rises by `slope` for
    each unit of the share online above that.
    """

    platform_id: Series[str] = fields.reference_field("platforms", filled=False)
    area_id: Series[str] = fields.reference_field("areas", filled=False)
    use_frequency_kind: Series[str] = fields.code_field(words.UseFrequencyKind)
    slope: Series[str] = fields.parameter_field(filled=False, optional=True)
    centre_share: Series[str] = fields.share_field(optional=True)


class FigureErrors(Quantiles):
    """Errors of printed figures; written only by `audience-impact learn`.

    `kind` names the quantile; a single `q95` is half of a central 90 % interval. Values are in log
    odds of the share of the people online unless the note states otherwise.
    """

    parameter: Series[str] = fields.code_field(words.FigureError)
    pairs: Series[str] = fields.persons_field(filled=True)
    measurers: Series[str] = fields.persons_field(filled=True)


class PlaceLaws(QuantileLaw):
    """Deviations of places in the share online; written only by `learn-places`.

    `kind` names the quantile; a single `q95` is half of a central 90 % interval, and `count` is a
    plain number. Values are in log odds of the share online unless the note states otherwise.
    """

    parameter: Series[str] = fields.code_field(words.PlaceLaw)


class NetworkLaws(QuantileLaw):
    """Changes of the shares of users of networks; written only by `learn-places`.

    Log odds of the share, or the logarithm of their jump; `kind` is the quantile.
    """

    parameter: Series[str] = fields.code_field(words.NetworkLaw)


class AnswerRungs(FactModel):
    """Validation of each evidence level; written only by `python -m benchmarks.answers`.

    `left_out` says without which facts the level was tested. `units` are answers with figures of
    their own; `inside_share` of them were in the 90 % interval of the level, `ratio` is the median
    ratio of the level's medians to theirs, and `error_points` the mean error in points of the
    people online. `published_count` answers stand on the level. A level that is not open gives no
    estimate.
    """

    rung_family: Series[str] = fields.code_field(words.RungFamily)
    rung: Series[str] = fields.text_field(filled=True)
    left_out: Series[str] = fields.text_field()
    answers: Series[str] = fields.persons_field(filled=True)
    units: Series[str] = fields.persons_field(filled=True)
    inside_share: Series[str] = fields.share_field()
    ratio: Series[str] = fields.parameter_field()
    error_points: Series[str] = fields.text_field()
    published_count: Series[str] = fields.text_field()
    is_open: Series[str] = fields.code_field(words.YesNo)
    note: Series[str] = fields.text_field()


class AudienceLaws(Law):
    """Parameters for audiences that nobody counted; written only by `learn-audiences`.

    `kind` is an effect of the model or `own_` and a way of counting (effect_spread), an evidence
    level (rung_factor), a platform (platform_factor), or a region of the world (region_factor).
    """

    parameter: Series[str] = fields.code_field(words.AudienceLaw)
    kind: Series[str] = fields.text_field(filled=True)
    value: Series[str] = fields.parameter_field()
    figures: Series[str] = fields.persons_field(filled=True)
    areas: Series[str] = fields.persons_field(filled=True)

    @parameter_rule
    def parameter_out_of_range(cls, frame: pd.DataFrame) -> Any:
        """Require spreads and factors above zero."""
        is_spread = frame["parameter"].eq(words.AudienceLaw.EFFECT_SPREAD.value)
        factors = are_within(frame, {"value": ABOVE_ZERO})
        return factors.mask(is_spread, are_within(frame, {"value": VARIANCE}))


class Chances(Law):
    """Chances of the restrictions of a group; written only by `audience-impact learn chances`.

    The chance of a group has a beta distribution of mean `share`; `weight` is the sum of its two
    parameters, in readings, and `figures` the number of readings of the group itself.
    """

    chance: Series[str] = fields.code_field(words.Chance)
    chance_group: Series[str] = fields.code_field(words.ChanceGroup)
    share: Series[str] = fields.share_field()
    weight: Series[str] = fields.parameter_field()
    figures: Series[str] = fields.persons_field(filled=True)

    parameter_out_of_range = require_parameters(share=INNER_SHARE, weight=COUNT)
    learned_from_nothing = require_counts("figures")


class PartSizes(Law):
    """The people in a part of a place by its kind; written by `learn places` alone.

    The log of the people is `level` at a typical unit of 100,000 people, with slopes on the logs of
    the typical unit and of the number of units; `deviation` is the standard deviation around it.
    """

    part_kind: Series[str] = fields.code_field(words.PartKind)
    level: Series[str] = fields.parameter_field()
    unit_slope: Series[str] = fields.parameter_field()
    count_slope: Series[str] = fields.parameter_field()
    deviation: Series[str] = fields.parameter_field()
    figures: Series[str] = fields.persons_field(filled=True)

    parameter_out_of_range = require_parameters(
        level=LOG_ODDS, unit_slope=LOG_ODDS, count_slope=LOG_ODDS, deviation=ABOVE_ZERO
    )
    learned_from_nothing = require_counts("figures")


class OnlineLevels(Law):
    """The share of residents online by country and year; written only by `learn online`.

    `mean` and `deviation` (a standard deviation) are of the level in denominators/online.py,
    `correlation` is with the year before, `common` is the part of the variance that all countries
    share. `note` of the first year lists the counts that a country rests on.
    """

    area_id: Series[str] = fields.reference_field("areas")
    period: Series[str] = fields.day_field(filled=True)
    mean: Series[str] = fields.parameter_field()
    deviation: Series[str] = fields.parameter_field()
    correlation: Series[str] = fields.share_field(filled=True)
    common: Series[str] = fields.share_field(filled=True)

    parameter_out_of_range = require_parameters(mean=LOG_ODDS, deviation=ABOVE_ZERO)
