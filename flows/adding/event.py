"""The answer for an event that is on no record, computed from the facts as one more restriction.

Definitions. An event is a restriction that a person describes: where, which services or the whole
internet, from which day and for how long, perhaps in some places, on one kind of network or of some
operators.

Method. The event becomes the rows of a layer over the facts. All facts are read, checked and fitted
as in a run; only the event is computed, so that its answer is the one that a run would publish.

Assumptions. The event happens as described: its rows say that an authority confirms it and that it
is measured.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from audience_impact import populations
from audience_impact import vocabulary as words
from audience_impact.answers.caveats import DESCRIBED_EVENT
from audience_impact.answers.numbers import day_in_words, on_day
from audience_impact.registers.places.phrases import fold_name
from flows.adding.records import FactRecords, NotOnRecordError, make_slug, suggest_names

if TYPE_CHECKING:
    from audience_impact.facts.tables import Finding
    from flows.pipeline.steps import Reading

SOURCE = "described-event"
SOURCE_ROW = {
    "source_id": SOURCE,
    "publisher": DESCRIBED_EVENT,
    "title": "Event as described, on no record",
    "source_type": words.SourceType.JUDGEMENT.value,
    "licence": words.Unstated.NOT_STATED.value,
    "reliability": words.Reliability.LOW.value,
    "measurement_series_id": SOURCE,
}
LINEAGE_ROW = {
    "measurement_series_id": SOURCE,
    "measurer": DESCRIBED_EVENT,
    "source_type": words.SourceType.JUDGEMENT.value,
    "note": "an event that somebody described",
}
MOST_YEARS_BEFORE, MOST_YEARS_AFTER = 3, 10
"""Years before the first count of people online and after the last for which one is estimated.

