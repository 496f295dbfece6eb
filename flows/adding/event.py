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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from audience_impact import populations
from audience_impact import vocabulary as words
from audience_impact.answers.numbers import day_in_words, on_day
from audience_impact.answers.sentences import DESCRIBED_EVENT
from audience_impact.places.networks import list_networks
from audience_impact.plain_text import fold_name
from flows.adding import questions as asking
from flows.adding.entries import END_SOURCE, Rows, build_targets
from flows.adding.questions import NotOnRecordError
from flows.adding.writing import insert_rows
from flows.pipeline import quality, steps

SOURCE = "described-event"
PAGE = {
    "source_id": SOURCE,
    "publisher": DESCRIBED_EVENT,
    "title": "Event as described, on no record",
    "source_type": words.SourceType.JUDGEMENT.value,
    "licence": words.Unstated.NOT_STATED.value,
    "reliability": words.Reliability.LOW.value,
    "measurement_series_id": SOURCE,
}
"""The page on which the rows of an event rest."""
MEASURER = {
    "measurement_series_id": SOURCE,
    "measurer": DESCRIBED_EVENT,
    "source_type": words.SourceType.JUDGEMENT.value,
    "note": "an event that somebody described",
}
MOST_YEARS_BEFORE, MOST_YEARS_AFTER = 3, 10
"""Years before the first count of people online, to which only a line leads, and after the last,
when errors grow, for which one is estimated."""


