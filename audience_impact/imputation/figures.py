"""The share of the people online who use a service, from every figure of the facts.

Definitions. The share of a figure is the people (or accounts, or identities of an advertising tool)
that it counts over the people online in the country at that time; of a survey that asked whether
people are online, the users over those online. The way of counting is the origin of the figure:
survey, measurement, company statement, advertising tool. Log odds are softened: log odds of s + (1
- 2 s) share, on two scales (COARSE, FINE): a large s keeps small shares, which surveys count badly,
from weighing much; a small s tells one in a thousand from one in a hundred.

The evidence level (a rung in code lists and columns) of an imputed audience is the nearest quantity
in the facts: users of the service in the country, at another time or in part (own_people); its
advertising reach, accounts or installations there (own_other); other services of the country
(country); the service elsewhere in the subregion (subregion); the service elsewhere (service); its
users in the world (world); services of its kind (kind).

Method. Figures of a whole country, or of the world, and of one service; a share of residents is
divided by the share of residents online; a share of people online, of smartphone owners or of
respondents is not changed. If a survey omitted people online who use no platform, the larger of its
own share online and `online_share_override` is used, else that of the country. Of figures that
agree for a service, way of counting and period, one is used. A figure is from under a block where a
national restriction of the whole service was then in force for LEAST_BLOCKED_DAYS or more. Totals
of the world have ways of counting of their own: users of a month, of a day or week, and registered
accounts. Downloads, devices and a country's part of the world are no such figures.

The model uses all figures on every evidence level. A service that was counted in fewer than
LEAST_ABROAD other countries is not considered known abroad: it was counted because it is large at
home. Elsewhere its users in the world are used if somebody counted them, else only its kind.

Assumptions. Children use a service as often as the adults in surveys.

Known drawbacks. Whoever has two accounts counts twice; advertising reach above the number of people
online is reduced to that number. The people online of a year are themselves an estimate.

Citation. Rules of this project, docs/decisions.md.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from audience_impact.denominators.denominators import LONGEST_GAP_DAYS, Denominators
from audience_impact.facts.tables import Tables
from audience_impact.frames import Array, Integers
from audience_impact.imputation.effects import number_groups
from audience_impact.periods import YEAR_DAYS, period_middle
from audience_impact.populations import EVERYONE, ONLINE, are_regions
from audience_impact.vocabulary import (
    WORLD,
    Action,
    AudienceMetric,
    Feature,
    GeoScope,
    ImputationRung,
    PlatformKind,
    PopulationBase,
    SourceType,
    Unit,
    WayOfCounting,
    YesNo,
)


@dataclass(frozen=True)
class Scale:
    """One of the two scales on which figures are compared, each with a model of its own."""

    soft: float  # s: log odds are taken of s + (1 - 2 s) share
    has_totals: bool  # whether totals of the world are among the figures
    prefix: str  # of the kinds of this scale in the table `audience_laws`


COARSE = Scale(0.05, has_totals=False, prefix="")
"""Scale of services that many use: the step from one to two in a thousand weighs little."""
FINE = Scale(0.0003, has_totals=True, prefix="fine_")
"""Scale of services that few use, down to one in ten thousand."""
SOVIET = ["AM", "AZ", "BY", "EE", "GE", "KG", "KZ", "LT", "LV", "MD", "RU", "TJ", "TM", "UA", "UZ"]
ARAB = [
    *("AE", "BH", "DJ", "DZ", "EG", "IQ", "JO", "KM", "KW", "LB", "LY"),
    *("MA", "MR", "OM", "PS", "QA", "SA", "SD", "SO", "SY", "TN", "YE"),
]
LEAST_BLOCKED_DAYS = 60
SAME_SHARE_DECIMALS = 3
NO_SERVICE = [PlatformKind.GROUP.value, PlatformKind.NETWORK.value]
PERSONAL = [Unit.PERSONS.value, Unit.ACCOUNTS.value, Unit.IDENTITIES.value, Unit.SHARE.value]
OF_SOCIAL_MEDIA = r"base: (?:users of social|users of messengers)"
NOT_READ_OUT = "not read"

_METRICS = {
    WayOfCounting.ADVERTISING: (AudienceMetric.AD_AUDIENCE,),
    WayOfCounting.ACCOUNTS: (AudienceMetric.REGISTERED,),
    WayOfCounting.INSTALLED: (AudienceMetric.INSTALLS,),
    WayOfCounting.ASKED: (AudienceMetric.SURVEY_REGULAR, AudienceMetric.SURVEY_MONTHLY),
    WayOfCounting.MEASURED: (AudienceMetric.MONTHLY_REACH,),
    WayOfCounting.TOLD: (AudienceMetric.MAU, AudienceMetric.DSA_AMAR),
    WayOfCounting.UNSPECIFIED: (AudienceMetric.UNSPECIFIED,),
    WayOfCounting.WEEKLY: (AudienceMetric.WEEKLY_REACH, AudienceMetric.WAU),
    WayOfCounting.DAILY: (
        *(AudienceMetric.DAILY_REACH, AudienceMetric.AVG_DAILY_REACH),
        *(AudienceMetric.DAU, AudienceMetric.SURVEY_DAILY),
    ),
}
WAY = {metric.value: way.value for way, metrics in _METRICS.items() for metric in metrics}
"""Way of counting by metric; figures of other metrics are not used for imputation."""
TOTAL_WAY = {
    WayOfCounting.ACCOUNTS.value: WayOfCounting.WORLD_REGISTERED.value,
    WayOfCounting.DAILY.value: WayOfCounting.WORLD_DAILY.value,
    WayOfCounting.WEEKLY.value: WayOfCounting.WORLD_DAILY.value,
}
"""Way of counting of totals of the world; those of all other ways count users of a month."""


PEOPLE = [
    *(WayOfCounting.ASKED.value, WayOfCounting.NAMED.value, WayOfCounting.ASKED_OF_USERS.value),
    *(WayOfCounting.MEASURED.value, WayOfCounting.WEEKLY.value, WayOfCounting.DAILY.value),
    WayOfCounting.TOLD.value,
]
"""Ways of counting people who use a service; others count accounts or devices."""
RUNGS = [rung.value for rung in ImputationRung]
"""Evidence levels, the nearest first."""
LEAST_ABROAD = 2
"""Minimum number of other countries with figures of a service for it to be known abroad."""

SERVICE, PLACE = ["platform_id"], ["area_id", "platform_id"]
LEVELS = (
    (ImputationRung.KIND, False, ["platform_kind"]),
    (ImputationRung.WORLD, False, SERVICE),
    (ImputationRung.SERVICE, False, SERVICE),
    (ImputationRung.SUBREGION, False, ["subregion", "platform_id"]),
    (ImputationRung.COUNTRY, False, ["area_id"]),
    (ImputationRung.OWN_OTHER, False, PLACE),
    (ImputationRung.OWN_PEOPLE, True, PLACE),
)
"""Evidence levels from the farthest to the nearest: whether only counts of people qualify, and the
columns that have to agree."""
OF_OTHERS = (ImputationRung.SERVICE, ImputationRung.SUBREGION, ImputationRung.COUNTRY)


def soften_odds(share: "Array | pd.Series[float]", scale: Scale = COARSE) -> Array:
    """Return softened log odds of shares, which are limited to 1."""
    inside = np.clip(np.asarray(share, dtype="float64"), 0.0, 1.0)
    return np.asarray(logit(scale.soft + (1.0 - 2.0 * scale.soft) * inside))


def harden_odds(odds: Array, scale: Scale = COARSE) -> Array:
    """Return shares from softened log odds, never outside 0..1."""
    return np.asarray(np.clip((expit(odds) - scale.soft) / (1.0 - 2.0 * scale.soft), 0.0, 1.0))


def read_observations(tables: Tables, scale: Scale = COARSE) -> pd.DataFrame:
    """Return the figures of a scale, a row each, as `put_on_scale` does."""
    return put_on_scale(read_figures(tables), scale)


def put_on_scale(rows: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """Return the figures of `read_figures` that are on a scale, with their softened `odds`."""
    on_scale = rows[scale.has_totals | (rows["area_id"] != WORLD)]
    return on_scale.assign(odds=soften_odds(on_scale["share"], scale)).reset_index(drop=True)


def read_figures(tables: Tables) -> pd.DataFrame:
    """Return one row per figure, with its `share` of the people online.

    Columns: `figure_id`, `area_id`, `platform_id`, `way`, `series`, `survey` (series, country and
    period), `moment`, `share`, `counted_in_countries` (the service; for a total of the world its
    own id) and the columns that `locate_rows` adds.
    """
    rows = pd.concat([_read_estimates(tables), _read_surveys(tables)], ignore_index=True)
    rows = locate_rows(rows, tables)
    share = rows["share"].where(rows["of"] != "residents", rows["share"] / rows["online_share"])
    share = share.where(rows["of"] != "persons", rows["share"] / rows["online_persons"])
    if "is_floor" in rows:  # a share of respondents that is a floor is at least that of the country
        online = rows["asked_online"].astype("float64")
        least = np.fmax(online, rows["other_online"].fillna(rows["online_share"]))
        online = online.where(~rows["is_floor"].eq(True), least)
        share = share.where(rows["of"] != "respondents", rows["share"] / online)
    rows = rows.assign(
        share=share,
        counted_in_countries=rows["platform_id"].mask(rows["area_id"] == WORLD, rows["figure_id"]),
        rounded=share.round(SAME_SHARE_DECIMALS),
    )[share > 0.0]
    same = ["area_id", "platform_id", "way", "moment"]
    ordered = rows.sort_values([*same, "figure_id"])
    return ordered.drop_duplicates([*same, "rounded"])


def _read_estimates(tables: Tables) -> pd.DataFrame:
    estimates = tables["estimates"]
    usable = (
        (estimates["age"] == "")
        & (estimates["sex"] == "")
        & (estimates["disputed_by"] == "")
        & estimates["unit"].isin(PERSONAL)
        & estimates["audience_metric"].isin(list(WAY))
        & (estimates["population_base"] != PopulationBase.WORLD_USERS.value)
    )
    # all users of a service in the world
    is_total = (estimates["area_id"] == WORLD) & (estimates["unit"] != Unit.SHARE.value)
    is_total &= estimates["population_base"] != PopulationBase.CUSTOM.value
    is_country = ~are_regions(estimates["area_id"]) & ~estimates["area_id"].str.isdigit()
    rows = estimates[usable & (is_country | is_total)]
    value = rows["value"].fillna(np.sqrt(rows["low"] * rows["high"]))
    base, series = rows["population_base"], rows["measurement_series_id"]
    is_of_online = base.str.startswith("internet") | (base == PopulationBase.CUSTOM.value)
    of = pd.Series("residents", rows.index).mask(is_of_online, "online")
    return pd.DataFrame(
        {
            "figure_id": rows["estimate_id"],
            **rows[["area_id", "platform_id"]],
            "way": _find_ways(rows, tables),
            "series": series,
            "survey": series + "|" + rows["area_id"] + "|" + rows["period"],
            "moment": period_middle(rows["period_start"], rows["period_end"]),
            "share": value.fillna(rows["low"]).fillna(rows["high"]),
            "of": of.where(rows["unit"] == Unit.SHARE.value, "persons"),
        }
    )


def _find_ways(rows: pd.DataFrame, tables: Tables) -> pd.Series:
    way = rows["audience_metric"].map(WAY)
    kinds = tables["lineages"].set_index("measurement_series_id")["source_type"]
    is_asked = rows["measurement_series_id"].map(kinds) == SourceType.SURVEY.value
    way = way.mask(is_asked & (way == WayOfCounting.MEASURED), WayOfCounting.ASKED.value)
    of_users = rows["note"].str.contains(OF_SOCIAL_MEDIA)
    way = way.mask(of_users & (way == WayOfCounting.ASKED), WayOfCounting.ASKED_OF_USERS.value)
    way = way.mask(rows["unit"] == Unit.ACCOUNTS.value, WayOfCounting.ACCOUNTS.value)
    totals = rows["audience_metric"].map(WAY).map(TOTAL_WAY)
    totals = totals.fillna(WayOfCounting.WORLD_MONTHLY.value)
    return way.mask(rows["area_id"] == WORLD, totals)


def _read_surveys(tables: Tables) -> pd.DataFrame:
    patterns, surveys = tables["use_patterns"], tables["surveys"]
    if patterns.empty:
        return pd.DataFrame()
    weight = patterns["weighted_share"].astype("float64")
    used = patterns.assign(share=weight, platform_id=patterns["platform_ids"].str.split(";"))
    shares = used.explode("platform_id").groupby(["survey_id", "platform_id"])["share"].sum()
    online = weight[patterns["online"].astype("float64") > 0].groupby(patterns["survey_id"]).sum()
    listed = surveys.assign(platform_id=surveys["platform_ids"].str.split(";"))
    rows = listed.explode("platform_id", ignore_index=True)
    keys = pd.MultiIndex.from_frame(rows[["survey_id", "platform_id"]])
    unaided = rows["question"].str.contains(NOT_READ_OUT)
    way = unaided.map({True: WayOfCounting.NAMED.value, False: WayOfCounting.ASKED.value})
    return pd.DataFrame(
        {
            "figure_id": rows["survey_id"] + "|" + rows["platform_id"],
            **rows[["area_id", "platform_id"]],
            "way": way,
            "series": rows["house"],
            "survey": rows["survey_id"],
            "moment": period_middle(rows["period_start"], rows["period_end"]),
            "share": shares.reindex(keys).fillna(0.0).to_numpy(),
            "of": "respondents",
            "asked_online": rows["survey_id"].map(online),
            "is_floor": rows["online_is_lower_bound"] == YesNo.YES.value,
            "other_online": pd.to_numeric(rows["online_share_override"], errors="coerce"),
        }
    )


def locate_rows(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the rows of a service in a country whose people online are on record.

    `rows` has `area_id`, `platform_id`, `moment`, `way` and `series`. Adds what EFFECTS read, of
    `size` the log of residents in millions, and ONLINE. Where a figure does not count people, its
    way of counting stands for its series: all advertising tools are one series.
    """
    kinds = tables["platforms"].set_index("platform_id")["kind"]
    rows = rows.assign(platform_kind=rows["platform_id"].map(kinds))
    is_service = rows["platform_kind"].notna() & ~rows["platform_kind"].isin(NO_SERVICE)
    rows = rows[is_service & rows["moment"].notna()].reset_index(drop=True)
    parents = tables["areas"].set_index("area_id")["parent_id"]
    subregion = rows["area_id"].map(parents).fillna("")
    region = subregion.map(parents).fillna("")
    region = region.where((region != "") & (region != WORLD), subregion)
    league = ("in " + region.astype("str")).mask(rows["area_id"].isin(SOVIET), "soviet")
    days = pd.DataFrame({"country_id": rows["area_id"], "start": rows["moment"]})
    counts = Denominators(tables)
    online, residents = (
        counts.count_people(days, base, LONGEST_GAP_DAYS) for base in (ONLINE, EVERYONE)
    )
    share = (online / residents).clip(0.01, 0.995)
    years = (rows["moment"] - pd.Timestamp("2020-01-01")).dt.days / YEAR_DAYS
    located = rows.assign(
        years=years,
        year=np.floor(years).astype("int64"),
        subregion=subregion,
        region=region,
        league=league.mask(rows["area_id"].isin(ARAB), "arab"),
        series=rows["series"].where(rows["way"].isin(PEOPLE), rows["way"]),
        is_in_country=(rows["area_id"] != WORLD).astype("float64"),
        online_persons=online,
        online_share=share,
        online_odds=logit(share.to_numpy()),
        size=np.log(residents / 1e6),
        is_blocked=_are_blocked(rows, tables).astype("float64"),
    )
    return located[located["online_share"].notna()].reset_index(drop=True)


