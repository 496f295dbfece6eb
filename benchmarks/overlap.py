"""Scores the overlap model on survey patterns it has not seen: `python -m benchmarks.overlap`.

    python -m benchmarks.overlap FILE... [--calibrate-on FILE...] --format json
    python -m benchmarks.overlap [FILE...] --leave-houses-out [--format table]
    python -m benchmarks.overlap [FILE...] --nested
    python -m benchmarks.overlap [FILE...] --frontier

FILE is a CSV with a column `online` (0/1), one column a platform (0/1), `weighted_share` and
`respondents` (which is not read), one row a pattern. A file that is no such table is named with
what is wrong in it and left out; the others are scored, and the status is 1. Its stem names the
survey; AREA_YEAR_HOUSE names the house, any other stem is a house of its own. Where a survey of
that name in surveys.csv has an `online_share_override`, it is applied, and said on standard
error. Without FILE the surveys of data/facts are scored; without --calibrate-on the committed
calibration is used, which has seen those surveys. --leave-houses-out scores each house with what
all the others teach, and --frontier does so for other factors of the spread as well (it takes
minutes): what the width of the interval buys in the house where it holds the truth least often.
--nested scores each house with what the others teach and with the factors that the others choose:
the narrowest whose interval contains the truth in LEAST of the sets of each of the others.

Scored are the unions of all sets of 2-5 platforms with a share above 0.005 of the online base,
in points of the online population: ours (the median), independence inside the base, the middle
of the Frechet bounds, and adding up; coverage and mean width of the 90 % interval, and that
width over the width of the Frechet bounds. A table has one line a house.
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from audience_impact.fitting import joint_use as calibration
from audience_impact.fitting.joint_use import FittedSurvey, Survey
from audience_impact.frames import Array
from audience_impact.overlap.copula import (
    LOGIT_GRID,
    Calibration,
    add_model_error,
    assume_independence,
    bound_by_shares,
    clip_log_odds,
    compute_union,
)
from audience_impact.overlap.model import OverlapModel, make_lattice, read_calibration
from audience_impact.vocabulary import OverlapParameter

FACTS = Path(__file__).resolve().parent.parent / "data" / "facts"
STEM = re.compile(r"^([A-Z]{2})_(\d{4})_(.+?)\d*$")
OTHER_COLUMNS = ("online", "weighted_share", "respondents")
FORMS = {"surveys": ".0f", "sets": ".0f", "coverage_share": ".3f", "width_over_frechet": ".3f"}
EVERY_HOUSE = "mean over houses"
EVEN = [(1.0, 1.0), (1.5, 1.5), (2.0, 2.0), (2.5, 2.5)]
FRONTIER = [*EVEN, (1.75, 2.25), (2.0, 2.5), (2.25, 2.75), (2.25, 3.0), (2.5, 3.25)]
"""Factors of the spread below and above the centre."""
LEAST = 0.85
"""Coverage that the factors of the spread must reach in each house by which they are chosen."""
ROUNDING = 1e-9
"""A bound that is met exactly counts as covered."""

Row = dict[str, str | int | float]


def fit_calibration(fits: Sequence[FittedSurvey]) -> Calibration:
    """Return the distribution of the correlation that is fitted to the surveys."""
    fitted_parameters = calibration.fit_parameters(fits)
    return Calibration(
        **{name.value: fit.value for name, fit in fitted_parameters.items()},
        houses=fitted_parameters[OverlapParameter.MEAN].groups,
    )


def compute_intervals(
    model: OverlapModel,
    shares: ArrayLike,
    country_id: str = "",
    draws: int = 2048,
    probabilities: Sequence[float] = (0.05, 0.5, 0.95),
) -> Array:
    """Return quantiles (probabilities, sets) of unions of exact shares (sets, platforms)."""
    joint_use = model.joint_use(country_id, make_lattice(draws))
    m = np.asarray(shares, dtype=float)
    core = union_curve(m, joint_use.correlation)
    unions = add_model_error(core, m[:, None, :], joint_use.error)
    return np.asarray(np.quantile(unions, probabilities, axis=1))


def union_curve(shares: ArrayLike, correlations: ArrayLike) -> Array:
    """Return unions of many sets (S, platforms) at many correlations (D,), from a table.

    Unions are interpolated linearly between 213 correlations, evenly spaced in log odds; the
    absolute error is below 2e-5.
    """
    m = np.asarray(shares, dtype=float)
    table = compute_union(m[:, None, :], expit(LOGIT_GRID)[None, :], digits=7.0)
    place = (clip_log_odds(correlations) - LOGIT_GRID[0]) / (LOGIT_GRID[1] - LOGIT_GRID[0])
    lower_index = np.clip(place.astype(np.int64), 0, len(LOGIT_GRID) - 2)
    part = place - lower_index
    return np.asarray(table[:, lower_index] * (1.0 - part) + table[:, lower_index + 1] * part)


def facts(table: str) -> pd.DataFrame:
    """A fact table, its numbers as numbers and its blanks as blanks."""
    frame = pd.read_csv(FACTS / f"{table}.csv", dtype="str", keep_default_na=False)
    numbers = {"online", "weighted_share", "online_share_override", "value", "houses"}
    typed = {name: pd.to_numeric(frame[name]) for name in numbers & set(frame.columns)}
    return frame.assign(**typed)


def identity(stem: str) -> tuple[str, str, str]:
    """House, area and year from a name like KZ_2023_CAB; any other name is its own house."""
    result = STEM.match(stem)
    return (result[3], result[1], result[2]) if result else (stem, stem, "")


def overrides() -> dict[str, float]:
    """Online shares that surveys.csv corrects."""
    known = facts("surveys").dropna(subset="online_share_override")
    return dict(zip(known["survey_id"], known["online_share_override"].astype(float), strict=True))


def read(path: Path, corrected: dict[str, float]) -> Survey:
    """The sets of one pattern table.

    Raises OSError or ValueError where it is none; the message says what is wrong, not in which
    file.
    """
    table = pattern_table(path)
    online_share = corrected.get(path.stem, np.nan)
    if not np.isnan(online_share):
        print(f"{path.stem}: online share {online_share}, of surveys.csv", file=sys.stderr)
    names = sorted(name for name in table.columns if name not in OTHER_COLUMNS)
    shares, truth = calibration.compute_shares_and_truth(
        path.stem,
        table[names].to_numpy() > 0,
        table["online"].to_numpy() > 0,
        table["weighted_share"].to_numpy(),
        online_share,
    )
    return Survey(path.stem, *identity(path.stem), shares, truth)


def pattern_table(path: Path) -> pd.DataFrame:
    """A pattern table as numbers, without the column `respondents`; raises as `read` does."""
    table = pd.read_csv(path)
    lacking = [name for name in ("online", "weighted_share") if name not in table.columns]
    platforms = [name for name in table.columns if name not in OTHER_COLUMNS]
    if lacking or not platforms:
        raise ValueError(f"lacks {' and '.join(f'a column {n}' for n in lacking) or 'platforms'}")
    if not isinstance(table.index, pd.RangeIndex):
        raise ValueError("its rows have more cells than its header")
    names = ["online", "weighted_share", *platforms]
    numbers = table[names].apply(pd.to_numeric, errors="coerce").astype("float64")
    _check(table, numbers)
    used = (numbers[["online", *platforms]] > 0.0).any(axis=1)
    if not numbers.loc[used, "weighted_share"].sum() > 0.0:
        raise ValueError("weighted_share gives nobody online any weight")
    return numbers


def _check(table: pd.DataFrame, numbers: pd.DataFrame) -> None:
    """Raise ValueError, naming line, column and value, where a cell is not what it should be."""
    weights = numbers["weighted_share"]
    good = numbers.isin([0.0, 1.0]).assign(weighted_share=(weights >= 0.0) & (weights < np.inf))
    for name in numbers.columns:
        if not good[name].all():
            row = int(np.flatnonzero(~good[name])[0])
            rule = "no number from 0 up" if name == "weighted_share" else "neither 0 nor 1"
            raise ValueError(f"line {row + 2}, column {name}: {table[name].iloc[row]!r} is {rule}")


def surveys(paths: Sequence[Path]) -> list[Survey]:
    """The surveys of the files that can be read, or those of data/facts where none is given.

    What is wrong with the other files is said on standard error.
    """
    if paths:
        corrected = overrides()
        read_ones = [_read_or_told(path, corrected) for path in paths]
        return [one for one in read_ones if one is not None]
    own = calibration.read_surveys(facts("surveys"), facts("use_patterns"))
    return [one._replace(house=identity(one.name)[0]) for one in own]


def _read_or_told(path: Path, corrected: dict[str, float]) -> Survey | None:
    try:
        return read(path, corrected)
    except OSError as error:
        why = error.strerror or str(error)
    except ValueError as error:  # pandas' errors of parsing and of encoding are such
        why = " ".join(str(error).split())
    print(f"benchmarks.overlap: {path}: {why}", file=sys.stderr)
    return None


def _points(values: Array) -> float:
    return round(float(100.0 * np.mean(values)), 4) if len(values) else 0.0


def score(survey: Survey, learned: Calibration) -> Row:
    """Errors, coverage and widths over the sets of one survey; zeros where it has no set."""
    low, high = bound_by_shares(survey.shares)
    model = OverlapModel(learned)
    q05, q50, q95 = compute_intervals(model, survey.shares) if len(low) else (low, low, low)
    truth = survey.truth
    inside = (truth >= q05 - ROUNDING) & (truth <= q95 + ROUNDING)
    return {
        "survey": survey.name,
        "house": survey.house,
        "sets": len(truth),
        "mae_ours_points": _points(np.abs(q50 - truth)),
        "mae_independence_points": _points(np.abs(assume_independence(survey.shares) - truth)),
        "mae_middle_points": _points(np.abs((low + high) / 2.0 - truth)),
        "mae_added_points": _points(np.abs(survey.shares.sum(axis=1) - truth)),
        "coverage_share": round(float(inside.mean()), 6) if len(inside) else 0.0,
        "width_points": _points(q95 - q05),
        "frechet_width_points": _points(high - low),
        "width_over_frechet": _ratio((q95 - q05).mean(), (high - low).mean()) if len(low) else 0.0,
    }


def _ratio(part: float, whole: float) -> float:
    return round(float(part / whole), 6) if whole > 0.0 else 0.0


def leave_houses_out(
    fits: Sequence[FittedSurvey], factors: tuple[float, float] | None = None
) -> list[Row]:
    """Score each survey with a calibration on all other houses, and other factors if given."""
    houses = sorted({fitted.survey.house for fitted in fits})
    return [row for house in houses for row in _unseen(fits, house, factors)]


def _unseen(
    fits: Sequence[FittedSurvey], house: str, factors: tuple[float, float] | None
) -> list[Row]:
    learned = fit_calibration([f for f in fits if f.survey.house != house])
    if factors is not None:
        learned = replace(learned, spread_below=factors[0], spread_above=factors[1])
    return [score(f.survey, learned) for f in fits if f.survey.house == house]


def choose_factors(fits: Sequence[FittedSurvey]) -> tuple[float, float]:
    """Return the narrowest factors that hold in each of these houses, each left out in turn."""
    least = {}
    for factors in sorted(FRONTIER, key=sum):
        means = house_means(leave_houses_out(fits, factors)).drop(index=EVERY_HOUSE)
        least[factors] = float(means["coverage_share"].min())
        if least[factors] >= LEAST:
            return factors
    return max(least, key=lambda factors: least[factors])


def nest_choice(fits: Sequence[FittedSurvey]) -> list[Row]:
    """Score each survey with a calibration and with factors that its house has no part in."""
    houses = sorted({fitted.survey.house for fitted in fits})
    parts = []
    for house in houses:
        factors = choose_factors([f for f in fits if f.survey.house != house])
        chosen: Row = {"below": factors[0], "above": factors[1]}
        parts += [{**row, **chosen} for row in _unseen(fits, house, factors)]
    return parts


def house_means(rows: Sequence[Row]) -> pd.DataFrame:
    """Means over each house's surveys, and a last row, the mean over houses."""
    grouped = pd.DataFrame(rows).drop(columns="survey").groupby("house")
    means = grouped.mean().astype(float)
    means.insert(0, "surveys", grouped.size().astype(float))
    means.loc[EVERY_HOUSE] = means.mean()
    means.loc[EVERY_HOUSE, "surveys"] = len(rows)
    # of widths that are means themselves: sets whose bounds are narrow do not weigh more
    means["width_over_frechet"] = means["width_points"] / means["frechet_width_points"]
    return means


