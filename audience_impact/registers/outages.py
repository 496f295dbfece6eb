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
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from audience_impact.plain_text import fold_name
from audience_impact.registers.gazetteer import Atlas, FindCountry, country_codes
from audience_impact.registers.register import Publication, Row
from audience_impact.vocabulary import Cause, EvidenceScope, Reliability, SourceType

LONGEST = pd.Timedelta(days=60)
"""An outage that lasts longer than this is refused: its end was never entered."""
ORDERED = ("Government-Ordered", "Exams")
ATTACKS = ("DDoS",)
NOT_KNOWN = ("", "Unknown")
SIGNALS = {
    "seen_bgp": "routing",
    "seen_active_probing": "active probing",
    "seen_telescope": "telescope",
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


def read_outages(
    frame: pd.DataFrame, source_id: str, find_country: FindCountry, atlas: Atlas
) -> tuple[list[Row], list[Row]]:
    """Return evidence, and the refused rows with their number and reason.

    Args:
        frame: The list as text, with the columns of IODA.
        source_id: The source of all rows.
        find_country: The code of a country by its name.
        atlas: The places of each country.
    """
    evidence: list[Row] = []
    refused: list[Row] = []
    taken: set[str] = set()
    begins, ends = (_parse_times(frame[name]) for name in ("begin_utc", "end_utc"))
    for number, (row, begin, end) in enumerate(
        zip(frame.to_dict("records"), begins, ends, strict=True), 1
    ):
        cells = {str(name): str(cell) for name, cell in row.items()}
        country = next(iter(country_codes(cells["country"], find_country)), "")
        reason = _find_refusal(cells, country, begin, end, taken)
        if reason:
            refused.append({"row": str(number), "reason": reason, **cells})
            continue
        taken.add(cells["ioda_id"])
        times = {"begin": f"{begin:%Y-%m-%dT%H:%MZ}", "end": f"{end:%Y-%m-%dT%H:%MZ}"}
        evidence.append({**_read_cells(cells, country, atlas), **times, "source_id": source_id})
    return evidence, refused


def _parse_times(cells: "pd.Series[str]") -> Iterator[pd.Timestamp]:
    return iter(pd.to_datetime(cells, errors="coerce", utc=True))


def _find_refusal(
    cells: Row, country: str, begin: pd.Timestamp, end: pd.Timestamp, taken: set[str]
) -> str:
    reasons = {
        "country_unresolved": not country,
        "scope_unreadable": not SCOPE.fullmatch(cells["scope_printed"]),
        "time_unreadable": pd.isna(begin) or pd.isna(end),
        "ends_before_it_begins": end <= begin,
        "too_long": end - begin > LONGEST,
        "id_repeats": cells["ioda_id"] in taken or not cells["ioda_id"],
    }
    return next((reason for reason, applies in reasons.items() if applies), "")


def _read_cells(cells: Row, country: str, atlas: Atlas) -> Row:
    match = SCOPE.fullmatch(cells["scope_printed"])
    word, name = (match[1], match[2] or "") if match else ("", "")
    area, missing = country, ""
    if word == "Region":
        area = _find_region(name, country, atlas)
        missing = f"region as printed: {name}" if area == country else ""
    scope = {
        "Country": EvidenceScope.COUNTRY,
        "Region": EvidenceScope.REGION,
        "AS": EvidenceScope.NETWORK,
    }[word]
    seen = [signal for column, signal in SIGNALS.items() if cells[column].casefold() == "true"]
    texts = (missing, cells["confirmation"].casefold(), cells["notes"])
    return {
        "evidence_id": f"ioda-{cells['ioda_id']}",
        "source_event_id": cells["ioda_id"],
        "area_id": area,
        "network": f"AS{name}" if scope is EvidenceScope.NETWORK else "",
        "evidence_scope": scope.value,
        "signals": ";".join(seen),
        "cause": cells["cause"],
        "cause_kind": _read_cause(cells["cause"]).value,
        "note": "; ".join(filter(None, texts)),
    }


def _read_cause(text: str) -> Cause:
    if text in ORDERED:
        return Cause.ORDER
    if text in NOT_KNOWN:
        return Cause.UNKNOWN
    return Cause.ATTACK if text in ATTACKS else Cause.DAMAGE


def _find_region(name: str, country: str, atlas: Atlas) -> str:
    """Return the first-level place of a name, or the country where no single one has it."""
    places = atlas[country]
    ids = set(places.by_name.get(fold_name(name), ())) & set(places.first_level)
    return next(iter(ids)) if len(ids) == 1 else country


IODA = OutageList(
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
REGISTER = IODA
"""The list that the command `import ioda` reads."""
