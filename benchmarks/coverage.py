"""How often the intervals hold the truth, end to end: `python -m benchmarks.coverage`.

    python -m benchmarks.coverage [--areas 600] [--seed 0] [--stated 1.0] [--format json|table]

Populations are drawn from worlds whose truth is known (coverage_worlds), figures about them are
published with noise, and the whole chain (pipeline) runs on those figures. Counted is how
often the 90 % interval and the bounds hold the truth: people exposed, people who use the feature,
people deprived, and person-days. `--areas` is the number of areas of each family.

Figures. Of each service the monthly and the daily reach, of a month up to a year before the
restriction and grown since as the committed table of errors says: a 95 % or 90 % confidence
interval around a value with exactly that error, a range in which the truth has a PERT law, or a
number printed with three digits, by the measurer or by a secondary source that is off as these are.
Some are measured by two or three measurers, who differ as measurers do. Callers: of each service,
or of any application and then off by what the chain takes such an assumption to cost; a sample with
its 95 % interval. Who keeps access: a sample with its interval, or one of a sample that states
none. The base is printed with three digits, of the month before or of up to a year ago and grown
since, with a range in which it lies nine times in ten, or without one. `--stated` multiplies the
width of what is published and leaves the errors as they are: below 1, publishers are overconfident.
Areas of the patterns of a house are run with a calibration that has not seen the house, all others
with the committed one.

A row is a family and a measure: `coverage_share` of truths in q05..q95, `below_share` and
`above_share` of truths below and above it, `bounds_share` of truths inside the bounds, and
`width_share`, the mean width of the interval over that of the bounds. The truth of `copula` is the
model's own; that of the other families is not.
"""

import argparse
import itertools
import json
import string
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from audience_impact import figure_errors
from audience_impact import pipeline as impact
from audience_impact.facts import tables as core
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import FigureErrors, Spread, draw_through_quantiles, move_persons
from audience_impact.fitting import joint_use as calibration
from audience_impact.frames import Array
from audience_impact.overlap.copula import Calibration
from audience_impact.overlap.model import read_calibration
from audience_impact.periods import MEAN_MONTH_DAYS
from audience_impact.simulation import audiences
from audience_impact.vocabulary import OverlapParameter
from benchmarks.coverage_worlds import FAMILIES, Area, Maker, clayton_law, survey_people
from benchmarks.overlap import facts, fit_calibration
from schemas import facts as contracts

AS_OF = date(2025, 12, 31)
START = date(2025, 7, 1)
MEASURES = ("people_exposed", "people_feature_exposed", "people_deprived_net", "person_days")
Z = {"ci95": 1.959964, "ci90": 1.644854}
KINDS, ODDS = ("ci95", "ci90", "min_max", "none"), (0.40, 0.25, 0.15, 0.20)
PARAMETERS = tuple(p.value for p in OverlapParameter if p is not OverlapParameter.SURVEY)
EVERY = "all"

Row = dict[str, str | int | float]
Cells = dict[str, str]

COMMON: dict[str, Cells] = {
    "bases": {"population_base": "internet_all", "period": "2025-06", "obs_status": "A"},
    "estimates": {"unit": "persons", "population_base": "internet_all", "period": "2025-06"},
    "feature_use": {
        "feature": "voice_call",
        "population_base": "internet_all",
        "period": "2025-06",
    },
    "circumvention": {"asked": "adults", "self_selected": "no", "period": "2025-06"},
    "restrictions": {
        "geo_scope": "national",
        "network_scope": "all",
        "observed_from": START.isoformat(),
        "end_status": "ended",
        "end_source": "recorded",
        "start_precision": "actual",
        "action": "block",
        "severity": "feature_unavailable",
        "evidence_state": "blocked",
        "claim_status": "official",
    },
    "restriction_targets": {"feature": "voice_call", "claim_status": "official"},
}


