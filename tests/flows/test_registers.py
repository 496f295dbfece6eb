"""A second register: what is its own and an entry, and the import of STOP works for it as well."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from audience_impact.registers import register_tables
from audience_impact.registers.outages import OutageList
from audience_impact.registers.places import Place
from audience_impact.registers.register import (
    COMMON_DEFECTS,
    Event,
    Reading,
    Record,
    Register,
    Targets,
)
from audience_impact.registers.stop.events import read_corrections
from audience_impact.vocabulary import (
    BOTH_ACTIONS,
    EITHER_ACTION,
    FAST_CUT,
    IN_SERIES,
    NOT_AS_ORDER,
    ON_AND_OFF,
    PROLONGED,
    WITH_NETWORK,
    GeoScope,
)
from flows.commands import run as importing_command
from flows.commands.run import build_import_commands
from flows.pipeline import steps
from flows.registers import REGISTERS, Entry
from tests.support import FACTS, REGISTER
from tests.toy_register import COLUMNS

TOY = {"toy": Entry("tests.toy_register", "the toy register", "a made-up one")}
ROWS = [
    ("2025-08-13", "Russian Federation", "Moskva", "WhatsApp"),
    ("2025-08-13", "Russian Federation", "Moskva", "X (Twitter)"),
    ("2025-08-14", "Kenya; Uganda", "Nationwide", "Tinfoil"),
    ("2025-08-15", "Narnia", "", "WhatsApp"),
    ("", "India", "", "WhatsApp"),
    ("2025-08-16", "India", "", "Telegram"),
]


def import_toy(folder: Path, *words: str) -> Result:
    path = folder / "toy.csv"
    pd.DataFrame(ROWS, columns=list(COLUMNS)).to_csv(path, index=False)
    command = build_import_commands({**REGISTERS, **TOY})
    return CliRunner().invoke(command, ["toy", str(path), "--into", str(folder / "layer"), *words])


def tables(folder: Path) -> dict[str, list[dict[str, str]]]:
    return {
        path.stem: pd.read_csv(path, dtype="str", keep_default_na=False).to_dict("records")
        for path in folder.rglob("*.csv")
    }


def test_a_second_register_is_imported_as_the_first(tmp_path: Path) -> None:
    done = import_toy(tmp_path, "--format", "json")
    assert done.exit_code == 0, done.output
    output = json.loads(done.stdout)
    counted = {name: output[name] for name in ("rows", "events", "merged", "refused")}
    assert counted == {"rows": 6, "events": 4, "merged": 0, "refused": 2}
    assert output["defect_rows"] == {
        "country_unresolved": [4],
        "several_countries": [3],
        "day_missing": [5],
        "place_missing": [6],
    }
    layer = tables(tmp_path / "layer")
    assert set(layer) == {*register_tables.WRITTEN, "toy"}
    assert [row["reason"] for row in layer["toy"]] == ["country_unresolved", "day_missing"]
    ids = [row["restriction_id"] for row in layer["restrictions"]]
    assert [finding.rsplit("-", 1)[0] for finding in ids] == [
        "IN-2025-08-16-toy",
        "KE.UG-2025-08-14-toy",
        *["RU-2025-08-13-toy"] * 2,
    ]
    assert {row["platform_id"] for row in layer["restriction_targets"]} == {
        *("whatsapp", "x", "telegram", "tinfoil")
    }
    assert [row["platform_id"] for row in layer["platforms"]] == ["tinfoil"]
    assert [row["source_id"] for row in layer["sources"]] == ["toy-register-2026-01-31"]
    checked = steps.validate_facts(steps.read_facts([FACTS, tmp_path / "layer"]))
    told_of_it = {
        (finding.table, finding.rule) for finding in checked.findings if finding.layer == 2
    }
    assert told_of_it == {("sources", "source_without_address")}


def test_its_text_tells_its_own_defects(tmp_path: Path) -> None:
    done = import_toy(tmp_path)
    assert "6 rows = 4 events + 0 merged + 2 refused" in done.stdout
    assert "  day_missing: 1 (no day; refused); rows 5" in done.stdout
    assert str(Path("refused") / "toy.csv") in done.stdout


def test_its_events_are_linked_to_those_on_record(tmp_path: Path) -> None:
    assert import_toy(tmp_path).exit_code == 0
    linked = tables(tmp_path / "layer")["event_links"]
    assert "RU-2025-08-13-calls" in {row["other_restriction_id"] for row in linked}


def test_every_register_has_the_defects_that_any_may_have() -> None:
    for name, entry in {**REGISTERS, **TOY}.items():
        register = entry.load_register()
        assert register.name == name
        if isinstance(register, OutageList):
            continue
        assert set(COMMON_DEFECTS) <= set(register.defects)
        assert {register.country, register.year} - {""} <= set(register.columns)


def test_a_defect_without_a_meaning_is_an_error_of_the_register() -> None:
    late = Event("XA", (Record(2, {}, "", ("XA",), "2024", (), ()),))
    reading = Reading(late, {}, Place((), GeoScope.UNKNOWN), Targets((), {}))
    readings = [replace(reading, defects=(("late", 2), ("late", 1), ("late", 2)))]
    register = TOY["toy"].load_register()
    assert isinstance(register, Register)
    known = replace(register, defects={"late": "too late"})
    assert register_tables.collect_defects(known, [], readings) == {"late": (1, 2)}
    with pytest.raises(ValueError, match="late has no meaning"):
        register_tables.collect_defects(register, [], readings)


OUTAGES = [
    ("1A", "South Sudan", "Country", "Exams", "2021-03-17 16:40:00", "2021-03-17 17:40:00"),
    ("2B", "Iraq", "Region (Al-Basrah)", "Cable-Cut", "2021-05-01 01:00:00", "2021-05-02 01:00:00"),
    ("3C", "Iraq", "Region (Narnia)", "Unknown", "2021-05-01 01:00:00", "2021-05-02 01:00:00"),
    ("4D", "Iraq", "AS (668)", "DDoS", "2021-05-01 01:00:00", "2021-05-02 01:00:00"),
    ("4D", "Iraq", "Country", "", "2021-05-03 01:00:00", "2021-05-04 01:00:00"),
    ("5E", "Iraq", "Country", "", "2021-05-03 01:00:00", "2021-05-03 01:00:00"),
    ("6F", "Iraq", "Country", "", "2021-05-03 01:00:00", ""),
    ("7G", "Iraq", "Country", "", "2021-01-01 00:00:00", "2021-03-02 00:01:00"),
    ("8H", "Narnia", "Country", "", "2021-05-03 01:00:00", "2021-05-04 01:00:00"),
    ("9I", "Iraq", "Planet", "", "2021-05-03 01:00:00", "2021-05-04 01:00:00"),
]


def test_a_list_of_outages_is_imported_and_what_cannot_be_used_is_refused(tmp_path: Path) -> None:
    names = ["ioda_id", "country", "scope_printed", "cause", "begin_utc", "end_utc"]
    rows = pd.DataFrame(OUTAGES, columns=names).assign(confirmation="Confirmed", notes="")
    rows = rows.assign(seen_bgp="TRUE", seen_active_probing="True", seen_telescope="FALSE")
    path, layer = tmp_path / "ioda.csv", tmp_path / "layer"
    rows.to_csv(path, index=False)
    command = ["ioda", str(path), "--into", str(layer)]
    done = CliRunner().invoke(build_import_commands(REGISTERS), [*command, "--format", "json"])
    assert done.exit_code == 0, done.output
    reasons = {
        "country_unresolved": 1,
        "scope_unreadable": 1,
        "time_unreadable": 1,
        "ends_before_it_begins": 1,
        "too_long": 1,
        "id_repeats": 1,
    }
    assert json.loads(done.stdout) == {"rows": 10, "evidence": 4, "refused": reasons}
    result = tables(layer)
    assert [row["ioda_id"] for row in result["ioda"]] == ["4D", "5E", "6F", "7G", "8H", "9I"]
    seen = [(row["area_id"], row["network"], row["cause_kind"]) for row in result["evidence"]]
    assert seen == [
        ("SS", "", "order"),
        ("IQ-BA", "", "damage"),
        ("IQ", "", "unknown"),
        ("IQ", "AS668", "attack"),
    ]
    first, _, third, _ = result["evidence"]
    assert (first["begin"], first["end"]) == ("2021-03-17T16:40Z", "2021-03-17T17:40Z")
    assert first["signals"] == "routing;active probing"
    assert third["note"] == "region as printed: Narnia; confirmed"
    checked = steps.validate_facts(steps.read_facts([FACTS, layer]))
    assert not [finding for finding in checked.findings if finding.layer == 2]
    again = CliRunner().invoke(build_import_commands(REGISTERS), [*command, "--counts", str(path)])
    assert (again.exit_code, "--counts" in str(again.exception)) == (1, True)


REMARKS = (
    *EITHER_ACTION.split("; "),
    ON_AND_OFF,
    WITH_NETWORK,
    FAST_CUT,
    PROLONGED,
    IN_SERIES,
    NOT_AS_ORDER,
)
OURS = re.compile(
    r"Somaliland, .*|slowed, while faster networks .*|not a shutdown|hours of an exam cut .*|"
    + "|".join(map(re.escape, [*BOTH_ACTIONS.split("; "), *REMARKS]))
)
"""Parts of a note that the import writes in its own words."""


def test_the_shipped_register_has_facts_and_none_of_its_texts() -> None:
    layer = tables(REGISTER)
    parts = {part for row in layer["restrictions"] for part in row["note"].split("; ") if part}
    places = {part for part in parts if part.startswith(("area as printed: ", "also named: "))}
    links = {part for part in parts if re.fullmatch(r"first link: http\S+", part)}
    rest = {part for part in parts - places - links if not OURS.fullmatch(part)}
    corrected = {
        part
        for parts in read_corrections().values()
        for cells in parts.values()
        for part in cells.get("area_name", "").split("; ")
    }
    begins = {part: part.removesuffix("...") for part in rest}
    rest = {part for part in rest if not any(name.startswith(begins[part]) for name in corrected)}
    assert all(part.endswith(("State", "Division", "messenger")) for part in rest), rest
    assert max(map(len, places)) <= 120
    assert {len(row["legal_basis"].split()) <= 8 for row in layer["restrictions"]} == {True}
    assert {row["note"] for row in layer["published_figures"]} == {
        "printed in the text of the register"
    }


def test_the_shipped_register_is_dated_and_credits_its_publisher() -> None:
    layer = tables(REGISTER)
    (source,) = layer["sources"]
    assert source["publisher"] == "Access Now"
    assert source["source_id"] == "access-now-stop-2026-05-20"
    assert "other users of the register state CC BY 4.0" in source["note"]
    years = {row["count_year"] for row in layer["register_rows"]}
    assert years == {str(year) for year in range(2016, 2026)}


def test_an_import_without_a_folder_replaces_the_shipped_register(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing_command, "CHECKOUT", tmp_path)
    entry = replace(TOY["toy"], layer="shipped")
    path = tmp_path / "toy.csv"
    pd.DataFrame(ROWS, columns=list(COLUMNS)).to_csv(path, index=False)
    commands = build_import_commands({**REGISTERS, "toy": entry})
    done = CliRunner().invoke(commands, ["toy", str(path), "--published", str(tmp_path / "none")])
    assert done.exit_code == 0, done.output
    assert len(tables(tmp_path / "shipped")["restrictions"]) == 4
