"""Published tables of the world as rows of `bases`."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.facts.checks import run_rule
from audience_impact.registers.denominators import bases
from audience_impact.registers.denominators.bases import WORLD_BANK, Figures
from audience_impact.registers.denominators.publisher_files import (
    POPULATION_FILE,
    ShapeError,
    mid_years,
    read_figures,
    tidy_prospects,
)
from flows.downloads import world
from flows.downloads.world import ITU, SOURCES, UN, YEARS
from tests.support import World

NO_LINEAGES = pd.Series({WORLD_BANK: "world-bank-population", ITU: "itu-internet-use"})


def text(rows: list[tuple[str, ...]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns, dtype="str")


def bank(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """The World Bank's file, as text."""
    file = text([*rows], ["Country Code", "Year", "Value"])
    return read_figures(POPULATION_FILE, file, world.map_codes("iso3"))


def use(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return world.tidy_shares(text(list(rows), ["Entity", "Code", "Year", "percent"]))


def ends(medium: dict[str, tuple[str, str, str]]) -> pd.DataFrame:
    """The UN's files, each bound 10 % away."""
    years = ["country_code", "country", "2024", "2025", "2026"]

    def multiplied(factor: float) -> pd.DataFrame:
        rows = medium.items()
        return text(
            [(code, "", *(str(factor * float(cell)) for cell in cells)) for code, cells in rows],
            years,
        )

    files = {"persons": multiplied(1.0), "low": multiplied(0.9), "high": multiplied(1.1)}
    return tidy_prospects(files, {516: "NA", 158: "TW"})


COUNTED = bank(("NAM", "2023", "2900000"), ("NAM", "2024", "3000000"), ("AFE", "2024", "9"))
ENDS = ends(
    {"516": ("3050", "3150", "3250"), "158": ("23000", "22900", "22800"), "935": ("1", "1", "1")}
)

FIGURES = Figures(counted=COUNTED, ahead=mid_years(ENDS), year_ends=ENDS)


def everyone() -> pd.DataFrame:
    return bases.population_rows(FIGURES, SOURCES, YEARS)


def online(use: pd.DataFrame) -> pd.DataFrame:
    return bases.internet_rows(FIGURES._replace(shares=use), SOURCES, YEARS)


def test_groups_of_countries_are_no_areas() -> None:
    assert COUNTED["area_id"].tolist() == ["NA", "NA"]
    assert COUNTED["persons"].tolist() == [2_900_000, 3_000_000]


def test_shares_come_in_percent_and_under_codes_and_names_of_their_own() -> None:
    result = use(
        ("Kosovo", "OWID_KOS", "2018", "89.4"),
        ("Faeroe Islands", "", "2017", "97.6"),
        ("High-income countries", "", "2017", "80"),
        ("Namibia", "NAM", "2018", "42.8"),
        ("Namibia", "NAM", "2019", ""),
    )
    assert dict(zip(result["area_id"], result["share"], strict=True)) == pytest.approx(
        {"XK": 0.894, "FO": 0.976, "NA": 0.428}
    )


def test_a_cell_that_is_no_number_is_named() -> None:
    with pytest.raises(ShapeError, match="no number: 'many'"):
        bank(("NAM", "2023", "many"))
    with pytest.raises(ShapeError, match="above 100"):
        use(("Namibia", "NAM", "2018", "100.5"))


def test_mid_year_lies_between_the_ends_of_years_in_persons() -> None:
    result = mid_years(ENDS).set_index(["area_id", "year"])
    assert set(result.index.get_level_values("year")) == {2025, 2026}
    assert result.loc[("NA", 2025), "persons"] == pytest.approx(1000 * np.sqrt(3050 * 3150))
    assert result.loc[("NA", 2025), "low"] == pytest.approx(900 * np.sqrt(3050 * 3150))


def test_people_are_counted_as_long_as_they_are_and_projected_after() -> None:
    rows = everyone().set_index("base_id")
    assert rows["obs_status"].to_dict() == {
        "NA-all_ages-2023-worldbank": "A",
        "NA-all_ages-2024-worldbank": "A",
        "NA-all_ages-2025-wpp2024": "F",
        "NA-all_ages-2026-wpp2024": "F",
        "TW-all_ages-2025-wpp2024": "F",
        "TW-all_ages-2026-wpp2024": "F",
        "TW-all_ages-2024-12-31-wpp2024": "F",
    }
    alone = rows.loc["TW-all_ages-2024-12-31-wpp2024"]
    assert (alone["persons"], alone["low_persons"]) == ("23000000", "20700000")
    assert rows.loc["NA-all_ages-2024-worldbank", "low_persons"] == ""


def growing() -> pd.DataFrame:
    """Reports of several countries to 2023, one of them nearly all online."""
    years = range(2008, 2024)
    cells = [
        (area, "", str(year), str(100 / (1 + np.exp(-(start + 0.15 * (year - 2008))))))
        for area, start in (("OWID_KOS", 2.5), ("RUS", -1.0), ("NAM", -2.0), ("TWN", 0.0))
        for year in years
    ]
    return use(*[("", code, year, percent) for code, _, year, percent in cells])


def test_internet_users_are_share_times_population_then_projected_with_a_range() -> None:
    result = growing()
    rows = online(result)
    mine = rows[rows["area_id"] == "NA"].set_index("period")
    assert mine["obs_status"].to_dict() == {"2023": "E", "2024": "F", "2025": "F", "2026": "F"}
    share = result[(result["area_id"] == "NA") & (result["year"] == 2023)]["share"].item()
    assert int(mine.loc["2023", "persons"]) == round(share * 2_900_000)
    percent = float(mine.loc["2023", "note"].split(" % of the population of the year")[0])
    assert percent == pytest.approx(100 * share, abs=5e-5)
    ahead = mine.loc[["2024", "2025", "2026"]]
    numbers = ahead[["low_persons", "persons", "high_persons"]].astype("int64")
    assert (numbers.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    assert set(ahead["measurement_series_id"]) == {bases.PROJECTED}
    assert ahead["also_source_id"].tolist() == [WORLD_BANK, UN, UN]


def test_what_is_made_agrees_with_its_notes() -> None:
    made = World()
    for source in (WORLD_BANK, ITU, UN):
        made.add("sources", source_id=source)
    rows = pd.concat([online(growing()), everyone()]).astype("str").fillna("")
    made.rows["bases"] = rows.to_dict("records")
    typed = made.typed()
    assert run_rule("unlike_its_note", typed) == []
    odd = typed["bases"]["base_id"].isin(["NA-all_ages-2023-worldbank"])
    wrong = typed["bases"].assign(persons=typed["bases"]["persons"].mask(odd, 2.8e6))
    (one,) = run_rule("unlike_its_note", typed | {"bases": wrong})
    assert '"NA-internet_all-2023-itu"' in one.row


def test_no_more_people_are_online_than_there_are() -> None:
    full = growing().assign(share=lambda frame: frame["share"].where(frame["area_id"] != "NA", 1.0))
    people = bases.population_by_year(FIGURES)
    rows = online(full)
    mine = rows[(rows["area_id"] == "NA") & (rows["obs_status"] == "F")].set_index("period")
    limit = people[people["area_id"] == "NA"].set_index("year")["persons"]
    for year in (2024, 2025, 2026):
        assert int(mine.loc[str(year), "high_persons"]) <= round(limit[year])


BANDS = text(
    [
        ("NA", "1000", "200", "250", "550"),
        ("RU", "1", "1", "0", "0"),
        ("RU_MOW", "600", "100", "50", "450"),
        ("RU_SPE", "400", "100", "50", "250"),
        ("TW", "500", "50", "100", "350"),
        ("AQ", "", "", "", ""),
    ],
    ["key", "all", "age_00_09", "age_10_19", "age_20_29"],
)


def test_twelve_and_eighteen_lie_inside_a_band_and_russia_is_added_up() -> None:
    known = bank(("NAM", "2020", "2000"), ("RUS", "2020", "145000000"))
    rows = bases.from_bands(BANDS, known, world.list_codes()).set_index("base_id")["persons"]
    assert rows.to_dict() == {
        "NA-age_12_plus-2020-worldpop": "1500",
        "RU-age_12_plus-2020-worldpop": str(round(145_000_000 * 0.78)),
        "TW-age_12_plus-2020-worldpop": "430",
        "NA-age_18_plus-2020-worldpop": "1200",
        "RU-age_18_plus-2020-worldpop": str(round(145_000_000 * 0.72)),
        "TW-age_18_plus-2020-worldpop": "370",
        "TW-all_ages-2020-worldpop": "500",
    }


def table() -> pd.DataFrame:
    """A row by hand that says something else than the files, and a projection of before."""
    names = ["base_id", "population_base", "persons", "measurement_series_id"]
    projected = "NA-internet_all-2024-projected"
    rows = [("mine", "all_ages", "7", ""), (projected, "internet_all", "1", bases.PROJECTED)]
    cells = {"area_id": "NA", "period": "2024", "obs_status": "A"}
    made = pd.DataFrame(rows, columns=names).assign(**cells, source_id=WORLD_BANK)
    return made.reindex(columns=bases.COLUMNS, fill_value="")


def test_what_stands_wins_and_projections_are_made_anew() -> None:
    fresh = pd.concat([everyone(), online(growing())])
    merged = bases.merge_bases(table(), fresh, NO_LINEAGES)
    ids = merged["base_id"].tolist()
    assert "mine" in ids
    assert "NA-all_ages-2024-worldbank" not in ids
    assert "NA-all_ages-2023-worldbank" in ids
    assert merged.set_index("base_id").loc["NA-internet_all-2024-projected", "persons"] != "1"
    pd.testing.assert_frame_equal(bases.merge_bases(merged, fresh, NO_LINEAGES), merged)