@dataclass
class Publisher:
    """Writes down, with noise, what is true of areas."""

    generator: np.random.Generator
    stated: float
    errors: FigureErrors
    online: dict[str, Array] = field(default_factory=dict)
    rows: dict[str, list[Cells]] = field(default_factory=dict)

    def add(self, table: str, **cells: str) -> None:
        """A row of a fact table; all are of the one panel."""
        self.rows.setdefault(table, []).append(
            {"source_id": "panel-page", **COMMON.get(table, {}), **cells}
        )

    def publish(self, code: str, area: Area) -> None:
        """All figures of an area, and the restriction of its services."""
        self.add("areas", area_id=code, name=code)
        self._base(code, area)
        last = START + timedelta(days=area.days - 1)
        self.add(
            "restrictions", restriction_id=f"R-{code}", area_ids=code, ended_on=last.isoformat()
        )
        for number in range(len(area.monthly)):
            self._service(code, area, number)
        if not area.own:
            off = audiences.ASSUMED_SPREAD * self.generator.normal()
            self._callers(code, "any-app", float(expit(logit(area.any_calls) + off)))
        self._keepers(code, area.kept)

    def _base(self, code: str, area: Area) -> None:
        """People online as printed, and the residents that hold them."""
        residents = area.base * self.generator.uniform(1.1, 3.0)
        about = {"area_id": code, "population_base": "all_ages"}
        self.add("bases", base_id=f"P-{code}", persons=f"{residents:.0f}", **about)
        months = int(self.generator.integers(0, 12))
        by = self._grown(self.errors.base_growth, months)
        people = float(move_persons(np.array(area.base), np.array(residents), np.array(-by)))
        ends = {}
        if self.generator.uniform() < 0.4:
            spread = self.generator.uniform(0.01, 0.05)
            people *= float(np.exp(spread * self.generator.normal()))
            half = Z["ci90"] * spread * self.stated
            low, high = (f"{people * np.exp(side * half):.0f}" for side in (-1, 1))
            ends = {"low_persons": low, "high_persons": high}
        result = {"area_id": code, "period": _month(months + 1), "persons": _printed(people)}
        self.add("bases", base_id=f"B-{code}", **result, **ends)
        self.online[code] = np.array(float(result["persons"]))

    def _grown(self, law: Spread, months: float, u: float | None = None) -> float:
        """Growth over so many months, in log odds."""
        chance = np.array(self.generator.uniform() if u is None else u)
        q05, q50, q95 = (np.array(end * np.sqrt(months)) for end in (law.q05, law.q50, law.q95))
        degrees = np.inf if u is None else self.errors.tail_degrees
        return float(draw_through_quantiles(chance, q05, q50, q95, degrees))

    def _service(self, code: str, area: Area, number: int) -> None:
        name = f"service-{number}"
        self.add("restriction_targets", restriction_id=f"R-{code}", platform_id=name)
        u, months = float(self.generator.uniform()), int(self.generator.integers(1, 12))
        for metric, share in (
            ("monthly_reach", area.monthly[number]),
            ("avg_daily_reach", area.daily[number]),
        ):
            about = {"platform_id": name, "area_id": code, "audience_metric": metric}
            about["period"] = _month(months)
            by = self._grown(self.errors.growth, _age(months), u)
            # as it is learned: in log odds of the people online as they are printed
            online = float(self.online[code])
            then = float(
                move_persons(np.array(share * area.base), self.online[code], np.array(-by))
            )
            then = min(then / online, figure_errors.MOST_SHARE)
            key = f"E-{code}-{number}-{metric}"
            if metric == "monthly_reach" and self.generator.uniform() < 0.1:
                self._several(key, then, online, about)
                continue
            kind = str(self.generator.choice(KINDS, p=ODDS))
            cells = self._figure(then, kind, online)
            self.add("estimates", estimate_id=key, **about, **cells)
        if area.own:
            self._callers(code, name, float(area.calls[number]))

    def _several(self, key: str, share: float, base: float, about: Cells) -> None:
        """Two or three measurers, each off as measurers are."""
        for number in range(int(self.generator.integers(2, 4))):
            off = self.errors.measurers / Z["ci90"] * self.generator.normal()
            value = _printed(float(expit(logit(share) + off)) * base)
            result = {"value": value, "interval_kind": "none", "source_id": f"measurer-{number}"}
            self.add("estimates", estimate_id=f"{key}-{number}", **about, **result)

    def _page(self, persons: float) -> Cells:
        """A number as the measurer prints it, or a secondary source."""
        if self.generator.uniform() < 0.5:
            return {"value": _printed(persons)}
        off = self.errors.secondary_source / Z["ci90"] * self.generator.normal()
        return {"value": _printed(persons * float(np.exp(off))), "source_id": "relay-page"}

    def _callers(self, code: str, name: str, share: float) -> None:
        result = _shares(self._figure(share, "ci95"))
        about = {"platform_id": name, "area_id": code}
        self.add("feature_use", feature_use_id=f"F-{code}-{name}", **about, **result)

    def _keepers(self, code: str, share: float) -> None:
        size = int(self.errors.effective_sample)
        result = f"{self.generator.binomial(size, share) / size}"
        silent = {"value": result, "interval_kind": "none"}
        told = silent if self.generator.uniform() < 0.5 else self._figure(share, "ci95")
        about = {"restriction_id": f"R-{code}", "area_id": code}
        self.add("circumvention", circumvention_id=f"C-{code}", **about, **_shares(told))

    def _figure(self, share: float, kind: str, of: float = 1.0) -> Cells:
        """A share as published, in persons where they are given: value, ends and their kind."""
        if kind == "none" and of != 1.0:
            return {"interval_kind": kind, **self._page(share * of)}
        if kind == "none":
            return {"value": _text(share, of), "interval_kind": kind}
        if kind == "min_max":
            half = self.generator.uniform(0.05, 0.3) * min(share, 1.0 - share)
            middle = share + half * (2.0 * self.generator.beta(3.0, 3.0) - 1.0)
        else:
            least = 25.0 * max(1.0 - share, share) / min(share, 1.0 - share)
            size = max(float(self.generator.integers(150, 1500)), least)
            error = np.sqrt(share * (1.0 - share) / size)
            middle, half = share + error * self.generator.normal(), error * Z[kind]
        half *= self.stated
        ends = np.clip([middle - half, middle + half], 0.0, 1.0)
        value = {} if kind == "min_max" else {"value": _text(float(np.clip(middle, *ends)), of)}
        low, high = (_text(float(end), of) for end in ends)
        return {**value, "low": low, "high": high, "interval_kind": kind}


