"""The rules of the facts: of single cells by kind of column, and of several cells of a row.

Facts are checked as text, before any conversion: a failure then contains the cell exactly as the
maintainer sees it, and no conversion can lose or change a value. Each rule returns which cells or
rows pass; `rules.csv` has the meaning of each. Tables of fitted parameters are written by a
command, so that an impossible value there is an error of an edit by hand.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd

from audience_impact import periods
from audience_impact import vocabulary as words
from audience_impact.periods import SANE_YEARS
from audience_impact.plain_text import mark_filled, mark_padded
from audience_impact.rules import register_rule
from audience_impact.vocabulary import RuleStage

NUMBER = re.compile(r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$")
ISO_TIMES: Any = {"format": "ISO8601", "utc": True}
"""Arguments by which pandas reads times with their zone, of any precision."""
ZONED = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})"
DAY = r"^\d{4}-\d{2}-\d{2}$"
LIMIT = 1e12
LAST_NETWORK = 4294967295
"""Number up to which registries assign numbers to networks (RFC 6793, RFC 7300)."""
ONE, SEVERAL = "one", "several"
IDENTIFIER = r"(\*|[A-Za-z0-9][A-Za-z0-9_.:/-]*)"
NOTHING_STATED = re.compile(
    r"(no|none|nothing|copy states no)( licence| license)?( (stated|given|recorded|known))?|"
    r"n/?a|-+|unknown|not (known|given|available|recorded)",
    re.IGNORECASE,
)
"""Words for a missing statement other than the one word of the vocabulary."""

_COUNT = {"number": True, "not_negative": True, "too_large": True}
KINDS: dict[str, dict[str, Any]] = {
    "key": {"identifier": ONE},
    "reference": {"identifier": ONE},
    "references": {"identifier": SEVERAL},
    "code": {},
    "text": {},
    "period": {"date": True, "sane_year": True},
    "parameter": {"number": True},
    "value": _COUNT,
    "persons": {**_COUNT, "whole_number": True},
    "share": {"number": True, "not_negative": True, "share_at_most_one": True},
    "hours": {"number": True, "not_negative": True, "most_a_day": True},
}
"""The rules of each kind of column, with their parameters.

`list_rules` adds the words of a code and the rule of a text. The unit of a `value` is in the column
`unit`, a `parameter` has any sign, and a `period` is a date, a period or an interval.
"""


def list_rules(kind: str, of: str, is_filled: bool) -> dict[str, Any]:
    """Return the rules of a column with their parameters.

    `of` is the vocabulary of a code, by its name, or the rule of a text.
    """
    rules: dict[str, Any] = {"required": True} if is_filled else {}
    rules |= {"white_space": True, **KINDS[kind]}
    if kind == "code":
        rules["word"] = [member.value for member in getattr(words, of)]
    if kind == "text" and of:
        rules[of] = True
    return rules


@lru_cache(maxsize=1 << 18)
def _parse_number(text: str) -> float:
    """Return a plain number, NaN for any other text; several rules parse the same texts."""
    return float(text) if NUMBER.match(text) else math.nan


def _parse_plain_numbers(texts: Any) -> Any:
    numbers = [*map(_parse_number, texts.to_numpy(dtype="object").tolist())]
    return pd.Series(numbers, texts.index, dtype="float64")


def _are_identifiers(texts: Any, identifier: str) -> Any:
    more = f"(;{IDENTIFIER})*" if identifier == SEVERAL else ""
    return texts.str.fullmatch(f"({IDENTIFIER}{more})?")


def _are_lists_of_days(texts: Any) -> Any:
    days = texts[texts.str.strip() != ""].str.split(";").explode()
    is_day = days.str.match(DAY) & periods.parse_periods(days)["start"].notna().to_numpy()
    return is_day.groupby(level=0).all().reindex(texts.index, fill_value=True)


def _are_in_sane_years(texts: Any) -> Any:
    spans = periods.parse_periods(texts)
    last = spans["end"] - periods.ONE_DAY
    return ~((spans["start"].dt.year < SANE_YEARS[0]) | (last.dt.year > SANE_YEARS[1]))


def _are_times_with_zone(texts: Any) -> Any:
    times = pd.to_datetime(texts.where(texts.str.fullmatch(ZONED)), errors="coerce", **ISO_TIMES)
    return _are_blank(texts) | times.notna()


def _are_network_numbers(texts: Any) -> Any:
    is_sound = texts.str.fullmatch(r"[1-9]\d*") & _parse_plain_numbers(texts).lt(LAST_NETWORK)
    return _are_blank(texts) | is_sound


def _is_expression(text: str) -> bool:
    try:
        re.compile(text)
    except (re.error, OverflowError):
        return False
    return True


def _are_blank(texts: Any) -> Any:
    return ~mark_filled(texts)


CELL_RULES: dict[str, Callable[..., Any]] = {
    "white_space": lambda texts: ~mark_padded(texts),
    "required": mark_filled,
    "number": lambda texts: _are_blank(texts) | _parse_plain_numbers(texts).notna(),
    "not_negative": lambda texts: ~(_parse_plain_numbers(texts) < 0),
    "too_large": lambda texts: ~(_parse_plain_numbers(texts) >= LIMIT),
    "share_at_most_one": lambda texts: ~(_parse_plain_numbers(texts) > 1),
    "whole_number": lambda texts: ~(_parse_plain_numbers(texts) % 1 > 0),
    "date": lambda texts: _are_blank(texts) | periods.parse_periods(texts)["start"].notna(),
    "most_a_day": lambda texts: ~(_parse_plain_numbers(texts) > 24),
    "list_of_days": _are_lists_of_days,
    "sane_year": _are_in_sane_years,
    "word": lambda texts, word: _are_blank(texts) | texts.isin(word),
    "identifier": _are_identifiers,
    "web_address": lambda texts: _are_blank(texts) | texts.str.match(r"^https?://\S+$"),
    "time_with_zone": _are_times_with_zone,
    "nothing_stated": lambda texts: ~texts.str.fullmatch(NOTHING_STATED),
    "sha256": lambda texts: _are_blank(texts) | texts.str.fullmatch("[0-9a-f]{64}"),
    "regular_expression": lambda texts: texts.map(_is_expression).astype("bool"),
    "network_number": _are_network_numbers,
}
"""The rules of single cells by id: each returns which texts of a column pass.