@dataclass(frozen=True)
class Event:
    """An event as a person describes it; names as typed.

    Without a last day it goes on. Without services it is of the whole internet, and without
    features, places or operators of all of them; operators alone are cut where some are named.
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


class EventRows:
    """The rows of an event; raises NotOnRecordError for a name that no fact has, or several."""

    def __init__(self, event: Event, records: asking.FactRecords) -> None:
        self.event, self.tables = event, records.tables
        self._parents = populations.parents_of(self.tables["areas"])
        self.country_id = records.find_area(event.country)
        if populations.country_of(self.country_id, self._parents) != self.country_id:
            raise NotOnRecordError(
                f"{event.country} is no country; give the country, and --place for the place"
            )
        platforms = dict.fromkeys(map(records.find_platform, event.services))
        self._platform_ids = [*platforms] or [words.WHOLE_INTERNET]
        self._places = {self._find_place(place): place for place in event.places}
        what = asking.make_slug(" ".join(self._platform_ids[:2])) if event.services else "internet"
        self.restriction_id = f"{self.country_id}-{event.start.isoformat()}-{what}-described"

    def _find_place(self, name: str) -> str:
        areas, country_id = self.tables["areas"], self.country_id
        country = areas["area_id"].map(lambda area: populations.country_of(area, self._parents))
        inside = areas[(country == country_id) & (areas["area_id"] != country_id)]
        names = (inside["name"] + ";" + inside["aliases"]).str.split(";")
        is_named = names.map(lambda cells: fold_name(name) in map(fold_name, cells)).astype("bool")
        matching = inside[(inside["area_id"] == name) | is_named]
        outermost = matching.loc[~matching["parent_id"].isin(matching["area_id"]), "area_id"]
        what = f"place of {country_id}"
        return asking.choose_only(name, [*outermost], what, "places are called", inside["name"])

    def check(self) -> None:
        """Raise NotOnRecordError where the facts cannot answer for such an event."""
        self._check_years()
        self._check_operators()
        blocks = [self._check_service(platform) for platform in self._platform_ids]
        if all(blocks) and not (self.event.places or self.event.is_slowed or self.event.features):
            raise NotOnRecordError("; ".join(blocks))

    def _check_years(self) -> None:
        bases, country, year = self.tables["bases"], self.event.country, self.event.start.year
        is_online = bases["population_base"].str.startswith("internet")
        periods = bases.loc[is_online & (bases["area_id"] == self.country_id), "period"]
        if periods.empty:
            raise NotOnRecordError(f"our record holds no count of the people online in {country}")
        first, last = int(periods.min()[:4]), int(periods.max()[:4])
        if first - year > MOST_YEARS_BEFORE or year - last > MOST_YEARS_AFTER:
            raise NotOnRecordError(
                f"our record counts the people online in {country} from {first} to {last}: {year} "
                "is too far from these years for an estimate"
            )

    def _check_operators(self) -> None:
        acts, operators = self.tables["restrictions"], self.event.operators
        cells = acts.loc[acts["area_ids"].str[:2] == self.country_id, "operators"]
        names = {fold_name(name): name for cell in cells for name in cell.split(";") if name}
        pairs = pd.DataFrame({"country_id": self.country_id, "operators": operators})
        counted = {operator for _, operator, _ in list_networks(pairs, self.tables)}
        for operator in operators:
            if operator not in counted and fold_name(operator) not in names:
                near = asking.suggest_names(operator, names.values())
                raise NotOnRecordError(
                    f"{operator} is no operator of {self.event.country} on record{near}"
                )

    def _check_service(self, platform: str) -> str:
        """Return how the record holds a service as blocked by the start; refuse one that closed."""
        if platform == words.WHOLE_INTERNET:
            return ""
        tables, start = self.tables, self.event.start.isoformat()
        row = tables["platforms"].set_index("platform_id").loc[platform]
        if row["ended_on"] and row["ended_on"] <= start:
            ended = on_day(row["ended_on"])
            raise NotOnRecordError(f"{row['name']} closed {ended}, so that it has no users later")
        acts, targets = tables["restrictions"], tables["restriction_targets"]
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
        event = self.event
        action, evidence = words.Action.BLOCK, words.EvidenceState.BLOCKED
        if event.is_slowed:
            action, evidence = words.Action.THROTTLE, words.EvidenceState.IMPAIRED
        elif not event.services:
            action, evidence = words.Action.NETWORK_SHUTDOWN, words.EvidenceState.DOWN
        status = words.EndStatus.ENDED if event.last_day else words.EndStatus.ONGOING
        networks = words.NetworkScope.ASN_LIST if event.operators else event.network
        areas = sorted(self._places or [self.country_id])
        features = ";".join(sorted(event.features or [words.Feature.WHOLE_SERVICE]))
        of_event = {"restriction_id": self.restriction_id}
        about = of_event | {"source_id": SOURCE, "claim_status": words.ClaimStatus.OFFICIAL.value}
        restriction = {
            "area_ids": ";".join(areas),
            "geo_scope": asking.choose_scope(areas),
            "network_scope": networks.value,
            "observed_from": event.start.isoformat(),
            "ended_on": event.last_day.isoformat() if event.last_day else "",
            "end_status": status.value,
            "end_source": END_SOURCE[status].value,
            "start_precision": words.StartPrecision.ACTUAL.value,
            "action": action.value,
            "severity": asking.choose_severity(action, features),
            "evidence_state": evidence.value,
            "operators": ";".join(event.operators),
            "extent_reason": f"operators named: {', '.join(event.operators)}"
            * bool(event.operators),
            "note": "event as described, on no record",
        }
        place = {
            "reading": words.PlaceReading.WHOLE.value,
            "found_by": words.PlaceMatch.EXACT.value,
        }
        return {
            "restrictions": [about | restriction],
            "restriction_targets": build_targets(
                about, ";".join(sorted(self._platform_ids)), features
            ),
            "restriction_places": [
                {**of_event, **place, "area_id": area_id, "name": name}
                for area_id, name in self._places.items()
            ],
        }


def find_last_day(start: date, days: int | None) -> date | None:
    """Return the last day of an event of some days; None if it goes on.

    A day that no calendar has is the last one of all, which a rule of the facts refuses.
    """
    if days is None:
        return None
    return date.fromordinal(min(start.toordinal() + days - 1, date.max.toordinal()))


class Estimate(NamedTuple):
    """The answer for an event, with the folder of a version that has it alone.

    `rows` describe the event; `refused_rows_count` rows of the facts were left out for an error.
    """

    restriction_id: str
    published: Path
    rows: Rows
    refused_rows_count: int


@contextmanager
def publish_estimate(event: Event, reading: steps.Reading) -> Iterator[Estimate]:
    """Yield the answer for an event, whose folder exists as long as the context.

    The results are of the last day of the event or of the newest facts, whichever is later.

    Raises NotOnRecordError for an unknown name, and RefusedError where the event or its answer
    breaks a rule, or with its findings where a whole table of the facts cannot be used.
    """
    steps.refuse_errors(reading, strict=False)
    described = EventRows(event, asking.FactRecords(reading.tables))
    described.check()
    rows = described.list_rows()
    with tempfile.TemporaryDirectory(prefix="audience-impact-") as name:
        layer, published = Path(name) / "layer", Path(name) / "published"
        layer.mkdir()
        newest = {"accessed_on": str(reading.tables["sources"]["accessed_on"].max())}
        pages = {"sources": [{**PAGE, **newest}], "lineages": [MEASURER]}
        for file in insert_rows(layer, {**rows, **pages}):
            file.path.write_bytes(file.after)
        checked = steps.validate_facts(steps.read_facts([*reading.folders, layer]))
        of_event = [row for row in checked.findings if row.layer > len(reading.folders)]
        errors = [row for row in of_event if row.severity == words.FindingSeverity.ERROR]
        # An error of a cell takes its row away: then other rows name a restriction that is none.
        if causes := [row for row in errors if row.column != "restriction_id"] or errors:
            event_words = "the event cannot be estimated"
            raise steps.RefusedError(
                [f"{event_words}: {row.column} {row.value!r}: {row.message}" for row in causes]
            )
        steps.refuse_errors(checked, strict=False)
        day = max(steps.choose_day(checked, None), event.last_day or event.start)
        only = frozenset({described.restriction_id})
        results = steps.compute_results(checked, day, 0, only=only)
        steps.publish_results(results, published, None)
        refused = {finding.place for finding in quality.list_refused(checked.findings)}
        yield Estimate(described.restriction_id, published, rows, len(refused))
