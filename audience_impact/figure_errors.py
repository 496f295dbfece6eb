"""Errors of the figures of an audience besides those stated by their sources; their distribution.

Definitions. Half widths are halves of central 90 % intervals. A spread is a distribution of three
quantiles (5, 50 and 95 %) in log odds of the share that a figure is of its universe. A figure has a
deviating definition if it comes from a company or if nobody states what it counts.

Method. The fact table `figure_errors` has all sizes. A single figure errs by its rounding (in
persons), by the typical difference between secondary sources (as a share of the figure), by that
between measurers if its definition deviates, and by a conventional error if only one page of low
reliability prints it (both in log odds). Several figures of an audience err by the typical
difference between measurers, divided by the square root of their number. Half widths of independent
errors add up in squares. Growth is proportional to the square root of the months from the middle of
the figure's period to the start, and that of the kind of the service; it has no trend if the
service had no more users in its last figure than in the one before. For the days on which a
national restriction of the whole service was in force in between, the growth of restricted services
is used.

A number may lie within half a unit of what was printed. The unit of the last digit printed follows
from the zeros at the end: 96,000,000 is printed to the million, 97,400,000 to the hundred thousand,
0.44 to the hundredth. A zero at the end was rounded, but for the first two digits of a count, which
are taken as printed (100,000,000 stands for 95 to 105 million), and a share is printed to the
hundredth at least (0.5 is 50 percent).

Draws are taken through the quantiles: x = q50 + (q95 - q50) T / T(0.95) where T > 0, and with
q50 - q05 where T < 0, T Student t of `tail_degrees` (heavy tails) or normal. The share never leaves
0..1, so a service that nearly everyone uses can grow by little, and one that few use by much.

Assumptions. Those of fitting/errors.py. Errors are independent. A count that happens to end in
zeros is taken as rounded.

Known drawbacks. Regular use in a survey is treated as use in a month. A pool of five or more
measurers already contains the errors between them. A count that was computed from rounded numbers
(a share times a population) ends in no zeros. A distribution through three quantiles has a kink of
its density at the median.

Citations. Wallis (2014) as in simulation/sampler.py for two-piece distributions.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri, stdtrit

from audience_impact.facts.tables import SERIES, Tables
from audience_impact.frames import Array, cache_last_frame
from audience_impact.periods import WINDOW_DAYS, in_months, period_middle
from audience_impact.populations import ONLINE, countries_of, parents_of
from audience_impact.rules import ParameterError
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    WORLD,
    AudienceMetric,
    EndStatus,
    Feature,
    FigureError,
    GeoScope,
    ObsStatus,
    PlatformKind,
    Severity,
    Unit,
)

TAIL = 0.95
Z95 = float(ndtri(TAIL))
MOST_SHARE = 0.98
"""Maximum share of a figure in its universe, which is enlarged for larger figures."""


class Spread(NamedTuple):
    """Quantiles of a distribution, in log odds."""

    q05: float
    q50: float
    q95: float

    def scale_by(self, factor: "pd.Series[float]") -> pd.DataFrame:
        """Return `q05`, `q50`, `q95` times the factor of each row."""
        return pd.DataFrame({name: value * factor for name, value in self._asdict().items()})


@dataclass(frozen=True)
class FigureErrors:
    """Errors of figures, as fitted to the facts; numbers are half widths unless they say more."""

    growth: Spread  # of an unrestricted audience in one month
    growth_by_kind: Mapping[str, Spread]  # of some kinds of service, in place of `growth`
    restricted_growth: Spread  # of an audience in one month while its service is restricted
    base_growth: Spread  # of the people online in one month
    measurers: float  # of one measurer's figure, in log odds
    base_measurers: float  # of one measurer's count of the people online, in log odds
    secondary_source: float  # of a figure printed by a secondary source, in logs
    population: float  # of a count of residents, in logs
    low_reliability: float  # of a figure from a source of low reliability, in log odds
    effective_sample: float  # effective number of respondents of a survey that does not report it
    tail_degrees: float  # degrees of freedom of the tails of growth
    children: Spread  # share online of residents below twelve over that of the others


KINDS = {
    PlatformKind.MESSENGER.value: FigureError.GROWTH_MESSENGER,
    PlatformKind.SOCIAL_NETWORK.value: FigureError.GROWTH_SOCIAL_NETWORK,
    PlatformKind.VIDEO.value: FigureError.GROWTH_VIDEO,
}


def read_errors(figure_errors: pd.DataFrame) -> FigureErrors | None:
    """Return the typed errors of figures, None without rows; ParameterError if one is missing."""
    if figure_errors.empty:
        return None
    listed = {k: name for k, name in KINDS.items() if name in set(figure_errors["parameter"])}
    names = [name for name in FigureError if name not in set(KINDS.values()) - {*listed.values()}]
    spreads = [name for name, kind in FigureErrors.__annotations__.items() if kind is Spread]
    spreads += listed.values()
    numbers = read_numbers(figure_errors, "figure_errors", names, spreads)
    by_kind = {kind: numbers.pop(name) for kind, name in listed.items()}
    return FigureErrors(growth_by_kind=by_kind, **numbers)


FITS = {"figure_errors": "errors", "place_laws": "places", "network_laws": "places"}
"""The argument of `audience-impact learn` that fits each table that `read_numbers` reads."""


def read_numbers(
    table: pd.DataFrame, name: str, parameters: Iterable[StrEnum], spreads: Collection[str]
) -> dict[str, Any]:
    """Return each parameter, of `spreads` the Spread; ParameterError where one is missing."""
    numbers: dict[str, Any] = {}
    for parameter, rows in table.groupby("parameter"):
        values = dict(zip(rows["kind"], rows["value"].astype("float64").tolist(), strict=True))
        if parameter in spreads and set(values) == set(Spread._fields):
            numbers[str(parameter)] = Spread(**values)
        elif parameter not in spreads and len(values) == 1:
            (numbers[str(parameter)],) = values.values()
    missing = [word.value for word in parameters if word.value not in numbers]
    if missing:
        command = f"audience-impact learn {FITS[name]}"
        raise ParameterError(f"{name} lacks {', '.join(missing)}; run {command}")
    return {word.value: numbers[word.value] for word in parameters}


def draw_through_quantiles(
    u: Array, q05: Array, q50: Array, q95: Array, degrees: float = np.inf
) -> Array:
    """Return draws with these quantiles; arguments broadcast against `u`, uniforms in (0, 1)."""
    bounded = np.isfinite(degrees)
    t = stdtrit(degrees, u) if bounded else ndtri(u)
    unit = t / (float(stdtrit(degrees, TAIL)) if bounded else Z95)
    return np.asarray(q50 + np.where(unit > 0.0, q95 - q50, q50 - q05) * unit)


def widen_universe(persons: Array, universe: Array) -> Array:
    """Return the universe, a little larger if persons are nearly all of it; NaN is no limit."""
    return np.asarray(np.maximum(universe, persons / MOST_SHARE))


def move_persons(persons: Array, universe: Array, by: Array) -> Array:
    """Return persons after a change in log odds of their share of a universe, in logs if NaN."""
    inside = widen_universe(persons, universe)
    there = inside * expit(_compute_odds(persons, inside) + by)
    return np.asarray(np.where(np.isnan(universe), persons * np.exp(by), there))


def log_odds(persons: Array, universe: Array) -> Array:
    """Return log odds of the share of persons in a universe; logs where it is NaN."""
    odds = _compute_odds(persons, widen_universe(persons, universe))
    return np.asarray(np.where(np.isnan(universe), np.log(persons), odds))


def _compute_odds(persons: Array, inside: Array) -> Array:
    return np.asarray(logit(np.clip(persons / inside, 1e-12, 1.0 - 1e-12)))


DIGITS = 2
"""Leading digits of a count that are assumed to be exact even if they are zeros."""
SHARE_DECIMALS = 6


def half_step(values: "pd.Series[float]", is_share: "pd.Series[bool]") -> "pd.Series[float]":
    """Return half a unit of the last printed digit, in the unit of each value; NaN stays NaN."""
    shares = np.nan_to_num(values.to_numpy("float64"))
    counts = np.round(shares)
    count_step = np.ones(counts.shape)
    for unit in 10.0 ** np.arange(1, 13):
        is_rounded = (counts % unit == 0.0) & (unit * 10.0 ** (DIGITS - 1) <= counts)
        count_step = np.where(is_rounded, unit, count_step)
    share_step = np.full_like(shares, 10.0**-SHARE_DECIMALS)
    for decimals in range(SHARE_DECIMALS, 1, -1):
        unit = 10.0**-decimals
        is_multiple = np.abs(shares / unit - np.round(shares / unit)) < 1e-6
        share_step = np.where(is_multiple, unit, share_step)
    step = np.where(is_share.to_numpy("bool"), share_step, count_step)
    return pd.Series(step / 2.0, values.index).where(values.notna())


PERIOD = ["period_start", "period_end"]
IMPAIRING = [
    *(Severity.SERVICE_IMPAIRED.value, Severity.SERVICE_UNAVAILABLE.value),
    Severity.NETWORK_UNAVAILABLE.value,
]
UNIFORM = 0.9
"""Half width of the central 90 % interval of a uniform error, in half rounding steps."""
TREND = [
    *(AudienceMetric.MONTHLY_REACH.value, AudienceMetric.MAU.value),
    *(AudienceMetric.SURVEY_MONTHLY.value, AudienceMetric.SURVEY_REGULAR.value),
]
"""Metrics of the users of a month, which show whether a service grows."""
GROWTH = ["growth_q05", "growth_q50", "growth_q95"]
COLUMNS = ["rounding_error_persons", "page_error_share", "odds_error", "universe_persons", *GROWTH]
"""Columns of the additional errors of a figure: half widths, and the quantiles of growth in log
odds of the share of `universe_persons`, the people online as they are counted with the figure."""


def error_half_width(table: pd.DataFrame) -> Array:
    """Return half (rows,) of the 90 % interval of the error of a figure, in log odds."""
    mode = table["mode"].to_numpy("float64")
    share = np.minimum(mode / table["universe_persons"].to_numpy("float64"), MOST_SHARE)
    in_logs = np.hypot(
        table["rounding_error_persons"].to_numpy("float64") / np.where(mode > 0.0, mode, np.nan),
        table["page_error_share"].to_numpy("float64"),
    )
    odds = in_logs / (1.0 - np.nan_to_num(share))
    return np.asarray(np.nan_to_num(np.hypot(odds, table["odds_error"].to_numpy("float64"))))


def measure_spread(table: pd.DataFrame, people: "pd.Series[float]") -> tuple[Array, Array, Array]:
    """Return the middle of audiences in log odds of a share of `people`, and both half widths."""
    universe = people.to_numpy("float64")
    low, mode, high = (
        log_odds(table[name].clip(lower=1.0).to_numpy("float64"), universe)
        for name in ("low", "mode", "high")
    )
    least, grown, most = (table[name].fillna(0.0).to_numpy("float64") for name in GROWTH)
    error = error_half_width(table)
    below, above = (
        np.sqrt(stated**2 + growth**2 + error**2)
        for stated, growth in ((mode - low, grown - least), (high - mode, most - grown))
    )
    return mode + grown, below, above


END_FACTOR = 2.5758 / 1.6449
"""Distance of a 99 % end of a normal distribution over that of a 90 % end."""


def find_ends(table: pd.DataFrame) -> list[Array]:
    """Return the 99 % ends (rows,) of audiences in persons; `table` as for `measure_spread`."""
    universe, mode = (table[name].to_numpy("float64") for name in ("universe_persons", "mode"))
    _, below, above = measure_spread(table, table["universe_persons"])
    grown = table["growth_q50"].fillna(0.0).to_numpy("float64")
    return [move_persons(mode, universe, grown + END_FACTOR * width) for width in (-below, above)]


def compute_figure_errors(
    figures: pd.DataFrame, by: list[str], tables: Tables, errors: FigureErrors | None
) -> pd.DataFrame:
    """Return COLUMNS of each audience, indexed by its key `by`.

    `figures` has a row for each chosen figure; `of_persons` is the base of a share, else NaN.
    """
    if errors is None or figures.empty:
        audiences = pd.MultiIndex.from_frame(figures[by].drop_duplicates())
        nothing = pd.DataFrame(0.0, index=audiences, columns=COLUMNS)
        return nothing.assign(universe_persons=np.nan)
    alone = figures["is_doubtful"] & (figures["pages_count"] == 1)
    definition_error = figures["is_other_definition"].to_numpy("bool") * errors.measurers
    is_relayed = (~figures["is_primary_source"]).astype("float64")
    single = figures.assign(
        rounding_error_persons=UNIFORM * figures["rounding_persons"],
        page_error_share=is_relayed * errors.secondary_source,
        odds_error=np.hypot(definition_error, alone.to_numpy("bool") * errors.low_reliability),
    )
    groups = _add_growth(single, tables, errors).groupby(by, sort=True)
    count = groups.size()
    between = np.where(count > 1, errors.measurers, 0.0)
    odds = np.hypot(groups["odds_error"].max(), between) / np.sqrt(count)
    return groups[COLUMNS].mean().assign(odds_error=odds)


def _add_growth(figures: pd.DataFrame, tables: Tables, errors: FigureErrors) -> pd.DataFrame:
    """Add quantiles of growth since each figure, before and under a restriction of the service."""
    rows = figures.assign(area_id=figures["country_id"])
    restrictions = list_restrictions(tables)
    restrictions = restrictions[restrictions["is_use"]]
    days = match_restrictions(rows, restrictions, "period_end", "start")["used_days"]
    restricted = in_months(days)
    apart = rows["start"] - period_middle(rows["period_start"], rows["period_end"])
    free = np.sqrt((in_months(apart.dt.days).abs() - restricted).clip(lower=0.0))
    kind = rows["platform_id"].map(tables["platforms"].set_index("platform_id")["kind"])
    growth = errors.growth.scale_by(free)
    for name, spread in errors.growth_by_kind.items():
        growth = growth.mask(kind == name, spread.scale_by(free))
    trend = growth["q50"].clip(lower=0.0).where(_has_shrunk(rows, tables), 0.0)
    growth = growth.sub(trend, axis=0)
    under = errors.restricted_growth.scale_by(np.sqrt(restricted))
    middle = growth["q50"] + under["q50"]
    below, above = (
        np.hypot(*(part[name] - part["q50"] for part in (growth, under))) for name in ("q05", "q95")
    )
    universe = figures["of_persons"].fillna(find_people_online(rows, tables))
    quantiles = dict(zip(GROWTH, (middle - below, middle, middle + above), strict=True))
    return figures.assign(universe_persons=universe, **quantiles)


def _has_shrunk(rows: pd.DataFrame, tables: Tables) -> "pd.Series[bool]":
    """Return whether the last figure before the start, else that of the world, had fewer users."""
    estimates = tables["estimates"]
    usable = estimates["audience_metric"].isin(TREND) & (estimates["disputed_by"] == "")
    figures = take_period_medians(estimates[usable & estimates["value"].notna()])
    figures["before"] = figures.groupby(SERIES)["value"].shift()
    named = rows[["platform_id", "area_id", "start"]].reset_index(names="place")
    wide = pd.concat([named, named.assign(area_id=WORLD)])
    both = wide.merge(figures.dropna(subset=["before"]), on=["platform_id", "area_id"])
    both = both[both["period_end"] <= both["start"]]
    both = both.assign(is_total=both["area_id"] == WORLD, is_less=both["value"] <= both["before"])
    last = both.sort_values(["is_total", "period_end"], ascending=[True, False], kind="stable")
    return last.groupby("place")["is_less"].first().reindex(rows.index, fill_value=False)


def take_period_medians(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the `value` of each series and period: the median of all pages."""
    return figures.groupby([*SERIES, *PERIOD])["value"].median().reset_index()


