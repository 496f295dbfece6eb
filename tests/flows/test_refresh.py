"""`refresh` against a server that fails in every way a publisher's may."""

import csv
import gzip
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest

from audience_impact.vocabulary import FindingSeverity
from flows.downloads import Name, fetching, refreshing
from flows.downloads.fetching import RetryPolicy
from flows.downloads.refreshing import RefreshOptions
from flows.pipeline import steps
from schemas.facts import COLUMNS as FACT_COLUMNS
from tests import publishers
from tests.publishers import (
    Server,
    aspop,
    dropped,
    encoded,
    fails,
    gives,
    silent,
    slow,
    stop,
    truncated,
    wpp,
)
from tests.support import FACTS, load

pytestmark = pytest.mark.service

DAY, LATER = date(2026, 11, 25), date(2026, 12, 1)
TABLES = ("bases", "lineages", "network_shares", "sources")
SOON = RetryPolicy(
    timeout_seconds=0.25,
    attempts=4,
    first_wait_seconds=0.005,
    longest_wait_seconds=0.3,
    attempt_seconds=1.0,
)


@pytest.fixture
def server() -> Iterator[Server]:
    with publishers.serving() as serving:
        yield serving


@pytest.fixture
def options(server: Server, tmp_path: Path) -> RefreshOptions:
    return RefreshOptions(
        into=tmp_path / "layer",
        downloads=tmp_path / "downloads",
        facts=[FACTS],
        today=DAY,
        addresses=server.addresses,
        policy=SOON,
    )


def alone(options: RefreshOptions, **changes: Any) -> RefreshOptions:
    """The register alone, a single file."""
    return replace(options, names=[Name.REGISTER], **changes)


def refused(options: RefreshOptions) -> str:
    with pytest.raises(steps.RefusedError) as caught:
        refreshing.refresh_layer(options)
    return str(caught.value)


def written(options: RefreshOptions) -> dict[str, bytes]:
    if not options.into.is_dir():
        return {}
    return {path.name: path.read_bytes() for path in options.into.iterdir() if path.name != ".lock"}


