"""The command as its users call it: exit statuses, forms of output, no traceback."""

import io
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from typer.core import TyperGroup

from audience_impact import cli
from audience_impact.cli.command import app
from audience_impact.store import MANIFEST, versions
from audience_impact.store.publishing import Published
from audience_impact.vocabulary import read_table
from flows import commands
from flows.commands import run
from flows.runs import Outcome
from tests.support import edit

HOME = Path(__file__).resolve().parents[2]
FACTS = HOME / "data" / "facts"
JSON = ["--format", "json"]


def command(*words: str | Path, cwd: Path = HOME) -> subprocess.CompletedProcess[str]:
    """Call the entry point as its script does, without the start of a process; what it said."""
    said, complained = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["audience-impact", *map(str, words)])
        patch.chdir(cwd)
        # An error that is not told in a line goes through and fails the test.
        with redirect_stdout(said), redirect_stderr(complained), pytest.raises(SystemExit) as end:
            app()
    status = end.value.code
    assert isinstance(status, int)
    done = subprocess.CompletedProcess(words, status, said.getvalue(), complained.getvalue())
    assert "Traceback" not in done.stderr + done.stdout
    return done


@pytest.fixture
def published(repository_published: Path) -> Path:
    return repository_published


@pytest.fixture
def spoilt(small_facts: Path) -> Path:
    """The small country with an audience that is a text."""
    edit(small_facts, "estimates", "E1", value="many")
    return small_facts


def test_check_passes_the_repository_facts() -> None:
    done = command("check")
    assert done.returncode == 0
    assert "0 errors" in done.stderr


def test_check_names_file_line_column_rule_on_one_line(spoilt: Path) -> None:
    done = command("check", spoilt)
    assert done.returncode == 1
    path = spoilt / "estimates.csv"
    number = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if ",many," in line)
    output = [line for line in done.stdout.splitlines() if line.startswith(f"{path}:{number}:")]
    assert output == [f"{path}:{number}:value: number: the cell is no plain number ('many')"]


def test_check_json_is_json_alone(spoilt: Path) -> None:
    done = command("check", spoilt, "--format", "json")
    errors = [load for load in json.loads(done.stdout) if load["severity"] == "error"]
    assert [(load["column"], load["rule"], load["value"]) for load in errors] == [
        ("value", "number", "many")
    ]


def test_check_junit_counts_the_failures(spoilt: Path) -> None:
    suite = ET.fromstring(command("check", spoilt, "--format", "junit").stdout)
    assert suite.get("failures") == "1"
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("type") == "number"


def test_check_github_annotates_the_line(spoilt: Path) -> None:
    shown = command("check", spoilt, "--format", "github").stdout.splitlines()
    errors = [line for line in shown if line.startswith("::error ")]
    assert len(errors) == 1
    assert f"file={spoilt / 'estimates.csv'},line=" in errors[0]


@pytest.mark.parametrize(
    "words",
    [
        ["check", "nowhere"],
        ["check", "--format", "xml"],
        ["run", "--seed", "-1"],
        ["run", "--keep", "0"],
        ["run", "--as-of", "2025-13-01"],
        ["run", "--facts", "docs"],
    ],
)
def test_wrong_calls_exit_with_2(words: list[str]) -> None:
    done = command(*words)
    assert done.returncode == 2
    assert done.stderr.strip()


def test_show_json_has_everything_of_the_case(published: Path) -> None:
    done = command("show", "RU-2025-08-13-calls", "--published", published, "--format", "json")
    output = json.loads(done.stdout)
    exposed = next(row for row in output["impact"] if row["impact_metric"] == "people_exposed")
    assert (exposed["printed_min_persons"], exposed["printed_max_persons"]) == (
        96_000_000,
        105_000_000,
    )
    assert (exposed["base"], exposed["base_persons"]) == ("internet_12_plus", 105_000_000)
    assert '"printed_min_persons": 96000000,' in done.stdout
    assert 100e6 < exposed["q50_persons"] < 102e6
    (days,) = [row for row in output["person_days"] if row["period"] == "2025"]
    assert days["days"] == 141
    assert {row["input"] for row in output["drives_width"]} >= {"correlation", "assumed"}
    assert output["naive_sum"]["naive_sum_persons"] == 185_000_000
    assert "several times" in output["naive_sum"]["why_wrong"]
    claims = {(t["platform_id"], t["feature"]): t["claim_status"] for t in output["targets"]}
    assert claims == {
        ("whatsapp", "voice_call"): "official",
        ("whatsapp", "video_call"): "reported",
        ("telegram", "voice_call"): "official",
        ("telegram", "video_call"): "reported",
    }
    company = [c for c in output["comparisons"] if c["figure_kind"] == "company_statement"]
    assert {c["printed_max_ratio"] for c in company} == {round(100 / 96, 4)}


