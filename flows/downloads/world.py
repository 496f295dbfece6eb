"""Write denominators of the world from published files into a folder of fact tables.

    python -m flows.downloads.world --population FILE --internet FILE --wpp DIR --into data/facts

Optional files add people of 12 and over (`--worldpop`) and regions (`--russia`, `--india`). A
second run changes nothing; rows written by hand remain unchanged.
"""

import argparse
import unicodedata
from pathlib import Path
from typing import Any

import pandas as pd
import pycountry

from audience_impact.answers.names import name_area
from audience_impact.registers.denominators import figures as published
from audience_impact.registers.denominators.bases import Figures, rows_from_figures
from audience_impact.vocabulary import ObsStatus

ALSO = {
    "CG": ["Congo (Republic of the)", "Republic of the Congo"],
    "CI": ["Ivory Coast"],
    "CV": ["Cape Verde"],
    "CZ": ["Czech Republic"],
    "GB": ["UK"],
    "MK": ["Macedonia"],
    "PS": ["Palestinian territories", "West Bank and Gaza"],
    "SO": ["Somaliland"],
    "SZ": ["Swaziland"],
    "TL": ["East Timor"],
    "VA": ["Vatican City"],
}
NOTES = {
    "EH": "disputed, most of it held by Morocco; the World Bank has no row, the UN has one, and "
    "Morocco's figures may include it",
    "HK": "counted apart from China by the World Bank, the UN and the ITU",
    "MO": "counted apart from China by the World Bank, the UN and the ITU",
    "PS": "West Bank, East Jerusalem and Gaza; the World Bank calls it West Bank and Gaza, and "
    "WorldPop knows Gaza alone (GZ)",
    "SO": "Somaliland is part of it here and in every figure, though the register of shutdowns "
    "lists it by itself; no figure for Somaliland alone",
    "TW": "absent from the World Bank and the ITU; the UN counts it as a province of China, apart "
    "from the figure for China",
    "XK": "user-assigned code, not in ISO 3166-1; XKX at the World Bank, 412 at the UN; not in the "
    "figures for Serbia of either",
}
OWID = {"001": "OWID_WRL", "FO": "Faeroe Islands", "XK": "OWID_KOS"}
"""Codes of the file of internet shares that are not ISO codes."""
OTHERS = {"001": ("WLD", 900), "XK": ("XKX", 412)}
"""Areas outside ISO 3166-1: their codes at the World Bank and the UN."""
OKRUG_NOTE = "autonomous okrug inside {outer}, whose population includes it: never add both"
OUTER_NOTE = "population includes {inner}: never add both"
UKRAINIAN = "disputed: counted by Ukraine and the UN as Ukrainian, occupied by Russia since 2014"


def list_codes() -> pd.DataFrame:
    """Return codes of countries, the world and Kosovo: `area_id`, `iso3`, `m49` and `owid`."""
    rows = [
        (country.alpha_2, country.alpha_3, int(country.numeric), OWID.get(country.alpha_2, ""))
        for country in pycountry.countries
    ]
    rows += [(code, *OTHERS[code], OWID[code]) for code in OTHERS]
    return pd.DataFrame(rows, columns=["area_id", "iso3", "m49", "owid"])


def build_countries(spoken: set[str]) -> pd.DataFrame:
    """Return rows of `areas` for the countries with codes in the sources."""
    rows = [
        _build_area(
            country.alpha_2,
            name_area(country.alpha_2),
            "001",
            _list_aliases(country),
            NOTES.get(country.alpha_2, ""),
        )
        for country in pycountry.countries
        if country.alpha_2 in spoken
    ]
    if "XK" in spoken:
        rows.append(_build_area("XK", "Kosovo", "001", {"XKX"}, NOTES["XK"]))
    return pd.DataFrame(rows)


def _build_area(code: str, name: str, parent: str, aliases: set[str], note: str) -> dict[str, str]:
    also = ";".join(sorted(aliases - {name, ""}))
    return {"area_id": code, "name": name, "parent_id": parent, "aliases": also, "note": note}


def _list_aliases(country: object) -> set[str]:
    names = {
        str(getattr(country, key, ""))
        for key in ("alpha_3", "name", "official_name", "common_name")
    }
    return names | set(ALSO.get(str(getattr(country, "alpha_2", "")), []))


def fold_name(name: str) -> str:
    """Return a name without accents, in small letters, with `and` in place of `&`."""
    letters = unicodedata.normalize("NFKD", name.replace("&", "and"))
    return "".join(sign for sign in letters if not unicodedata.combining(sign)).lower()


def _list_subdivisions(country: str) -> list[Any]:
    return [
        subdivision for subdivision in pycountry.subdivisions if subdivision.country_code == country
    ]


