"""The answer for an event on no record: that of a run with the event among the restrictions."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audience_impact.cli.command import app
from audience_impact.vocabulary import Feature, NetworkScope
from flows.adding.event import Event, EventRows, find_last_day
from flows.adding.questions import FactRecords, NotOnRecordError
from flows.answering import tell_ahead
from flows.commands.estimating import read_day
from flows.pipeline import steps
from tests.engine import calibrated, of_places
from tests.support import edit, load, row, small, world

START = date(2026, 1, 5)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small country."""
    return small(tmp_path_factory.mktemp("facts") / "facts")


@pytest.fixture(scope="module")
def records(facts: Path) -> FactRecords:
    """Its facts with lookups by name."""
    return FactRecords(steps.read_facts([facts]).tables)


def answer(facts: Path, *options: str) -> tuple[int, str]:
    """The status and the output of the command."""
    words = ["estimate", "--facts", str(facts), *options]
    done = CliRunner().invoke(app, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_an_event_has_the_answer_of_the_same_restriction_on_record(tmp_path: Path) -> None:
    made = calibrated(world().estimate("E1").estimate("E2", platform_id="beta", value="400000"))
    span = {"observed_from": "2026-01-05", "ended_on": "2026-01-11"}
    sure = {
        "claim_status": "official",
        "evidence_state": "blocked",
        "severity": "service_unavailable",
    }
    over = {"end_status": "ended", "end_source": "recorded"}
    made.restrict("R1", "alpha", "beta", **span, **sure, **over)
    facts = made.write(tmp_path / "facts")
    checked = steps.validate_facts(steps.read_facts([facts]))
    impact = steps.compute_results(checked, None, 0).read_frame("impact")
    of_record = row(impact, restriction_id="R1", impact_metric="people_exposed")
    status, output = answer(
        facts,
        *("--country", "XA", "--from", "2026-01-05", "--days", "7", "--format", "json"),
        *("--services", "alpha,beta"),
    )
    assert status == 0, output
    described = json.loads(output[output.index("{") :])
    (exposed,) = (one for one in described["impact"] if one["impact_metric"] == "people_exposed")
    for name in ("min_persons", "q05_persons", "q50_persons", "q95_persons"):
        assert exposed[name] == pytest.approx(of_record[name], rel=0.03), name
    assert "taken to happen as described" in output


def test_the_rows_say_what_was_described(records: FactRecords) -> None:
    of_calls = Event(
        "XA", START, find_last_day(START, 7), ("alpha",), (Feature.VOICE_CALL,), is_slowed=True
    )
    rows = EventRows(of_calls, records).list_rows()
    (restriction,) = rows["restrictions"]
    assert (restriction["observed_from"], restriction["ended_on"]) == ("2026-01-05", "2026-01-11")
    assert (restriction["action"], restriction["severity"]) == ("throttle", "service_impaired")
    assert [target["feature"] for target in rows["restriction_targets"]] == ["voice_call"]
    assert rows["restriction_places"] == []
    of_one = Event("XA", START, operators=("Alpha Tel",), network=NetworkScope.MOBILE)
    (restriction,) = EventRows(of_one, records).list_rows()["restrictions"]
    assert (restriction["network_scope"], restriction["end_status"]) == ("asn_list", "ongoing")
    assert "operators named" in restriction["extent_reason"]


def test_a_place_is_found_within_the_country(facts: Path) -> None:
    tables = steps.read_facts([facts]).tables
    areas = tables["areas"]
    first = areas[areas["parent_id"] == "XA"].iloc[0]
    records = FactRecords(tables)
    rows = EventRows(Event("XA", START, places=(first["name"],)), records).list_rows()
    assert rows["restrictions"][0]["area_ids"] == first["area_id"]
    assert rows["restrictions"][0]["geo_scope"] == "region"
    assert rows["restriction_places"][0]["area_id"] == first["area_id"]


def test_a_slip_is_not_read_as_another_country(records: FactRecords) -> None:
    areas = records.tables["areas"]
    both = areas.iloc[[0, 0]].assign(area_id=["NE", "NG"], name=["Niger", "Nigeria"], level="")
    two = FactRecords({**records.tables, "areas": both})
    assert (two.find_area("Niger"), two.find_area("NE"), two.find_area("nigeria")) == (
        "NE", "NE", "NG",
    )  # fmt: skip
    with pytest.raises(NotOnRecordError, match="did you mean Nigeria"):
        two.find_area("Nigera")


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--country", "Nowhere"], 1, "Nowhere is no area on record"),
        (["--country", "XA", "--services", "alfa"], 1, "alfa is no platform on record; did you"),
        (["--country", "XA", "--place", "Atlantis"], 1, "Atlantis is no place of XA on record"),
        (["--country", "XA", "--days", "-3"], 2, "greater than or equal to 1"),
        (["--country", "XA", "--networks", "fixed"], 2, "Invalid value for '--networks'"),
        (["--country", "XA", "--operators", "NoSuchTel"], 1, "NoSuchTel is no operator of XA"),
        (["--country", "XA", "--from", "1995-01-05"], 1, "1995 is too far from these years"),
        (["--country", "XA", "--from", "2099-01-05"], 1, "2099 is too far from these years"),
        (
            ["--country", "XA", "--from", "next week"],
            2,
            "Invalid value for '--from': 'next week' is no day",
        ),
        (["--country", "XA", "--feature", "voice_call"], 2, "--feature goes with --services"),
    ],
)
def test_what_is_wrong_with_an_event_is_one_line(
    facts: Path, options: list[str], status: int, words: str
) -> None:
    code, output = answer(facts, "--from", "2026-01-05", *options)
    assert code == status
    assert words in " ".join(output.split())
    assert "Traceback" not in output