def rows(options: RefreshOptions, table: str) -> list[dict[str, str]]:
    with (options.into / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_accepted(options: RefreshOptions, name: Name) -> bytes:
    """The file of a publisher as it was accepted last."""
    pointer = options.downloads / name / "accepted"
    folder = options.downloads / name / pointer.read_text().strip()
    (file,) = (path for path in folder.iterdir() if path.suffix in (".csv", ".gz"))
    return file.read_bytes()


def header(server: Server, number: int, key: str) -> str | None:
    return server.drawn_kinds[number][1].get(key)


def test_a_layer_has_the_columns_of_the_facts_and_passes_their_checks(
    options: RefreshOptions,
) -> None:
    done = refreshing.refresh_layer(options)
    assert done.created
    for table in TABLES:
        assert list(rows(options, table)[0]) == list(FACT_COLUMNS[table])
    bases = {row["base_id"]: row for row in rows(options, "bases")}
    assert len(bases) == done.bases
    assert bases["AE-all_ages-2023-worldbank"]["persons"] == "2023000"
    assert bases["AE-internet_all-2023-itu"]["persons"] == "1021615"
    assert bases["001-all_ages-2030-wpp2024"]["obs_status"] == "F"
    assert {row["area_id"] for row in bases.values()} == {"AE", "AF", "AL", "001"}
    assert {row["measurement_series_id"] for row in rows(options, "sources")} == set(Name)
    assert {row["accessed_on"] for row in rows(options, "sources")} == {"2026-11-25"}
    result = steps.validate_facts(steps.read_facts([options.into, FACTS])).findings
    # The made-up figures surprise beside the real ones, and that is all.
    errors = [each for each in result if each.severity is not FindingSeverity.WARNING]
    assert [steps.format_finding(each) for each in errors if each.layer == 1] == []


def test_no_file_of_a_download_has_the_password_of_its_address(
    options: RefreshOptions, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the layer, whose sources each later version has, nor what is beside it."""
    address = options.addresses[Name.REGISTER].replace("://", "://me:secretpw@")
    ours = alone(options, addresses={Name.REGISTER: f"{address}?token=secretpw&page=1"})
    assert refreshing.refresh_layer(ours).created
    assert not refreshing.refresh_layer(ours).created
    (source,) = rows(ours, "sources")
    place = options.addresses[Name.REGISTER].partition("://")[2]
    assert source["url"] == f"http://...@{place}?token=...&page=1"
    folders = (ours.into, ours.downloads)
    files = [path for root in folders for path in root.rglob("*") if path.is_file()]
    assert [path for path in files if b"secretpw" in path.read_bytes()] == []
    closed = alone(options, addresses={Name.REGISTER: "http://me:secretpw@127.0.0.1:9/x"})
    assert "secretpw" not in refused(closed) + caplog.text


def test_users_of_networks_are_read_from_the_feed(options: RefreshOptions) -> None:
    refreshing.refresh_layer(replace(options, names=[Name.NETWORKS]))
    (source,) = rows(options, "sources")
    assert (source["publisher"], source["source_id"]) == ("APNIC Labs", "apnic-aspop-feed")
    shares = rows(options, "network_shares")
    assert [(row["asn"], row["period"], row["users_share"]) for row in shares] == [
        ("64500", "2026-11", "0.6125"),
        ("64501", "2026-11", "0.2"),
    ]
    assert shares[0]["as_name"] == "NET1-AS Network 1, AE"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (aspop("yesterday"), "has no day in Date, but 'yesterday'"),
        (aspop(percent="many"), "has 'many' in Percent of CC Pop"),
        (aspop(percent=250), "has '250' in Percent of CC Pop"),
        (b'{"Date": "2026-11-20", "Data": [{"AS": 1}]}', "lacks the column CC, Description"),
    ],
)
def test_a_feed_of_another_shape_is_refused(
    server: Server, options: RefreshOptions, body: bytes, words: str
) -> None:
    server.files["/aspop"] = body
    assert words in refused(replace(options, names=[Name.NETWORKS]))
    assert written(options) == {}


def test_a_layer_laid_last_takes_no_range_away(server: Server, options: RefreshOptions) -> None:
    _, facts = load(FACTS / "bases.csv")
    ranges = {row[0]: row[4:7] for row in facts if row[8] == "F" and row[5] and "wpp" in row[0]}
    mid_year = {row: cells for row, cells in ranges.items() if "-31-" not in row}
    server.files["/wpp.csv.gz"] = gzip.compress(wpp_of(mid_year), mtime=0)
    refreshing.refresh_layer(replace(options, names=[Name.PROJECTIONS]))
    bases = steps.read_facts([FACTS, options.into]).tables["bases"].set_index("base_id")
    columns = ["persons", "low_persons", "high_persons"]
    assert set(bases.loc[list(mid_year), "source_id"]) == {"un-wpp-2024-totals"}
    assert {row: bases.loc[row, columns].tolist() for row in ranges} == ranges
    assert len(mid_year) > 400


def wpp_of(bases: dict[str, list[str]]) -> bytes:
    """The totals of the UN that say what these bases say: id to persons, low and high."""
    lines = ["LocID,ISO2_code,Location,Variant,Time,PopTotal"]
    for row, numbers in bases.items():
        area, _, year, _ = row.split("-")
        for variant, persons in zip(publishers.VARIANTS, numbers, strict=True):
            place = "900," if area == "001" else f"1,{area}"
            lines.append(f"{place},{area},{variant},{year},{int(persons) / 1000}")
    return "\n".join([*lines, ""]).encode()


def test_users_online_after_the_last_report_are_projected_with_a_range(
    server: Server, options: RefreshOptions
) -> None:
    server.internet |= {("AE", y): str(20 + 3 * (y - 2001)) for y in publishers.YEARS}
    refreshing.refresh_layer(options)
    bases = {row["base_id"]: row for row in rows(options, "bases")}
    ahead = bases["AE-internet_all-2026-projected"]
    low, persons, high = (int(ahead[f"{end}persons"]) for end in ("low_", "", "high_"))
    assert low < persons < high <= int(bases["AE-all_ages-2026-wpp2024"]["persons"])
    assert (ahead["measurement_series_id"], ahead["obs_status"]) == ("internet-use-projection", "F")
    series = {row["measurement_series_id"] for row in rows(options, "lineages")}
    assert series == {*Name, "internet-use-projection"}


def test_every_download_is_kept_with_digest_and_date(options: RefreshOptions) -> None:
    refreshing.refresh_layer(options)
    for name in Name:
        (about,) = (options.downloads / name).glob("2026-11-25-*/about.json")
        text = about.read_text(encoding="utf-8")
        assert '"sha256"' in text
        assert '"accessed_on": "2026-11-25"' in text
        assert not (options.downloads / name / "incoming").exists()


def test_all_pages_are_read(server: Server, options: RefreshOptions) -> None:
    refreshing.refresh_layer(replace(options, names=[Name.POPULATION]))
    assert [path[-1] for path, _ in server.drawn_kinds] == ["1", "2", "3"]
    assert len(rows(options, "bases")) == 4 * len(publishers.YEARS)


def test_an_unchanged_server_sends_nothing_and_the_layer_stays(
    server: Server, options: RefreshOptions
) -> None:
    refreshing.refresh_layer(options)
    before, times = written(options), [path.stat().st_mtime_ns for path in options.into.iterdir()]
    asked = len(server.drawn_kinds)
    again = refreshing.refresh_layer(replace(options, today=LATER))
    assert len(server.drawn_kinds) > asked
    assert all("If-None-Match" in headers for _, headers in server.drawn_kinds[asked:])
    assert (again.created, written(options)) == (False, before)
    assert [path.stat().st_mtime_ns for path in options.into.iterdir()] == times
    assert again.lines[0] == "world-bank-population: nothing new since 2026-11-25"


def test_without_versions_the_same_bytes_are_still_nothing_new(
    server: Server, options: RefreshOptions
) -> None:
    server.versions = False
    refreshing.refresh_layer(options)
    before = written(options)
    assert not refreshing.refresh_layer(replace(options, today=LATER)).created
    assert written(options) == before


def test_another_address_is_not_asked_about_the_file_of_the_first(
    server: Server, options: RefreshOptions
) -> None:
    refreshing.refresh_layer(alone(options))
    moved = {Name.REGISTER: f"{server.addresses[Name.REGISTER]}?gid=1"}
    refreshing.refresh_layer(alone(options, addresses=moved))
    assert header(server, 1, "If-None-Match") is None


@pytest.mark.parametrize(
    "answer",
    [fails(500), fails(503), fails(429, Retry_After="0"), slow, dropped, truncated, silent],
)
def test_what_passes_is_waited_for(server: Server, options: RefreshOptions, answer: Any) -> None:
    server.answers["/stop.csv"] = [answer]
    refreshing.refresh_layer(alone(options))
    assert read_accepted(options, Name.REGISTER) == stop()


def test_the_server_says_how_long_to_wait_and_the_log_says_why(
    server: Server, options: RefreshOptions, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers["/stop.csv"] = [fails(429, Retry_After="1")]
    started = time.monotonic()
    patience = replace(SOON, longest_wait_seconds=1)
    refreshing.refresh_layer(alone(options, policy=patience))
    assert time.monotonic() - started >= 1
    result = "answers 429 Too Many Requests and asks to wait 1 s: asking again in 1.0 s (time 1)"
    assert result in caplog.messages


@pytest.mark.parametrize(
    ("answers", "asked", "reason"),
    [
        ([fails(500)] * 9, 4, "answers 500 Internal Server Error, after 4 tries"),
        ([fails(503)] * 9, 4, "answers 503"),
        ([fails(429, Retry_After="3600")] * 9, 1, "asks to wait 3600 s, after 1 tries"),
        ([fails(404)], 1, "answers 404 Not Found"),
        ([gives(b"")] * 9, 4, "answers with an empty body"),
        ([gives(b"<!DOCTYPE html><title>Sign in</title>")], 1, "a web page instead of data"),
        ([gives(stop().replace(b"country", b"land"))], 1, "lacks the column country (columns"),
        ([gives(stop(0))], 1, "has no rows"),
        ([gives(b"\xff\xfe" + stop())], 1, "gives no CSV"),
    ],
)
def test_what_stays_wrong_is_one_line_and_writes_nothing(
    server: Server, options: RefreshOptions, answers: list[Any], asked: int, reason: str
) -> None:
    server.answers["/stop.csv"] = [*answers]
    result = refused(alone(options))
    assert result.startswith(f"access-now-stop: {server.addresses[Name.REGISTER]}: ")
    assert reason in result
    assert "\n" not in result
    assert (len(server.drawn_kinds), written(options)) == (asked, {})
    server.answers.clear()
    assert refreshing.refresh_layer(alone(options)).created


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("/population", b'[{"message":[{"id":"120","value":"not found"}]}]', "answers with a mess"),
        ("/internet", b"oops", "gives no JSON"),
        ("/wpp.csv.gz", b"\x1f\x8b\x08 broken", "an incomplete gzip file"),
        ("/wpp.csv.gz", wpp().replace(b"PopTotal", b"Total"), "lacks the column PopTotal"),
    ],
)
def test_a_changed_shape_is_named(
    server: Server, options: RefreshOptions, path: str, content: bytes, reason: str
) -> None:
    refreshing.refresh_layer(options)
    before = written(options)
    server.answers[path] = [gives(content)]
    assert reason in refused(options)
    assert written(options) == before


def test_an_indicator_updated_between_two_pages_is_refused(
    server: Server, options: RefreshOptions
) -> None:
    first = server.body("/population?page=1")
    server.updated = "2026-07-02"
    server.answers["/population"] = [gives(first)]
    assert "was updated between two pages" in refused(options)


def test_every_failure_is_told_at_once(server: Server, options: RefreshOptions) -> None:
    server.answers["/stop.csv"] = server.answers["/wpp.csv.gz"] = [fails(404), fails(404)]
    lines = refused(options).splitlines()
    assert [line.split(":")[0] for line in lines] == ["un-wpp-2024", "access-now-stop"]


def test_no_server_at_all_is_one_line(options: RefreshOptions) -> None:
    nowhere = {Name.REGISTER: "http://127.0.0.1:9/stop.csv"}
    assert "ConnectError" in refused(alone(options, addresses=nowhere))
    assert "UnsupportedProtocol" in refused(alone(options, addresses={Name.REGISTER: "stop.csv"}))


def test_much_change_asks_and_confirm_goes_on(server: Server, options: RefreshOptions) -> None:
    refreshing.refresh_layer(options)
    before = written(options)
    for key in list(server.population)[:30]:
        server.population[key] = "7"
    result = refused(options)
    assert (
        "0 rows added, 30 changed, 0 gone of 115: 26.1% gone or changed, more than 5.0%" in result
    )
    assert written(options) == before
    assert refused(options) == result  # what was refused is not what the next run compares with
    asked = len(server.drawn_kinds)
    done = refreshing.refresh_layer(replace(options, confirm=True))
    assert len(server.drawn_kinds) > asked
    assert all("If-None-Match" in headers for _, headers in server.drawn_kinds[asked:])
    assert done.created
    assert written(options) != before


def test_a_little_change_needs_no_confirmation(server: Server, options: RefreshOptions) -> None:
    refreshing.refresh_layer(options)
    server.files["/stop.csv"] = stop(42)[:-1] + b"x\n"
    done = refreshing.refresh_layer(replace(options, today=LATER))
    assert "access-now-stop: 2 rows added, 0 changed, 0 gone of 40" in done.lines
    accessed = {
        row["measurement_series_id"]: row["accessed_on"] for row in rows(options, "sources")
    }
    assert accessed["access-now-stop"] == "2026-12-01"
    assert accessed["un-wpp-2024"] == "2026-11-25"


def test_only_one_is_fetched_and_the_rest_stays(server: Server, options: RefreshOptions) -> None:
    refreshing.refresh_layer(options)
    before = rows(options, "bases")
    asked = len(server.drawn_kinds)
    refreshing.refresh_layer(alone(options))
    assert {path for path, _ in server.drawn_kinds[asked:]} == {"/stop.csv"}
    assert rows(options, "bases") == before


PROXIES = {
    "a proxy that refuses": "http://127.0.0.1:9",
    "a proxy whose name is not known": "http://nowhere.invalid:3128",
}


@pytest.mark.parametrize("thing", PROXIES)
def test_a_network_that_is_away_is_a_line_for_each_publisher(
    thing: str, options: RefreshOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, PROXIES[thing])
    monkeypatch.setenv("no_proxy", "")
    lines = refused(replace(options, addresses={})).splitlines()
    assert [line.split(":")[0] for line in lines] == list(Name)
    assert not options.into.exists()


def test_shares_without_people_are_refused(options: RefreshOptions) -> None:
    assert "fetch that too" in refused(replace(options, names=[Name.INTERNET]))


def test_hand_made_facts_are_never_written_over(
    server: Server, options: RefreshOptions, facts_copy: Path
) -> None:
    for into in (FACTS, FACTS / "below", facts_copy):
        assert "hand-made" in refused(replace(options, into=into, facts=[FACTS, facts_copy]))
    assert "was not written by refresh" in refused(replace(options, into=facts_copy))
    refreshing.refresh_layer(options)
    path = options.into / "bases.csv"
    path.write_bytes(path.read_bytes().replace(b"2023000", b"2023001"))
    asked = len(server.drawn_kinds)
    assert f"{path} was not written by refresh, or was changed since" in refused(options)
    assert len(server.drawn_kinds) == asked


def test_two_at_once_are_refused(options: RefreshOptions) -> None:
    with refreshing.lock_downloads(options):
        assert "another refresh is using" in refused(options)
    assert refreshing.refresh_layer(options).created


def test_an_answer_encoded_on_the_way_is_decoded(server: Server, options: RefreshOptions) -> None:
    server.answers["/stop.csv"] = [encoded]
    refreshing.refresh_layer(alone(options))
    assert read_accepted(options, Name.REGISTER) == stop()


def test_a_server_that_never_ends_is_given_up(server: Server, options: RefreshOptions) -> None:
    server.answers["/stop.csv"] = [slow, slow]
    hasty = replace(SOON, attempts=2, attempt_seconds=0.02)
    assert "is too slow (ReadTimeout), after 2 tries" in refused(alone(options, policy=hasty))


def test_a_body_without_an_end_is_given_up_and_not_kept(
    server: Server, options: RefreshOptions
) -> None:
    server.answers["/stop.csv"] = [gives(stop() * 100)]
    few = alone(options, policy=replace(SOON, most_bytes=20_000))
    assert "stop.csv: is longer than 20,000 bytes" in refused(few)
    assert not list(options.downloads.rglob("*.csv"))


HOSTS = {
    "localhost": "127.0.0.1",
    "inside.example": "10.0.0.1",
    "example.org": "93.184.215.14",
    "example.com": "93.184.215.14",
}


def known_hosts(host: str, port: None) -> list[Any]:
    """What a resolver knows of these hosts and of no other; an address is its own."""
    try:
        address = str(ip_address(HOSTS.get(host, host)))
    except ValueError as error:
        raise socket.gaierror(f"{host} is not known") from error
    return [(None, None, None, "", (address, port))]


@pytest.mark.parametrize(
    ("here", "there", "reason"),
    [
        ("https://example.org/a", "http://example.org/a", "from https to http"),
        ("https://example.org/a", "https://localhost/a", "is no public address"),
        ("http://example.org/a", "http://127.0.0.1:4200/api", "is no public address"),
        ("http://example.org/a", "//[::1]/a", "is no public address"),
        ("http://example.org/a", "http://10.0.0.1/a", "is no public address"),
        ("http://example.org/a", "http://inside.example/a", "is no public address"),
    ],
)
def test_a_publisher_does_not_lead_to_this_machine_or_into_the_open(
    here: str, there: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", known_hosts)
    request = httpx.Request("GET", here)
    answer = httpx.Response(302, headers={"Location": there}, request=request)
    with fetching.open_client(SOON) as http:
        (hook,) = http.event_hooks["response"]
        with pytest.raises(fetching.UnusableError, match=reason):
            hook(answer)
        for elsewhere in ("https://example.com/b", "https://unknown.example/b"):
            hook(httpx.Response(302, headers={"Location": elsewhere}, request=request))
        hook(httpx.Response(200, request=request))


def test_a_damaged_download_is_told(options: RefreshOptions) -> None:
    refreshing.refresh_layer(options)
    (file,) = options.downloads.glob("access-now-stop/*/stop.csv")
    file.write_bytes(b"")
    assert "is damaged: remove" in refused(options)