def estimate(published: Path, metric: str) -> str:
    """Median and interval of the calls in Russia, as they are written out."""
    impact = versions.find_latest(published).read_table("impact")
    row = impact.set_index(["restriction_id", "impact_metric"]).loc["RU-2025-08-13-calls", metric]
    low, middle, high = (f"{row[f'{name}_persons'] / 1e6:.1f} M" for name in ("q05", "q50", "q95"))
    return f"{middle} ({low} to {high})"


def test_show_text_names_authority_and_sources(published: Path) -> None:
    shown = command("show", "RU-2025-08-13-calls", "--all", "--published", published).stdout
    first = shown.splitlines()[0]
    assert first.startswith("About 60 million people in Russia (likely range 34 to 85 million) ")
    assert "made calls on" in first
    assert "About 102 million people (likely range 97 to 104 million) used" in first
    assert versions.find_latest(published).id in first
    for words in ("Roskomnadzor", "185,000,000", "estimates.csv:", "https://", "Missing"):
        assert words in shown
    figures = [line for line in shown.splitlines() if line.startswith("  audience ")]
    assert len(figures) == 2
    assert all("Mediascope, July 2025 (via Vanguard)" in line for line in figures)
    assert "Vanguard (NG)" not in shown


def test_show_finds_a_restriction_by_words_that_fit_it_alone(published: Path) -> None:
    by_id = command("show", "NG-2021-06-05-twitter", "--published", published)
    assert by_id.returncode == 0
    for words in (["nigeria", "twitter"], ["NIGERIA TWITTER blocked"], ["ng-2021-06-05"]):
        assert command("show", *words, "--published", published).stdout == by_id.stdout


def test_show_lists_the_restrictions_that_words_fit(published: Path) -> None:
    done = command("show", "russia", "whatsapp", "--published", published)
    assert done.returncode == 0
    lines = done.stdout.splitlines()[:10]
    (calls,) = [line for line in lines if "RU-2025-08-13-calls" in line]
    assert " 60 million (34 to 85) " in calls, "users of calls lead"
    assert "Russia: Telegram, WhatsApp" in calls
    days = [line.split()[1] for line in lines[1:]]
    assert days == sorted(days, reverse=True), "the newest first"
    as_json = command("show", "russia", "whatsapp", "--published", published, *JSON).stdout
    listed = [row["restriction_id"] for row in json.loads(as_json)["restrictions"]]
    assert listed == [line.split()[0] for line in done.stdout.splitlines()[1:]]


PLAIN_QUESTIONS = [
    ("nigeria twitter ban", "NG-2021-06-05-twitter"),
    ("nigera twiter", "NG-2021-06-05-twitter"),
    ("tiktok us", "US-2025-01-18-tiktok"),
    ("burma", "MM-2021-02-04-facebook"),
    ("ivory coast", "No events for Côte d'Ivoire."),
    ("atlantis", "No events for 'atlantis'."),
    ("world 2025", "US-2025-01-18-tiktok"),
    ("sudan 2023", "No events for Sudan in 2023. 1 in other years."),
    ("shutdown in myanmar 2021", "MM-2021-02-04-facebook"),
    ("x brazil 2024", "BR-2024-08-30-x"),
]


@pytest.mark.parametrize(("words", "said"), PLAIN_QUESTIONS)
def test_a_plain_question_is_answered_in_ten_lines(words: str, said: str, published: Path) -> None:
    done = command("show", *words.split(), "--published", published)
    is_covered = said[2:3] == "-"
    assert done.returncode == (0 if is_covered else 1)
    assert said in "\n".join((done.stdout or done.stderr).splitlines()[:10])
    assert is_covered or "audience-impact import stop" in done.stderr


ASKED_WITH_MORE_WORDS = [
    ("tanzania election internet 2025", "TZ-2025-10-29-internet"),
    ("senegal mobile internet 2023", "SN-2023-"),
    ("afganistan fiber ban taliban 2025", "AF-2025-09-29-internet"),
    ("how long was the internet off in ethiopia qwzx", "ET-2020-11-04-tigray"),
    ("sri lanka easter", "LK-2022-04-03-social-media"),
    ("which shutdowns are going on right now", "RU-2025-"),
]


