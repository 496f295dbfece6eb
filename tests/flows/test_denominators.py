"""The entry `python -m flows.downloads.world`, on small made-up files."""

from pathlib import Path

import pandas as pd
import pytest

from audience_impact.registers.denominators.bases import COLUMNS
from flows.downloads import world as denominators
from flows.pipeline import steps
from tests.support import FACTS

POPULATION = "Country Name,Country Code,Year,Value\n" + "".join(
    f"{code},{code},{year},{people + 1000 * (year - 2015)}\n"
    for code, people in (("NAM", 2_300_000), ("SOM", 13_000_000), ("PRK", 25_000_000), ("AFE", 9))
    for year in range(2015, 2025)
)
INTERNET = "Entity;Code;Year;Individuals using the Internet (% of population)\n" + "".join(
    f"{code};{code};{year};{first + (year - 2008) * (first > 0)}\n"
    for code, first, years in (
        ("NAM", 30, range(2008, 2023)),
        ("SOM", 2, range(2010, 2020)),
        ("PRK", 0, range(2012, 2014)),
    )
    for year in years
)
PROSPECTS = "country_code\tcountry\t2024\t2025\t2026\n" + "".join(
    f"{code}\t{code}\t{people}\t{people + 10}\t{people + 20}\n"
    for code, people in ((516, 3050), (706, 19000), (408, 26500), (158, 23000), (935, 1))
)
RUSSIA = """iso_code,name_with_type,geoname_name,population
RU-ARK,Архангельская обл,Arkhangelskaya,1136387
RU-NEN,Ненецкий АО,Nenets,44110
UA-43,Респ Крым,Crimea,1912025
"""
INDIA = """state,pop_2011,pop_2023,pop_2024
Jammu & Kashmir,12267013,13636000,13733000
Bihar,104099452,127368000,129205000
"""


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """The files, and a folder of facts with one row by hand."""
    wpp, into = tmp_path / "wpp", tmp_path / "facts"
    wpp.mkdir()
    into.mkdir()
    for name in ("Med", "95l", "95u"):
        (wpp / f"popproj{name}.txt").write_text(PROSPECTS, "utf-8")
    for name, text in (
        ("population", POPULATION),
        ("internet", INTERNET),
        ("russia", RUSSIA),
        ("india", INDIA),
    ):
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    for table in ("areas", "sources", "lineages"):
        (into / f"{table}.csv").write_bytes((FACTS / f"{table}.csv").read_bytes())
    (into / "bases.csv").write_text(
        ",".join(COLUMNS) + "\nmine,NA,all_ages,2020,7,,,,A,github-datasets-1,,,kept\n", "utf-8"
    )
    files = {
        f"--{name}": tmp_path / f"{name}.csv"
        for name in ("population", "internet", "russia", "india")
    }
    words = {**files, "--wpp": wpp, "--into": into}
    return [word for pair in words.items() for word in map(str, pair)]


def read_bases(folder: Path) -> pd.DataFrame:
    return denominators.read_cells(folder / "bases.csv").set_index("base_id")


def test_bases_are_brought_up_to_the_files_and_pass_the_contract(
    arguments: list[str], tmp_path: Path
) -> None:
    denominators.main(arguments)
    bases = read_bases(tmp_path / "facts")
    assert bases.loc["SO-internet_all-2026-projected", "obs_status"] == "F"
    assert bases.loc["IN-BR-all_ages-2011-state-list", "persons"] == "104099452"
    reading = steps.read_facts([tmp_path / "facts"])
    assert steps.find_row_findings(reading.tables, ["bases"]) == []
    lost = [one for one in steps.validate_facts(reading).findings if one.rule == "key_unresolved"]
    assert not [one for one in lost if (one.table, one.column) == ("bases", "area_id")]


def test_what_was_written_by_hand_stays(arguments: list[str], tmp_path: Path) -> None:
    denominators.main(arguments)
    bases = read_bases(tmp_path / "facts")
    assert bases.loc["mine", "persons"] == "7"
    assert "NA-all_ages-2020-worldbank" not in bases.index
    assert "NA-all_ages-2021-worldbank" in bases.index


def test_a_second_run_changes_nothing(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    denominators.main(arguments)
    first = {path: path.read_bytes() for path in (tmp_path / "facts").iterdir()}
    capsys.readouterr()
    denominators.main(arguments)
    assert {path: path.read_bytes() for path in (tmp_path / "facts").iterdir()} == first
    assert capsys.readouterr().out.endswith("bases.csv: up to date\n")


def test_okrugs_inside_an_oblast_and_crimea_say_so(arguments: list[str], tmp_path: Path) -> None:
    denominators.main(arguments)
    notes = read_bases(tmp_path / "facts")["note"]
    assert "inside Arkhangelskaya (RU-ARK)" in notes["RU-NEN-all_ages-2020-regional-list"]
    assert "includes Nenets (RU-NEN)" in notes["RU-ARK-all_ages-2020-regional-list"]
    assert "disputed" in notes["UA-43-all_ages-2020-regional-list"]


def test_a_state_that_iso_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="Atlantis"):
        denominators.build_india(pd.DataFrame({"state": ["Atlantis"]}))
