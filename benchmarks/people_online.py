"""How well the people online are known: shares of a file, and counts that were left out.

    python -m benchmarks.people_online FILE [--facts DIR] [--format json|table]
    python -m benchmarks.people_online [--facts DIR] [--format json|table]
    python -m benchmarks.people_online --picture FILE [--facts DIR]

FILE is a table (CSV) with `area_id`, `period` and `share`, the share of all residents online. Each
row comes back in its order, with its further columns and `q05_share`, `q50_share` and `q95_share`
from the facts; a row of an area without levels has none. A table is printed as CSV; how many of the
shares lie inside goes to the standard error.

Without a file, counts are left out: of a tenth of the countries at a time all counts after a year
(`next`: what the lineage prints next, given its own counts; `later`: the share of all residents
against the count), of LATEST_COUNTRIES countries at a time all counts from LATEST_YEAR (`latest`,
as a table that is kept aside would test them), and each lineage whole (`lineage`). Parameters are
those fitted to all counts. Of a country and distance one count, drawn by its name, is tested, so
that trials are independent; the 95 % interval is that of Clopper and Pearson (1934).

`--picture` draws the counts that were fitted to, and median and 90 % interval of the share of all
residents, for the countries of PICTURED over PICTURED_YEARS. FILE ends in .svg or .png. Counts of
adults alone are hollow: they are shares of other people than the line.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import altair
import numpy as np
import pandas as pd
import vl_convert

from audience_impact.denominators.online import (
    OnlineLevels,
    compute_levels,
    compute_moments,
    compute_shares,
    weigh_years,
)
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Z95
from audience_impact.fitting import people_online as fitting
from audience_impact.fitting.people_online import OnlineModel, list_counts
from audience_impact.periods import parse_periods, period_middle
from audience_impact.simulation.sampler import draw_uniforms
from benchmarks.coverage import table
from benchmarks.errors import Row, counted
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
FOLDS, LONGEST_YEARS = 10, 3
LAST_YEARS = range(2018, 2024)
LATEST_YEAR, LATEST_COUNTRIES, LATEST_ROUNDS = 2024, 60, 4
LEAST_COUNTS = 20
"""Minimum number of counts for a row of the result."""
PICTURED = ("IN", "IQ", "IR", "RU", "MM")
PICTURED_YEARS = (2015, 2026)
STEPS_A_YEAR = 4
FONT = "Arial, 'Liberation Sans', sans-serif"


def answer_rows(rows: pd.DataFrame, levels: OnlineLevels) -> pd.DataFrame:
    """Return the rows with the quantiles of the share online in the middle of their period."""
    periods = parse_periods(rows["period"].astype("str"))
    moments = compute_moments(period_middle(periods["start"], periods["end"]))
    return rows.join(levels.compute_quantiles(rows["area_id"], moments).round(6))


def summarise_answers(answered: pd.DataFrame) -> str:
    """Return in a sentence how many shares lie inside, and how wide the intervals are."""
    share = pd.to_numeric(answered["share"], errors="coerce")
    inside = share.between(answered["q05_share"], answered["q95_share"])
    width = (answered["q95_share"] - answered["q05_share"]).mean()
    return f"{inside.sum()} of {len(answered)} inside; mean width {100.0 * width:.1f} points"


def predict_counts(model: OnlineModel, rows: pd.DataFrame, is_printed: bool) -> pd.DataFrame:
    """Return `level`, `mean` and `deviation` of counts that were left out, indexed as `rows`.

    If `is_printed`, what the lineage of the count would print, else the level of all residents.
    """
    numbers = {name: at for at, name in enumerate(model.counts.series)}
    lineage = rows["measurement_series_id"].map(numbers).fillna(fitting.NEW).to_numpy("int64")
    if not is_printed:
        lineage = np.full(len(rows), fitting.LEVEL)
    is_all_ages = rows["is_all_ages"].to_numpy("bool")
    subregion = model.subregions.get_indexer(rows["subregion"])
    mean, covariance, _ = model.predict(rows["area_id"], subregion, lineage, is_all_ages)
    weights = weigh_years(rows["moment"].to_numpy("float64"))
    _, noise = fitting.find_errors(model.values, lineage, is_all_ages)
    at = model.counts.areas.get_indexer(rows["area_id"])
    scale = np.where(at >= 0, model.scales[at], 1.0)
    variance = np.einsum("ay,ayz,az->a", weights, covariance, weights)
    share = rows["share"] * model.adult_factor(rows["older_share"].to_numpy("float64"))
    return pd.DataFrame(
        {
            "level": compute_levels(share.to_numpy("float64")),
            "mean": (weights * mean).sum(axis=1),
            "deviation": model.widen(at) * np.sqrt(variance + scale * noise**2),
        },
        index=rows.index,
    )


def leave_out_years(counts: pd.DataFrame, parameters: np.ndarray) -> Iterator[pd.DataFrame]:
    """Yield counts after a last year, as predicted without them, by part of the countries."""
    subregions = pd.Index(sorted(set(counts["subregion"])))
    part = counts["area_id"].rank(method="dense").astype("int64") % FOLDS
    for last_year in LAST_YEARS:
        later = counts["moment"] - last_year - 1.0
        for number in range(FOLDS):
            is_out = part.eq(number) & later.gt(0.0)
            hidden = counts[is_out & later.le(LONGEST_YEARS)]
            if hidden.empty:
                continue
            model = OnlineModel.from_rows(counts[~is_out], subregions, parameters).fit_scales()
            for is_printed in (True, False):
                yield hidden.join(predict_counts(model, hidden, is_printed)).assign(
                    years=np.ceil(later[hidden.index]), what="next" if is_printed else "later"
                )


def leave_out_latest(counts: pd.DataFrame, parameters: np.ndarray) -> Iterator[pd.DataFrame]:
    """Yield counts of all residents since LATEST_YEAR, of countries drawn by their names."""
    subregions = pd.Index(sorted(set(counts["subregion"])))
    is_late = counts["moment"].ge(LATEST_YEAR) & counts["is_all_ages"]
    areas = sorted(set(counts.loc[is_late, "area_id"]))
    for number in range(LATEST_ROUNDS):
        order = [float(draw_uniforms(number, area, 1)[0]) for area in areas]
        drawn = pd.Series(areas).iloc[np.argsort(order)[:LATEST_COUNTRIES]]
        is_out = counts["moment"].ge(LATEST_YEAR) & counts["area_id"].isin(drawn)
        model = OnlineModel.from_rows(counts[~is_out], subregions, parameters).fit_scales()
        hidden = counts[is_out & is_late]
        yield hidden.join(predict_counts(model, hidden, is_printed=False)).assign(
            years=0.0, what="latest"
        )


def leave_out_lineages(counts: pd.DataFrame, parameters: np.ndarray) -> Iterator[pd.DataFrame]:
    """Yield the counts of each lineage, as predicted from all others."""
    subregions = pd.Index(sorted(set(counts["subregion"])))
    for name, hidden in counts.groupby("measurement_series_id", sort=True):
        rest = counts.drop(index=hidden.index)
        model = OnlineModel.from_rows(rest, subregions, parameters).fit_scales()
        counted_too = hidden[hidden["area_id"].isin(rest["area_id"])]
        predicted = predict_counts(model, counted_too, is_printed=True)
        yield counted_too.join(predicted).assign(years=0.0, what="lineage", lineage=name)


def draw_one_a_country(predicted: pd.DataFrame) -> pd.DataFrame:
    """Return one count a country, distance and kind of test, drawn by its name."""
    names = predicted["area_id"] + "|" + predicted["period"] + "|" + predicted["what"]
    order = names.map(lambda name: float(draw_uniforms(0, name, 1)[0]))
    key = ["what", "lineage", "years", "area_id"]
    ordered = predicted.assign(order=order).sort_values([*key, "order"])
    return ordered.drop_duplicates(key).reset_index(drop=True)


def score(predicted: pd.DataFrame) -> list[Row]:
    """Return coverage, error and width by kind of test, lineage and years."""
    z = (predicted["level"] - predicted["mean"]) / predicted["deviation"]
    ends = [
        compute_shares(predicted["mean"] + at * predicted["deviation"]) for at in (-Z95, 0, Z95)
    ]
    share = compute_shares(predicted["level"])
    scored = predicted.assign(
        inside=z.abs() <= Z95, below=z < -Z95, off=np.abs(share - ends[1]), width=ends[2] - ends[0]
    )
    rows = []
    for (what, lineage, years), group in scored.groupby(["what", "lineage", "years"], sort=True):
        if len(group) < LEAST_COUNTS:
            continue
        row = counted(
            f"{what}: {lineage}", f"{years:.0f} years on", group["inside"], group["below"]
        )
        error, width = (round(100.0 * float(group[name].mean()), 1) for name in ("off", "width"))
        rows.append({**row, "mean_error_points": error, "width_points": width})
    return rows


def test_counts(counts: pd.DataFrame, parameters: np.ndarray) -> list[Row]:
    """Return the rows of the result for counts that are left out."""
    parts = [
        *leave_out_years(counts, parameters),
        *leave_out_latest(counts, parameters),
        *leave_out_lineages(counts, parameters),
    ]
    predicted = pd.concat(parts, ignore_index=True)
    lineage = predicted["lineage"].fillna(predicted["measurement_series_id"])
    is_tested = predicted["what"].ne("later") | predicted["is_all_ages"]
    return score(draw_one_a_country(predicted.assign(lineage=lineage)[is_tested]))


def list_pictured(tables: Tables, levels: OnlineLevels) -> pd.DataFrame:
    """Return rows of the picture: counts with `publisher` and `share`, moments with quantiles."""
    first, last = PICTURED_YEARS
    counts = list_counts(tables)
    is_shown = counts["area_id"].isin(PICTURED) & counts["moment"].between(first, last + 1)
    measurers = tables["lineages"].set_index("measurement_series_id")["measurer"]
    shown = counts[is_shown]
    shown = shown.assign(
        publisher=shown["measurement_series_id"].map(measurers),
        counted=np.where(shown["is_all_ages"], "all residents", "adults"),
    )
    moments = np.arange(first, last + 1, 1.0 / STEPS_A_YEAR)
    grid = pd.MultiIndex.from_product([PICTURED, moments], names=["area_id", "moment"])
    line = grid.to_frame(index=False)
    line = line.join(levels.compute_quantiles(line["area_id"], line["moment"].to_numpy()))
    columns = ["area_id", "moment", "share", "publisher", "counted"]
    rows = pd.concat([shown[columns], line.round(4)], ignore_index=True)
    order = rows["area_id"].map({area: place for place, area in enumerate(PICTURED)})
    names = rows["area_id"].map(tables["areas"].set_index("area_id")["name"])
    return rows.assign(country=names).iloc[order.argsort(kind="stable")]


def summarise_pictured(rows: pd.DataFrame, levels: OnlineLevels) -> str:
    """Return in a sentence how many counts of all residents lie inside the band."""
    counts = rows[rows["counted"].eq("all residents")]
    band = levels.compute_quantiles(counts["area_id"], counts["moment"].to_numpy())
    inside = counts["share"].between(band["q05_share"], band["q95_share"])
    return f"{inside.sum()} of {len(counts)} counts of all residents inside the band"


def draw_picture(rows: pd.DataFrame) -> altair.ConcatChart:
    """Return the picture: a panel a country, in the order of the rows."""
    panels = [_draw_panel(country, shown) for country, shown in rows.groupby("country", sort=False)]
    words = "Share online. Line: median of all residents; band: 90 % interval; hollow: of adults"
    chart = altair.concat(*panels, columns=3, title=altair.Title(words, anchor="start"))
    legend = altair.LegendConfig(orient="bottom", labelFontSize=12)
    drawn: altair.ConcatChart = chart.configure(background="white", font=FONT, legend=legend)
    return drawn


def _draw_panel(country: str, rows: pd.DataFrame) -> altair.LayerChart | altair.FacetChart:
    """Return the counts of a country over the median and the band of the model."""
    first, last = PICTURED_YEARS
    marks = altair.Axis(title=None, format="d", values=list(range(first, last, 5)), grid=False)
    across = altair.X("moment:Q", axis=marks, scale=altair.Scale(domain=[first, last + 1]))
    shares = altair.Axis(title=None, format="%", values=[0.0, 0.25, 0.5, 0.75, 1.0])
    whole = altair.Scale(domain=[0, 1])
    modelled = altair.Chart(rows).transform_filter("isValid(datum.q50_share)").encode(across)
    band = modelled.mark_area(color="#9db4d0", opacity=0.55)
    band = band.encode(altair.Y("q05_share:Q", axis=shares, scale=whole), y2="q95_share:Q")
    middle = modelled.mark_line(color="#1f3f66", strokeWidth=1.5)
    middle = middle.encode(altair.Y("q50_share:Q", axis=shares, scale=whole))
    counted = altair.Chart(rows).transform_filter("isValid(datum.share)")
    key = altair.Legend(title="Count of", columns=3, labelLimit=230)
    is_hollow = altair.datum.counted == "adults"
    points = counted.mark_point(size=34, strokeWidth=1.5, opacity=1.0).encode(
        across,
        altair.Y("share:Q", axis=shares, scale=whole),
        stroke=altair.Stroke("publisher:N", legend=key),
        fill=altair.Fill("publisher:N", legend=key),
        shape=altair.Shape("publisher:N", legend=key),
        fillOpacity=altair.condition(is_hollow, altair.value(0.0), altair.value(1.0)),
    )
    sized = {"width": 200, "height": 150, "title": altair.Title(country, fontSize=13)}
    return altair.layer(band, middle, points).properties(**sized)


def write_picture(path: Path, chart: altair.ConcatChart) -> None:
    """Write the picture as SVG, or as PNG of twice its size where the name ends in .png."""
    drawn: str = vl_convert.vegalite_to_svg(chart.to_dict())
    is_png = path.suffix == ".png"
    path.write_bytes(bytes(vl_convert.svg_to_png(drawn, scale=2)) if is_png else drawn.encode())


def main(words: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Test the people online against counts.")
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("file", type=Path, nargs="?", metavar="FILE")
    asked.add_argument("--picture", type=Path, metavar="FILE")
    parser.add_argument("--facts", type=Path, default=FACTS)
    parser.add_argument("--format", choices=["json", "table"], default="table")
    chosen = parser.parse_args(words)
    tables = steps.validate_facts(steps.read_facts([chosen.facts])).tables
    levels = OnlineLevels.from_table(tables["online_levels"])
    if levels is None and (chosen.file or chosen.picture):
        parser.error(f"{chosen.facts}: online_levels is empty; run audience-impact learn online")
    if levels and chosen.picture:
        pictured = list_pictured(tables, levels)
        write_picture(chosen.picture, draw_picture(pictured))
        sys.stderr.write(f"{summarise_pictured(pictured, levels)}\n")
        text = str(chosen.picture)
    elif levels and chosen.file:
        rows = pd.read_csv(chosen.file, dtype="str", keep_default_na=False)
        answered = answer_rows(rows, levels)
        sys.stderr.write(f"{summarise_answers(answered)}\n")
        text = answered.to_csv(index=False).rstrip("\n")
        if chosen.format == "json":
            numbers = pd.to_numeric(answered["share"], errors="coerce")
            text = answered.assign(share=numbers).to_json(orient="records", indent=1)
    else:
        counts = list_counts(tables)
        model = OnlineModel.from_rows(counts).fit_parameters()
        scores = test_counts(counts, model.parameters)
        text = table(scores) if chosen.format == "table" else json.dumps(scores, indent=2)
    sys.stdout.write(f"{text}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