def find_people_online(rows: pd.DataFrame, tables: Tables) -> "pd.Series[float]":
    """Return the people online of whom a row is a share: its measurer's, else the nearest count."""
    bases = tables["bases"]
    same_measurer = find_nearest_people(rows, bases, ["population_base", "measurement_series_id"])
    online = find_nearest_people(rows, bases[bases["population_base"] == ONLINE], [])
    is_share = rows["unit"] == Unit.SHARE.value
    return same_measurer.fillna(online).mask(is_share, 1.0)


def find_nearest_people(
    rows: pd.DataFrame, bases: pd.DataFrame, by: list[str]
) -> "pd.Series[float]":
    """Return people in the matching base nearest in time, preferring reported to projected ones."""
    keys = ["area_id", *by]
    right = bases[[*keys, "persons", "obs_status", *PERIOD]].rename(
        columns={"period_start": "base_start", "period_end": "base_end"}
    )
    rows_with_place = rows[[*dict.fromkeys(keys), *PERIOD]].reset_index(names="place")
    joined = rows_with_place.merge(right, on=keys)
    apart = period_middle(joined["period_start"], joined["period_end"]) - period_middle(
        joined["base_start"], joined["base_end"]
    )
    days = apart.dt.days.abs()
    late = days.where(joined["obs_status"] != ObsStatus.FORECAST.value, days + WINDOW_DAYS)
    best = joined.assign(late=late).sort_values(["place", "late", "persons"])
    return best.drop_duplicates("place").set_index("place")["persons"].reindex(rows.index)


