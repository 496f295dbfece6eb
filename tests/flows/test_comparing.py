"""What changed between two versions: planted cases, each cause held against runs of its own."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from audience_impact import pipeline as impact
from audience_impact.cli.command import app
from audience_impact.simulation import unions
from audience_impact.store import PublishError
from audience_impact.store.versions import Published, Stored
from audience_impact.vocabulary import FactChange
from flows.comparing import answers, changes, saying, sides
from flows.comparing.causes import Cause
from flows.comparing.changes import Comparison
from flows.comparing.rows import Pair, Row, merged
from flows.comparing.sides import Side
from flows.pipeline import steps
from tests.conftest import Once
from tests.engine import calls, russia
from tests.support import append, edit, load, save

TODAY = date(2026, 12, 1)
LOST = ("R1", "reach_lost")
EXPOSED = ("R1", "people_exposed")
YEAR = ("RU", "2025")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Calls restricted in two messengers: 60 and 50 of 105 million, so that nobody knows of 5."""
    made = calls(russia())
    made.add(
        "sources", source_id="press-page", source_type="press_relay", measurement_series_id="panel"
    )
    folder = Path(made.write(tmp_path_factory.mktemp("world") / "facts"))
    for key, value in (
        ("whatsapp-monthly_reach", "60000000"),
        ("telegram-monthly_reach", "50000000"),
        ("whatsapp-avg_daily_reach", "45000000"),
        ("telegram-avg_daily_reach", "40000000"),
    ):
        edit(folder, "estimates", key, value=value)
    return folder


def publish(folder: Path, root: Path) -> Published:
    found = steps.gate(steps.check(steps.read([folder])), strict=True)
    return steps.write(steps.compute(found, None, 0, sensitivity=False), root, None)


