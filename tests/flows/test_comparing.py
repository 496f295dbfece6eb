"""What changed between two versions, in planted cases: the answers, and the facts beside them."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from audience_impact.cli import folders
from audience_impact.cli.command import app
from audience_impact.comparing import changes, text
from audience_impact.comparing.changes import ComparedVersion, Comparison, Row
from audience_impact.store import PublishError, versions
from audience_impact.store.publishing import Published
from audience_impact.vocabulary import FactChange
from flows.commands.operating import compute_side
from flows.pipeline import steps
from tests.conftest import Once
from tests.engine import calls, russia
from tests.support import append, edit, load, save

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
    result = steps.refuse_errors(steps.validate_facts(steps.read_facts([folder])), strict=True)
    return steps.publish_results(steps.compute_results(result, None, 0), root, None)


@pytest.fixture(scope="module")
def root(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the version lies that others are compared with."""
    root = tmp_path_factory.mktemp("published")
    publish(world, root)
    return root


@pytest.fixture(scope="module")
def old(root: Path) -> ComparedVersion:
    return changes.read_published(versions.find_version(root, "latest"))


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


MakeSide = Callable[..., ComparedVersion]


@pytest.fixture
def side(world: Path, root: Path, once: Once, tmp_path: Path) -> MakeSide:
    """What the facts give with some edits, computed once for all tests."""
    stored = versions.find_version(root, "latest")

    def made(*edits: Callable[[Path], Any]) -> ComparedVersion:
        name = "-".join(["side", *(make.__name__ for make in edits)])
        folder = tmp_path / name
        result: ComparedVersion = once(
            name, lambda: compute_side([changed(world, folder, *edits)], None, stored)
        )
        return result

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


def newer_whatsapp(folder: Path) -> None:
    """A figure of the same panel that is nearer to the start."""
    append(folder, "estimates", {"estimate_id": "newer", "platform_id": "whatsapp", "area_id": "RU",
                                 "audience_metric": "monthly_reach", "unit": "persons",
                                 "value": "70000000", "interval_kind": "none",
                                 "period": "2025-07-12/2025-08-11",
                                 "population_base": "internet_12_plus",
                                 "source_id": "panel-page"})  # fmt: skip


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


def upper(side: ComparedVersion) -> float:
    return float(side.answers.loc[EXPOSED, "printed_max_persons"])


def shown(found: Comparison) -> str:
    return text.format_comparison(changes.as_records(found))


def beside(found: Comparison, subject: str, aspect: str) -> list[str]:
    """The keys of the rows that stand beside an answer."""
    numbers = changes.relate_rows(found, [(subject, aspect)])[subject, aspect]
    return [found.rows[number - 1].key for number in numbers]


# One thing changed.


def test_a_fact_that_was_added_is_named_with_what_came_with_it(
    old: ComparedVersion, side: MakeSide
) -> None:
    result = changes.Comparison(old, side(another_panel))
    assert [(row.table, row.change, row.places) for row in result.rows] == [
        ("estimates", "added", ("", "estimates.csv:6")),
        ("lineages", "added", ("", "lineages.csv:5")),
        ("sources", "added", ("", "sources.csv:6")),
    ]
    assert result.table.loc[EXPOSED, "moved_persons"] > 0
    assert beside(result, *EXPOSED) == ["two", "two-page"]
    assert "added estimates.csv:6 two (whatsapp, RU, monthly_reach" in shown(result)


def test_a_fact_that_was_corrected_is_named_with_both_cells(
    old: ComparedVersion, side: MakeSide
) -> None:
    result = changes.Comparison(old, side(larger_whatsapp))
    (row,) = result.rows
    assert (row.key, row.changed_cells) == (
        "whatsapp-monthly_reach",
        {"value": ("60000000", "75000000")},
    )
    assert row.places == ("estimates.csv:2", "estimates.csv:2")
    assert beside(result, *EXPOSED) == beside(result, *YEAR) == [row.key]
    assert beside(result, "001", "2025") == []
    written = shown(result)
    assert "1 of 1 restrictions changed: 1 moved" in written
    assert "value: was 60000000, now 75000000" in written
    assert "Russia in 2025 (moved" in written
    assert "R1, beside 1\n" in written


def test_a_fact_that_was_removed_takes_an_answer_with_it(
    old: ComparedVersion, side: MakeSide
) -> None:
    result = changes.Comparison(old, side(without_telegram))
    (row,) = result.rows
    assert (row.key, row.change, row.places[1]) == ("telegram-monthly_reach", "removed", "")
    assert result.table.loc[EXPOSED, "change"] == "vanished"
    written = shown(result)
    assert "1 gone or no longer estimated" in written
    line = next(line for line in written.splitlines() if "people exposed" in line)
    assert "(no longer estimated): was " in line
    assert " fewer" not in line
    assert "removed estimates.csv:4 telegram-monthly_reach" in written