Before the first, only a line leads to the day; after the last, the error grows with it.
"""
CLAIM = words.ClaimStatus.OFFICIAL.value
Rows = Mapping[str, Sequence[Mapping[str, str]]]


@dataclass(frozen=True)
class Event:
    """An event as a person describes it; names as typed.

    Attributes:
        country: The country.
        start: The first day.
        last_day: The last day; None while it goes on.
        services: The services; none for the whole internet.
        features: What of the services fails, such as voice calls; none for all of it.
        places: Places of the country; none for all of it.
        network: The kind of network that is cut.
        operators: The operators that alone are cut; none for all of them.
        is_slowed: Whether access is slowed and not cut.
    """

    country: str
    start: date
    last_day: date | None = None
    services: tuple[str, ...] = ()
    features: tuple[words.Feature, ...] = ()
    places: tuple[str, ...] = ()
    network: words.NetworkScope = words.NetworkScope.ALL
    operators: tuple[str, ...] = ()
    is_slowed: bool = False


@dataclass(frozen=True)
class EventRows:
    """The rows of fact tables that describe an event; names are looked up among the facts.

    Raises, where the rows are read:
        NotOnRecordError: A name is unknown, or means several places.
    """

    event: Event
    records: FactRecords

    @cached_property
    def country_id(self) -> str:
        """Return the code of the country."""
        code = self.records.find_area(self.event.country)
        if populations.country_of(code, self._parents) != code:
            raise NotOnRecordError(
                f"{self.event.country} is no country; give the country, and --place for the place"
            )
        return code

    @cached_property
    def _parents(self) -> dict[str, str]:
        return populations.parents_of(self.records.tables["areas"])

    @cached_property
    def _platform_ids(self) -> list[str]:
        if not self.event.services:
            return [words.WHOLE_INTERNET]
        platforms = map(self.records.find_platform, self.event.services)
        return list(dict.fromkeys(platforms))  # one that is named twice is one

    @cached_property
    def _places(self) -> dict[str, str]:
        """Return the names of the places by their id."""
        return {self._find_place(place): place for place in self.event.places}

    @cached_property
    def _area_ids(self) -> list[str]:
        return list(self._places) or [self.country_id]

    def _find_place(self, name: str) -> str:
        """Return the id of a place of the country, by its id, its name or an alias."""
        areas = self.records.tables["areas"]
        country = areas["area_id"].map(
            lambda area_id: populations.country_of(area_id, self._parents)
        )
        inside = areas[(country == self.country_id) & (areas["area_id"] != self.country_id)]
        names = inside["name"] + ";" + inside["aliases"]
        folded = names.map(lambda cell: {fold_name(part) for part in cell.split(";")})
        is_named = folded.map(lambda known_names: fold_name(name) in known_names)
        matching = inside[(inside["area_id"] == name) | is_named]
        outermost = matching[~matching["parent_id"].isin(matching["area_id"])]
        if len(outermost) == 1:
            return str(outermost["area_id"].iloc[0])
        if outermost.empty:
            near = suggest_names(name, inside["name"])
            raise NotOnRecordError(f"{name} is no place of {self.country_id} on record{near}")
        listed = ", ".join(outermost["area_id"])
        raise NotOnRecordError(f"several places are called {name}: give one of {listed}")

    @cached_property
    def restriction_id(self) -> str:
        """Return the id: country, first day, and what is cut."""
        is_whole = self._platform_ids == [words.WHOLE_INTERNET]
        what = "internet" if is_whole else make_slug(" ".join(self._platform_ids[:2]))
        return f"{self.country_id}-{self.event.start.isoformat()}-{what}-described"

    def check(self) -> None:
        """Raise NotOnRecordError where the facts cannot answer for such an event."""
        self._check_years()
        self._check_operators()
        blocks = [self._check_service(platform) for platform in self._platform_ids]
        if all(blocks) and not (self.event.places or self.event.is_slowed or self.event.features):
            raise NotOnRecordError("; ".join(blocks))

    def _check_years(self) -> None:
        bases = self.records.tables["bases"]
        counts = bases[
            (bases["area_id"] == self.country_id)
            & bases["population_base"].str.startswith("internet")
        ]
        years = counts["period"].str[:4].astype("int64")
        country, year = self.event.country, self.event.start.year
        if years.empty:
            raise NotOnRecordError(f"our record holds no count of the people online in {country}")
        first, last = years.min(), years.max()
        if first - year > MOST_YEARS_BEFORE or year - last > MOST_YEARS_AFTER:
            raise NotOnRecordError(
                f"our record counts the people online in {country} from {first} to {last}: {year} "
                "is too far from these years for an estimate"
            )

    def _check_operators(self) -> None:
        """Refuse operators that no network of the country is of, and no event there names."""
        from audience_impact.places.operator_shares import list_networks

        tables, country = self.records.tables, self.country_id
        acts = tables["restrictions"]
        cells = acts.loc[acts["area_ids"].str[:2] == country, "operators"]
        names = {fold_name(name): name for cell in cells for name in cell.split(";") if name}
        pairs = pd.DataFrame({"country_id": country, "operators": self.event.operators})
        counted = {operator for _, operator, _ in list_networks(pairs, tables)}
        for operator in self.event.operators:
            if operator not in counted and fold_name(operator) not in names:
                near = suggest_names(operator, names.values())
                raise NotOnRecordError(
                    f"{operator} is no operator of {self.event.country} on record{near}"
                )

    def _check_service(self, platform: str) -> str:
        """Return how the record holds a service as blocked by the start; refuse one that closed."""
        if platform == words.WHOLE_INTERNET:
            return ""
        row = self.records.find_row("platforms", "platform_id", platform)
        start = self.event.start.isoformat()
        ended = row.get("ended_on", "")
        if ended and ended <= start:
            raise NotOnRecordError(f"{row['name']} closed {on_day(ended)}: nobody uses it later")
        acts, targets = (self.records.tables[f"restriction{name}"] for name in ("s", "_targets"))
        is_whole = targets["feature"] == words.Feature.WHOLE_SERVICE.value
        ids = targets.loc[(targets["platform_id"] == platform) & is_whole, "restriction_id"]
        in_force = acts[
            acts["restriction_id"].isin(ids)
            & (acts["area_ids"] == self.country_id)
            & (acts["action"] == words.Action.BLOCK.value)
            & (acts["end_status"] == words.EndStatus.ONGOING.value)
            & (acts["observed_from"] < start)
            & (acts["observed_from"] != "")
        ]
        if in_force.empty:
            return ""
        act = in_force.sort_values("observed_from").iloc[0]
        return (
            f"our record holds {row['name']} as blocked in {self.event.country} since "
            f"{day_in_words(act['observed_from'])}: audience-impact show {act['restriction_id']}"
        )

    def list_rows(self) -> Rows:
        """Return the rows by fact table."""
        target = {"restriction_id": self.restriction_id, "claim_status": CLAIM}
        features = self.event.features or (words.Feature.WHOLE_SERVICE,)
        places = {
            "restriction_id": self.restriction_id,
            "reading": words.PlaceReading.WHOLE.value,
            "found_by": words.PlaceMatch.EXACT.value,
        }
        return {
            "restrictions": [self._restriction_row],
            "restriction_targets": [
                {**target, "platform_id": platform, "feature": feature.value, "source_id": SOURCE}
                for platform in self._platform_ids
                for feature in features
            ],
            "restriction_places": [
                {**places, "area_id": area_id, "name": name}
                for area_id, name in self._places.items()
            ],
        }

    @property
    def _restriction_row(self) -> dict[str, str]:
        event, is_whole = self.event, self._platform_ids == [words.WHOLE_INTERNET]
        scopes, scope = words.GeoScope, words.GeoScope.NATIONAL
        if event.places:
            scope = scopes.REGION if len(self._places) == 1 else scopes.MULTI_REGION
        named = ", ".join(event.operators)
        network = words.NetworkScope.ASN_LIST if event.operators else event.network
        action, severity, evidence = _describe_cut(is_whole, bool(event.features), event.is_slowed)
        is_over = event.last_day is not None
        return {
            "restriction_id": self.restriction_id,
            "area_ids": ";".join(self._area_ids),
            "geo_scope": scope.value,
            "network_scope": network.value,
            "observed_from": event.start.isoformat(),
            "ended_on": event.last_day.isoformat() if event.last_day else "",
            "end_status": (words.EndStatus.ENDED if is_over else words.EndStatus.ONGOING).value,
            "end_source": (
                words.EndSource.RECORDED if is_over else words.EndSource.SNAPSHOT_DATE
            ).value,
            "start_precision": words.StartPrecision.ACTUAL.value,
            "action": action.value,
            "severity": severity.value,
            "evidence_state": evidence.value,
            "claim_status": CLAIM,
            "source_id": SOURCE,
            "operators": ";".join(event.operators),
            "extent_reason": f"operators named: {named}" if named else "",
            "note": "event as described, on no record",
        }


def _describe_cut(
    is_whole: bool, of_feature: bool, is_slowed: bool
) -> tuple[words.Action, words.Severity, words.EvidenceState]:
    """Return action, severity and evidence of a cut: of the whole internet, or of services."""
    if is_slowed:
        states = words.EvidenceState
        return words.Action.THROTTLE, words.Severity.SERVICE_IMPAIRED, states.IMPAIRED
    if is_whole:
        unavailable = words.Severity.NETWORK_UNAVAILABLE
        return words.Action.NETWORK_SHUTDOWN, unavailable, words.EvidenceState.DOWN
    of_service, of_its_feature = (
        words.Severity.SERVICE_UNAVAILABLE,
        words.Severity.FEATURE_UNAVAILABLE,
    )
    severity = of_its_feature if of_feature else of_service
    return words.Action.BLOCK, severity, words.EvidenceState.BLOCKED


def write_layer(rows: Rows, folder: Path, columns: Mapping[str, Sequence[str]]) -> None:
    """Write rows as fact tables into a folder, with these columns."""
    for table, table_rows in rows.items():
        if table_rows:
            cells = [{name: row.get(name, "") for name in columns[table]} for row in table_rows]
            pd.DataFrame(cells, dtype="str").to_csv(
                folder / f"{table}.csv", index=False, encoding="utf-8"
            )


def find_last_day(start: date, days: int | None) -> date | None:
    """Return the last day of an event of some days; None if it goes on.

    A day that no calendar has is the last one of all, which a rule of the facts refuses.
    """
    if days is None:
        return None
    return date.fromordinal(min(start.toordinal() + days - 1, date.max.toordinal()))


class Estimate(NamedTuple):
    """The answer for an event.

    Attributes:
        restriction_id: The id of the event.
        published: The folder of a version with its answer alone.
        rows: The rows of fact tables that describe the event.
        refused_rows_count: The number of rows of the facts that were left out for an error.
    """

    restriction_id: str
    published: Path
    rows: Rows
    refused_rows_count: int


@contextmanager
def publish_estimate(event: Event, reading: "Reading", seed: int = 0) -> Iterator[Estimate]:
    """Yield the answer for an event, whose folder exists as long as the context.

    The results are of the last day of the event or of the newest facts, whichever is later.

    Raises:
        NotOnRecordError: A name of the event is unknown.
        RefusedError: A cell of the event breaks a rule, or its answer does; or a whole table of the
            facts cannot be used, and the error has its findings.
    """
    from flows.pipeline import quality, steps

    steps.refuse_errors(reading, strict=False)
    described = EventRows(event, FactRecords(reading.tables))
    described.check()
    rows = described.list_rows()
    columns = {name: header.columns for name, header in steps.build_headers().items()}
    with tempfile.TemporaryDirectory(prefix="audience-impact-") as name:
        layer, published = Path(name) / "layer", Path(name) / "published"
        layer.mkdir()
        newest = str(reading.tables["sources"]["accessed_on"].max())
        source = {**SOURCE_ROW, "accessed_on": newest}
        write_layer({**rows, "sources": [source], "lineages": [LINEAGE_ROW]}, layer, columns)
        checked = steps.validate_facts(steps.read_facts([*reading.folders, layer]))
        _refuse_errors(checked.findings, len(reading.folders) + 1)
        steps.refuse_errors(checked, strict=False)
        day = max(steps.choose_day(checked, None), event.last_day or event.start)
        only = frozenset({described.restriction_id})
        results = steps.compute_results(checked, day, seed, only=only)
        steps.publish_results(results, published, None)
        refused = {finding.place for finding in quality.list_refused(checked.findings)}
        yield Estimate(described.restriction_id, published, rows, len(refused))


def _refuse_errors(findings: "Sequence[Finding]", layer: int) -> None:
    """Raise the errors of the rows of the event, which are the last layer of the facts."""
    from flows.pipeline.steps import RefusedError

    errors = [
        finding
        for finding in findings
        if finding.layer == layer and finding.severity == words.FindingSeverity.ERROR
    ]
    # An error of a cell takes its row away, and then other rows name a restriction that is none.
    causes = [finding for finding in errors if finding.column != "restriction_id"] or errors
    if causes:
        event = "the event cannot be estimated"
        raise RefusedError(
            [f"{event}: {error.column} {error.value!r}: {error.message}" for error in causes]
        )