def by_house(rows: Sequence[Row]) -> str:
    """A Markdown table of the means of each house."""
    means = house_means(rows)
    lines = [f"| {' | '.join(['house', *means.columns])} |", f"|{'---|' * (means.shape[1] + 1)}"]
    for name, row in means.iterrows():
        cells = [f"{row[column]:{FORMS.get(column, '.2f')}}" for column in means.columns]
        lines.append(f"| {' | '.join([str(name), *cells])} |")
    return "\n".join(lines)


def frontier(fits: Sequence[FittedSurvey]) -> str:
    """A Markdown table: width and coverage of houses left out, by the factors of the spread."""
    names = ["below", "above", "width over Frechet", "least coverage", "of", "mean coverage"]
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    for factors in FRONTIER:
        means = house_means(leave_houses_out(fits, factors))
        houses, every = means.drop(index=EVERY_HOUSE)["coverage_share"], means.loc[EVERY_HOUSE]
        cells = [*(f"{factor:.2f}" for factor in factors), f"{every['width_over_frechet']:.3f}"]
        cells += [f"{houses.min():.3f}", str(houses.idxmin()), f"{every['coverage_share']:.3f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Score the overlap model on survey patterns.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--calibrate-on", nargs="+", type=Path, default=[], metavar="FILE")
    parser.add_argument("--leave-houses-out", action="store_true")
    parser.add_argument("--nested", action="store_true", help="factors chosen by the others")
    parser.add_argument("--frontier", action="store_true", help="width against least coverage")
    parser.add_argument("--format", choices=["json", "table"], default="json")
    asked = parser.parse_args(words)
    if (asked.leave_houses_out or asked.frontier or asked.nested) and asked.calibrate_on:
        parser.error(
            "--leave-houses-out, --nested and --frontier calibrate on the other houses; drop "
            "--calibrate-on"
        )
    return asked