def test_nothing_changed(old: ComparedVersion, side: MakeSide) -> None:
    result = changes.Comparison(old, side())
    assert (result.changed_answers.empty, list(result.rows)) == (True, [])
    assert changes.as_records(result)["notes"] == []
    written = shown(result)
    assert "Nothing changed: all 1 restrictions have the answers that they had." in written
    assert "What differs" not in written


def test_words_of_sources_stand_beside_what_rests_on_them(
    world: Path, old: ComparedVersion, tmp_path: Path
) -> None:
    files = steps.read_facts([changed(world, tmp_path / "new", titled)]).files
    result = changes.Comparison(old, replace(old, files=files))
    assert [row.key for row in result.rows] == ["press-page", "survey-page"]
    assert beside(result, *EXPOSED) == ["press-page"]


def test_what_a_terminal_would_obey_is_shown_as_text(old: ComparedVersion) -> None:
    row = Row("sources", "a\x1b[31m", FactChange.CHANGED, ("s.csv:2", "s.csv:2"),
              ({"title": "x\u202ey"}, {"title": "\x07"}))  # fmt: skip
    result = changes.Comparison(old, old)
    result.__dict__["rows"] = [row]
    written = shown(result)
    assert "changed s.csv:2 a<U+001B>[31m" in written
    assert "title: was x<U+202E>y, now <U+0007>" in written


# Several things changed.


def test_facts_that_do_not_meet_stand_beside_other_answers(
    old: ComparedVersion, side: MakeSide
) -> None:
    """A restriction of one service and a figure of another: each answer has its own row."""
    result = changes.Comparison(old, side(larger_whatsapp, of_telegram))
    assert result.table.loc[("R2", "people_exposed"), "change"] == "appeared"
    assert beside(result, "R2", "people_exposed") == ["R2|telegram|voice_call", "R2"]
    assert beside(result, *EXPOSED) == ["whatsapp-monthly_reach"]
    assert len(beside(result, *YEAR)) == 3


def test_rows_beyond_those_asked_for_are_counted(old: ComparedVersion, side: MakeSide) -> None:
    result = changes.Comparison(old, side(larger_base, larger_whatsapp))
    assert upper(result.new) - upper(result.old) == 15e6
    written = text.format_comparison(changes.as_records(result), 1)
    assert "and 1 more rows: 1 of estimates changed; --all shows them" in written
    assert "whatsapp-monthly_reach" not in written
    assert "whatsapp-monthly_reach" in text.format_comparison(
        changes.as_records(result), 1, is_complete=True
    )


def test_a_row_of_a_later_layer_names_it_where_the_first_lacks_the_table(
    old: ComparedVersion,
) -> None:
    without = {name: content for name, content in old.files.items() if name != "0/overlaps.csv"}
    before = replace(old, files=without)
    now = replace(old, files={**without, "1/overlaps.csv": b"overlap_id,area_id\no1,RU\n"})
    (row,) = changes.Comparison(before, now).rows
    assert row.places == ("", "overlaps.csv:2 (layer 2)")


# The method, the day and the seed.


def moved(side: ComparedVersion, **settings: str) -> ComparedVersion:
    """The same with answers of twice as many people, and other settings."""
    return replace(side, answers=side.answers.map(lambda n: n if isinstance(n, str) else 2 * n),
                   settings={**side.settings, **settings})  # fmt: skip


@pytest.mark.parametrize("name", ["the day", "the seed", "the method", "the options"])
def test_what_differs_beside_the_facts_is_named(old: ComparedVersion, name: str) -> None:
    result = changes.Comparison(old, moved(old, **{name: "another"}))
    assert result.table.loc[EXPOSED, "moved_persons"] > 0
    assert list(result.rows) == []
    assert f"What differs\n     {name}: {old.settings[name]}, then another\n" in shown(result)


def test_the_same_versions_give_the_same_records(later: Path) -> None:
    old, new = (
        changes.read_published(versions.find_version(later, name))
        for name in ("previous", "latest")
    )
    records = [changes.as_records(changes.Comparison(old, new)) for _ in range(2)]
    assert json.dumps(records[0]) == json.dumps(records[1])
    assert [row["key"] for row in records[0]["rows"]] == ["RU-panel", "whatsapp-monthly_reach"]
    assert all("beside" in row for row in records[0]["answers"])