def _month(before: int) -> str:
    """The month so many before that of the restriction."""
    number = 12 * START.year + START.month - 1 - before
    return f"{number // 12}-{number % 12 + 1:02}"


def _age(before: int) -> float:
    """Months from the middle of that month to the restriction, as the chain counts them."""
    first, last = (pd.Timestamp(f"{_month(each)}-01") for each in (before, before - 1))
    middle = first + (last - first) / 2
    return float((pd.Timestamp(START) - middle).days / MEAN_MONTH_DAYS)


def _printed(persons: float) -> str:
    """A number with three digits, as it is printed."""
    step = 10.0 ** (np.floor(np.log10(persons)) - 2)
    return f"{np.round(persons / step) * step:.0f}"


def _text(share: float, of: float) -> str:
    return f"{share:.9f}" if of == 1.0 else f"{share * of:.0f}"


def _shares(cells: Cells) -> Cells:
    """The cells of a figure under the names that tables of shares have."""
    names = {"value": "share", "low": "low_share", "high": "high_share"}
    return {names.get(name, name): cell for name, cell in cells.items()}


def tables(areas: Sequence[Area], learned: Calibration, publisher: Publisher) -> Tables:
    """The typed fact tables of all areas, as they are after all checks."""
    publisher.add("lineages", measurement_series_id="panel", measurer="Panel", source_type="panel")
    publisher.add(
        "sources",
        source_type="panel",
        accessed_on=AS_OF.isoformat(),
        reliability="high",
        measurement_series_id="panel",
    )
    about = {"accessed_on": AS_OF.isoformat(), "reliability": "high"}
    publisher.add(
        "sources",
        source_id="relay-page",
        source_type="press_relay",
        measurement_series_id="panel",
        **about,
    )
    for number in range(3):
        name = f"measurer-{number}"
        publisher.add("lineages", measurement_series_id=name, measurer=name, source_type="panel")
        publisher.add(
            "sources", source_id=name, source_type="panel", measurement_series_id=name, **about
        )
    _with_errors(publisher)
    publisher.add("platforms", platform_id="any-app", name="Any", kind="group")
    for number in range(max(len(area.monthly) for area in areas)):
        name = f"service-{number}"
        publisher.add("platforms", platform_id=name, name=name, kind="messenger")
    for name in PARAMETERS:
        value, houses = str(getattr(learned, name)), str(learned.houses)
        publisher.add("overlap_calibration", parameter=name, value=value, houses=houses)
    for code, area in zip(codes(), areas, strict=False):
        publisher.publish(code, area)
    return core.convert_types(
        {name: _frame(name, publisher.rows.get(name, [])) for name in contracts.TABLES},
        contracts.select_columns("number"),
        contracts.select_columns("period"),
    )