The texts pass that are blank, unless they are required; `rules.csv` has the meaning of each rule.
"""
for _rule in CELL_RULES:
    register_rule(_rule, RuleStage.CELLS)

RowCheck = Callable[..., Any]
RULES: dict[str, dict[str, RowCheck]] = {}
"""The rules of the rows of each table, by id."""


def row_rule(
    name: str,
    *columns: str,
    of: Sequence[str] | Mapping[str, Any],
    stage: RuleStage = RuleStage.CELLS,
    rules: dict[str, dict[str, RowCheck]] = RULES,
) -> Callable[[RowCheck], RowCheck]:
    """Declare the decorated function as a rule of some tables, of facts unless stated otherwise.

    A finding points at the first of `columns` that the table has. Where `of` is a mapping, the
    function takes what it has for the table as its second argument.
    """
    register_rule(name, stage, columns=columns)

    def declare(check: RowCheck) -> RowCheck:
        for table in of:
            by_table = partial(check, of=of[table]) if isinstance(of, Mapping) else check
            rules.setdefault(table, {})[name] = by_table
        return check

    return declare


def _parse_numbers(frame: pd.DataFrame, column: str) -> pd.Series:
    return pd.to_numeric(frame[column], errors="coerce")


@row_rule(
    *("low_value_high", "value", "share", "persons"),
    of={
        **dict.fromkeys(("estimates", "overlaps"), ("low", "value", "high")),
        **dict.fromkeys(
            ("feature_use", "circumvention", "use_frequency"), ("low_share", "share", "high_share")
        ),
        "bases": ("low_persons", "persons", "high_persons"),
        "network_use": ("least_share", "least_share", "most_share"),
        "place_parts": ("least_persons", "least_persons", "most_persons"),
    },
)
def _is_in_order(frame: pd.DataFrame, of: tuple[str, str, str]) -> Any:
    low, middle, high = of
    is_stated = mark_filled(frame[middle]) | (mark_filled(frame[low]) & mark_filled(frame[high]))
    ranges = frame[frame[low].ne("") | frame[high].ne("")]
    bottom, centre, top = (_parse_numbers(ranges, name) for name in of)
    turned = ranges.index[(bottom > centre) | (centre > top) | (bottom > top)]
    return is_stated & ~frame.index.isin(turned)


row_rule("share_above_one", "value", of=("estimates", "overlaps"))(
    lambda frame: frame["unit"].ne(words.Unit.SHARE.value) | ~(_parse_numbers(frame, "value") > 1)
)
ACCOUNT_METRICS = [words.AudienceMetric.REGISTERED.value, words.AudienceMetric.INSTALLS.value]


@row_rule("unit_fits_metric", "unit", of=("estimates",))
def _fits_unit_metric(frame: pd.DataFrame) -> Any:
    people = frame["unit"].eq(words.Unit.PERSONS.value)
    accounts = frame["audience_metric"].isin(ACCOUNT_METRICS) & people
    residents = frame["audience_metric"].eq(words.AudienceMetric.POPULATION.value) & ~people
    return ~(accounts | residents)


@row_rule("counts_are_whole", "value", of=("estimates",))
def _is_count_whole(frame: pd.DataFrame) -> Any:
    """Require whole counts: 350.900 has a wrong separator; shares have fractions."""
    fractions = frame[["value", "low", "high"]].apply(
        lambda cells: cells.str.contains(".", regex=False)
    )
    return frame["unit"].eq(words.Unit.SHARE.value) | ~fractions.any(axis=1)


row_rule("urban_above_persons", "urban_persons", of=("bases",))(
    lambda frame: ~(_parse_numbers(frame, "urban_persons") > _parse_numbers(frame, "persons"))
)
row_rule("source_incomplete", "url", of=("sources",))(
    lambda frame: mark_filled(frame["url"]) | mark_filled(frame["title"])
)
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
STUDENT_LAWS = ("feature_laws", "circumvention_laws", "daily_use")
QUANTILE_LAWS = ("figure_errors", "place_laws", "network_laws")
FITTED = (
    *(*STUDENT_LAWS, *QUANTILE_LAWS, "overlap_calibration", "audience_laws"),
    *("chances", "part_sizes", "online_levels", "duration_laws"),
)


row_rule("data_differ", "data_sha256", of=FITTED)(
    lambda frame: frame["data_sha256"].eq(frame["data_sha256"].iloc[0])
)
_parameter_rule = partial(row_rule, "parameter_out_of_range", "value", "mean", "share")
_count_rule = partial(row_rule, "learned_from_nothing", "freedom", "figures", "pairs", "houses")


@_parameter_rule(
    of={
        **{table: {"mean": LOG_ODDS, "spread": ABOVE_ZERO} for table in STUDENT_LAWS},
        "chances": {"share": INNER_SHARE, "weight": COUNT},
        "part_sizes": {
            **dict.fromkeys(("level", "unit_slope", "count_slope"), LOG_ODDS),
            "deviation": ABOVE_ZERO,
        },
        "online_levels": {"mean": LOG_ODDS, "deviation": ABOVE_ZERO},
    }
)
@_count_rule(
    of={
        **{table: {"freedom": COUNT, "areas": COUNT} for table in STUDENT_LAWS},
        **{table: {"figures": COUNT} for table in ("chances", "part_sizes")},
    }
)
def _are_within(frame: pd.DataFrame, of: Mapping[str, Limits]) -> Any:
    """Return whether the numbers of some columns are within limits; blank cells are."""
    inside = [
        numbers.between(*limits) | numbers.isna()
        for name, limits in of.items()
        for numbers in [_parse_numbers(frame, name)]
    ]
    return pd.concat(inside, axis=1).all(axis=1)


@row_rule("quantiles_out_of_order", "value", of=QUANTILE_LAWS)
def _are_quantiles_in_order(frame: pd.DataFrame) -> Any:
    place = frame["kind"].map({kind.value: at for at, kind in enumerate(QUANTILES)})
    rows = frame[["parameter"]].assign(place=place, value=_parse_numbers(frame, "value"))
    rows = rows.dropna().sort_values(["parameter", "place"])
    lower = rows.groupby("parameter")["value"].diff() < 0
    return ~lower.reindex(frame.index, fill_value=False)


@_parameter_rule(of=QUANTILE_LAWS)
def _is_quantile_sane(frame: pd.DataFrame) -> Any:
    """Require quantiles within LOG_ODDS, and counts up to COUNT.

    A single 95 % quantile is half the width of a central interval, and above zero.
    """
    is_count = frame["kind"].eq(words.ErrorQuantile.COUNT.value)
    others = frame["parameter"].map(frame.groupby("parameter").size())
    is_width = others.eq(1) & frame["kind"].eq(words.ErrorQuantile.Q95.value)
    is_sane = _are_within(frame, {"value": LOG_ODDS})
    is_sane = is_sane.mask(is_width, _are_within(frame, {"value": ABOVE_ZERO}))
    return is_sane.mask(is_count, _are_within(frame, {"value": (-MOST_LOG_ODDS, COUNT[1])}))


_KINDS, _DAYS = words.OverlapParameter, words.DurationLaw


@_parameter_rule(
    of={
        "overlap_calibration": {
            **dict.fromkeys((_KINDS.MEAN, _KINDS.SURVEY), LOG_ODDS),
            **dict.fromkeys((_KINDS.BETWEEN, _KINDS.WITHIN, _KINDS.AREA), VARIANCE),
            _KINDS.REGION: (0.0, 1.0),
        },
        "audience_laws": {words.AudienceLaw.EFFECT_SPREAD: VARIANCE},
        "duration_laws": {
            **dict.fromkeys((_DAYS.DAYS_LOG_MEAN, _DAYS.HOURS_LOG_MEAN), LOG_ODDS),
            _DAYS.HOURS_LOG_SD: VARIANCE,
        },
    }
)
def _is_parameter_sane(frame: pd.DataFrame, of: Mapping[str, Limits]) -> Any:
    """Limit parameters by their name; all others lie above zero."""
    is_sane = _are_within(frame, {"value": ABOVE_ZERO})
    for parameter, limits in of.items():
        is_named = frame["parameter"].eq(str(parameter))
        is_sane = is_sane.mask(is_named, _are_within(frame, {"value": limits}))
    return is_sane


@_count_rule(of=("overlap_calibration",))
def _has_surveys_unless_assumed(frame: pd.DataFrame) -> Any:
    is_assumed = frame["basis"].eq(words.ParameterBasis.ASSUMED.value)
    return is_assumed | _are_within(frame, {"surveys": COUNT, "houses": COUNT})


@row_rule(
    *("hours_in_order", "least_hours_a_day"),
    of={"restrictions": ("least_hours_a_day", "most_hours_a_day")},
)
def _have_both_in_order(frame: pd.DataFrame, of: tuple[str, str]) -> Any:
    low, high = (_parse_numbers(frame, name) for name in of)
    return (low.isna() & high.isna()) | (low <= high)


@row_rule("days_outside", "days_in_force", of=("restrictions",))
def _are_days_inside(frame: pd.DataFrame) -> Any:
    """Require days in force between the first and the last day, as far as these are known."""
    day_texts = frame["days_in_force"].str.split(";").explode()
    days = pd.to_datetime(day_texts, format="%Y-%m-%d", errors="coerce").groupby(level=0)
    start = periods.parse_periods(frame["observed_from"])["start"]
    end = periods.parse_periods(frame["ended_on"])["end"]
    return ~(days.min() < start) & ~(days.max() >= end)


@row_rule("end_before_start", "ended_on", of=("restrictions",))
def _is_end_after_start(frame: pd.DataFrame) -> Any:
    is_observed = mark_filled(frame["observed_from"])
    start = frame["observed_from"].where(is_observed, frame["announced_on"])
    ends = periods.parse_periods(frame["ended_on"])["end"]
    return ~(ends <= periods.parse_periods(start)["start"])


row_rule("ongoing_has_end", "ended_on", of=("restrictions",))(
    lambda frame: (
        ~(frame["end_status"].eq(words.EndStatus.ONGOING.value) & mark_filled(frame["ended_on"]))
    )
)
row_rule("start_missing", "observed_from", of=("restrictions",))(
    lambda frame: mark_filled(frame["observed_from"]) | mark_filled(frame["announced_on"])
)
row_rule("part_without_kind", "part_kind", of=("restriction_places",))(
    lambda frame: (
        frame["reading"].eq(words.PlaceReading.WITHIN.value) == mark_filled(frame["part_kind"])
    )
)


@row_rule(
    *("answer_without_group", "is_real", "is_whole", "is_on", "is_distinct"), of=("event_readings",)
)
def _has_groups_of_answers(frame: pd.DataFrame) -> Any:
    groups = ["evidence_group", "extent_group", "end_group", "neighbour_group"]
    answers = ["is_real", "is_whole", "is_on", "is_distinct"]
    blank = [frame[names].eq("").to_numpy() for names in (groups, answers)]
    return pd.Series((blank[0] == blank[1]).all(axis=1), frame.index)


@row_rule("share_of_place_incomplete", "least_share", of=("event_readings",))
def _is_share_of_place_complete(frame: pd.DataFrame) -> Any:
    """Require a place, its day, network and two shares above zero in order, or none of them."""
    names = ["area_id", "start_on", "network_scope", "least_share", "most_share"]
    filled = frame[names].ne("").sum(axis=1)
    least, most = (_parse_numbers(frame, name) for name in names[3:])
    return filled.eq(0) | (filled.eq(len(names)) & least.gt(0.0) & (least <= most))


@row_rule("outage_without_time", "end", of=("evidence",))
def _has_time_or_restriction(frame: pd.DataFrame) -> Any:
    """Require an end after the begin, or neither of them and the restriction that it is of."""
    begin, end = (
        pd.to_datetime(frame[name], errors="coerce", **ISO_TIMES) for name in ("begin", "end")
    )
    is_timeless = (frame[["begin", "end"]] == "").all(axis=1)
    return (end > begin) | (is_timeless & mark_filled(frame["restriction_id"]))


row_rule(
    *("lost_shares_in_order", "least_lost_share"),
    of={"evidence": ("least_lost_share", "most_lost_share")},
)(_have_both_in_order)