def test_a_figure_that_took_the_place_of_another_is_named(
    old: ComparedVersion, side: MakeSide
) -> None:
    records = changes.as_records(changes.Comparison(old, side(newer_whatsapp)))
    row = next(row for row in records["answers"] if row.get("restriction_id") == "R1")
    (figure,) = row["figures"]
    assert (figure["role"], figure["platform_id"]) == ("audience", "whatsapp")
    assert [figure[when][0].split()[0] for when in ("old", "new")] == [
        "whatsapp-monthly_reach",
        "newer",
    ]
    assert "audience of whatsapp: was whatsapp-monthly_reach (" in text.format_comparison(records)
    same = changes.as_records(changes.Comparison(old, side(larger_whatsapp)))
    assert all(not row["figures"] for row in same["answers"])


# The classes of changes.


def answer(lower: float, q05: float, q50: float, q95: float, upper: float, status: str) -> Any:
    cells = [lower, q05, q50, q95, upper, status]
    index = pd.MultiIndex.from_tuples([EXPOSED], names=changes.KEY)
    return pd.DataFrame([cells], columns=changes.ANSWER, index=index)


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
    assert changes.compare_answers(answer(*WAS), answer(*now))["change"].iloc[0] == change


def test_an_answer_that_appears_and_bounds_that_part() -> None:
    bounds = (0, NAN, NAN, NAN, 200, "M")
    assert changes.compare_answers(answer(*bounds), answer(*WAS))["change"].iloc[0] == "appeared"
    apart = changes.compare_answers(answer(*bounds), answer(300, NAN, NAN, NAN, 400, "M"))
    assert apart["change"].iloc[0] == "moved_beyond_its_interval"
    assert (apart["measure"].iloc[0], apart["moved_persons"].iloc[0]) == (
        "printed_max_persons",
        200,
    )


# The command.


def run(*words: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["diff", *map(str, words)])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_tells_of_an_edit_before_it_is_published(
    world: Path, root: Path, tmp_path: Path
) -> None:
    folder = changed(world, tmp_path / "new", larger_whatsapp)
    words = ("--published", root, "--facts", folder, "--exit-code", "--restriction", "R1")
    code, written, _ = run(*words, "--format", "json")
    assert code == 1
    rows = json.loads(written)["answers"]
    assert {row["restriction_id"] for row in rows} == {"R1"}
    assert all(row["beside"] == [1] for row in rows)
    code, written, _ = run("--published", root, "latest", "latest", "--exit-code")
    assert (code, "Nothing changed" in written) == (0, True)


def test_the_environment_says_where_versions_lie(root: Path) -> None:
    there = CliRunner(env={"AUDIENCE_IMPACT_PUBLISHED": str(root)})
    done = there.invoke(app, ["diff", "latest", "latest"])
    assert (done.exit_code, "Nothing changed" in done.stdout) == (0, True)


def test_versions_are_named_by_id_by_place_and_by_word(
    root: Path, later: Path, tmp_path: Path
) -> None:
    first, second = (versions.find_version(place, "latest").id for place in (root, later))
    assert first != second
    assert versions.find_version(later, "previous").id == first
    assert versions.find_version(later, first[:14]).id == first
    folder = later / "versions" / f"v000001-{first}"
    for name in ("v1", "1", "v000001", folder.name):
        assert versions.find_version(later, name).folder == f"versions/{folder.name}"
    assert versions.find_version(tmp_path, str(folder)).id == first
    assert versions.find_version(tmp_path, str(later)).id == second
    several = f"id that begins with 20: {folder.name}, v000002-{second}"
    with pytest.raises(PublishError, match=several):
        versions.find_version(later, "20")


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("nothing",), 1, "there is no version nothing below"),
        (("previous",), 1, "there is only one version below"),
        (("--as-of", "2025-01-31"), 2, "--as-of requires --facts"),
        (("latest", "latest", "--facts", "."), 2, "give NEW or --facts"),
        (("latest", "latest", "--restriction", "R9"), 1, "R9 is in neither of the two"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    root: Path, words: tuple[str, ...], status: int, why: str
) -> None:
    code, _, line = run("--published", root, *words)
    assert (code, why in line, line.count("\n")) == (status, True, 1)


def test_facts_are_compared_in_a_checkout_alone(
    root: Path, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "IS_CHECKOUT", False)
    code, _, line = run("--published", root, "--facts", world)
    assert (code, "checkout" in line, line.count("\n")) == (2, True, 1)