def _with_errors(publisher: Publisher) -> None:
    """What figures may be off by, as the committed table says."""
    for row in facts("figure_errors").itertuples():
        result = {"parameter": row.parameter, "kind": row.kind, "value": repr(row.value)}
        publisher.add("figure_errors", **result)


def _frame(table: str, rows: list[Cells]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(contracts.COLUMNS[table]), dtype="str").fillna("")
    lines = pd.Series(range(2, len(rows) + 2), dtype="int64")
    return frame.assign(row_layer=1, row_file=f"{table}.csv", row_line=lines)


def codes() -> list[str]:
    """Names of areas: two letters or digits, as a country has."""
    signs = string.ascii_letters + string.digits
    return ["".join(pair) for pair in itertools.product(signs, signs)]


def scored(areas: Sequence[Area], learned: Calibration, publisher: Publisher) -> pd.DataFrame:
    """One row an area and measure: family, measure, truth, quantiles and bounds."""
    made = tables(areas, learned, publisher)
    stages, _ = impact.prepare_run(made, AS_OF)
    result = impact.Outputs(stages, impact.Settings())
    parts = [result["impact"].rename(columns={"impact_metric": "measure"})]
    days = result["person_days"]
    subset = days[(days["period"] == EVERY) & (days["restriction_id"] != EVERY)]
    ends = {
        f"{end}_person_days": f"{end}_persons"
        for end in ("printed_min", "q05", "q95", "printed_max")
    }
    subset = subset.drop(columns="days")
    parts.append(subset.rename(columns=ends).assign(measure="person_days"))
    columns = ["restriction_id", "measure", *ends.values()]
    told = pd.concat([part[columns] for part in parts])
    truth = [
        {"restriction_id": f"R-{code}", "family": area.family, "measure": name, "truth": value}
        for code, area in zip(codes(), areas, strict=False)
        for name, value in area.truth().items()
    ]
    return pd.DataFrame(truth).merge(told, on=["restriction_id", "measure"], how="left")