def _are_blocked(rows: pd.DataFrame, tables: Tables) -> pd.Series:
    blocks = tables["restrictions"].merge(tables["restriction_targets"], on="restriction_id")
    starts = blocks["observed_from_start"].fillna(blocks["announced_on_start"])
    ends = blocks["ended_on_end"].fillna(pd.Timestamp.max.floor("D"))
    is_block = (
        (blocks["feature"] == Feature.WHOLE_SERVICE.value)
        & (blocks["geo_scope"] == GeoScope.NATIONAL.value)
        & (blocks["action"] == Action.BLOCK.value)
        & ((ends - starts).dt.days >= LEAST_BLOCKED_DAYS)
    )
    area_ids = blocks["area_ids"].str.split(";")
    periods = blocks.assign(first=starts, last=ends, area_id=area_ids)[is_block]
    periods = periods.explode("area_id")[["area_id", "platform_id", "first", "last"]]
    keys = rows[["area_id", "platform_id", "moment"]].reset_index(names="place")
    both = keys.merge(periods, on=["area_id", "platform_id"])
    inside = both[(both["first"] <= both["moment"]) & (both["moment"] < both["last"])]
    return pd.Series(rows.index.isin(inside["place"]), rows.index)


def speaks_for(figures: pd.DataFrame, rung: ImputationRung, people_only: bool) -> pd.Series:
    """Return True for figures that an evidence level depends on."""
    is_total = figures["area_id"] == WORLD
    if rung is ImputationRung.WORLD:
        return is_total
    return (rung is ImputationRung.KIND) | (
        ~is_total & (figures["way"].isin(PEOPLE) | (not people_only))
    )