def test_a_service_that_closed_is_refused_after_its_last_day(records: FactRecords) -> None:
    platforms = records.tables["platforms"]
    ended = platforms.assign(ended_on=platforms["platform_id"].map({"alpha": "2025-07-03"}))
    closed = FactRecords({**records.tables, "platforms": ended.fillna("")})
    with pytest.raises(NotOnRecordError, match="closed on 3 July 2025"):
        EventRows(Event("XA", date(2025, 7, 5), services=("alpha",)), closed).check()
    EventRows(Event("XA", date(2025, 7, 2), services=("alpha",)), closed).check()
    EventRows(Event("XA", date(2025, 7, 5), services=("beta",)), closed).check()


def test_a_service_that_is_blocked_already_is_refused_with_its_restriction(tmp_path: Path) -> None:
    made = world().estimate("E1")
    in_force = {"observed_from": "2025-03-01", "end_status": "ongoing"}
    made.restrict("R1", "alpha", **in_force)
    records = FactRecords(steps.read_facts([made.write(tmp_path / "facts")]).tables)
    with pytest.raises(NotOnRecordError, match=r"blocked in XA since 1 March 2025: .* R1$"):
        EventRows(Event("XA", START, services=("alpha",)), records).check()
    for event in (
        Event("XA", START, services=("alpha", "beta")),
        Event("XA", START, services=("alpha",), is_slowed=True),
        Event("XA", date(2025, 3, 1), services=("alpha",)),
    ):
        EventRows(event, records).check()


def test_a_day_is_read_as_a_date_or_a_word() -> None:
    assert read_day("2026-12-01") == date(2026, 12, 1)
    assert read_day("Tomorrow") - read_day("today") == timedelta(1)


def test_an_event_that_lies_ahead_is_told_in_the_future() -> None:
    answer = (
        "About 9.3 million people in Uganda (90 % interval 5 to 12 million) were online when the "
        "internet was shut down there from 1 to 7 December 2099. The poll was taken in 2024. It "
        "lasted until 7 December 2099. Our record holds no end by 1 December 2099. Allowing for "
        "people who got round it, 7 million lost access. Figures: ITU."
    )
    ahead = tell_ahead(answer)
    assert "will be online when the internet is shut down there" in ahead
    assert "The poll was taken in 2024. It will last until 7 December 2099. Allowing " in ahead
    on_mobile = "Some people had only mobile networks to go online when these were cut."
    assert "will have only mobile networks to go online when these are cut" in tell_ahead(on_mobile)
    assert ahead.endswith("people who get round it, 7 million lose access. Figures: ITU.")


def test_what_is_named_twice_is_one(records: FactRecords) -> None:
    places, services = ("XA-01", "Land XA-01", "XA-01"), ("alpha", "Alpha")
    rows = EventRows(Event("XA", START, None, services, places=places), records).list_rows()
    assert [target["platform_id"] for target in rows["restriction_targets"]] == ["alpha"]
    assert [place["area_id"] for place in rows["restriction_places"]] == ["XA-01"]
    assert rows["restrictions"][0]["area_ids"] == "XA-01"
    assert rows["restrictions"][0]["geo_scope"] == "region"


