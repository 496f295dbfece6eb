"""Rankings and lists as a user asks for them, of countries and restrictions, and their pictures."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest

from tests.flows.test_cli import JSON, command

Words = list[str | Path]


@pytest.fixture(scope="module")
def latest(repository_published: Path) -> Path:
    """The folder of the published version."""
    return repository_published / "latest"


def _read_year(latest: Path, table: str, year: int, kind: str = "all") -> pd.DataFrame:
    """The rows of a year of a table of areas, by area."""
    rows = pd.read_parquet(latest / f"{table}.parquet")
    return rows[(rows["year"] == year) & (rows["kind"] == kind)].set_index("area_id")


def test_person_days_of_the_countries_of_a_region_are_ranked(
    repository_published: Path, latest: Path
) -> None:
    words = ["africa", "--period", "2024", "--by", "country", "--metric", "person-days"]
    done = command("show", *words, "--published", repository_published, *JSON)
    countries = json.loads(done.stdout)["countries"]
    days = _read_year(latest, "countries_by_year", 2024)
    expected = days.loc[days["continent_name"] == "Africa", "q50_person_days"]
    assert {row["area_id"] for row in countries} == set(expected.index)
    medians = [row["q50_person_days"] for row in countries if row["q50_person_days"] is not None]
    assert medians == sorted(expected.dropna(), reverse=True)
    text = command("show", *words, "--published", repository_published).stdout
    total = f"{_read_year(latest, 'regions_by_year', 2024)['q50_person_days']['002'] / 1e9:.2g}"
    first = text.splitlines()[0]
    assert f"People in {len(medians)} countries of Africa spent about {total} billion" in first
    assert re.search(r"another (\d+ countries|country) could not be estimated\.", first)
    without = f"{len(countries) - len(medians)} of all {len(countries)} rows"
    assert re.search(rf"{without} ha(s|ve) no estimate", text)


def test_a_lower_bound_is_marked_in_its_row(repository_published: Path, latest: Path) -> None:
    words = ["show", "world", "2025", "--by", "country", "--top", "100", "--published"]
    done = command(*words, repository_published)
    russia = _read_year(latest, "countries_by_year", 2025).loc["RU"]
    assert russia["is_lower_bound"]
    (line,) = [line for line in done.stdout.splitlines() if re.match(r" +\d+\. +Russia ", line)]
    assert re.search(
        r"Russia +[\d.]+ million \([\d.]+ to [\d.]+\) under \d+ of \d+ restrictions ", line
    )
    assert f"{russia['restrictions_count']} restrictions" in line


def test_an_area_and_a_year_say_what_is_left_out(repository_published: Path, latest: Path) -> None:
    text = command("show", "russia", "2025", "--top", "3", "--published", repository_published)
    sentence, begun, older, _, counted, _, head, *rows = text.stdout.splitlines()
    assert begun.startswith("Under restrictions that began in 2025: about ")
    assert older.startswith("Under restrictions more than a year old when 2025 began: about ")
    assert sentence.startswith("About ")
    assert "people in Russia were under an internet restriction at some time in 2025. " in sentence
    assert "restrictions could not be estimated. The likely range" in sentence
    count = _read_year(latest, "countries_by_year", 2025)["restrictions_count"]["RU"]
    assert re.match(
        rf"{count} restrictions(?:, in \d+ rows: .*)?\. Figures: audience-impact", counted
    )
    assert head.startswith("Restrictions in 2025 by people")
    assert [row.split()[0][:3] for row in rows[:3]] == ["RU-"] * 3
    (lines,) = re.findall(r"Left out: (\d+) more \(--top (\d+) shows them\)", rows[3])
    assert int(lines[1]) == int(lines[0]) + 3 <= count  # steps of one event are one line
    assert re.search(
        r"\. \d+ of all \d+ rows ha\w+ no estimate of \w+ own(?:; the total .*)?\.$", rows[3]
    )
    assert "Published by others" not in text.stdout
    assert text.stdout.endswith("next: audience-impact list --area RU --year 2025\n")


def test_a_list_has_the_restrictions_that_the_total_counts(
    repository_published: Path, latest: Path
) -> None:
    words: Words = ["list", "--year", "2025", "--published", repository_published, *JSON]
    for options, kind in [
        ([], "all"),
        (["--begun"], "began"),
        (["--kind", "shutdown"], "shutdown"),
        (["--kind", "service"], "service"),
    ]:
        listed = json.loads(command(*words, *options).stdout)["restrictions"]
        row = _read_year(latest, "regions_by_year", 2025, kind).loc["001"]
        assert len(listed) == row["restrictions_count"]


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        ("shutdowns", "shutdown", "a shutdown of the whole internet at some time in 2024"),
        ("blocked", "all", "an internet restriction at some time in 2024"),
    ],
)
def test_a_question_on_a_kind_counts_what_it_lists(
    words: str, kind: str, said: str, repository_published: Path, latest: Path
) -> None:
    asked: Words = ["show", "world", "2024", words, "--published", repository_published]
    row = _read_year(latest, "regions_by_year", 2024, kind).loc["001"]
    listed = json.loads(command(*asked, *JSON).stdout)["restrictions"]
    assert len(listed) == row["restrictions_count"]
    text = command(*asked).stdout
    assert f"under {said}" in text.splitlines()[0]
    assert re.search(rf"\n{len(listed)} restrictions[.,]", text)


def test_a_step_of_a_chain_has_the_days_of_all(repository_published: Path, latest: Path) -> None:
    acts = pd.read_parquet(latest / "restrictions.parquet").set_index("restriction_id")
    act = acts.loc["RU-2024-12-15-youtube"]
    assert act["chain_id"] == "RU-2024-01-13-youtube"
    text = command("show", act.name, "--published", repository_published).stdout
    assert f"began with {act['chain_id']}: {act['chain_days']:,.0f} days in force in all" in text
    assert acts.loc["NP-2023-11-13-tiktok", ["chain_id", "chain_days"]].isna().all()


@pytest.mark.parametrize(
    ("order", "column"),
    [("people", "q50_persons"), ("person-days", "q50_person_days"), ("date", "start_on")],
)
def test_a_list_is_sorted(order: str, column: str, repository_published: Path) -> None:
    words: Words = ["list", "--area", "russia", "--sort", order]
    words += ["--published", repository_published]
    rows = json.loads(command(*words, *JSON).stdout)["restrictions"]
    cells = [row[column] for row in rows]
    known = [cell for cell in cells if cell is not None]
    assert cells[: len(known)] == sorted(known, reverse=True)
    head, *lines = command(*words).stdout.splitlines()
    chains = [row["chain_id"] or row["restriction_id"] for row in rows]
    firsts = [row for place, row in enumerate(rows) if chains[place] not in chains[:place]]
    assert [line.split()[0] for line in lines] == [row["restriction_id"] for row in firsts]
    assert len(firsts) < len(rows)
    quantity = "person-days" if order == "person-days" else "people"
    assert f" without an estimate of {quantity}; version " in head
    assert "person-days of" not in lines[0]


def test_users_of_a_feature_lead_in_a_list(repository_published: Path, latest: Path) -> None:
    words: Words = [
        *["list", "--area", "RU", "--year", "2025", "--published"],
        repository_published,
    ]
    rows = json.loads(command(*words, *JSON).stdout)["restrictions"]
    (calls,) = [row for row in rows if row["restriction_id"] == "RU-2025-08-13-calls"]
    days = pd.read_parquet(latest / "details" / "person_days.parquet")
    (row,) = days.query("restriction_id == 'RU-2025-08-13-calls' and period == '2025'").to_dict(
        orient="records"
    )
    assert calls["impact_metric"] == "people_feature_exposed"
    assert calls["q50_person_days"] == row["feature_q50_person_days"] < row["q50_person_days"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("list --begun", 2, "--begun goes with --year"),
        ("list --area Atlantis", 1, "Atlantis is no area on record"),
        ("list --area RU --year 1991", 1, "no restriction on record fits"),
        ("show RU-2025-08-13-calls --by country", 2, "go with a country or region"),
        ("show nigeria twitter --metric person-days", 2, "with a country or region"),
        ("show russia 2025-09 --metric person-days --by restriction", 2, "by year: give a year"),
        ("show russia 2025 --chart a.pdf", 1, "end in .png or .svg"),
        ("show africa 2024 --as map", 2, "--as goes with --chart FILE"),
        (
            "show RU-2025-08-13-calls --chart a.png --as map",
            2,
            "--metric and --as go with a country or region",
        ),
        (
            "show africa 2024 --chart a.png --as map --by restriction",
            2,
            "leave out --by restriction",
        ),
        ("show russia 2025 --chart a.png --as map", 1, "ask for a larger"),
        ("show gabon --chart a.png --as line", 1, "a line needs two years"),
    ],
)
def test_a_wrong_option_is_told_in_a_line(
    words: str, status: int, said: str, repository_published: Path, tmp_path: Path
) -> None:
    done = command(*words.split(), "--published", repository_published, cwd=tmp_path)
    assert done.returncode == status
    assert said in done.stderr.splitlines()[-1]
    assert len(done.stderr.splitlines()) == 1


def test_words_that_fit_several_restrictions_have_no_picture(
    repository_published: Path, tmp_path: Path
) -> None:
    words = ["show", "russia", "whatsapp", "--chart", "a.png", "--published"]
    done = command(*words, repository_published, cwd=tmp_path)
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (1, "", [])


def test_a_picture_names_title_version_and_licence(
    repository_published: Path, tmp_path: Path
) -> None:
    words = ["africa", "2023", "--by", "country", "--chart", "africa.svg"]
    done = command("show", *words, "--published", repository_published, cwd=tmp_path)
    assert done.returncode == 0
    shown = " ".join(ET.parse(tmp_path / "africa.svg").getroot().itertext())
    version = (repository_published / "latest").resolve().name.partition("-")[2]
    for text in ("People under internet restrictions: Africa, 2023", version, "Creative Commons"):
        assert text in " ".join(shown.split())
    assert "Restrictions recorded by " in shown
    again = command("show", *words, "--published", repository_published, cwd=tmp_path)
    assert again.returncode == 0


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (
            ["africa", "2024", "--metric", "person-days", "--as", "map"],
            ["Person-days under internet restrictions: Africa, 2024", "150 days and more",
             "nothing on record, or not in Africa", "Colour: the median as days"],
        ),
        (
            ["world", "2025", "--as", "map"],
            ["People under internet restrictions: The world, 2025", "75 % and more",
             "Colour: the median as a share"],
        ),
        (
            ["africa", "--as", "line"],
            ["People under internet restrictions: Africa, 20", " to 2026", "Band: likely range",
             "2026: up to "],
        ),
        (
            ["russia", "--metric", "person-days", "--as", "line"],
            ["Person-days under internet restrictions: Russia, ", "counted once a day"],
        ),
    ],
)  # fmt: skip
def test_a_map_and_a_line_explain_themselves(
    words: list[str], shown: list[str], repository_published: Path, tmp_path: Path
) -> None:
    done = command(
        "show", *words, "--chart", "a.svg", "--published", repository_published, cwd=tmp_path
    )
    assert done.returncode == 0
    texts = " ".join(" ".join(ET.parse(tmp_path / "a.svg").getroot().itertext()).split())
    version = (repository_published / "latest").resolve().name.partition("-")[2]
    for text in (*shown, "Restrictions recorded by ", version, "Creative Commons"):
        assert text in texts


def test_everything_about_a_restriction_stands_behind_all(repository_published: Path) -> None:
    words: Words = ["show", "RU-2025-08-13-calls", "--published", repository_published]
    brief, everything = command(*words).stdout, command(*words, "--all").stdout
    assert re.search(r"\nPerson-days by year\n  counted up to .*\n  2025  ", brief)
    assert "Mediascope, July 2025 (via Vanguard)  https://" in brief
    for text in ("What drives the width", "estimates.csv:", "people_exposed"):
        assert text in everything
        assert text not in brief
