"""A second register, made up: four columns, no year in which a row counts, no features."""

from audience_impact.registers.countries import plain_name
from audience_impact.registers.places import locate_event
from audience_impact.registers.register import (
    COMMON_DEFECTS,
    Background,
    Event,
    Publication,
    Reading,
    Record,
    Register,
    Row,
    Target,
    Targets,
    service_key,
)
from audience_impact.vocabulary import (
    Action,
    ClaimStatus,
    EndSource,
    EndStatus,
    EvidenceState,
    Feature,
    GeoScope,
    NetworkScope,
    PlatformKind,
    Severity,
    StartPrecision,
)

COLUMNS = ("day", "state", "where", "site")


def record(cells: Row, number: int, country_ids: tuple[str, ...]) -> Record:
    refused = "" if country_ids else "country_unresolved"
    return Record(
        number,
        cells,
        cells["state"],
        country_ids,
        count_year=cells["day"][:4],
        identity=(";".join(country_ids), cells["day"], plain_name(cells["where"])),
        services=(plain_name(cells["site"]),),
        refused=refused or ("" if cells["day"] else "day_missing"),
    )


def read(event: Event, background: Background) -> Reading:
    cells = event.newest_record.cells
    known = background.catalogue.find_id(cells["site"])
    platform = known or service_key(cells["site"])
    new = {} if known else {platform: (cells["site"], PlatformKind.OTHER.value)}
    place = locate_event(cells["state"], cells["where"], GeoScope.REGION, background.atlas)
    odd = [(place.defect, each.number) for each in event.records if place.defect]
    restriction = {
        "network_scope": NetworkScope.ALL.value,
        "observed_from": cells["day"],
        "ended_on": "",
        "end_status": EndStatus.UNKNOWN.value,
        "end_source": EndSource.MISSING.value,
        "start_precision": StartPrecision.ACTUAL.value,
        "action": Action.BLOCK.value,
        "severity": Severity.SERVICE_UNAVAILABLE.value,
        "evidence_state": EvidenceState.INSUFFICIENT.value,
        "claim_status": ClaimStatus.REPORTED.value,
    }
    targets = Targets((Target(platform, Feature.WHOLE_SERVICE.value),), new)
    return Reading(event, restriction, place, targets, tuple(odd))


REGISTER = Register(
    name="toy",
    publication=Publication(
        series_id="toy-register",
        measurer="Toy",
        note="a register for tests",
        title="Toy, snapshot {snapshot}",
        snapshot="2026-01-31",
    ),
    columns=COLUMNS,
    country="state",
    year="",
    defects={
        **COMMON_DEFECTS,
        "day_missing": "no day; refused",
        "place_missing": "no place named",
        "place_unresolved": "no region of ISO 3166-2",
    },
    record=record,
    correct=lambda event: [event],
    read=read,
    spellings={"x twitter": "twitter"},
)
