"""How well people online are foretold in regions, and in countries, that were not seen.

Each region with a figure is left out in turn, and each country, the laws are learned again without
the country, and one counts how often the 90 % interval holds the figure, and by how many points of
the share the median misses it. The same scores tables of regions that no fact knows:

    python -m benchmarks.place_online [--format json]
    python -m benchmarks.places FILE... [--without-country] [--format json]

A table has one row a figure: `place_id` or `area_id`, `year` or `period`, `share` or `value` (with
`unit` percent), `base` and `indicator` as a survey words them; every column comes back as read.
What is foretold is that figure: the level of its series in the country, from its other regions or
else from the share online and what such series were above it elsewhere, and the place's deviation.

After the scores, readings of places that a register names (`event_readings`) are compared with the
people online there, with an error of reading that was fitted to the other half of the readings.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Z95, Spread
from audience_impact.fitting import places as online_learning
from audience_impact.fitting.places import compare_readings, fit_reading
from audience_impact.fitting.tables import measure_spread
from audience_impact.frames import Array
from audience_impact.periods import DAY, parse_periods, period_middle
from audience_impact.places import online, population
from audience_impact.places.online import MODEL, SURVEY, compute_log_odds
from audience_impact.populations import parents_of, with_holders
from audience_impact.vocabulary import InternetUse, RegionalAsked, Residence, SourceType
from benchmarks import format_table
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
LEAST_LEVELS = 5
LEAST_OTHERS = 3
ASKED = ["country_id", "area_id", "kind", "asked", "residence", "internet_use", "day", "share"]
"""What is asked of each row."""
ANSWER = ["q05_share", "q50_share", "q95_share", "rung", "reason"]
SWAPPED = {SourceType.MODEL.value: SourceType.SURVEY.value}
PLACE, REGIONS, COUNTRY = "place", "regions", "country"
"""What is left out when a figure is foretold."""


@dataclass(frozen=True)
class Score:
    """How a group of answers did."""

    figures: int
    countries: int
    median_error_points: float
    mean_error_points: float
    country_error_points: float
    coverage: float
    width_points: float


def swapped(tables: Tables) -> Tables:
    """The facts with models in the part of surveys, and surveys in that of models."""
    series = tables["lineages"]
    model = SourceType.MODEL.value
    types = series["source_type"].map(lambda own: SWAPPED.get(own, model))
    return {**tables, "lineages": series.assign(source_type=types)}


def of_country(tables: Tables, country: str) -> Tables:
    """What a law of places in one country reads of the facts."""
    holders = parents_of(tables["areas"])
    areas = tables["areas"]
    own = [
        area == country or with_holders(area, holders)[-1] == country for area in areas["area_id"]
    ]
    places = areas[own]
    inside = {
        name: tables[name][tables[name]["area_id"].isin(set(places["area_id"]))]
        for name in ("bases", "regional_use")
    }
    return {**tables, **inside, "areas": places}


def figures(tables: Tables) -> pd.DataFrame:
    """Columns ASKED of every figure of a whole region in the facts, of surveys and of models."""
    use = tables["regional_use"]
    whole = use[
        (use["residence"] == Residence.TOTAL.value)
        & (use["asked"] != RegionalAsked.HOUSEHOLDS.value)
    ]
    kinds = tables["lineages"].set_index("measurement_series_id")["source_type"]
    is_model = whole["measurement_series_id"].map(kinds) == SourceType.MODEL.value
    holders = parents_of(tables["areas"])
    rows = whole.assign(
        kind=np.where(is_model, MODEL, SURVEY),
        country_id=whole["area_id"].map(lambda area: with_holders(area, holders)[-1]),
        day=period_middle(whole["period_start"], whole["period_end"]),
    )
    return rows[ASKED].reset_index(drop=True)


def levels(tables: Tables) -> pd.DataFrame:
    """`country_id`, `kind`, `internet_use`, `asked`, `beyond`: series less the share online."""
    rows = figures(tables)
    people = rows["area_id"].map(population.count_residents(tables)).astype("float64")
    key = ["country_id", "kind", "internet_use", "asked", "day"]
    average = people.groupby([rows[name] for name in key]).transform("mean")
    weight = people.fillna(average).fillna(1.0)
    mass = (rows["share"] * weight).groupby([rows[name] for name in key]).sum()
    mean = (mass / weight.groupby([rows[name] for name in key]).sum()).rename("mean").reset_index()
    country = online.compute_country_log_odds(mean, tables)
    return mean.assign(beyond=compute_log_odds(mean["mean"]) - country).dropna(subset=["beyond"])


def level_law(known: pd.DataFrame, row: "pd.Series[str]") -> Spread:
    """What a series such as that of the row is above the share online, in other countries."""
    for names in (["internet_use", "asked"], ["asked"], []):
        like = known
        for name in names:
            like = like[like[name] == row[name]]
        if len(like) >= LEAST_LEVELS:
            break
    return measure_spread(like["beyond"].to_numpy("float64"))


def residence_law(tables: Tables, residence: str) -> Spread | None:
    """Log odds in the towns, or in the country, of regions less those of the whole."""
    use = tables["regional_use"]
    mean = use.groupby(["area_id", "asked", "residence"])["share"].mean().unstack("residence")
    if not {residence, Residence.TOTAL.value} <= set(mean.columns):
        return None
    both = mean[[residence, Residence.TOTAL.value]].dropna()
    if len(both) < LEAST_LEVELS:
        return None
    apart = (
        compute_log_odds(both[residence]) - compute_log_odds(both[Residence.TOTAL.value])
    ).to_numpy("float64")
    return measure_spread(apart)


def answers(rows: pd.DataFrame, tables: Tables, without: str = PLACE) -> pd.DataFrame:
    """ANSWER for each row with columns ASKED, index kept, each without the figures it asks for.

    `without` says what is left out: the figures of the same kind of the PLACE; those of all its
    country but for their mean, as a national figure has it (REGIONS); or every regional figure of
    the country (COUNTRY). Laws are learned without the country's figures of the kind, or any.
    """
    known = levels(tables)
    result = [
        _country(str(country), str(kind), group, tables, known, without)
        for (country, kind), group in rows.groupby(["country_id", "kind"])
    ]
    return pd.concat(result).reindex(rows.index)


def _country(
    country: str, kind: str, group: pd.DataFrame, tables: Tables, known: pd.DataFrame, without: str
) -> pd.DataFrame:
    """Answers of one country and kind."""
    facts = swapped(tables) if kind == MODEL else tables
    small = of_country(facts, country)
    use, own = facts["regional_use"], small["regional_use"]
    is_own = use.index.isin(own.index)
    left = is_own & (without == COUNTRY or _is_survey(facts))
    laws = online.read_parameters(
        _typed(online_learning.fit_places({**facts, "regional_use": use[~left]}))
    )
    if laws is None:
        raise ValueError("too few regional figures to learn from")
    seen = figures(small)
    asked = Asked(group, seen[seen["kind"] == SURVEY], without, small, laws)
    elsewhere = known[(known["country_id"] != country) & (known["kind"] == kind)]
    level, rungs = asked.levels(elsewhere)
    law = asked.deviations(level)
    towns = {**facts, "regional_use": use[~is_own]} if without == COUNTRY else facts
    return _answers(group, level, law, rungs, laws, towns)


@dataclass(frozen=True)
class Asked:
    """What is asked of one country: rows, its figures of the kind, and what is left out."""

    rows: pd.DataFrame
    seen: pd.DataFrame
    without: str
    tables: Tables
    laws: online.PlaceParameters

    def levels(self, elsewhere: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """Law of the log odds of the series of each row (q05, q50, q95), and what it stands on."""
        share = online.compute_country_log_odds(self.rows[["country_id", "day"]], self.tables)
        people = population.count_residents(self.tables)
        weight = self.seen["area_id"].map(people).astype("float64")
        seen = self.seen.assign(weight=weight.fillna(weight.mean()).fillna(1.0))
        result = [
            self._level(self.rows.loc[place], seen, elsewhere, float(share[place]))
            for place in self.rows.index
        ]
        laws = pd.DataFrame([law for law, _ in result], self.rows.index, ["q05", "q50", "q95"])
        return laws, [rung for _, rung in result]

    def _level(
        self, row: "pd.Series[str]", seen: pd.DataFrame, elsewhere: pd.DataFrame, country: float
    ) -> tuple[list[float], str]:
        same = seen[(seen["asked"] == row["asked"]) & (seen["internet_use"] == row["internet_use"])]
        others = same if self.without == REGIONS else same[same["area_id"] != row["area_id"]]
        if self.without == COUNTRY or len(others) < LEAST_OTHERS:
            law = level_law(elsewhere, row)
            return [country + law.q05, country + law.q50, country + law.q95], "country_unseen"
        mass = others["share"] * others["weight"]
        mean = pd.Series([float(mass.sum() / others["weight"].sum())])
        centre = float(compute_log_odds(mean).iloc[0])
        if self.without == REGIONS:
            return [centre, centre, centre], "level_known"
        half = self.laws.base_spread * Z95 / np.sqrt(len(others))
        return [centre - half, centre, centre + half], "regions_known"

    def deviations(self, level: pd.DataFrame) -> pd.DataFrame:
        """The law of the deviation of the place of each row, indexed as the rows."""
        numbers = pd.to_timedelta(np.arange(len(self.rows)), unit="us")
        places = self.rows[["area_id", "country_id"]].assign(
            day=(self.rows["day"].dt.normalize() + numbers).astype(DAY), log_odds=level["q50"]
        )
        figures_left = online.read_regional_figures(self.tables)
        if self.without == COUNTRY:
            figures_left = figures_left[:0]
        if self.without == REGIONS:
            figures_left = figures_left[figures_left["kind"] != SURVEY]
        days = places[["country_id", "day", "log_odds"]].assign(own=places["area_id"])
        rows = days.merge(figures_left, on="country_id")
        rows = rows[(rows["area_id"] != rows["own"]) | (rows["kind"] != SURVEY)]
        spreads = {
            area: online.estimate_country_spreads(
                figures_left[figures_left["area_id"] != area], self.laws
            ).get(country, 1.0)
            for area, country in set(zip(places["area_id"], places["country_id"], strict=True))
        }
        areas = self.tables["areas"]
        tables = {**self.tables, "areas": _with_places(areas, places)}
        asked = places.assign(spread=places["area_id"].map(spreads))
        known = online.choose_deviations(rows)
        law = online.estimate_odds(asked, known, tables, self.laws)
        return law.set_axis(self.rows.index)


def _typed(laws: pd.DataFrame) -> pd.DataFrame:
    return laws.assign(value=laws["value"].astype("float64"))


def _is_survey(tables: Tables) -> "pd.Series[bool]":
    types = tables["lineages"].set_index("measurement_series_id")["source_type"]
    own = tables["regional_use"]["measurement_series_id"].map(types)
    return own != SourceType.MODEL.value


def _answers(
    rows: pd.DataFrame,
    level: pd.DataFrame,
    deviation: pd.DataFrame,
    rungs: list[str],
    laws: online.PlaceParameters,
    towns: Tables,
) -> pd.DataFrame:
    """ANSWER for rows: the level of the series in the country, and the deviation of the place."""
    result = []
    for number, place in enumerate(rows.index):
        where = rows.loc[place, "residence"]
        part = Spread(0.0, 0.0, 0.0)
        residence = part if where == Residence.TOTAL.value else residence_law(towns, where)
        lost = NO_COUNTRY if np.isnan(level.loc[place, "q50"]) else ""
        reason = lost or ("" if residence else NO_RESIDENCE)
        if reason or residence is None:
            result.append([np.nan, np.nan, np.nan, "", reason])
            continue
        own = Spread(*(float(deviation.loc[place, name]) for name in online.ODDS_QUANTILES))
        whole = _sum([Spread(*map(float, level.loc[place])), own, residence, _asked(laws)])
        shares = _printed(expit(np.array([whole.q05, whole.q50, whole.q95])))
        rung = f"{deviation.loc[place, 'rung']}, {rungs[number]}"
        result.append([*map(float, shares), rung, ""])
    return pd.DataFrame(result, rows.index, ANSWER)


def _printed(shares: Array) -> Array:
    """Shares as sources print them: beyond what is told apart from nobody and everyone, those."""
    low, high = online.SHARE_LIMITS
    return np.where(shares <= low, 0.0, np.where(shares >= high, 1.0, shares))


NO_COUNTRY = "no count of the people online of the country"
NO_RESIDENCE = "no region elsewhere has its towns told apart"


def _asked(laws: online.PlaceParameters) -> Spread:
    """What women or men asked alone differ from both by."""
    return Spread(-laws.survey, 0.0, laws.survey)


def _with_places(areas: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """The areas, and those of the places that are none of them, in their country."""
    new = places[~places["area_id"].isin(areas["area_id"])].drop_duplicates("area_id")
    blank = dict.fromkeys(areas.columns, "")
    cells = [
        {**blank, "area_id": area, "parent_id": country}
        for area, country in zip(new["area_id"], new["country_id"], strict=True)
    ]
    return pd.concat([areas, pd.DataFrame(cells, columns=areas.columns)], ignore_index=True)


def _sum(laws: list[Spread]) -> Spread:
    """The law of a sum: medians added, distances added in squares."""
    centre = sum(law.q50 for law in laws)
    down = np.sqrt(sum((law.q50 - law.q05) ** 2 for law in laws))
    up = np.sqrt(sum((law.q95 - law.q50) ** 2 for law in laws))
    return Spread(float(centre - down), float(centre), float(centre + up))


def country_shares(rows: pd.DataFrame, tables: Tables) -> "pd.Series[float]":
    """The share online of the country of each row, what one would take without regions."""
    return pd.Series(
        expit(online.compute_country_log_odds(rows, tables).to_numpy("float64")), rows.index
    )


def score(rows: pd.DataFrame) -> Score:
    """Scores of rows with `share`, ANSWER and `country_share`; those without an answer not."""
    own = rows.dropna(subset=["q50_share", "share"])
    off = (own["q50_share"] - own["share"]).abs() * 100.0
    inside = own["share"].between(own["q05_share"], own["q95_share"])
    return Score(
        figures=len(own),
        countries=own["country_id"].nunique(),
        median_error_points=float(off.median()),
        mean_error_points=float(off.mean()),
        country_error_points=float((own["country_share"] - own["share"]).abs().median() * 100.0),
        coverage=float(inside.mean()),
        width_points=float((own["q95_share"] - own["q05_share"]).mean() * 100.0),
    )


def without_kind(tables: Tables, kind: str) -> Tables:
    """The facts without the regional figures of a kind (`survey` or `model`)."""
    types = tables["lineages"].set_index("measurement_series_id")["source_type"]
    use = tables["regional_use"]
    is_model = use["measurement_series_id"].map(types) == SourceType.MODEL.value
    return {**tables, "regional_use": use[is_model != (kind == MODEL)]}


def left_out(tables: Tables) -> pd.DataFrame:
    """Answers for every survey figure of a region, left out alone and with its country."""
    rows = figures(tables)
    surveyed = rows[rows["kind"] == SURVEY]
    unmodelled = without_kind(tables, MODEL)
    each = {
        "a region; others and the model known": answers(surveyed, tables),
        "a region; others known, no model": answers(surveyed, unmodelled),
        "all regions; level and model known": answers(surveyed, tables, REGIONS),
        "all regions; level known, no model": answers(surveyed, unmodelled, REGIONS),
        "the country; nothing of it known": answers(surveyed, tables, COUNTRY),
    }
    share = country_shares(surveyed, tables)
    return pd.concat(
        [
            surveyed.join(result).assign(left_out=name, country_share=share)
            for name, result in each.items()
        ],
        ignore_index=True,
    )


def read_table(path: Path) -> pd.DataFrame:
    """A table of regional figures, as text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def is_regional(table: pd.DataFrame) -> bool:
    """Whether a table holds figures of people online, not names to resolve."""
    return {"share", "value"} & set(table.columns) != set() and {
        "base",
        "indicator",
        "asked",
    } & set(table.columns) != set()