def simulated(areas: int, seed: int, stated: float, families: Sequence[str]) -> pd.DataFrame:
    """Areas of each family, published and run through the chain, with their truth."""
    learned = read_calibration(facts("overlap_calibration"))
    surveys, patterns = facts("surveys"), facts("use_patterns")
    known = dict(iter(patterns.groupby("survey_id")))
    by_house: dict[str, list[str]] = {}
    for name, house in zip(surveys["survey_id"], surveys["house"], strict=True):
        if name in known:
            by_house.setdefault(house, []).append(name)
    share = surveys.set_index("survey_id")["online_share_override"]
    asked = {
        house: [survey_people(known[name], float(share[name])) for name in names]
        for house, names in by_house.items()
    }
    strength = clayton_law(calibration.read_surveys(surveys, patterns))
    maker = Maker(np.random.default_rng(seed), learned, strength, asked)
    made = [maker.area(family) for family in families for _ in range(areas)]
    generator = np.random.default_rng([seed, 1])
    errors = figure_errors.read_errors(facts("figure_errors"))
    if errors is None:
        raise ValueError("no table of errors among the facts; run audience-impact learn")
    taught = {"": learned}
    if "surveys" in families:
        taught |= unseen(surveys, patterns)
    parts = []
    for house in sorted({area.house for area in made}):
        own = [area for area in made if area.house == house]
        for at in range(0, len(own), len(codes())):
            some = own[at : at + len(codes())]
            parts.append(scored(some, taught[house], Publisher(generator, stated, errors)))
    return pd.concat(parts, ignore_index=True)


def unseen(surveys: pd.DataFrame, patterns: pd.DataFrame) -> dict[str, Calibration]:
    """What all other houses teach, by house."""
    fits = calibration.fit_surveys(calibration.read_surveys(surveys, patterns))
    return {
        house: fit_calibration([fit for fit in fits if fit.survey.house != house])
        for house in surveys["house"].unique()
    }


def summary(found: pd.DataFrame) -> list[Row]:
    """Coverage by family and measure, and over all families."""
    families = [*dict.fromkeys(found["family"]), EVERY]
    return [
        _row(found[(found["measure"] == measure) & found["family"].isin([family, *_all(family)])])
        | {"family": family, "measure": measure}
        for family in families
        for measure in MEASURES
    ]


def _all(family: str) -> Sequence[str]:
    return FAMILIES if family == EVERY else ()


def _row(own: pd.DataFrame) -> Row:
    """Shares of areas; a truth within a person of an end counts as held."""
    truth, (low, q05, q95, high) = own["truth"], _ends(own)
    slack = np.maximum(1.0, 1e-6 * truth)
    below, above = truth < q05 - slack, truth > q95 + slack
    held = (truth >= low - slack) & (truth <= high + slack)
    room = (high - low).where(high - low > 2.0 * slack)
    if own[["q05_persons", "q95_persons"]].isna().any(axis=None):
        raise ValueError("some area has no interval")
    return {
        "family": "",
        "measure": "",
        "areas": len(own),
        "coverage_share": round(float(1.0 - (below | above).mean()), 4),
        "below_share": round(float(below.mean()), 4),
        "above_share": round(float(above.mean()), 4),
        "bounds_share": round(float(held.mean()), 4),
        "width_share": round(float(((q95 - q05) / room).mean()), 4),
    }


def _ends(own: pd.DataFrame) -> "list[pd.Series[float]]":
    return [own[f"{end}_persons"] for end in ("printed_min", "q05", "q95", "printed_max")]


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [f"| {' | '.join(rows[0])} |", f"|{'---|' * len(rows[0])}"]
    for row in rows:
        cells = [f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row.values()]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Count how often the intervals hold the truth.")
    parser.add_argument("--areas", type=int, default=600, help="of each family")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stated", type=float, default=1.0, help="stated width over the true one")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=FAMILIES)
    parser.add_argument("--format", choices=["json", "table"], default="json")
    asked = parser.parse_args(words)
    if asked.areas < 1:
        parser.error("--areas must be at least 1")
    rows = summary(simulated(asked.areas, asked.seed, asked.stated, asked.families))
    print(table(rows) if asked.format == "table" else json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