def test_a_service_and_a_feature_that_are_given_twice_are_estimated(facts: Path) -> None:
    twice = ("--services", "alpha,Alpha", *("--feature", "voice_call") * 2)
    status, output = answer(facts, "--country", "XA", "--from", "2026-01-05", *twice)
    assert status == 0, output
    assert "XA-2026-01-05-alpha-described" in output


SPOILT = {
    "an open quote": ("estimates", '"E9\n', "estimates.csv:4:: unreadable: "),
    "a table without a header": ("areas", "", "areas.csv:1:area_id: empty_file: "),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_facts_of_which_a_table_cannot_be_read_give_no_estimate(
    spoilt: str, tmp_path: Path
) -> None:
    facts = small(tmp_path / "facts")
    table, added, line = SPOILT[spoilt]
    path = facts / f"{table}.csv"
    path.write_text(path.read_text() + added if added else "")
    of_event = ("--country", "XA", "--from", "2026-01-05", "--services", "alpha")
    code, output = answer(facts, *of_event)
    assert (code, output.count("\n")) == (1, 1)
    assert output.startswith(f"{facts}/{line}")


def test_facts_of_a_version_that_cannot_be_used_are_one_line(
    small_results: steps.Results, tmp_path: Path
) -> None:
    steps.publish_results(
        replace(small_results, files={**small_results.files, "0/areas.csv": b"area_id\nXA\n"}),
        tmp_path,
        None,
    )
    words = ["estimate", "--country", "XA", "--from", "2026-01-05", "--published", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert re.match(
        r"this release cannot use the facts of version [-0-9a-f]{23}: areas.csv:1:name: "
        "missing_column: ",
        done.output,
    )


def test_rows_with_an_error_are_counted_beside_the_answer(tmp_path: Path) -> None:
    facts = small(tmp_path / "facts")
    edit(facts, "estimates", "E1", value="many")
    status, output = answer(facts, "--country", "XA", "--from", "2025-07-05", "--services", "alpha")
    assert status == 0, output
    assert "rows of the facts with an error, which are left out: 1; audience-impact check" in output


def test_a_year_without_a_count_nearby_is_refused_in_a_line(facts: Path) -> None:
    for day in ("1850-01-05", "9999-12-30"):
        code, output = answer(facts, "--country", "XA", "--from", day, "--days", "20")
        assert code == 1
        assert f"{int(day[:4])} is too far from these years for an estimate" in output
        assert "Traceback" not in output


def test_two_places_of_a_name_are_told_apart_by_their_id(tmp_path: Path) -> None:
    facts = small(tmp_path / "facts")
    header, rows = load(facts / "areas.csv")
    places = [row for row in rows if row[header.index("parent_id")] == "XA"]
    for place in places[:2]:
        edit(facts, "areas", place[0], name="Twin")
    records = FactRecords(steps.read_facts([facts]).tables)
    with pytest.raises(NotOnRecordError, match="several places are called Twin: give one of"):
        _ = EventRows(Event("XA", START, places=("Twin",)), records).list_rows()


def test_a_cut_of_mobile_networks_alone_is_estimated(tmp_path: Path) -> None:
    made = of_places(calibrated(world())).add("regional_use")
    made.add("network_use", least_share="0.5", most_share="0.9", period="2025")
    facts = made.restrict("R1", "*").write(tmp_path / "facts")
    status, output = answer(
        facts, "--country", "XA", "--from", "2026-01-05", "--days", "2", "--networks", "mobile"
    )
    assert status == 0, output
    assert "mobile" in output
    # Its version is removed after the answer: nobody can look the event up.
    assert "in no published version" in output
    assert "explain" not in output


def test_an_event_can_be_written_as_rows(tmp_path: Path) -> None:
    facts = small(tmp_path / "facts")
    status, output = answer(
        facts,
        *("--country", "XA", "--from", "2025-07-05", "--services", "alpha"),
        *("--into", str(facts)),
    )
    assert status == 0, output
    assert "written into" in output
    header, rows = load(facts / "restrictions.csv")
    assert "XA-2025-07-05-alpha-described" in {row[header.index("restriction_id")] for row in rows}