@pytest.mark.parametrize(("words", "held"), ASKED_WITH_MORE_WORDS)
def test_an_event_that_is_held_is_shown_whatever_else_is_asked(
    words: str, held: str, published: Path
) -> None:
    done = command("show", *words.split(), "--published", published)
    assert (done.returncode, done.stderr) == (0, "")
    assert held in done.stdout
    first = done.stdout.splitlines()[0]
    assert first.startswith(("Ignored '", "'afganistan' is read as Afghanistan.")) == (
        "right now" not in words
    )


def test_a_month_counts_the_kind_that_is_asked_for(published: Path) -> None:
    done = command("show", "bangladesh", "july", "2024", "internet", "--published", published)
    under = r"About \d+ million people in Bangladesh were under a shutdown of the whole internet "
    assert re.match(rf"{under}at some time in July 2024\.", done.stdout)


def test_an_area_where_nobody_was_touched_shows_the_events_on_record(published: Path) -> None:
    done = command("show", "spain", "2024", "--published", published)
    assert done.stdout.startswith("No one in Spain was affected: the legal ban of Telegram")
    ranked = command("show", "spain", "2024", "--by", "restriction", "--published", published)
    assert "The record has no number of people for Spain in 2024" in ranked.stderr


@pytest.mark.parametrize("name", ["cite", "explain"])
def test_other_commands_take_the_same_words(name: str, published: Path) -> None:
    by_id = command(name, "NG-2021-06-05-twitter", "--published", published)
    by_words = command(name, "nigera", "twiter", "--published", published)
    assert (by_words.returncode, by_words.stdout) == (0, by_id.stdout)
    assert "'nigera' is read as Nigeria." in by_words.stderr
    several = command(name, "russia", "whatsapp", "--published", published)
    assert (several.returncode, several.stdout) == (1, "")
    assert "RU-2025-08-13-calls" in several.stderr


def test_show_of_a_restriction_begins_with_one_sentence(published: Path) -> None:
    first, blank, rest, *_ = command(
        "show", "nepal", "tiktok", "--published", published
    ).stdout.splitlines()
    assert first.startswith("About ")
    assert first.endswith("before it was blocked on 13 November 2023.")
    assert blank == ""
    assert rest.startswith("Another published figure is ")


@pytest.mark.parametrize("words", [["africa"], ["002"], ["Africa", "--period", "2023"]])
def test_show_of_an_area_begins_with_its_sentence(words: list[str], published: Path) -> None:
    done = command("show", *words, "--all", "--published", published)
    assert done.returncode == 0
    year = "2023" if "2023" in words else "2026"
    sentence = done.stdout.splitlines()[0]
    part = "Africa" if year == "2023" else r"\d countries of Africa"  # of 2023 all are estimated
    assert re.match(rf"About \d+ million people in {part} were under", sentence)
    assert f" at some time in {year}" in sentence
    assert "\n  2023    " in done.stdout
    assert "\nPublished by others\n" in done.stdout


def test_show_of_an_area_as_json_has_the_published_rows(published: Path) -> None:
    done = command("show", "nigeria", "--period", "2021", "--published", published, *JSON)
    output = json.loads(done.stdout)
    table = pd.read_parquet(published / "latest" / "countries_by_year.parquet")
    rows = table[table["area_id"] == "NG"]
    for name in ("kind", "q50_persons", "q50_person_days"):
        assert [row[name] for row in output["by_year"]] == [
            None if pd.isna(cell) else cell for cell in rows[name]
        ]
    assert [row["period"] for row in output["by_year"]] == rows["year"].astype("str").tolist()
    assert (output["area_id"], output["area_name"], output["period"]) == ("NG", "Nigeria", "2021")
    assert output["version_id"] in output["answer"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["africa", "--period", "1999"], 1, "No events for Africa in 1999"),
        (["RU-2025-08-13-calls", "--period", "2025"], 2, "goes with a country or region"),
        (["atlantis"], 1, "No events for 'atlantis'."),
    ],
)
def test_show_says_what_is_not_there(
    words: list[str], status: int, said: str, published: Path
) -> None:
    done = command("show", *words, "--published", published)
    assert done.returncode == status
    (line,) = done.stderr.splitlines()
    assert said in line


def test_show_of_an_unknown_restriction_suggests_a_near_one(published: Path) -> None:
    done = command("show", "RU-2025-08-13-cals", "--published", published)
    assert done.returncode == 1
    assert "did you mean RU-2025-08-13-calls" in done.stderr


