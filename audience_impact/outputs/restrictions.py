"""Tables of restrictions and their audiences, and of the rows of a register.

The tables are `restrictions` and `impact_by_platform`; `register_rows` has the restriction that is
published for each row of a register. The audiences of a restriction's platforms must not be added.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from audience_impact.audiences import figures
from audience_impact.audiences.inputs import Inputs
from audience_impact.audiences.scope import AUDIENCE, COUNTRY, Scope
from audience_impact.facts import events
from audience_impact.facts.events import choose_links, find_published_ids
from audience_impact.facts.tables import Tables
from audience_impact.fitted import durations
from audience_impact.imputation.distribution import SHARES
from audience_impact.imputation.figures import RUNGS
from audience_impact.outputs import area_names
from audience_impact.periods import ONE_DAY, parse_periods
from audience_impact.populations import parents_of
from audience_impact.simulation import reach
from audience_impact.simulation.phases import constant_intervals, cut_to_days
from audience_impact.simulation.simulate import SimulationInputs
from audience_impact.simulation.timeline import list_periods
from audience_impact.vocabulary import WORLD, ImpactMetric, PlaceReading, SourceType


def make_restrictions(scope: Scope, tables: Tables) -> pd.DataFrame:
    """Return one row for each restriction: its facts, areas and services by name, and its start."""
    facts = tables["restrictions"].set_index("restriction_id", drop=False).rename_axis(None)
    about = scope.by_id.loc[facts.index]
    targets = scope.targets.drop_duplicates(PLATFORM)
    starts = scope.by_id["start"].loc[targets["restriction_id"]].set_axis(targets.index)
    services = targets.assign(
        platform_names=name_platforms(targets["platform_id"], starts, tables["platforms"]),
        platform_ids=targets["platform_id"],
    ).groupby("restriction_id")[["platform_ids", "platform_names"]]
    names, parents = area_names.list_names(tables["areas"]).to_dict(), parents_of(tables["areas"])
    places = tables["restriction_places"].sort_values(["restriction_id", "area_id", "name"])
    requested = scope.requested.groupby("restriction_id")["country_id"]
    countries = requested.agg(lambda ids: ";".join(sorted(set(ids))))
    seen = _describe_evidence(scope.evidence, tables).reindex(facts.index)
    days = {  # the first day of each date of the source, and the last one that it may mean
        "announced_on": facts["announced_on_start"],
        "observed_from": facts["observed_from_start"],
        "observed_by": facts["observed_from_end"] - ONE_DAY,
        "ended_on": facts["ended_on_start"],
        "ended_by": facts["ended_on_end"] - ONE_DAY,
        "listed_until": facts["listed_until_end"] - ONE_DAY,
        "start_on": about["start"].where(about["is_start_known"]),
    }
    measurers = seen["measured_by_names"].astype("str").fillna("") + ";"
    measurers += facts["measured_by"].fillna("")
    return facts.assign(
        hours_basis=about["hours_basis"].replace("", None),
        **durations.describe_total_hours(about),
        **seen.drop(columns="measured_by_names"),
        **_describe_chains(scope),
        **_name_other_ends(facts, tables),
        measured_by_names=measurers.map(
            lambda cell: ";".join(dict.fromkeys(filter(None, cell.split(";")))) or None
        ),
        measured_url=facts["measured_url"].replace("", None),
        area_names=facts["area_ids"].map(
            lambda ids: _join_names(names[area] for area in ids.split(";"))
        ),
        region_name=facts["area_ids"].map(
            lambda ids: area_names.name_region(ids.split(";"), parents, names)
        ),
        country_ids=countries,
        country_paths=countries.map(
            lambda ids: ";".join(
                ">".join(reversed(area_names.list_holders(country, parents))) or WORLD
                for country in ids.split(";")
            )
        ),
        place_names=_describe_places(places, names, facts["note"]),
        place_readings=places.groupby("restriction_id")["reading"].agg(";".join),
        **services.agg(_join_names),
        operator_names=facts["operators"],
        **{name: cells.dt.strftime("%Y-%m-%d") for name, cells in days.items()},
        as_of=scope.as_of.isoformat(),
    ).sort_values("restriction_id", ignore_index=True)


def _describe_chains(scope: Scope) -> pd.DataFrame:
    """Return, by restriction, the first one of its chain and the days of all together.

    A chain is of restrictions that continue each other. Days count once, and where no end is
    recorded up to the last day that is certain; a restriction by itself has blanks.
    """
    continued = scope.by_id["continues"]
    ids = pd.Series(continued.index, continued.index)
    first = continued.where(continued.isin(ids), ids)
    while not (above := first.map(first)).equals(first):
        first = above
    first = first[first.duplicated(keep=False)]
    days = list_periods(scope).reindex(first.index).dropna(subset="from_day")
    spans = days[["from_day", "least_end"]].set_axis(["start", "end"], axis=1)
    spans = spans.assign(group=first[days.index], item=days.index)
    pieces, _ = constant_intervals(cut_to_days(spans, days))
    total = first.map(pieces.groupby("group")["days"].sum()).astype("float64")
    return pd.DataFrame({"chain_id": first, "chain_days": total}).reindex(ids.index)


def _describe_evidence(linked: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    source = linked["evidence_id"].map(tables["evidence"].set_index("evidence_id")["source_id"])
    pages = tables["sources"].set_index("source_id")
    publisher = source.map(pages["publisher"])
    measurer = publisher.fillna("").map(events.name_measurers)
    is_measured = source.map(pages["source_type"]) == SourceType.NETWORK_MEASUREMENT
    measurer = measurer.where(measurer != "", publisher).where(is_measured, "")
    groups = linked.assign(publisher=publisher, measurer=measurer).groupby("restriction_id")
    return pd.DataFrame(
        {
            "seen_by_names": groups["publisher"].agg(lambda names: _join_names(sorted(set(names)))),
            "measured_by_names": groups["measurer"].agg(lambda names: ";".join(sorted(set(names)))),
            "evidence_count": groups.size().astype("float64"),
            "least_lost_share": groups[events.LOST[0]].min(),
            "most_lost_share": groups[events.LOST[1]].max(),
        }
    )


def _name_other_ends(facts: pd.DataFrame, tables: Tables) -> dict[str, pd.Series]:
    ends = facts.reindex(columns=events.OTHER_END).astype("str")
    publishers = tables["sources"].set_index("source_id")["publisher"]
    publisher = ends[events.OTHER_END[2]].map(publishers)
    last = parse_periods(ends[events.OTHER_END[0]].fillna(""))["end"] - ONE_DAY
    return {
        "other_ended_on": last.dt.strftime("%Y-%m-%d"),
        "other_end_source": publisher.astype("object").where(publisher.notna(), None),
    }


def _join_names(names: Iterable[str]) -> str:
    return ";".join(name.replace(";", ",") for name in names)


def _spell_parts(places: pd.DataFrame, holder: pd.Series, notes: pd.Series) -> pd.Series:
    """Return the names of parts as a register prints them; blank if others may be meant as well."""
    is_single = ~places.duplicated(["restriction_id", "name"], keep=False)
    count = pd.to_numeric(places["units_count"]).fillna(1) - 1
    is_all = (count == places["name"].str.count("; ")) & ~places["part_kind"].isin(UNNAMED)
    rows = places[is_single & is_all & places["name"].notna()]
    printed = rows["restriction_id"].map(notes).fillna("")
    names = map(_spell_names, rows["name"], printed, holder[rows.index])
    return pd.Series(list(names), rows.index, dtype="str").reindex(places.index, fill_value="")


def _spell_names(names: str, printed: str, holder: str) -> str:
    """Return folded names as a text spells them; blank if one is missing or no proper name."""
    patterns = (r"\b" + r"\W*".join(name.split()) + r"\b" for name in names.split("; "))
    spelt = [match[0] for p in patterns if (match := re.search(p, printed, re.IGNORECASE))]
    is_plain = any(re.search(r"(?<![\w-])[a-z]", name) or name == holder for name in spelt)
    is_all = len(spelt) == names.count("; ") + 1 and not is_plain
    return " and ".join(", ".join(spelt).rsplit(", ", 1)) if is_all else ""


def _describe_places(places: pd.DataFrame, names: Mapping[str, str], notes: pd.Series) -> pd.Series:
    place, least = places["area_id"].map(names), places["least_area_id"].map(names)
    parts = _spell_parts(places, place, notes)
    words = {
        PlaceReading.WHOLE.value: place,
        PlaceReading.WITHIN.value: ("in " + place)
        .where(parts == "", parts + " (" + place + ")")
        .mask(places["part_kind"] == "seat", place),
        PlaceReading.CITY_OR_DISTRICT.value: (least + " or " + place).where(
            least.notna() & (least != place), place + " (a town or all of it)"
        ),
    }
    text = pd.Series("", places.index, dtype="str")
    for reading, phrase in words.items():
        text = text.where(places["reading"] != reading, phrase.fillna(place))
    return text.groupby(places["restriction_id"]).agg(_join_names)


HAZARD = "parts overlap: people use several platforms, so these rows must not be added"
PLATFORM = ["restriction_id", "platform_id"]
UNNAMED = ("some", "districts", "city", "seat", "circle", "site")  # kinds without own names


def make_impact_by_platform(
    scope: Scope, simulation: SimulationInputs, platforms: pd.DataFrame
) -> pd.DataFrame:
    """Return one row for each target of a restriction; `platforms` is the fact table."""
    inputs, exposed = simulation.selected, simulation.bounds.exposed
    rows = _bound_targets(scope, inputs.sizes, exposed["printed_max_persons"])
    with_error = _bound_targets(scope, simulation.sizes_with_error, exposed["max_persons"])
    about = scope.by_id.loc[rows["restriction_id"]].set_axis(rows.index)
    several = rows.groupby("restriction_id")["platform_id"].transform("nunique") > 1
    rows = rows.assign(
        platform_name=name_platforms(rows["platform_id"], about["start"], platforms),
        min_persons=with_error["printed_min_persons"],
        max_persons=with_error["printed_max_persons"],
        naive_sum_persons=rows["restriction_id"].map(exposed["naive_sum_persons"]),
        impact_metric=ImpactMetric.PEOPLE_EXPOSED.value,
        as_of=scope.as_of.isoformat(),
        aggregation_hazard=several.map({True: HAZARD, False: ""}),
    )
    window = reach.window_by_platform(inputs.sizes, inputs.daily, simulation.timeline.periods)
    rows = rows.merge(window, on=PLATFORM, how="left").merge(
        _sum_imputed(inputs), on=PLATFORM, how="left"
    )
    low, in_part = rows["window_printed_min_persons"], ~about["is_reaching_everyone"]
    unsure = ~about["is_certain"] & low.notna()
    return rows.assign(
        imputation_rung=rows["imputation_rung"].fillna(""),
        window_printed_min_persons=low.mask(unsure, 0.0),
        window_persons=rows["window_persons"].mask(in_part),
    )


def _bound_targets(scope: Scope, sizes: pd.DataFrame, exposed: "pd.Series[float]") -> pd.DataFrame:
    """Return the targets with their audiences: no more than all `exposed` to the restriction."""
    rows = scope.targets.merge(_sum_audiences(sizes), on=PLATFORM, how="left", validate="m:1")
    base = sizes.groupby("restriction_id")["base"].first()
    of_countries = sizes.groupby(COUNTRY)["base_persons"].first()
    limit = of_countries.groupby("restriction_id").sum(skipna=False)
    # Services restricted together with the whole internet have the bounds 0 and base.
    restriction, has_figures = rows["restriction_id"], rows["printed_min_persons"].notna()
    limits = {"base": base, "base_persons": limit, "printed_max_persons": limit}
    rows = rows.assign(
        **{name: rows[name].where(has_figures, restriction.map(of)) for name, of in limits.items()}
    ).fillna({"printed_min_persons": 0.0, "measurement_series_count": 0.0, "staleness": ""})
    about = scope.by_id.loc[rows["restriction_id"]].set_axis(rows.index)
    everyone = about["is_reaching_everyone"]
    capped = np.fmin(rows["printed_max_persons"], rows["restriction_id"].map(exposed))
    upper = capped.where(~everyone | rows["printed_max_persons"].notna())
    lower = rows["printed_min_persons"].where(about["is_certain"], 0.0)
    return rows.assign(
        printed_min_persons=lower.mask(lower > upper, upper),
        printed_max_persons=upper.where(~about["is_never_enforced"], 0.0),
    )


def _sum_imputed(inputs: Inputs) -> pd.DataFrame:
    """Return the people of imputed audiences and the weakest evidence level, by PLATFORM.

    Quantiles of countries are added, as if their errors were equal. Shares are multiplied by the
    expected people online; only the draws behind `impact` include the error of these.
    """
    sizes = inputs.sizes[[*AUDIENCE, "base_size_persons"]]
    rows = inputs.imputed.merge(sizes, on=AUDIENCE, validate="m:1")
    people = {
        f"imputed_{name.removesuffix('_share')}_persons": rows[name] * rows["base_size_persons"]
        for name in SHARES
    }
    farthest = rows["rung"].map(RUNGS.index).astype("int64")
    groups = rows.assign(**people, farthest=farthest).groupby(PLATFORM, sort=True)
    sums = groups[list(people)].sum().round()
    rung = groups["farthest"].max().map(dict(enumerate(RUNGS)))
    return sums.assign(imputation_rung=rung.astype("str")).reset_index()


def _sum_audiences(audiences: pd.DataFrame) -> pd.DataFrame:
    groups = audiences.groupby(PLATFORM, sort=True)
    limit = groups["base_persons"].sum(skipna=False)
    stated = groups["high_persons"].sum(skipna=False).fillna(limit)
    return pd.DataFrame(
        {
            "printed_min_persons": groups["low_persons"].sum(),
            "printed_max_persons": stated.where(~(stated > limit), limit),
            "base": groups["base"].first(),
            "base_persons": limit,
            "audience_metric": groups["metric"].first(),
            "period": groups["period"].first(),
            "staleness": figures.classify_staleness(groups["age_months"].max()),
            "measurement_series_count": groups["measurement_series_count"].max().fillna(0),
        }
    ).reset_index()


def name_platforms(
    platform_ids: pd.Series, days: pd.Series, platforms: pd.DataFrame
) -> "pd.Series[str]":
    """Return the name of each service on a day; without a day, that of today."""
    if platform_ids.empty:  # an empty column may have any type
        return platform_ids.astype("str")
    about = platforms.set_index("platform_id").reindex(platform_ids).set_axis(platform_ids.index)
    is_renamed_later = pd.to_datetime(days) < about["renamed_on_start"]
    is_before = is_renamed_later & about["former_name"].fillna("").ne("")
    return about["name"].mask(is_before, about["former_name"])


KEY = ["source_id", "register_row"]


def make_register_rows(tables: Tables) -> pd.DataFrame:
    """Return one row for each row of a register, with its event and the published restriction.

    `relation` and `rule` of the link are blank for an event that is published under its own id.
    """
    rows = tables["register_rows"]
    links = choose_links(tables["event_links"])
    published = find_published_ids(links)
    events = rows["restriction_id"]
    about = links.set_index("restriction_id").reindex(events).set_axis(rows.index)
    return rows.assign(
        register_row=rows["register_row"].astype("int64"),
        event_id=events,
        restriction_id=events.replace(published),
        relation=about["relation"].fillna(""),
        rule=about["rule"].fillna(""),
    ).sort_values(KEY, ignore_index=True)
