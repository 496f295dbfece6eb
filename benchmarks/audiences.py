"""How well audiences that nobody counted are imputed: `python -m benchmarks.audiences`.

    python -m benchmarks.audiences [--facts DIR] [--format table|json]
    python -m benchmarks.audiences FILE... [--without-country] [--facts DIR] [--format table|json]

Without a file the figures of the facts are foretold, each from the figures of other countries
(countries fall into FOLDS by their place in the alphabet), then from other services of its country,
then from other ways of counting and other years; beside them, on the same folds, the two forms that
are to be beaten: the median of the subregion (of the region where fewer than LEAST figures, then of
the world) by service, way of counting and year, and a hierarchical regression by service, time,
region, country, share of residents online and way of counting. Factors of intervals are learned
from the other folds. Errors are in points of the people online, averaged over countries.

A file is a CSV table `area_id,platform_id,period,share` (share of the people online; further
columns may be there, and come back). Where a column `audience_metric` or `way` says how the figure
was counted, such a figure is foretold; else what a survey finds that asks who uses the service.
Every row comes back, in the order of the files, with `q05_share`, `q50_share`, `q95_share`, `rung`
and, where it cannot be had, the `reason`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from audience_impact import periods
from audience_impact.facts.tables import Tables
from audience_impact.fitting import audiences as learning
from audience_impact.fitting.audiences import leave_out, split_blocks
from audience_impact.frames import Array
from audience_impact.imputation import distribution, evidence_levels
from audience_impact.imputation.effects import describe_rows, number_groups
from audience_impact.imputation.figures import (
    COARSE,
    FINE,
    WAY,
    WORLD,
    Scale,
    harden_odds,
    read_observations,
    soften_odds,
)
from audience_impact.imputation.groups import impute_with_groups
from audience_impact.overlap import one_factor
from audience_impact.populations import is_region
from audience_impact.vocabulary import WayOfCounting
from benchmarks.coverage import table
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
FOLDS = 10
LEAST = 4
KEY = ["area_id", "platform_id", "period"]
ASKED_WAYS = [
    way.value
    for way in (
        WayOfCounting.ASKED,
        WayOfCounting.NAMED,
        WayOfCounting.ASKED_OF_USERS,
        WayOfCounting.WEEKLY,
    )
]
FORMS = ("model", "subregion", "hierarchical")


def folds(rows: pd.DataFrame) -> "np.ndarray":
    """The fold of each figure: that of its country."""
    number = rows["area_id"].rank(method="dense").astype("int64").to_numpy()
    return np.asarray(number % FOLDS)


def median_of_subregion(rows: pd.DataFrame) -> Array:
    """Shares by the median of the subregion, region or world, each from the other folds."""
    by = [[*where, "platform_id", "way", *when] for when in (["year"], []) for where in _PLACES]
    by += [["platform_id"]]
    result, fold = np.full(len(rows), np.nan), rows["fold"].to_numpy()
    for number in range(FOLDS):
        out = np.flatnonzero(fold == number)
        result[out] = _medians(rows[fold != number], rows.iloc[out], by)
    return result


_PLACES: tuple[list[str], ...] = (["subregion"], ["region"], [])


def _medians(known: pd.DataFrame, asked: pd.DataFrame, by: list[list[str]]) -> Array:
    """The first median that LEAST figures stand behind; of the world any number."""
    share = np.full(len(asked), np.nan)
    for columns in by:
        groups = known.groupby(columns)["share"]
        least = LEAST if {"subregion", "region"} & set(columns) else 1
        median = groups.median()[groups.size() >= least].rename("median")
        own = asked[columns].merge(median, left_on=columns, right_index=True, how="left")
        share = np.where(np.isnan(share), own["median"].to_numpy("float64"), share)
    return np.asarray(np.clip(share, 0.0, 1.0))


def hierarchical(rows: pd.DataFrame, left: Sequence[str]) -> Array:
    """Shares by a ridge regression in log odds: the form of TRUTH, with what `left` names left out.

    Spreads of its effects are those that a regression of this kind had: one of a service and way,
    half of one of a region or subregion and service, and of a country.
    """
    spread = {("platform_id",): 1.5, ("way",): 1.0, ("platform_id", "way"): 0.5}
    spread |= {("region", "platform_id"): 0.7, ("subregion", "platform_id"): 0.5, ("area_id",): 0.5}
    numbers = np.column_stack([np.ones(len(rows)), rows["years"] / 4, rows["online_odds"] / 2])
    matrix = numbers @ numbers.T * 4.0
    for by, size in spread.items():
        (own,) = number_groups(by, rows)
        matrix += size**2 * (own[:, None] == own[None, :])
    (service,) = number_groups(["platform_id"], rows)
    years = rows["years"].to_numpy("float64") / 4
    matrix += 0.25 * (service[:, None] == service[None, :]) * np.outer(years, years)
    matrix.flat[:: len(rows) + 1] += 0.5**2
    precision = distribution.invert_covariance(matrix)
    odds = soften_odds(rows["share"])
    parts = split_blocks(number_groups(left, rows)[0])
    return harden_odds(odds - leave_out(precision, precision @ odds, parts).residual)


def foretold(tables: Tables) -> pd.DataFrame:
    """Every figure as foretold when left out, one row a figure and way of leaving out.

    As in a run, what is too vague on the coarse scale is foretold on the fine one.
    """
    laws = _laws(tables)
    rows = describe_rows(read_observations(tables))
    fold = pd.Series(folds(rows), rows["area_id"].to_numpy())
    fold = fold[~fold.index.duplicated()]
    scales = {COARSE: laws} | ({FINE: laws.fine} if laws.fine is not None else {})
    out = _with_intervals([_foretold_on(tables, *scale, fold) for scale in scales.items()])
    same = out["left_out"] == "countries"
    rows = rows.assign(fold=folds(rows))
    median, by_country = median_of_subregion(rows), hierarchical(rows, ["fold"])
    known = hierarchical(rows, ["area_id", "platform_id"])
    forms = rows[["figure_id"]].assign(
        subregion_share=median, hierarchical_share=by_country, known_share=known
    )
    out = out.merge(forms, on="figure_id", how="left")
    out["hierarchical_share"] = out["hierarchical_share"].where(same, out["known_share"])
    return out


def _foretold_on(
    tables: Tables, scale: Scale, laws: distribution.AudienceParameters, fold: pd.Series
) -> pd.DataFrame:
    """Every figure as foretold when left out, on one scale; `fold` is that of each country."""
    rows = describe_rows(read_observations(tables, scale))
    rows = rows.assign(fold=rows["area_id"].map(fold).fillna(-1).astype("int64"))
    others = learning.predict_left_out(rows, laws.spreads)
    parts = [_other_countries(rows, laws), others[others["left_out"] != "area_id"]]
    return pd.concat(parts, ignore_index=True)


def _laws(tables: Tables) -> distribution.AudienceParameters:
    """The laws of the facts.

    Raises:
        ValueError: There are none.
    """
    laws = distribution.read_parameters(tables["audience_laws"])
    if laws is None:
        raise ValueError("audience_laws has no rows; run audience-impact learn audiences")
    return laws


def _other_countries(rows: pd.DataFrame, laws: distribution.AudienceParameters) -> pd.DataFrame:
    """Every figure as the countries of other folds foretell it."""
    result = []
    for number in range(FOLDS):
        out = (rows["fold"] == number) & (rows["area_id"] != WORLD)
        asked, known = (rows[mask].reset_index(drop=True) for mask in (out, ~out))
        people = asked["way"].isin(evidence_levels.PEOPLE)
        unseen = asked.assign(
            series=asked["series"].where(~people, distribution.UNKNOWN), survey=distribution.UNKNOWN
        )
        strange = evidence_levels.is_stranger(asked, known)
        unseen["platform_id"] = unseen["platform_id"].mask(strange, distribution.UNKNOWN)
        middle, spread = distribution.condition_on_figures(
            unseen, distribution.ImputationModel(known, laws), without_country=False
        )
        result.append(
            asked.assign(
                rung=evidence_levels.find_evidence_levels(asked, known),
                left_out="countries",
                middle=middle,
                spread=spread,
            )
        )
    return pd.concat(result, ignore_index=True)


def _with_intervals(scales: list[pd.DataFrame]) -> pd.DataFrame:
    """Shares of the model, and whether its interval, with factors of other folds, holds.

    `scales` has the figures on the coarse scale and, where it was fitted, on the fine one.
    """
    parts = []
    for number in range(FOLDS):
        rest = [out[out["fold"] != number].reset_index(drop=True) for out in scales]
        left_out = [out[out["fold"] == number].reset_index(drop=True) for out in scales]
        if len(scales) == 1:
            factors = [learning.fit_factors(rest[0])]
        else:
            factors = list(learning.fit_factors_by_scale(rest[0], rest[1]))
            left_out[0] = learning.select_clear(left_out[0], factors[0])
            left_out[1] = learning.drop_figures(left_out[1], left_out[0])
        parts += [
            distribution.add_intervals(out, distribution.read_factors(widths, {}), scale)
            for out, widths, scale in zip(left_out, factors, (COARSE, FINE), strict=False)
        ]
    out = pd.concat(parts, ignore_index=True).rename(columns={"q50_share": "model_share"})
    return out.assign(held=(out["odds"] - out["middle"]).abs() <= out["half"])


def summary(out: pd.DataFrame) -> list[dict[str, str | int | float]]:
    """Errors and coverage over all, by way of leaving out, rung, platform, region and way."""
    share = out["share"].clip(upper=1.0)
    rows = out.assign(
        **{f"{form}_points": 100 * (out[f"{form}_share"] - share).abs() for form in FORMS}
    )
    asked = rows[rows["way"].isin(ASKED_WAYS)]
    countries = rows[rows["left_out"] == "countries"]
    parts = [("all", "figures", name, own) for name, own in rows.groupby("left_out", sort=False)]
    parts += [("all", "surveys", name, own) for name, own in asked.groupby("left_out", sort=False)]
    for column in ("rung", "platform_id", "region", "way"):
        of = rows if column == "rung" else countries
        name = "any" if column == "rung" else "countries"
        parts += [(column, str(word), name, own) for word, own in of.groupby(column)]
    return [_counted(*part) for part in parts]


def _counted(by: str, what: str, left: str, rows: pd.DataFrame) -> dict[str, str | int | float]:
    """One row of the summary; errors are averaged over countries."""
    errors = {
        f"{form}_points": round(float(rows.groupby("area_id")[f"{form}_points"].mean().mean()), 1)
        for form in FORMS
    }
    return {
        "by": by,
        "what": what,
        "left_out": left,
        "figures": len(rows),
        "countries": int(rows["area_id"].nunique()),
        **errors,
        "inside_share": round(float(rows["held"].mean()), 3),
    }


def read_rows(paths: Sequence[Path]) -> pd.DataFrame:
    """The rows of the tables, as text, in order.

    Raises:
        ValueError: A file cannot be read as a table of KEY.
    """
    parts = []
    for path in paths:
        try:
            own = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error
        lacking = [name for name in KEY if name not in own.columns]
        if lacking:
            raise ValueError(f"{path}: no column {', '.join(lacking)}; give {','.join(KEY)},share")
        parts.append(own)
    return pd.concat(parts, ignore_index=True).fillna("")


def answered(rows: pd.DataFrame, tables: Tables, without_country: bool) -> pd.DataFrame:
    """The rows with the quantiles of SHARES, `rung` and `reason`.

    Raises:
        ValueError: The facts have no laws.
    """
    laws = _laws(tables)
    clean = pd.DataFrame({name: rows[name].str.strip() for name in KEY})
    span = periods.parse_periods(clean["period"])
    wanted = clean.assign(moment=periods.period_middle(span["start"], span["end"]), way=_way(rows))
    wanted["is_under_block"] = True
    known = distribution.build_model(tables, laws)
    with_groups = impute_with_groups(
        wanted, tables, known, one_factor.read_model(tables), without_country
    )
    result = rows.assign(share=pd.to_numeric(rows.get("share"), errors="coerce"))
    for name in distribution.SHARES:
        result[name] = with_groups[name].reindex(rows.index).astype("float64")
    result["rung"] = with_groups["rung"].reindex(rows.index).fillna("")
    reason = _reasons(wanted, tables)
    return result.assign(reason=reason.where(result["rung"] == "", ""))


def _way(rows: pd.DataFrame) -> pd.Series:
    """How each figure was counted, where a column says so; else asked."""
    known = {way.value: way.value for way in WayOfCounting} | WAY
    result = pd.Series(np.nan, rows.index, dtype="object")
    for column in ("way", "audience_metric", "metric"):
        if column in rows:
            result = result.fillna(rows[column].str.strip().str.lower().map(known))
    return result.fillna(WayOfCounting.ASKED.value).astype("str")


def _reasons(wanted: pd.DataFrame, tables: Tables) -> pd.Series:
    """Why a row cannot be had."""
    areas, services = tables["areas"]["area_id"], tables["platforms"]["platform_id"]
    checks: list[tuple[str, Callable[[], pd.Series]]] = [
        ("the period is no ISO 8601 period: write 2025, 2025-07 or 2025-07-13",
         lambda: wanted["moment"].isna()),
        ("the platform is not in platforms.csv", lambda: ~wanted["platform_id"].isin(services)),
        ("the area is not in areas.csv", lambda: ~wanted["area_id"].isin(areas)),
        ("shares are imputed for countries alone",
         lambda: wanted["area_id"].str.isdigit() | wanted["area_id"].map(is_region)),
        ("no service with users of its own: its members are not known, or it is a network",
         lambda: wanted["platform_id"].isin(_without_users(tables))),
    ]  # fmt: skip
    reason = pd.Series("", wanted.index)
    for words, check in checks:
        reason = reason.mask((reason == "") & check(), words)
    nobody = "nobody counted the people online there, or any service of its kind"
    return reason.where(reason != "", nobody)


def _without_users(tables: Tables) -> pd.Series:
    """Platforms that have no users of their own."""
    platforms = tables["platforms"]
    return platforms.loc[platforms["kind"].isin(["group", "network"]), "platform_id"]


def scored(found: pd.DataFrame) -> list[dict[str, str | int | float]]:
    """Errors and coverage of answered rows that have a share: of all, by rung and platform."""
    known = found[found["share"].notna() & found["q50_share"].notna()]
    rows = known.assign(
        points=100 * (known["q50_share"] - known["share"].clip(upper=1.0)).abs(),
        held=known["share"].between(known["q05_share"], known["q95_share"]),
    )
    parts = [("all", "all", rows)]
    for column in ("rung", "platform_id"):
        parts += [(column, str(word), own) for word, own in rows.groupby(column)]
    return [
        {
            "by": by,
            "what": what,
            "figures": len(own),
            "countries": int(own["area_id"].nunique()),
            "points": round(float(own.groupby("area_id")["points"].mean().mean()), 1),
            "inside_share": round(float(own["held"].mean()), 3),
        }
        for by, what, own in parts
        if len(own)
    ]


def records(found: pd.DataFrame) -> str:
    """The rows as JSON, null for what is not known."""
    plain = found.astype("object").where(found.notna(), None)
    return json.dumps(plain.to_dict("records"), indent=1, ensure_ascii=False, allow_nan=False)


def main(words: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Score audiences that nobody counted.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--without-country", action="store_true")
    parser.add_argument("--facts", type=Path, default=FACTS)
    parser.add_argument("--format", choices=["table", "json"], default="table")
    asked = parser.parse_args(words)
    tables = steps.validate_facts(steps.read_facts([asked.facts])).tables
    try:
        if asked.files:
            result = answered(read_rows(asked.files), tables, asked.without_country)
            told = records(result) if asked.format == "json" else table(scored(result))
        else:
            rows = summary(foretold(tables))
            told = json.dumps(rows, indent=2) if asked.format == "json" else table(rows)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{told}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