@pytest.fixture(scope="module")
def root(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the version lies that others are compared with."""
    root = tmp_path_factory.mktemp("published")
    publish(world, root)
    return root


@pytest.fixture(scope="module")
def old(root: Path) -> Side:
    return sides.published(sides.find(root, "latest"))


@pytest.fixture(scope="module")
def later(world: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same root with a later version, of which two figures are others."""
    later = tmp_path_factory.mktemp("later")
    both = Path(shutil.copytree(root, later / "published", symlinks=True))
    publish(changed(world, later / "facts", larger_base, larger_whatsapp), both)
    return both


def changed(world: Path, folder: Path, *edits: Callable[[Path], Any]) -> Path:
    """A copy of the facts with some edits."""
    shutil.copytree(world, folder)
    for make in edits:
        make(folder)
    return folder


MakeSide = Callable[..., Side]


@pytest.fixture
def side(world: Path, old: Side, once: Once, tmp_path: Path) -> MakeSide:
    """What the facts give with some edits, computed once for all tests."""

    def made(*edits: Callable[[Path], Any]) -> Side:
        name = "-".join(["side", *(make.__name__ for make in edits)])
        folder = tmp_path / name
        found: Side = once(
            name, lambda: sides.of_facts([changed(world, folder, *edits)], None, old.asked, TODAY)
        )
        return found

    return made


def larger_base(folder: Path) -> None:
    edit(folder, "bases", "RU-panel", persons="120000000")


def larger_whatsapp(folder: Path) -> None:
    edit(folder, "estimates", "whatsapp-monthly_reach", value="75000000")


def another_panel(folder: Path) -> None:
    """A figure for WhatsApp with its page and its measurer."""
    append(folder, "lineages", {"measurement_series_id": "two", "measurer": "Panel Two",
                                "source_type": "panel"})  # fmt: skip
    append(folder, "sources", {"source_id": "two-page", "publisher": "Two", "source_type": "panel",
                               "url": "https://example.org/two", "accessed_on": "2026-01-31",
                               "reliability": "high", "measurement_series_id": "two"})  # fmt: skip
    append(folder, "estimates", {"estimate_id": "two", "platform_id": "whatsapp", "area_id": "RU",
                                 "audience_metric": "monthly_reach", "unit": "persons",
                                 "value": "70000000", "interval_kind": "none", "period": "2025-07",
                                 "population_base": "internet_12_plus",
                                 "source_id": "two-page"})  # fmt: skip


def titled(folder: Path) -> None:
    for source in ("survey-page", "press-page"):
        edit(folder, "sources", source, title="A title", licence="CC-BY-4.0")


def of_telegram(folder: Path) -> None:
    """A restriction of calls in Telegram alone."""
    header, rows = load(folder / "restrictions.csv")
    cells = dict(zip(header, rows[0], strict=True))
    append(folder, "restrictions", {**cells, "restriction_id": "R2"})
    append(folder, "restriction_targets", {"restriction_id": "R2", "platform_id": "telegram",
                                           "feature": "voice_call", "claim_status": "official",
                                           "source_id": "press-page"})  # fmt: skip


def without_telegram(folder: Path) -> None:
    header, rows = load(folder / "estimates.csv")
    kept = [row for row in rows if row[0] != "telegram-monthly_reach"]
    save(folder / "estimates.csv", header, kept)


def by_cause(found: Comparison, key: tuple[str, str]) -> dict[str, tuple[float, float]]:
    """What each cause did alone and last, by the table of its first row or by what was asked."""
    effects = found.because[key].effects
    names = [cause.rows[0].table if cause.rows else cause.asked for cause in found.causes]
    return {names[one.cause]: (one.alone_persons, one.last_persons) for one in effects}


def upper(side: Side, key: tuple[str, str] = LOST) -> float:
    return float(side.answers.loc[key, "upper_persons"])


def told(found: Comparison) -> str:
    return saying.text(changes.records(found))


# One thing changed.


def test_a_fact_that_was_added_is_named_with_what_came_with_it(old: Side, side: MakeSide) -> None:
    found = changes.compare(old, side(another_panel))
    (cause,) = found.causes
    assert [(row.table, row.change, row.places) for row in cause.rows] == [
        ("lineages", "added", ("", "lineages.csv:5")),
        ("sources", "added", ("", "sources.csv:6")),
        ("estimates", "added", ("", "estimates.csv:6")),
    ]
    assert found.table.loc[EXPOSED, "moved_persons"] > 0
    assert by_cause(found, EXPOSED) == {
        "lineages": (found.table.loc[EXPOSED, "moved_persons"],) * 2
    }
    assert "added estimates.csv:6 two (whatsapp, RU, monthly_reach" in told(found)


def test_a_fact_that_was_corrected_is_named_with_both_cells(old: Side, side: MakeSide) -> None:
    new = side(larger_whatsapp)
    found = changes.compare(old, new)
    ((row,),) = (cause.rows for cause in found.causes)
    assert (row.key, row.cells) == ("whatsapp-monthly_reach", {"value": ("60000000", "75000000")})
    assert row.places == ("estimates.csv:2", "estimates.csv:2")
    assert by_cause(found, EXPOSED)["estimates"][0] == found.table.loc[EXPOSED, "moved_persons"]
    assert found.through[("001", "2025")] == ["RU"]
    text = told(found)
    assert "1 of 1 restrictions changed: 1 moved" in text
    assert "value: was 60000000, now 75000000" in text
    assert "Russia in 2025" in text


def test_a_fact_that_was_removed_takes_an_answer_with_it(old: Side, side: MakeSide) -> None:
    found = changes.compare(old, side(without_telegram))
    ((row,),) = (cause.rows for cause in found.causes)
    assert (row.key, row.change, row.places[1]) == ("telegram-monthly_reach", "removed", "")
    assert found.table.loc[EXPOSED, "change"] == "vanished"
    (effect,) = found.because[EXPOSED].effects
    assert effect.is_status
    text = told(found)
    assert "1 gone or no longer estimated" in text
    line = next(line for line in text.splitlines() if "people exposed" in line)
    assert "(no longer estimated): was " in line
    assert " fewer" not in line
    assert "removed estimates.csv:4 telegram-monthly_reach" in told(found)


def test_nothing_changed(old: Side, side: MakeSide) -> None:
    found = changes.compare(old, side())
    assert (found.changed.empty, list(found.causes), found.notes) == (True, [], [])
    assert "Nothing changed: all 1 restrictions have the answers that they had." in told(found)


def test_words_of_sources_are_one_edit(world: Path, old: Side, tmp_path: Path) -> None:
    new = steps.read([changed(world, tmp_path / "new", titled, larger_whatsapp)]).tables
    assert old.facts is not None
    edits = Pair(old.facts, new).edits()
    assert [[row.key for row in edit] for edit in edits] == [
        ["whatsapp-monthly_reach"],
        ["press-page", "survey-page"],
    ]


def test_what_a_terminal_would_obey_is_shown_as_text(old: Side) -> None:
    row = Row("sources", "a\x1b[31m", FactChange.CHANGED, ("s.csv:2", "s.csv:2"),
              ({"title": "x\u202ey"}, {"title": "\x07"}))  # fmt: skip
    found = changes.compare(old, old)
    text = told(replace(found, causes=[Cause((row,))]))
    assert "changed s.csv:2 a\\u001b[31m" in text
    assert "title: was x\\u202ey, now \\u0007" in text


# Several things changed.


def test_two_facts_that_act_together_are_told_together(old: Side, side: MakeSide) -> None:
    """The upper bound is the smaller of the base and the sum: 105, alone 110 and 105, then 120."""
    new = side(larger_base, larger_whatsapp)
    one = side(larger_base)
    other = side(larger_whatsapp)
    assert [upper(side) / 1e6 for side in (old, one, other, new)] == [105, 110, 105, 120]
    found = changes.compare(old, new)
    assert by_cause(found, LOST) == {
        "bases": (upper(one) - upper(old), upper(new) - upper(other)),
        "estimates": (upper(other) - upper(old), upper(new) - upper(one)),
    }
    shares = [effect.share_persons for effect in found.because[LOST].effects]
    assert sorted(shares) == [5e6, 10e6]
    assert all(effect.is_joint for effect in found.because[LOST].effects)
    text = told(found)
    assert "1 (10.0 M more: alone 5.0 M more, after all others 15.0 M more)" in text
    assert "1 and 2 act together" in text


def test_facts_that_do_not_meet_are_told_apart(old: Side, side: MakeSide) -> None:
    """A restriction of one service and a figure of another: each answer has its own cause."""
    new = side(larger_whatsapp, of_telegram)
    found = changes.compare(old, new)
    assert found.table.loc[("R2", "people_exposed"), "change"] == "appeared"
    assert set(by_cause(found, ("R2", "people_exposed"))) == {"restrictions"}
    assert set(by_cause(found, EXPOSED)) == {"estimates"}
    alone = side(larger_whatsapp)
    pd.testing.assert_series_equal(alone.answers.loc[EXPOSED], new.answers.loc[EXPOSED])


def test_more_edits_than_asked_for_are_taken_together() -> None:
    def row(table: str, key: str, source: str) -> Row:
        return Row(table, key, FactChange.CHANGED, ("", ""), ({}, {"source_id": source}))

    edits = [[row("estimates", str(number), f"page-{number % 3}")] for number in range(6)]
    edits.append([row("bases", "B", "page-0")])
    assert [len(edit) for edit in merged(edits, 7)] == [1] * 7
    assert [len(edit) for edit in merged(edits, 4)] == [2, 2, 2, 1]
    assert [len(edit) for edit in merged(edits, 3)] == [6, 1]
    with_source = [[row("sources", "page-0", ""), *edits[0], *edits[3]], edits[1], edits[6]]
    assert [len(edit) for edit in merged(with_source, 2)] == [4, 1]


# The method, the day and the seed.


@pytest.fixture
def other_method(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Other code: its median is the 60 % point."""
    monkeypatch.setitem(unions.QUANTILES, "q50", 0.6)
    monkeypatch.setattr(impact, "METHOD_VERSION", "9.9")
    return monkeypatch


@pytest.fixture
def by_other_method(
    world: Path, old: Side, once: Once, tmp_path: Path, other_method: pytest.MonkeyPatch
) -> dict[str, Side]:
    """What the other code gives of the facts, and with a figure corrected."""
    folders = {"old": world, "new": changed(world, tmp_path / "other", larger_whatsapp)}
    found: dict[str, Side] = once(
        "by-other-method",
        lambda: {
            name: sides.of_facts([folder], None, old.asked, TODAY)
            for name, folder in folders.items()
        },
    )
    return found


def test_another_method_is_the_cause_where_no_fact_changed(
    old: Side, by_other_method: dict[str, Side]
) -> None:
    found = changes.compare(old, by_other_method["old"])
    moved = found.table.loc[EXPOSED, "moved_persons"]
    assert moved > 0
    because = found.because[EXPOSED]
    assert (because.effects, because.is_method, because.method_persons) == ((), True, moved)
    assert any(note.startswith("the method changed: 3.0+") for note in found.notes)
    assert "because of the method" in told(found)


@pytest.mark.parametrize("is_new_installed", [True, False])
def test_method_and_fact_are_told_apart(
    old: Side,
    side: MakeSide,
    by_other_method: dict[str, Side],
    other_method: pytest.MonkeyPatch,
    is_new_installed: bool,
) -> None:
    new = by_other_method["new"]
    if not is_new_installed:
        other_method.undo()
    found = changes.compare(old, new)
    between = by_other_method["old"] if is_new_installed else side(larger_whatsapp)
    ends = [float(one.answers.loc[EXPOSED, "q50_persons"]) for one in (old, between, new)]
    first, last = ends[1] - ends[0], ends[2] - ends[1]
    by_method, by_fact = (first, last) if is_new_installed else (last, first)
    assert by_method > 0 < by_fact
    because = found.because[EXPOSED]
    assert because.is_method
    assert because.method_persons == by_method
    assert by_cause(found, EXPOSED) == {"estimates": (by_fact, by_fact)}


def moved(side: Side, **cells: Any) -> Side:
    """The same with answers of twice as many people."""
    return replace(side, answers=side.answers.map(lambda n: n if isinstance(n, str) else 2 * n),
                   **cells)  # fmt: skip


def test_neither_method_is_installed(old: Side) -> None:
    found = changes.compare(replace(old, method="8+a"), moved(old, method="9+b"))
    assert found.notes[0].startswith("the method changed: 8+a, then 9+b; neither is installed (3.0")
    assert found.because[EXPOSED].is_method


def test_another_seed_is_a_cause(old: Side) -> None:
    found = changes.compare(old, moved(old, asked=replace(old.asked, seed=7)))
    assert [cause.asked for cause in found.causes] == ["seed"]
    assert set(by_cause(found, EXPOSED)) == {"seed"}
    assert "the seed: 0, then 7" in told(found)


def test_a_version_of_what_was_known_is_compared_as_it_was_known(
    world: Path, tmp_path: Path
) -> None:
    """What was not known on its day is added since."""
    folder, day = changed(world, tmp_path / "new", another_panel), date(2026, 1, 10)
    for source in ("panel-page", "survey-page", "census-page", "press-page"):
        edit(folder, "sources", source, published_on="2025-12-31")
    edit(folder, "sources", "two-page", published_on="2026-01-20")
    checked = steps.gate(steps.check(steps.known_by(steps.read([folder]), day)), strict=True)
    results = steps.compute(checked, None, 0, sensitivity=False)
    assert (results.version.as_of, results.version.method[1]) == (
        day,
        frozenset({"no-sensitivity", "as-known"}),
    )
    quality = results.frames["quality"].set_index(["check", "table"])
    assert quality.loc[("not_known_yet", "estimates"), "failed_count"] == 1
    assert quality.loc[("not_known_yet", "sources"), "details"].startswith("2 rows of facts were")
    assert results.frames["quarantine"].empty
    early = sides.published(steps.write(results, tmp_path / "published", None).version)
    late = replace(early, facts=steps.read([folder]).tables, known_by=None)
    found = changes.compare(early, late, is_attributed=False)
    ((row, other),) = (cause.rows for cause in found.causes)
    assert (row.key, other.key, row.change, other.change) == ("two-page", "two", "added", "added")


# What cannot be told.


def test_a_version_without_its_facts_is_compared_by_its_numbers(old: Side, side: MakeSide) -> None:
    bare = replace(old, facts=None)
    new = side(larger_whatsapp)
    found = changes.compare(bare, new)
    assert found.table.loc[EXPOSED, "moved_persons"] > 0
    assert (list(found.causes), found.because) == ([], {})
    assert "published before facts were kept with a version" in found.notes[0]
    assert told(found).count("because") == 0


def test_records_of_two_versions_run_nothing(later: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sides, "calculated", None)
    old, new = (sides.find(later, name) for name in ("previous", "latest"))
    records = changes.since(old, new)
    assert json.dumps(records) == json.dumps(changes.since(old, new))
    assert len(records["causes"]) == 2
    assert all("because" not in answer for answer in records["answers"])


# The classes of changes.


def answer(lower: float, q05: float, q50: float, q95: float, upper: float, status: str) -> Any:
    cells = [lower, q05, q50, q95, upper, status]
    index = pd.MultiIndex.from_tuples([EXPOSED], names=answers.KEY)
    return pd.DataFrame([cells], columns=answers.ANSWER, index=index)


NAN = float("nan")
WAS = (0, 90, 100, 110, 200, "E")


@pytest.mark.parametrize(
    ("now", "change"),
    [
        (WAS, "same"),
        ((0, 90, 100, 110, 200, "U"), "status_alone"),
        ((0, 90, 100.1, 110, 200, "E"), "moved_slightly"),
        ((0, 90, 100.1, 110, 200, "U"), "moved"),
        ((0, 90, 109, 112, 200, "E"), "moved"),
        ((0, 90, 111, 120, 200, "E"), "moved_beyond_its_interval"),
        ((0, 90, 100, 110, 150, "E"), "moved"),
        ((0, NAN, NAN, NAN, 200, "M"), "vanished"),
    ],
)
def test_what_became_of_an_answer(now: tuple[Any, ...], change: str) -> None:
    assert answers.compared(answer(*WAS), answer(*now))["change"].iloc[0] == change


def test_an_answer_that_appears_and_bounds_that_part() -> None:
    bounds = (0, NAN, NAN, NAN, 200, "M")
    assert answers.compared(answer(*bounds), answer(*WAS))["change"].iloc[0] == "appeared"
    apart = answers.compared(answer(*bounds), answer(300, NAN, NAN, NAN, 400, "M"))
    assert apart["change"].iloc[0] == "moved_beyond_its_interval"
    assert (apart["measure"].iloc[0], apart["moved_persons"].iloc[0]) == ("upper_persons", 200)


# The command.


def run(*words: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["diff", *map(str, words)])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_tells_of_an_edit_before_it_is_published(
    world: Path, root: Path, tmp_path: Path
) -> None:
    folder = changed(world, tmp_path / "new", larger_whatsapp)
    code, text, _ = run("--published", root, "--facts", folder, "--exit-code", "--format", "json",
                        "--restriction", "R1")  # fmt: skip
    assert code == 1
    rows = json.loads(text)["answers"]
    assert {row["restriction_id"] for row in rows} == {"R1"}
    assert all(row["because"][0]["cause"] == 1 for row in rows)
    code, text, _ = run("--published", root, "latest", "latest", "--exit-code")
    assert (code, "Nothing changed" in text) == (0, True)


def test_versions_are_named_by_id_by_place_and_by_word(
    root: Path, later: Path, tmp_path: Path
) -> None:
    first, second = (sides.find(place, "latest").id for place in (root, later))
    assert first != second
    assert sides.find(later, "previous").id == first
    assert sides.find(later, first[:14]).id == first
    assert sides.find(tmp_path, str(later / "versions" / first)).id == first
    assert sides.find(tmp_path, str(later)).id == second
    with pytest.raises(PublishError, match=f"20 begins several versions: {first}, {second}"):
        sides.find(later, "20")


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("nothing",), 1, "there is no version nothing below"),
        (("previous",), 1, "there is one version alone below"),
        (("--as-of", "2025-01-31"), 2, "--as-of goes with --facts"),
        (("latest", "latest", "--facts", "."), 2, "give NEW or --facts"),
        (("latest", "latest", "--restriction", "R9"), 1, "R9 is in neither of the two"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    root: Path, words: tuple[str, ...], status: int, why: str
) -> None:
    code, _, line = run("--published", root, *words)
    assert (code, why in line, line.count("\n")) == (status, True, 1)


def test_a_version_whose_facts_are_others_is_refused(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = sides.find(root, "latest")

    def swapped(self: Stored, into: Path) -> list[Path]:
        return [changed(tmp_path / "world", into / "0", larger_base)]

    shutil.copytree(stored.facts(tmp_path / "facts")[0], tmp_path / "world")
    monkeypatch.setattr(Stored, "facts", swapped)
    code, _, line = run("--published", root, "latest", "latest")
    assert (code, "holds other facts than it was computed from" in line) == (1, True)