def test_list_shows_every_restriction(published: Path) -> None:
    shown = command("list", "--published", published).stdout
    acts = (FACTS / "restrictions.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert all(act.split(",")[0] in shown for act in acts)
    (line,) = [line for line in shown.splitlines() if "RU-2025-08-13-calls" in line]
    assert "Mediascope, July 2025 (via Vanguard)" in line
    assert estimate(published, "people_feature_exposed") in line
    first = next(line for line in shown.splitlines() if "-20" in line)
    assert "RU-2025-08-13-calls" in first


def test_a_run_shows_the_best_known_of_many(
    published: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "MOST_SHOWN", 3)
    done = Published(versions.find_latest(published), False, (), "")
    run.show_outcome(Outcome(done, [], [], 0), 1)
    shown = capsys.readouterr().out
    acts = len((FACTS / "restrictions.csv").read_text(encoding="utf-8").splitlines()) - 1
    assert "RU-2025-08-13-calls" in shown
    assert f"... and {acts - 3} more: audience-impact list shows all\n" in shown
    assert f"\n{acts} restrictions, " in shown


@pytest.mark.parametrize(
    ("words", "table"),
    [
        (["list"], "impact"),
        (["show", "RU-2025-08-13-calls"], "lineage"),
        (["show", "africa"], "countries_by_year"),
    ],
)
def test_a_version_that_lacks_a_table_of_an_answer_is_refused(
    published: Path, tmp_path: Path, words: list[str], table: str
) -> None:
    root = shutil.copytree(published, tmp_path / "old", symlinks=True)
    manifest = root / "latest" / MANIFEST
    manifest.chmod(0o644)
    package = json.loads(manifest.read_bytes())
    package["resources"] = [item for item in package["resources"] if item["name"] != table]
    manifest.write_text(json.dumps(package), "utf-8")
    done = command(*words, "--published", root)
    assert done.returncode == 1
    assert "is damaged or missing (its manifest does not name it): publish again" in done.stderr
    assert done.stderr.count("\n") == 1


def test_each_option_has_a_help_and_each_help_an_option() -> None:
    group: Any = typer.main.get_command(app)
    context, helps = typer.Context(group), dict[tuple[str, str], str]()
    for name in group.list_commands(context):
        part = group.get_command(context, name)
        parts = [part]
        if isinstance(part, TyperGroup):
            parts = [part.get_command(context, each) for each in part.list_commands(context)]
        helps |= {(name, option.name): option.help for each in parts for option in each.params}
    assert {key for key, text in helps.items() if not text} == {
        ("import", "snapshot"),
        ("import", "accessed"),
    }
    for folder in (cli, commands):
        for row in read_table(Path(folder.__path__[0], "options.csv")):
            names = [key for key in helps if key[1] == row["option"]]
            names = [key for key in names if row["command"] in ("", key[0])]
            assert row["help"] in [helps[key] for key in names], row


def test_help_starts_without_prefect_pandas_or_pandera() -> None:
    code = (
        "import sys; from audience_impact.cli import command as cli; "
        "print(sorted({'prefect', 'pandas', 'pandera', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["show", "cite"])
def test_an_answer_by_id_needs_no_pandas_no_other_commands_and_no_tables_of_areas(
    published: Path, tmp_path: Path, name: str
) -> None:
    """A start without pandas takes half the time."""
    shutil.copytree(published, tmp_path / "root", symlinks=True)
    words = [name, "RU-2025-08-13-calls", "--published", str(tmp_path / "root")]
    expected = command(*words).stdout
    (tmp_path / "root" / "latest" / "countries_by_year.parquet").unlink()
    code = (
        "import sys; sys.modules['pandas'] = sys.modules['flows'] = None\n"
        "from audience_impact.cli import main\n"
        f"sys.argv = ['audience-impact', *{words}]\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == expected
    assert "Telegram" in expected


def test_check_imports_no_prefect(small_facts: Path) -> None:
    code = (
        "import sys\nfrom audience_impact.cli import command as cli\n"
        f"sys.argv = ['audience-impact', 'check', {str(small_facts)!r}]\n"
        "try:\n    cli.app()\nexcept SystemExit:\n    pass\n"
        "print('prefect' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOME
    )
    assert done.stderr.splitlines()[-1] == "False"


def test_a_table_that_cannot_be_read_is_named_alone(small_facts: Path) -> None:
    path = small_facts / "sources.csv"
    path.write_bytes("source_id,publisher\nx,Müller\n".encode("latin-1"))
    done = command("check", small_facts)
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if "sources" in line]
    assert line.startswith(f"{path}:2:publisher: encoding: ")
