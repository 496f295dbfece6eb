"""A list of measured outages read as evidence: places, times, causes, and what cannot be used.

Definitions. An outage is a stretch of time in which a measurer saw less of a country, a region or
a network than before. Evidence is an outage as a row of the fact table `evidence`.

Method. Each row becomes evidence or is refused for a reason. Times are taken to be UTC. A region is
looked up among the first-level places of its country; where its name is not on record, the outage
is one of the country's regions, and the note names it. The cause is that of the source, and the
same in the words of `Cause`.

Known drawbacks. IODA sees routing, active probing and a telescope, mostly of fixed networks: a
mobile shutdown may leave no trace, and the absence of an outage proves nothing.

Citation. Docs/how-to/import-outages.md says which field of other measurers is which column.
"""

import re
from dataclasses import dataclass

import pandas as pd

from audience_impact.plain_text import fold_name
from audience_impact.registers.countries import country_codes
from audience_impact.registers.place_names import Atlas
from audience_impact.registers.register import Publication, Row
from audience_impact.vocabulary import Cause, EvidenceScope, Reliability, SourceType

LONGEST = pd.Timedelta(days=60)
"""An outage that lasts longer than this is refused: its end was never entered."""
CAUSES = {
    **dict.fromkeys(("Government-Ordered", "Exams"), Cause.ORDER),
    **dict.fromkeys(("", "Unknown"), Cause.UNKNOWN),
    "DDoS": Cause.ATTACK,
}
"""Causes as printed; all others are damage."""
SIGNALS = {
    "seen_bgp": "routing",
    "seen_active_probing": "active probing",
    "seen_telescope": "telescope",
}
SCOPES = {
    "Country": EvidenceScope.COUNTRY,
    "Region": EvidenceScope.REGION,
    "AS": EvidenceScope.NETWORK,
}
SCOPE = re.compile(r"(Country|Region|AS)(?: \((.+)\))?")
"""Pattern of a scope as printed: Country, Region (its name), AS (its numbers)."""
REFUSALS = {
    "country_unresolved": "a country that ISO 3166 does not know",
    "scope_unreadable": "the scope is neither a country, a region nor a network",
    "time_unreadable": "the begin or the end is missing or no time",
    "ends_before_it_begins": "the end is not after the begin",
    "too_long": "longer than 60 days",
    "id_repeats": "an earlier row has the same id",
}
"""Reasons for which a row is refused, with their meanings."""


@dataclass(frozen=True)
class OutageList:
    """A list of outages that can be imported: its name, its publisher and its columns."""

    name: str
    publication: Publication
    columns: tuple[str, ...]


def read_outages(frame: pd.DataFrame, source_id: str, atlas: Atlas) -> tuple[list[Row], list[Row]]:
    """Return evidence, and refused rows with number and reason; `frame` has IODA's columns."""
    evidence: list[Row] = []
    refused: list[Row] = []
    begins, ends = (
        pd.to_datetime(frame[name], errors="coerce", utc=True) for name in ("begin_utc", "end_utc")
    )
    taken: set[str] = set()
    rows = zip(frame.to_dict("records"), begins, ends, strict=True)
    for number, (cells, begin, end) in enumerate(rows, 1):
        country = next(iter(country_codes(cells["country"])), "")
        scope = SCOPE.fullmatch(cells["scope_printed"])
        reasons = {
            "country_unresolved": not country,
            "scope_unreadable": not scope,
            "time_unreadable": pd.isna(begin) or pd.isna(end),
            "ends_before_it_begins": end <= begin,
            "too_long": end - begin > LONGEST,
            "id_repeats": cells["ioda_id"] in taken or not cells["ioda_id"],
        }
        if reason := next((name for name, applies in reasons.items() if applies), ""):
            refused.append({"row": str(number), "reason": reason, **cells})
        elif scope:
            taken.add(cells["ioda_id"])
            times = {"begin": f"{begin:%Y-%m-%dT%H:%MZ}", "end": f"{end:%Y-%m-%dT%H:%MZ}"}
            row = _read_cells(cells, SCOPES[scope[1]], scope[2] or "", country, atlas)
            evidence.append({**row, **times, "source_id": source_id})
    return evidence, refused


def _read_cells(cells: Row, scope: EvidenceScope, name: str, country: str, atlas: Atlas) -> Row:
    area = country
    if scope is EvidenceScope.REGION:
        places = atlas[country]
        ids = set(places.by_name.get(fold_name(name), ())) & places.first_level
        area = next(iter(ids)) if len(ids) == 1 else country
    is_missing = scope is EvidenceScope.REGION and area == country
    texts = (f"region as printed: {name}" * is_missing, cells["confirmation"].casefold())
    seen = [signal for column, signal in SIGNALS.items() if cells[column].casefold() == "true"]
    return {
        "evidence_id": f"ioda-{cells['ioda_id']}",
        "source_event_id": cells["ioda_id"],
        "area_id": area,
        "network": f"AS{name}" if scope is EvidenceScope.NETWORK else "",
        "evidence_scope": scope.value,
        "signals": ";".join(seen),
        "cause": cells["cause"],
        "cause_kind": CAUSES.get(cells["cause"], Cause.DAMAGE).value,
        "note": "; ".join(filter(None, (*texts, cells["notes"]))),
    }


REGISTER = OutageList(
    name="ioda",
    publication=Publication(
        series_id="ioda-outages",
        measurer="IODA, Georgia Tech",
        note="outages seen in routing, active probing and a network telescope, curated by hand",
        title="Outages investigated with IODA (2018 to 2022)",
        snapshot="2023",
        copies={
            "2023": (
                "https://github.com/InetIntel/internet_outages",
                "data of Destination Unreachable (SIGCOMM 2023); times taken to be UTC; no licence "
                "stated: figures are facts, the list is not republished",
            )
        },
        source_type=SourceType.NETWORK_MEASUREMENT,
        reliability=Reliability.HIGH,
    ),
    columns=(
        *("ioda_id", "country", "scope_printed", "cause", "confirmation", "notes"),
        *("begin_utc", "end_utc", *SIGNALS),
    ),
)
"""The list that the command `import ioda` reads."""