def asked(table: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Columns ASKED and `reason` (why a row is no figure of people online) of a table as read."""
    blank = pd.Series("", table.index)
    base, indicator, kind = (table.get(name, blank) for name in ("base", "indicator", "kind"))
    words = (base + " " + table.get("asked", blank)).str.casefold()
    about = (indicator + " " + table.get("internet_use", blank)).str.casefold()
    area = table.get("area_id", table.get("place_id", blank))
    days = parse_periods(table.get("period", table.get("year", blank)).map(_period))
    online_words = about.str.contains("internet|online|used_12|ever_used|at_home") | (about == " ")
    holders = parents_of(tables["areas"])
    own = table.get("country", table.get("country_id", blank))
    country = own.where(own != "", area.map(lambda each: with_holders(each, holders)[-1]))
    reason = blank.mask(~online_words, "no figure of people online").mask(
        days["start"].isna(), "no period"
    )
    return pd.DataFrame(
        {
            "country_id": country,
            "area_id": area,
            "kind": np.where(kind.str.startswith("model"), MODEL, SURVEY),
            "asked": words.map(_whom),
            "residence": words.map(_where),
            "internet_use": about.map(_use),
            "day": period_middle(days["start"], days["end"]),
            "share": _shares(table),
            "reason": reason,
        }
    )


def _period(text: str) -> str:
    """A period as facts write it: 2015-2022 and 2019-20 are years from and to."""
    first, _, last = text.partition("-")
    if (
        len(first) == 4
        and last.isdigit()
        and len(last) in (2, 4)
        and (len(last) == 4 or int(last) > 12)
    ):
        return f"{first}/{first[:2] + last if len(last) == 2 else last}"
    return text


def _whom(words: str) -> str:
    for word, meant in (("women", RegionalAsked.WOMEN_15_49), ("men", RegionalAsked.MEN_15_49)):
        if word in words:
            return meant.value
    return (RegionalAsked.HOUSEHOLDS if "household" in words else RegionalAsked.PEOPLE).value


def _where(words: str) -> str:
    result = [each for each in (Residence.URBAN, Residence.RURAL) if each.value in words]
    return (result[0] if result else Residence.TOTAL).value


def _use(words: str) -> str:
    if "ever" in words:
        return InternetUse.EVER_USED.value
    at_home = "home" in words or "household" in words
    return (InternetUse.AT_HOME if at_home else InternetUse.USED_12_MONTHS).value


def _shares(table: pd.DataFrame) -> "pd.Series[float]":
    """Shares of a table: of its column, or of values in percent."""
    blank = pd.Series("", table.index)
    if "share" in table:
        return pd.to_numeric(table["share"], errors="coerce")
    values = pd.to_numeric(table["value"], errors="coerce")
    percent = table.get("unit", blank).str.startswith("percent") | (values > 1.0)
    return values.where(~percent, values / 100.0)


def answered(table: pd.DataFrame, tables: Tables, without_country: bool) -> pd.DataFrame:
    """A table as read, with ANSWER; every row comes back, once."""
    rows = asked(table, tables)
    known = rows[rows["reason"] == ""]
    result = (
        answers(known, tables, COUNTRY if without_country else PLACE)
        if len(known)
        else pd.DataFrame(columns=ANSWER)
    )
    told = result.reindex(table.index)
    told["reason"] = told["reason"].fillna(rows["reason"])
    other = table.drop(columns=[name for name in ANSWER if name in table])
    return other.join(told.assign(rung=told["rung"].fillna("")))


def with_country(told: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Answered rows with their `country_id`, the `share` as a number, and `country_share`."""
    rows = asked(told, tables)
    known = rows[rows["day"].notna()]
    share = country_shares(known, tables).reindex(rows.index)
    numbers = {name: told[name].astype("float64") for name in ANSWER[:3]}
    return rows[["country_id", "share"]].assign(**numbers, rung=told["rung"], country_share=share)


def records(told: pd.DataFrame) -> list[dict[str, object]]:
    """Rows as JSON has them: numbers to four decimals, null where there is none."""
    numbers = told.assign(**{name: told[name].astype("float64").round(4) for name in ANSWER[:3]})
    return [
        {name: None if value != value else value for name, value in row.items()}
        for row in numbers.to_dict("records")
    ]


def lines(scored: pd.DataFrame, by: str) -> Iterator[str]:
    """A table of scores by a column."""
    yield f"| {by} | figures | countries | median error | mean | country's | coverage | width |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, group in scored[scored["q50_share"].notna()].groupby(by, sort=False):
        own = score(group)
        yield (
            f"| {name} | {own.figures} | {own.countries} | {own.median_error_points:.1f} | "
            f"{own.mean_error_points:.1f} | {own.country_error_points:.1f} | "
            f"{own.coverage:.1%} | {own.width_points:.0f} |"
        )


def test_readings(tables: Tables) -> pd.DataFrame:
    """How many readings of places lie inside, with an error of reading fitted to the other half.

    The halves are rows of the register with an odd and with an even number. Without readings, or
    parameters, of places the table has no rows.
    """
    laws = online.read_parameters(tables["place_laws"])
    if laws is None or tables["event_readings"].empty:
        return pd.DataFrame()
    compared = compare_readings(tables, laws)
    is_odd = compared["register_row"].str.extract(r"(\d+)$")[0].astype("int64") % 2 == 1
    rows = []
    for name, is_fitted in (("even", is_odd), ("odd", ~is_odd)):
        error, tested = fit_reading(compared[is_fitted]), compared[~is_fitted]
        size = tested["difference"].abs()
        half = tested["deviation"] * Z95
        inside = [int((size <= np.hypot(half, width)).sum()) for width in (0.0, error)]
        rows.append((name, len(tested), *inside, round(error, 2)))
    names = ["rows", "readings", "inside without", "inside", "half width of the other half"]
    return pd.DataFrame(rows, columns=names)


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    wanted = parser.parse_args()
    tables = steps.validate_facts(steps.read_facts([FACTS])).tables
    result = left_out(tables)
    if wanted.format == "json":
        print(json.dumps(records(result.assign(day=result["day"].astype(str))), indent=1))
        return
    print("\n".join([*lines(result, "left_out"), "", *lines(result, "rung"), ""]))
    print(format_table(test_readings(tables)))


if __name__ == "__main__":
    main()
