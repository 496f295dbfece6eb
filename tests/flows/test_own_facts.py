"""A consumer's own rows on the shipped facts, and warnings that are accepted with a reason."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.commands import folders as places
from flows.commands import run
from flows.runs import RunOptions
from tests.flows.test_cli import command
from tests.support import append, edit, load, save, small

ON_TOP = "--on-top-of-shipped"
HEADER = (
    "estimate_id,platform_id,area_id,audience_metric,unit,value,interval_kind,population_base,"
    "period,source_id,low,high,activity_threshold,age,sex,also_source_id,measurement_series_id,note"
)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small country in place of the facts of the checkout, with a warning of its own."""
    folder = small(tmp_path / "shipped")
    edit(folder, "sources", "census-page", url="", title="On paper")
    monkeypatch.setattr(places, "SHIPPED", (folder,))
    return folder


@pytest.fixture
def own_facts(tmp_path: Path) -> Path:
    """One table of one's own: a figure that is sound."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "estimates.csv").write_text(f"{HEADER}\n{row('MY1')}\n", "utf-8")
    return folder


def row(key: str, **cells: str) -> str:
    named = {
        "estimate_id": key, "platform_id": "gamma", "area_id": "XA", "unit": "persons",
        "audience_metric": "monthly_reach", "value": "300000", "interval_kind": "none",
        "population_base": "internet_12_plus", "period": "2025-06", "source_id": "panel-page",
    } | cells  # fmt: skip
    return ",".join(named.get(name, "") for name in HEADER.split(","))


def test_one_table_of_ones_own_sits_on_the_shipped_facts(shipped: Path, own_facts: Path) -> None:
    assert command("check", own_facts).returncode == 1  # alone it lacks all other tables
    done = command("check", ON_TOP, own_facts)
    assert (done.returncode, done.stdout) == (0, "")
    assert "shipped rows replaced: none" in done.stderr
    assert "census-page" not in done.stdout + done.stderr
    assert ":url: source_without_address" in command("check", shipped).stdout


def test_sources_without_title_date_or_licence_are_counted_in_one_warning(
    shipped: Path, own_facts: Path
) -> None:
    warning = "warning: sources.csv: of"
    assert warning not in command("check", ON_TOP, own_facts).stderr
    assert command("check", shipped).stderr.count(warning) == 1
    header, _ = load(shipped / "sources.csv")
    save(own_facts / "sources.csv", header, [])
    known = {
        "url": "https://example.org/new", "publisher": "A page", "accessed_on": "2026-01-31",
        "source_type": "panel", "reliability": "high", "measurement_series_id": "panel",
        "published_on": "2025-07",
    }  # fmt: skip
    append(own_facts, "sources", known | {"source_id": "new", "licence": "not stated"})
    done = command("check", ON_TOP, own_facts)
    assert done.returncode == 0
    assert f"{warning} 1 sources 1 without a title; copy" in done.stderr


def test_what_is_wrong_is_told_on_the_line_of_ones_own(shipped: Path, own_facts: Path) -> None:
    with (own_facts / "estimates.csv").open("a", encoding="utf-8") as file:
        file.write(row("MY2", platform_id="delta") + "\n" + row("E1", value="9000000") + "\n")
    done = command("check", ON_TOP, own_facts)
    assert done.returncode == 1
    output = [line.split(": ")[:2] for line in done.stdout.splitlines()]
    assert [f"{own_facts}/estimates.csv:3:platform_id", "key_unresolved"] in output
    assert [f"{own_facts}/estimates.csv:4:value", "above_population"] in output
    assert {place.partition(":")[0] for place, _ in output} == {f"{own_facts}/estimates.csv"}
    assert "shipped rows replaced: estimates E1" in done.stderr


def test_an_error_that_ones_own_rows_make_of_a_shipped_row_is_told(
    shipped: Path, own_facts: Path
) -> None:
    header, rows = load(shipped / "bases.csv")
    (everyone,) = [each for each in rows if each[0] == "XA-all"]
    everyone[header.index("persons")] = "100000"
    save(own_facts / "bases.csv", header, [everyone])
    done = command("check", ON_TOP, own_facts)
    assert done.returncode == 1
    assert f"{shipped}/estimates.csv:2:value: above_population" in done.stdout


def test_a_run_takes_the_shipped_facts_first(
    shipped: Path, own_facts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[Path]] = []

    def run_flow(options: RunOptions, _profile: object) -> int:
        seen.append(list(options.facts))
        return 0

    monkeypatch.setattr(run, "run_flow", run_flow)
    monkeypatch.setattr(run, "show_next_steps", lambda published: None)
    apart = ("--published", tmp_path / "published")  # and not on a version of this checkout
    assert command("run", ON_TOP, "--facts", own_facts, *apart).returncode == 0
    assert seen == [[shipped, own_facts]]


@pytest.mark.parametrize("words", [[], ["shipped"]])
def test_without_rows_of_ones_own_it_says_so(
    words: list[str], shipped: Path, tmp_path: Path
) -> None:
    done = command("check", ON_TOP, *(tmp_path / word for word in words))
    assert done.returncode == 2
    assert "give a folder of fact tables of your own" in done.stderr


def test_warnings_are_accepted_with_a_reason_so_that_new_ones_stand_out(
    shipped: Path, own_facts: Path
) -> None:
    header, _ = load(shipped / "sources.csv")
    save(own_facts / "sources.csv", header, [])
    known = {
        "publisher": "A page", "accessed_on": "2026-01-31", "source_type": "panel",
        "title": "On paper", "reliability": "high", "measurement_series_id": "panel",
    }  # fmt: skip
    append(own_facts, "sources", known | {"source_id": "mine"})
    (warning,) = command("check", ON_TOP, own_facts).stdout.splitlines()
    assert warning.startswith(f"{own_facts}/sources.csv:2:url: source_without_address")
    done = command("check", ON_TOP, own_facts, "--accept", "Read on paper, in the library.")
    assert done.returncode == 0
    assert "1 warnings entered in" in done.stderr
    with (own_facts / "accepted_findings.csv").open(encoding="utf-8", newline="") as file:
        (entered,) = csv.DictReader(file)
    assert entered == {
        "rule": "source_without_address", "table": "sources", "key": "mine", "column": "url",
        "value": "", "period": "", "reason": "Read on paper, in the library.",
        "reviewed_on": datetime.now(UTC).date().isoformat(),
    }  # fmt: skip
    after = command("check", ON_TOP, own_facts)
    assert after.stdout == ""
    assert "0 warnings, 1 accepted" in after.stderr
    append(own_facts, "sources", known | {"source_id": "other"})
    (new,) = command("check", ON_TOP, own_facts).stdout.splitlines()
    assert new.startswith(f"{own_facts}/sources.csv:3:url: source_without_address")


def test_nothing_is_accepted_beside_an_error_or_without_a_reason(
    shipped: Path, own_facts: Path
) -> None:
    done = command("check", shipped, "--accept", " ")
    assert (done.returncode, "give the reason" in done.stderr) == (2, True)
    with (own_facts / "estimates.csv").open("a", encoding="utf-8") as file:
        file.write(row("MY2", platform_id="delta") + "\n")
    done = command("check", ON_TOP, own_facts, "--accept", "so it is")
    assert done.returncode == 1
    assert "nothing accepted: correct the errors first" in done.stderr
    assert not (own_facts / "accepted_findings.csv").exists()


def test_an_acceptance_of_another_value_is_not_doubled(shipped: Path) -> None:
    old = {
        "rule": "source_without_address", "table": "sources", "key": "census-page", "column": "url",
        "value": "https://gone.example", "reason": "once", "reviewed_on": "2026-01-31",
    }  # fmt: skip
    append(shipped, "accepted_findings", old)
    before = (shipped / "accepted_findings.csv").read_bytes()
    done = command("check", shipped, "--accept", "again")
    assert done.returncode == 1
    assert "key_repeats" in done.stderr
    assert (shipped / "accepted_findings.csv").read_bytes() == before