@cache_last_frame
def list_restrictions(tables: Tables) -> pd.DataFrame:
    """Return restrictions of whole countries by platform, with `from_day`, `to_day` and `is_use`.

    `to_day` is after the last, NaT for an ongoing one; those never carried out are left out.
    """
    restrictions, parents = tables["restrictions"], parents_of(tables["areas"])
    restrictions = restrictions[
        (restrictions["severity"] != Severity.NONE.value)
        & (restrictions["end_status"] != EndStatus.WITHDRAWN.value)
        & (restrictions["geo_scope"] == GeoScope.NATIONAL.value)
    ]
    over = restrictions["end_status"] == EndStatus.ENDED.value
    countries = restrictions["area_ids"].str.split(";").map(lambda ids: countries_of(ids, parents))
    restrictions = restrictions.assign(
        from_day=restrictions[["announced_on_start", "observed_from_start"]].min(axis=1),
        to_day=restrictions["ended_on_end"].where(over),
        area_id=countries,
    )
    targets = tables["restriction_targets"][["restriction_id", "platform_id", "feature"]]
    joined = restrictions.explode("area_id").merge(targets, on="restriction_id")
    is_whole_service = joined["feature"] == Feature.WHOLE_SERVICE.value
    joined["is_use"] = is_whole_service & joined["severity"].isin(IMPAIRING)
    columns = ["restriction_id", "area_id", "platform_id", "from_day", "to_day"]
    groups = joined.dropna(subset=["from_day"]).groupby(columns, dropna=False)
    return groups["is_use"].any().reset_index()


