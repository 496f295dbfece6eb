"""How well each rung answers what is known better: `python -m benchmarks.answers`.

    python -m benchmarks.answers [FOLDER ...] [--format json] [--write FILE]
    python -m benchmarks.answers [FOLDER ...] --count [--format json]

Every restriction whose people exposed stand on counts of its own is answered again without them:

* place: without surveys of regions; without surveys and models of them.
* network: without the counts of fixed lines of its country.
* online: a shutdown of the whole network, without the publisher whose count of the people online
  was used; without any count within twelve months. The levels are fitted to the counts that are
  left, with the parameters of all.

The table has, by rung and kind of restriction, how many were answered again, how often the better
median lies in the 90 % interval of the rung, and the median ratio of both medians. Answers that
stand on the same figures hit and miss together: those of the same places, or of one country (of
networks and the people online) are one `unit`, and every unit counts as much as another. Rungs of
audiences are tested on figures instead, which are many more: `benchmarks.audiences` leaves out
whole countries, a service of a country or of all, a way of counting or a year, and the figures of a
service in a country are one unit. A rung that fails (fitted/models.py) makes no estimate once
`--write` has written that to the fact table `answer_rungs`, with the number of answers that stand
on it. What is learned (laws) is left as it is, though the facts left out were among those it was
learned from: benchmarks.places leaves out there as well, and so do factors of intervals here.

`--count` tells which restrictions have a median and an interval, by kind and rung, and why the
others have none. FOLDERs are layers over the facts, such as an imported register.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import betainc

from audience_impact import pipeline
from audience_impact.audiences.parts import COUNTRY_LEVEL, SURVEYED_LEVELS
from audience_impact.facts.tables import Tables
from audience_impact.fitting.people_online import OnlineModel, list_counts, make_table
from audience_impact.frames import Array
from audience_impact.imputation import distribution
from audience_impact.imputation import figures as imputation
from audience_impact.outputs.review import reasons
from audience_impact.pipeline import Stages
from audience_impact.places import networks, online
from audience_impact.populations import countries_of, parents_of
from audience_impact.simulation import simulate, worlds
from audience_impact.simulation.sampler import Sampler
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    NetworkScope,
    PartGap,
    RungFamily,
    YesNo,
    list_meanings,
)
from benchmarks import audiences, format_table
from flows.pipeline import steps

FACTS = Path(__file__).parents[1] / "data" / "facts"
DRAWS = 400
COUNTED = "counted"
LEFT_OUT = {
    "countries": "countries",
    "area_id+platform_id": "services of a country",
    "area_id+platform_id+way": "ways of counting",
    "area_id+platform_id+year": "years",
    "counted_in_countries": "services of all countries",
}
"""What was left out to test a rung of audiences, by the names of benchmarks.audiences."""
QUANTILES = [f"{name}_persons" for name in worlds.QUANTILES]
RUNGS = {
    RungFamily.AUDIENCE: "audience_rung",
    RungFamily.PLACE: "place_rung",
    RungFamily.NETWORK: "network_rung",
    RungFamily.ONLINE: "online_rung",
}
MOBILE, SERVICE, NETWORK, PART = (
    "mobile alone",
    "service, national",
    "whole network, national",
    "below the country",
)
LEVEL_COVERAGE = 0.90
LEVEL_CHANCE = 0.05
LEAST_UNITS = 30
"""Minimum number of units of a test of a level of audiences."""
Trial = tuple[list[str], Tables]
"""Restrictions that are answered again, and the facts from which."""
Leaving = Callable[[Tables, pd.DataFrame], Iterator[Trial]]
"""What is left out: of tables and of the answers as they are, the trials."""


def answers(tables: Tables, as_of: date) -> pd.DataFrame:
    """A row a restriction: `kind`, its rungs, status, reason, and QUANTILES (NaN: no estimate)."""
    stages, _ = pipeline.prepare_run(tables, as_of)
    simulation = stages.simulation
    people_by_country = simulate.Simulation(simulation, Sampler(0, DRAWS)).countries
    names = simulation.countries["restriction_id"]
    drawn = worlds.sum_by_restriction(people_by_country.exposed, names, simulation.restrictions)
    table = worlds.compute_quantiles(drawn, simulation.restrictions, "persons")
    status = reasons.find_status(stages.scope, stages.inputs)
    never = stages.scope.by_id["is_never_enforced"]
    parts = stages.inputs.parts
    meanings = list_meanings(PartGap)
    why = parts.groupby("restriction_id")["reason"].agg(
        lambda gaps: "; ".join(sorted({meanings[gap] for gap in gaps if gap}))
    )
    return (
        table.join(kinds(stages))
        .join(rungs_of(stages))
        .join(status)
        .assign(is_never=never, part_reason=why.reindex(table.index).fillna(""))
    )


def kinds(stages: Stages) -> "pd.Series[str]":
    """The kind of each restriction."""
    acts = stages.scope.by_id
    wanted = stages.scope.requested
    network = wanted.loc[wanted["platform_id"] == WHOLE_INTERNET, "restriction_id"]
    result = pd.Series(SERVICE, acts.index).mask(acts.index.isin(network), NETWORK)
    result = result.mask(acts["is_subnational"], PART)
    return result.mask(acts["network_scope"] == NetworkScope.MOBILE.value, MOBILE).rename("kind")


def rungs_of(stages: Stages) -> pd.DataFrame:
    """The farthest rung of each family that each restriction stands on."""
    parts, inputs = stages.inputs.parts, stages.inputs
    act = parts["restriction_id"]
    place = _farthest(parts["place_rung"], [COUNTRY_LEVEL, *online.PLACE_LEVELS], act)
    network = _farthest(parts["network_rung"], list(networks.NETWORK_LEVELS), act)
    audiences = inputs.sizes.groupby("restriction_id")
    projected = audiences["is_base_projected"].agg(lambda flags: flags.eq(True).any())
    result = pd.DataFrame({"place_rung": place, "network_rung": network})
    result = result.reindex(stages.scope.by_id.index)
    imputed = inputs.imputed[inputs.imputed["is_decisive"]]
    rung = imputed.groupby("restriction_id")["rung"].agg(lambda words: ";".join(sorted({*words})))
    return result.fillna(
        {"place_rung": COUNTRY_LEVEL, "network_rung": networks.NETWORK_LEVELS[0]}
    ).assign(
        audience_rung=rung.reindex(result.index).fillna(COUNTED),
        online_rung=projected.reindex(result.index).map({True: "projection", False: COUNTED}),
    )


def _farthest(words: pd.Series, order: list[str], act: pd.Series) -> pd.Series:
    """Of each act the word that comes last in the order."""
    number = words.map({word: place for place, word in enumerate(order)})
    return number.groupby(act).max().map(dict(enumerate(order)))


def without(tables: Tables, table: str, out: pd.Series) -> Tables:
    """The tables without some rows of one of them."""
    return {**tables, table: tables[table][~out].reset_index(drop=True)}


def only(tables: Tables, acts: Sequence[str]) -> Tables:
    """The tables with these restrictions alone; what they continue stays as well."""
    every = tables["restrictions"]
    kept = {*acts}
    while wider := {*every.loc[every["restriction_id"].isin(kept), "continues"]} - kept - {""}:
        kept |= wider
    named = ("restrictions", "restriction_targets", "restriction_places")
    return {
        name: frame[frame["restriction_id"].isin(kept)].reset_index(drop=True)
        if name in named
        else frame
        for name, frame in tables.items()
    }


def _places(tables: Tables, known: pd.DataFrame, models: bool) -> Iterator[Trial]:
    """Without surveys of regions, or without anything of regions."""
    acts = known.index[known["place_rung"].eq(SURVEYED_LEVELS[1])]
    regional = tables["regional_use"]
    surveys = regional_surveys(tables)
    out = pd.Series(True, regional.index) if models else surveys
    yield list(acts), without(tables, "regional_use", out)


def regional_surveys(tables: Tables) -> pd.Series:
    """Rows of regional_use that are surveys of people."""
    kind = tables["sources"].set_index("source_id")["source_type"]
    return tables["regional_use"]["source_id"].map(kind) == "survey"


def _networks(tables: Tables, known: pd.DataFrame) -> Iterator[Trial]:
    """Without the counts of fixed lines."""
    acts = known.index[known["network_rung"] == networks.NETWORK_LEVELS[1]]
    yield list(acts), without(tables, "network_use", pd.Series(True, tables["network_use"].index))


def without_counts(
    tables: Tables, model: OnlineModel | None, out: Callable[[pd.DataFrame], pd.Series]
) -> Tables:
    """The tables without some counts of people online, and with levels fitted to the others.

    `out` marks rows of a table with `area_id`, `measurement_series_id` and `period_end`; `model` is
    fitted to all counts, and its parameters are used; None where no levels are fitted.
    """
    bases, shares = tables["bases"], tables["online_shares"]
    is_online = bases["population_base"].str.startswith("internet")
    fewer = without(without(tables, "bases", is_online & out(bases)), "online_shares", out(shares))
    if model is None:
        return fewer
    rest = list_counts(fewer)
    refitted = OnlineModel.from_rows(rest, model.subregions, model.parameters).fit_scales()
    countries = tables["online_levels"]["area_id"].drop_duplicates()
    parents = tables["areas"].set_index("area_id")["parent_id"].reindex(countries)
    levels = make_table(refitted, parents, pd.Series(dtype="str"))
    start = pd.to_datetime(levels["period"] + "-01-01")
    return {**fewer, "online_levels": levels.assign(period_start=start)}


def _publisher(
    tables: Tables, known: pd.DataFrame, stages: Stages, model: OnlineModel | None
) -> Iterator[Trial]:
    """Without the publisher whose count of the people online was used, country by country."""
    rows = stages.inputs.sizes
    bases = tables["bases"].set_index("base_id")
    subset = rows[rows["restriction_id"].isin(known.index[known["kind"] == NETWORK])]
    used = subset.assign(series=subset["audience_base_id"].map(bases["measurement_series_id"]))
    keys = pd.MultiIndex.from_frame(used[["country_id", "series"]].drop_duplicates())

    def is_used(rows: pd.DataFrame) -> pd.Series:
        pairs = pd.MultiIndex.from_frame(rows[["area_id", "measurement_series_id"]])
        return pd.Series(pairs.isin(keys), rows.index)

    yield list(subset["restriction_id"].unique()), without_counts(tables, model, is_used)


def _ended_after(rows: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """Rows whose period ended after a day."""
    return rows["period_end"] > day


def _older(tables: Tables, known: pd.DataFrame, model: OnlineModel | None) -> Iterator[Trial]:
    """Without counts of the people online that are less than a year old, act by act and year."""
    acts = known.index[known["kind"] == NETWORK]
    start = tables["restrictions"].set_index("restriction_id")["observed_from_start"]
    year = start.reindex(acts).dt.year
    first = list_counts(tables)["moment"].min() if model is not None else -np.inf
    for one, group in year[year > first + 1.0].groupby(year):
        is_recent = partial(_ended_after, day=pd.Timestamp(int(one) - 1, 1, 1))
        yield list(group.index), without_counts(tables, model, is_recent)


def _fit_model(tables: Tables) -> OnlineModel | None:
    """The model of people online, fitted to all counts; None where the facts have no levels."""
    if tables["online_levels"].empty:
        return None
    counts = list_counts(tables)
    return OnlineModel.from_rows(counts).fit_parameters()


def trials(tables: Tables, as_of: date) -> pd.DataFrame:
    """Every answer that stands on counts, and what each rung makes of it.

    Columns: restriction_id, kind, rung_family, left_out, rung, QUANTILES, `known_persons`.
    """
    every = answers(tables, as_of)
    known = every[every["q50_persons"].gt(0) & every["audience_rung"].eq(COUNTED)]
    known = known[known["online_rung"].eq(COUNTED)]
    small = only(tables, list(known.index))
    stages, _ = pipeline.prepare_run(small, as_of)
    model = _fit_model(tables)
    leavings: list[tuple[RungFamily, str, Leaving]] = [
        (RungFamily.PLACE, "surveys of regions", partial(_places, models=False)),
        (RungFamily.PLACE, "figures of regions", partial(_places, models=True)),
        (RungFamily.NETWORK, "counts of lines", _networks),
        (RungFamily.ONLINE, "the publisher", partial(_publisher, stages=stages, model=model)),
        (RungFamily.ONLINE, "counts of the year", partial(_older, model=model)),
    ]
    parts = [
        _again(acts, left, as_of, known).assign(
            rung_family=family.value, left_out=name, unit=_units(acts, small, family)
        )
        for family, name, leaving in leavings
        for acts, left in leaving(small, known)
        if acts
    ]
    return pd.concat(parts, ignore_index=True)


def _units(acts: list[str], tables: Tables, family: RungFamily) -> list[str]:
    """What each act has in common with those whose answers stand on the same figures."""
    areas = tables["restrictions"].set_index("restriction_id")["area_ids"]
    parents = parents_of(tables["areas"])
    country = areas.map(lambda ids: ";".join(countries_of(ids.split(";"), parents)))
    return list((areas if family is RungFamily.PLACE else country)[acts])


def _again(acts: list[str], left: Tables, as_of: date, known: pd.DataFrame) -> pd.DataFrame:
    """The answers of some restrictions from fewer facts, beside the known ones."""
    result = answers(only(left, acts), as_of).reindex(acts)
    return result.assign(known_persons=known["q50_persons"].reindex(acts)).reset_index(
        names="restriction_id"
    )


def scores(tried: pd.DataFrame) -> pd.DataFrame:
    """By family, what was left out, rung and kind: answers, those inside, and the ratio."""
    return _scored(_with_rung(tried), ["rung_family", "left_out", "rung", "kind"])


def _with_rung(tried: pd.DataFrame) -> pd.DataFrame:
    """Column `rung`: that of the family that was tried."""
    rung = pd.Series("", tried.index)
    for family, name in RUNGS.items():
        rung = rung.where(tried["rung_family"] != family.value, tried[name])
    return tried.assign(rung=rung)


def _scored(tried: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    low, middle, high = (tried[name] for name in QUANTILES)
    known_persons = tried["known_persons"]
    rows = tried.assign(
        is_again=middle.notna(),
        is_inside=(low <= known_persons) & (known_persons <= high),
        ratio=middle / known_persons,
        width=high / low,
    )
    measures = ["is_inside", "ratio", "width"]
    units = rows[rows["is_again"]].groupby([*by, "unit"])[measures].mean().reset_index()
    again = units.groupby(by)
    result = rows.groupby(by).size().rename("tried").to_frame()
    return (
        result.assign(
            answers=rows[rows["is_again"]].groupby(by).size(),
            units=again.size(),
            inside_share=again["is_inside"].mean(),
            ratio=again["ratio"].median(),
            width=again["width"].median(),
        )
        .fillna({"answers": 0, "units": 0})
        .reset_index()
    )


def audience_scores(out: pd.DataFrame) -> pd.DataFrame:
    """Return scores of figures of audiences that were left out, by rung and way of leaving out.

    Only predictions that a run would show count: a level is open on what it is used for. A unit is
    a service in a country. `ratio` is the median of model over figure, `error_points` the mean
    error in points of the people online.
    """
    out = out[distribution.is_narrow(out)]
    share = out["share"].clip(upper=1.0)
    rows = out.assign(
        rung_family=RungFamily.AUDIENCE.value,
        left_out=out["left_out"].map(LEFT_OUT),
        unit=out["area_id"] + "|" + out["platform_id"],
        ratio=out["model_share"] / share,
        error_points=100.0 * (out["model_share"] - share).abs(),
    )
    by = ["rung_family", "left_out", "rung"]
    measures = ["is_inside", "ratio", "error_points"]
    units = rows[rows["rung"] != ""].groupby([*by, "unit"])[measures].mean().groupby(by)
    result = units.agg({"is_inside": ["size", "mean"], "ratio": "median", "error_points": "mean"})
    result.columns = ["units", "inside_share", "ratio", "error_points"]
    answers = rows.groupby(by).size().rename("answers")
    return result.join(answers).reset_index()


def rung_table(tried: pd.DataFrame, audiences: pd.DataFrame, every: pd.DataFrame) -> pd.DataFrame:
    """The fact table `answer_rungs`: each rung and what was left out to test it, judged.

    `tried` as `trials` gives them, `audiences` as `audience_scores`, `every` the answers published.
    """
    by = ["rung_family", "left_out", "rung"]
    others = _scored(_with_rung(tried), by)
    is_base = others["rung_family"] == RungFamily.ONLINE.value
    others = others[(others["answers"] > 0) & ((others["rung"] != COUNTED) | is_base)]
    result = judge_levels(pd.concat([audiences, others], ignore_index=True))
    published = count_published(every).reindex(
        pd.MultiIndex.from_frame(result[["rung_family", "rung"]])
    )
    points = result["error_points"].map("{:.1f}".format).where(result["error_points"].notna(), "")
    return pd.DataFrame(
        {
            **{name: result[name] for name in ("rung_family", "rung", "left_out")},
            "answers": result["answers"].astype("int64").astype("str"),
            "units": result["units"].astype("int64").astype("str"),
            "inside_share": result["inside_share"].map("{:.3f}".format),
            "ratio": result["ratio"].map("{:.2f}".format),
            "error_points": points,
            "published_count": published.fillna(0).astype("int64").astype("str").to_numpy(),
            "is_open": result["is_open"],
            "note": "",
        }
    ).sort_values(["rung_family", "rung", "left_out"], ignore_index=True)


def judge_levels(trials: pd.DataFrame) -> pd.DataFrame:
    """Add `is_open` to trials with `rung_family`, `rung`, `units` and `inside_share`.

    One failed test closes a level: so few units inside that among all tests together the chance of
    it is below LEVEL_CHANCE (Bonferroni). A test of a level of audiences needs LEAST_UNITS units; a
    level without such a test is closed.
    """
    is_audience = trials["rung_family"] == RungFamily.AUDIENCE.value
    is_test = ~is_audience | (trials["units"] >= LEAST_UNITS)
    chance = compute_chance(trials["units"], trials["inside_share"]) * is_test.sum()
    fails = is_test & (chance < LEVEL_CHANCE)
    level = [trials["rung_family"], trials["rung"]]
    is_closed = fails.groupby(level).transform("any") | ~is_test.groupby(level).transform("any")
    return trials.assign(is_open=is_closed.map({True: YesNo.NO.value, False: YesNo.YES.value}))


def compute_chance(units: "pd.Series[float]", inside_share: "pd.Series[float]") -> Array:
    """Return the probability (levels,) of so few units inside, at the coverage LEVEL_COVERAGE."""
    count = units.to_numpy("float64")
    inside = count * inside_share.to_numpy("float64")
    missed = np.maximum(count - inside, 1e-9)
    return np.asarray(betainc(missed, inside + 1.0, 1.0 - LEVEL_COVERAGE))


def count_published(every: pd.DataFrame) -> "pd.Series[int]":
    """Answers with a median that stand on each family and rung, by the farthest of an audience."""
    rows = every[every["q50_persons"].notna()].assign(audience_rung=_farthest_audience(every))
    parts = {family.value: rows[name].value_counts() for family, name in RUNGS.items()}
    return pd.concat(parts)


def _farthest_audience(every: pd.DataFrame) -> pd.Series:
    """The farthest rung of the audiences of each restriction."""
    order = [COUNTED, *imputation.RUNGS]
    return every["audience_rung"].map(lambda words: order[max(map(order.index, words.split(";")))])


def counted(every: pd.DataFrame) -> pd.DataFrame:
    """Restrictions and those with a median, by kind and in all, and by kind and each rung.

    Of several rungs of the audiences of one restriction the farthest counts.
    """
    answered = every["q50_persons"].notna() | every["is_never"]
    rows = every.assign(is_answered=answered, audience_rung=_farthest_audience(every))
    every_rung = [("kind", None)] + [
        (f"{family.value} rung", name) for family, name in RUNGS.items()
    ]
    parts = []
    for said, name in every_rung:
        by = ["kind", *([name] if name else [])]
        groups = rows.groupby(by)["is_answered"].agg(["size", "sum"]).reset_index()
        parts.append(groups.assign(by=said, rung=groups[name] if name else "all"))
    whole = rows["is_answered"].agg(["size", "sum"]).to_frame().T
    parts.append(whole.assign(kind="all", by="kind", rung="all"))
    table = pd.concat(parts)[["by", "kind", "rung", "size", "sum"]]
    return table.set_axis(["by", "kind", "rung", "restrictions", "answered"], axis=1)


def unanswered(every: pd.DataFrame) -> pd.DataFrame:
    """Why the others have none: how many, by kind and the first reason that stands in the way."""
    rows = every[every["q50_persons"].isna() & ~every["is_never"]]
    why = rows["part_reason"].where(
        rows["part_reason"] != "", rows["reason"].str.split("; ").str[0]
    )
    groups = rows.assign(why=why).groupby(["kind", "why"]).size().rename("restrictions")
    return groups.sort_values(ascending=False).reset_index()


def main(words: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.answers", description=__doc__)
    parser.add_argument("layers", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    given = parser.parse_args(words)
    tables = steps.validate_facts(steps.read_facts([FACTS, *given.layers])).tables
    as_of = pipeline.find_newest_access(tables)
    if given.count:
        every = answers(tables, as_of)
        result = {"counted": counted(every), "unanswered": unanswered(every)}
    else:
        opened = without(tables, "answer_rungs", pd.Series(True, tables["answer_rungs"].index))
        tried = trials(opened, as_of)
        left = audience_scores(audiences.predict_figures(opened))
        table = rung_table(tried, left, answers(opened, as_of))
        result = {"scores": scores(tried), "rungs": table}
        if given.write:
            text = result["rungs"].to_csv(index=False, lineterminator="\n")
            given.write.write_text(text, encoding="utf-8", newline="")
    if given.format == "json":
        lists = {name: table.round(4).to_dict("records") for name, table in result.items()}
        print(json.dumps(lists, indent=1, default=str))
        return
    print("\n\n".join(map(format_table, result.values())))


if __name__ == "__main__":
    main()