def rows(asked: argparse.Namespace, scored: Sequence[Survey], seen: Sequence[Survey]) -> list[Row]:
    """The scores asked for; `seen` are the surveys to calibrate on, if any were named."""
    if asked.nested:
        return nest_choice(calibration.fit_surveys(scored))
    if asked.leave_houses_out:
        return leave_houses_out(calibration.fit_surveys(scored))
    if asked.calibrate_on:
        learned = fit_calibration(calibration.fit_surveys(seen))
    else:
        learned = read_calibration(facts("overlap_calibration"))
    return [score(one, learned) for one in scored]


def main(words: Sequence[str] | None = None) -> int:
    """Command line; 1 where a file is no pattern table or no survey is large enough."""
    asked = _arguments(words)
    scored = surveys(asked.files)
    seen = surveys(asked.calibrate_on) if asked.calibrate_on else []
    whole = len(seen) == len(asked.calibrate_on) and len(scored) >= len(asked.files)
    try:
        print(format_scores(asked, scored, seen))
    except ValueError as error:
        print(f"benchmarks.overlap: {error}", file=sys.stderr)
        return 1
    return 0 if whole else 1


def format_scores(
    asked: argparse.Namespace, scored: Sequence[Survey], seen: Sequence[Survey]
) -> str:
    """What is printed."""
    if asked.frontier:
        return frontier(calibration.fit_surveys(scored))
    result = rows(asked, scored, seen)
    if asked.format == "json":
        return json.dumps(result, indent=1)
    return by_house(result) if result else "no survey to score"


if __name__ == "__main__":
    sys.exit(main())
