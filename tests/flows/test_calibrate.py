"""The command `learn`, as it fits joint use."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audience_impact.cli.command import app
from flows.fitting import FITTERS, update_tables
from schemas.facts import TABLES
from tests.support import edit, load, save

FACTS = Path(__file__).resolve().parents[2] / "data" / "facts"
TABLE = "overlap_calibration.csv"
KEPT = {"RU_2022_CHRONICLES1", "US_2020_ANES"}
NEEDED = {"lineages", "sources", "platforms", "areas", "surveys", "use_patterns"}


def calibrate(*words: str | Path) -> tuple[int, str]:
    """Exit status and everything said."""
    done = CliRunner().invoke(app, ["learn", "joint-use", *map(str, words)])
    return done.exit_code, done.output


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of what the surveys need, with the patterns of two surveys alone, for speed."""
    folder = Path(shutil.copytree(FACTS, tmp_path / "facts"))
    for table in set(TABLES) - NEEDED:
        save(folder / f"{table}.csv", load(folder / f"{table}.csv")[0], [])
    header, rows = load(folder / "use_patterns.csv")
    save(folder / "use_patterns.csv", header, [row for row in rows if row[0] in KEPT])
    return folder


def test_it_writes_the_same_bytes_with_and_without_a_table(copied: Path) -> None:
    (copied / TABLE).unlink()
    assert calibrate("--facts", copied, "--check")[0] == 1
    assert not (copied / TABLE).exists()
    assert calibrate("--facts", copied)[0] == 0
    before = (copied / TABLE).read_bytes()
    assert calibrate("--facts", copied) == (0, f"{copied / TABLE} is up to date\n")
    (copied / TABLE).unlink()
    assert calibrate("--facts", copied)[0] == 0
    assert (copied / TABLE).read_bytes() == before


def test_a_changed_survey_fails_the_check_and_is_learned(copied: Path) -> None:
    assert calibrate("--facts", copied)[0] == 0
    edit(copied, "surveys", "RU_2022_CHRONICLES1", online_share_override="0.9")
    status, told = calibrate("--facts", copied, "--check")
    assert status == 1
    assert "does not match" in told
    assert "run: audience-impact learn joint-use" in told
    assert calibrate("--facts", copied)[0] == 0
    assert calibrate("--facts", copied, "--check")[0] == 0


def test_an_impossible_online_share_is_refused_by_name(copied: Path) -> None:
    edit(copied, "surveys", "RU_2022_CHRONICLES1", online_share_override="0.5")
    status, told = calibrate("--facts", copied)
    assert status == 1
    assert "RU_2022_CHRONICLES1: the online share 0.5 is below" in told


def test_a_bad_row_of_a_survey_is_refused_with_its_line(copied: Path) -> None:
    line = edit(copied, "surveys", "US_2020_ANES", respondents="many")
    status, told = calibrate("--facts", copied)
    assert status == 1
    assert f"surveys.csv:{line}:respondents" in told


def test_a_word_that_fits_nothing_is_refused() -> None:
    done = CliRunner().invoke(app, ["learn", "nonsense"])
    assert done.exit_code == 2
    assert done.stderr.startswith("nonsense: give one of errors, daily-use, ")


@pytest.mark.usefixtures("checked_once")
@pytest.mark.parametrize("name", FITTERS)
def test_the_committed_tables_match_the_facts(name: str) -> None:
    matched, told = update_tables(name, FACTS, only_check=True)
    assert matched, told


def test_learn_without_a_word_learns_the_errors_of_figures() -> None:
    path = FACTS / "figure_errors.csv"
    done = CliRunner().invoke(app, ["learn", "--check"])
    assert (done.exit_code, done.output) == (0, f"{path} is up to date\n")