def match_restrictions(
    rows: pd.DataFrame, restrictions: pd.DataFrame, start: str, end: str
) -> pd.DataFrame:
    """Return whether restrictions affected the service of a row between two days, and how long.

    The days are in the columns `start` and `end` (exclusive) of `rows`. Restrictions of the whole
    network affect every service. `used_days` without the whole service count once.
    """
    wide = restrictions[restrictions["platform_id"] == WHOLE_INTERNET].drop(columns="platform_id")
    places = rows[["area_id", "platform_id", start, end]].reset_index(names="place")
    both = (
        places.merge(restrictions, on=["area_id", "platform_id"]),
        places.merge(wide, on="area_id"),
    )
    joined = pd.concat(both)
    met = joined[(joined["from_day"] < joined[end]) & ~(joined["to_day"] <= joined[start])]
    used = met[met["is_use"].astype(bool)]
    used = used.assign(
        first=used[["from_day", start]].max(axis=1),
        after=used["to_day"].fillna(used[end]).clip(upper=used[end]),
    ).sort_values(["place", "first"], ignore_index=True)
    covered_to = used.groupby("place")["after"].cummax()
    counted_to = covered_to.groupby(used["place"]).shift()
    begin = pd.concat([used["first"], counted_to], axis=1).max(axis=1)
    days = (used["after"] - begin).dt.days.clip(lower=0).astype("float64")
    used_days = days.groupby(used["place"]).sum().reindex(rows.index, fill_value=0.0)
    return pd.DataFrame({"any": rows.index.isin(met["place"]), "used_days": used_days}, rows.index)