def build_russia(file: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rows of `areas` and of `bases` for the listed regions of Russia."""
    iso_names = {subdivision.code: subdivision.name for subdivision in _list_subdivisions("RU")}
    names = dict(zip(file["iso_code"], file["geoname_name"], strict=True))
    inner: dict[str, list[str]] = {}
    for okrug, outer in published.OKRUGS.items():
        inner.setdefault(outer, []).append(f"{names.get(okrug, okrug)} ({okrug})")
    areas, notes = [], []
    for row in file.to_dict("records"):
        code = str(row["iso_code"])
        note = _note_boundary(code, names, inner)
        aliases = {iso_names.get(code, ""), str(row["name_with_type"])}
        areas.append(_build_area(code, str(row["geoname_name"]), code[:2], aliases, note))
        notes.append(note)
    origin = "1 January, preliminary; list of Russia's regions"
    rows = pd.DataFrame(
        {
            "area_id": file["iso_code"],
            "period": "2020",
            "persons": pd.to_numeric(file["population"]),
            "obs_status": ObsStatus.NORMAL.value,
            "note": [f"{origin}; {note}" if note else origin for note in notes],
        }
    )
    return pd.DataFrame(areas), published.region_rows(rows, published.RUSSIA, "regional-list")


def _note_boundary(code: str, names: dict[str, str], inner: dict[str, list[str]]) -> str:
    if code.startswith("UA-"):
        return UKRAINIAN
    if code in published.OKRUGS:
        outer = published.OKRUGS[code]
        return OKRUG_NOTE.format(outer=f"{names.get(outer, outer)} ({outer})")
    return OUTER_NOTE.format(inner=" and ".join(inner[code])) if code in inner else ""


def build_india(file: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rows of `areas` and of `bases` for India's states, matched to ISO 3166-2 by name.

    Raises:
        ValueError: A name of the file is no name of ISO 3166-2.
    """
    iso_states = {
        fold_name(subdivision.name): subdivision for subdivision in _list_subdivisions("IN")
    }
    unknown = [name for name in file["state"] if fold_name(name) not in iso_states]
    if unknown:
        raise ValueError(f"no code of ISO 3166-2 for {', '.join(unknown)}")
    states = [iso_states[fold_name(name)] for name in file["state"]]
    areas = [
        _build_area(subdivision.code, name.replace("&", "and"), "IN", {subdivision.name}, "")
        for subdivision, name in zip(states, file["state"], strict=True)
    ]
    parts = [
        pd.DataFrame(
            {
                "area_id": [subdivision.code for subdivision in states],
                "period": year,
                "persons": pd.to_numeric(file[f"pop_{year}"]),
                "obs_status": status.value,
                "note": note,
            }
        )
        for year, status, note in (
            ("2011", ObsStatus.NORMAL, "census, in the boundaries of 2019 and later"),
            ("2023", ObsStatus.FORECAST, "projection of the National Commission on Population"),
            ("2024", ObsStatus.FORECAST, "projection of the National Commission on Population"),
        )
    ]
    return pd.DataFrame(areas), published.region_rows(
        pd.concat(parts), published.INDIA, "state-list"
    )


def read_cells(path: Path, separator: str = ",", encoding: str = "utf-8-sig") -> pd.DataFrame:
    """Read a file as text cells: `NA` is Namibia, and a blank cell is a blank text."""
    return pd.read_csv(path, sep=separator, dtype="str", keep_default_na=False, encoding=encoding)


def merge_areas(existing: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    """Return a table of areas with missing rows added, ordered by code."""
    new = fresh[~fresh["area_id"].isin(existing["area_id"])]
    joined = pd.concat([existing, new]).drop_duplicates("area_id")
    return joined.sort_values("area_id", kind="stable", ignore_index=True)


def build_tables(args: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of `areas` and `bases` from the files."""
    known_codes = list_codes()
    medium, low, high = (
        read_cells(args.wpp / f"popproj{name}.txt", "\t") for name in ("Med", "95l", "95u")
    )
    ends = published.tidy_prospects(medium, low, high, known_codes)
    figures = Figures(
        counted=published.tidy_population(read_cells(args.population), known_codes),
        shares=published.tidy_shares(read_cells(args.internet, args.separator), known_codes),
        ahead=published.mid_years(ends),
        year_ends=ends,
    )
    places = read_cells(args.wpp / "UNlocations.txt", "\t", "latin-1")["country_code"].astype(
        "int64"
    )
    listed = known_codes.loc[known_codes["m49"].isin(places), "area_id"]
    rows = [rows_from_figures(figures, published.SOURCES, published.YEARS)]
    if args.worldpop:
        rows.append(published.from_bands(read_cells(args.worldpop), figures.counted, known_codes))
    spoken = {*figures.shares["area_id"], *listed}.union(*(frame["area_id"] for frame in rows))
    areas = [build_countries(spoken)]
    for path, regions in ((args.russia, build_russia), (args.india, build_india)):
        if path:
            region_areas, people_of = regions(read_cells(path))
            areas.append(region_areas)
            rows.append(people_of)
    all_areas = pd.concat(areas, ignore_index=True)
    bases = pd.concat(rows, ignore_index=True)
    return all_areas, bases[bases["area_id"].isin([*all_areas["area_id"], "001"])]


def write_if_changed(path: Path, text: str) -> bool:
    """Write a text to a file that differs from it; return whether it was written."""
    if path.is_file() and path.read_text("utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8", newline="")
    return True


def main(arguments: list[str] | None = None) -> None:
    """Read the files and update the folder of facts."""
    parser = argparse.ArgumentParser(description="Denominators of the world into fact tables.")
    for name in ("population", "internet", "wpp", "into"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("worldpop", "russia", "india"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--separator", default=";", help="of the file of internet shares")
    args = parser.parse_args(arguments)
    areas, rows = build_tables(args)
    sources = read_cells(args.into / "sources.csv").set_index("source_id")["measurement_series_id"]
    areas = merge_areas(read_cells(args.into / "areas.csv"), areas)
    bases = published.merge_bases(read_cells(args.into / "bases.csv"), rows, sources)
    pages = {
        args.into / "areas.csv": areas.to_csv(index=False, lineterminator="\n"),
        args.into / "bases.csv": bases.to_csv(index=False, lineterminator="\n"),
    }
    for path, text in pages.items():
        print(f"{path}: {'written' if write_if_changed(path, text) else 'up to date'}")


if __name__ == "__main__":
    main()