@dataclass(frozen=True)
class Evidence:
    """Located rows, and the figures on which they may rest: all but those that a row leaves out.

    `left_out_ids` of a row, where `requested` has this column, names these figures, joined by +.
    """

    requested: pd.DataFrame
    figures: pd.DataFrame

    @cached_property
    def left_out(self) -> tuple[Integers, Integers]:
        """Return the positions of rows, and of the figures that each leaves out, in pairs."""
        nothing = pd.Series("", self.requested.index)
        ids = self.requested.get("left_out_ids", nothing).reset_index(drop=True).str.split("+")
        named = ids.explode().to_frame("figure_id").reset_index(names="row").drop_duplicates()
        figures = self.figures[["figure_id"]].reset_index(drop=True).reset_index(names="figure")
        pairs = named.merge(figures, on="figure_id")
        return pairs["row"].to_numpy(), pairs["figure"].to_numpy()

    @cached_property
    def is_abroad(self) -> NDArray[np.bool_]:
        """Return whether enough countries besides that of each row have figures of its service."""
        is_counted = self.figures["area_id"].to_numpy() != WORLD
        services, service = number_groups(SERVICE, self.figures, self.requested)
        places, _ = number_groups(PLACE, self.figures, self.requested)
        sizes = np.bincount(places, is_counted)
        row, figure = self.left_out
        is_out = is_counted[figure] & (services[figure] == service[row])
        pairs, out = np.unique(
            row[is_out] * len(sizes) + places[figure[is_out]], return_counts=True
        )
        emptied = pairs[out == sizes[pairs % len(sizes)]] // len(sizes)
        _, first = np.unique(places[is_counted], return_index=True)
        countries = np.bincount(services[is_counted][first], minlength=1 + service.max(initial=0))
        others = countries[service] - np.bincount(emptied, minlength=len(service))
        return np.asarray(others - self._has_figure(PLACE, is_counted) >= LEAST_ABROAD)

    def find_levels(self) -> "pd.Series[str]":
        """Return the evidence level of each row; blank if no service of its kind has a figure."""
        levels = pd.Series("", self.requested.index)
        for rung, people_only, columns in LEVELS:
            is_meant = speaks_for(self.figures, rung, people_only).to_numpy("bool")
            has = self._has_figure(columns, is_meant)
            levels = levels.mask(has & (self.is_abroad | (rung not in OF_OTHERS)), rung.value)
        return levels

    def is_stranger(self) -> NDArray[np.bool_]:
        """Return True for services without figures of the country, the world or enough others."""
        is_total = self.figures["area_id"].to_numpy() == WORLD
        is_counted = self._has_figure(SERVICE, is_total) | self._has_figure(PLACE, ~is_total)
        return np.asarray(~self.is_abroad & ~is_counted)

    def _has_figure(self, by: list[str], is_meant: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return whether a figure that is meant agrees with each row in the columns `by`."""
        groups, group = number_groups(by, self.figures, self.requested)
        row, figure = self.left_out
        is_out = is_meant[figure] & (groups[figure] == group[row])
        count = np.bincount(groups[is_meant], minlength=1 + group.max(initial=0))
        return np.asarray(count[group] > np.bincount(row[is_out], minlength=len(group)))
