"""Denominators of the world, from published files into a folder of fact tables.

    python -m flows.downloads.world --population FILE --internet FILE --wpp DIR --into data/facts

Optional files add people of 12 and over (`--worldpop`) and regions (`--russia`, `--india`). A
second run changes nothing; rows written by hand stay.
"""

import argparse
import unicodedata
from pathlib import Path
from typing import Any

import pandas as pd
import pycountry

from audience_impact.registers.denominators import world
from audience_impact.registers.denominators.bases import Figures, from_figures
from audience_impact.vocabulary import ObsStatus

SHORT = {
    "BN": "Brunei",
    "BQ": "Caribbean Netherlands",
    "CD": "DR Congo",
    "FK": "Falkland Islands",
    "FM": "Micronesia",
    "LA": "Laos",
    "MF": "Saint Martin",
    "PS": "Palestine",
    "RU": "Russia",
    "SH": "Saint Helena",
    "SX": "Sint Maarten",
    "VA": "Holy See",
    "VG": "British Virgin Islands",
    "VI": "US Virgin Islands",
}
"""Short names where the library gives an inverted or a long one."""
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
"""What the file of internet shares calls an area without its ISO code."""
OTHERS = {"001": ("WLD", 900), "XK": ("XKX", 412)}
"""Areas outside ISO 3166-1: their codes at the World Bank and the UN."""
OKRUG_NOTE = "autonomous okrug inside {outer}, whose population includes it: never add both"
OUTER_NOTE = "population includes {inner}: never add both"
UKRAINIAN = "disputed: counted by Ukraine and the UN as Ukrainian, occupied by Russia since 2014"


def codes() -> pd.DataFrame:
    """Codes of countries: `area_id`, `iso3`, `m49` and `owid`, with the world and Kosovo."""
    own = [
        (each.alpha_2, each.alpha_3, int(each.numeric), OWID.get(each.alpha_2, ""))
        for each in pycountry.countries
    ]
    own += [(code, *OTHERS[code], OWID[code]) for code in OTHERS]
    return pd.DataFrame(own, columns=["area_id", "iso3", "m49", "owid"])


def countries(spoken: set[str]) -> pd.DataFrame:
    """Rows of `areas` for the countries among the codes that the sources speak of."""
    rows = [
        _area(each.alpha_2, _short(each), "001", _aliases(each), NOTES.get(each.alpha_2, ""))
        for each in pycountry.countries
        if each.alpha_2 in spoken
    ]
    if "XK" in spoken:
        rows.append(_area("XK", "Kosovo", "001", {"XKX"}, NOTES["XK"]))
    return pd.DataFrame(rows)


def _area(code: str, name: str, parent: str, aliases: set[str], note: str) -> dict[str, str]:
    also = ";".join(sorted(aliases - {name, ""}))
    return {"area_id": code, "name": name, "parent_id": parent, "aliases": also, "note": note}


def _short(country: object) -> str:
    common = getattr(country, "common_name", "") or getattr(country, "name", "")
    return SHORT.get(getattr(country, "alpha_2", ""), str(common))


def _aliases(country: object) -> set[str]:
    names = {str(getattr(country, key, "")) for key in ("alpha_3", "name", "official_name")}
    return names | set(ALSO.get(str(getattr(country, "alpha_2", "")), []))


def plain(name: str) -> str:
    """A name without accents, in small letters, with `and` for `&`."""
    letters = unicodedata.normalize("NFKD", name.replace("&", "and"))
    return "".join(each for each in letters if not unicodedata.combining(each)).lower()


def _subdivisions(country: str) -> list[Any]:
    return [each for each in pycountry.subdivisions if each.country_code == country]


def russia(file: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of `areas` and of `bases` for Russia's regions, as the list has them."""
    known = {each.code: each.name for each in _subdivisions("RU")}
    names = dict(zip(file["iso_code"], file["geoname_name"], strict=True))
    inner: dict[str, list[str]] = {}
    for okrug, outer in world.OKRUGS.items():
        inner.setdefault(outer, []).append(f"{names.get(okrug, okrug)} ({okrug})")
    areas, notes = [], []
    for row in file.to_dict("records"):
        code = str(row["iso_code"])
        note = _boundary(code, names, inner)
        aliases = {known.get(code, ""), str(row["name_with_type"])}
        areas.append(_area(code, str(row["geoname_name"]), code[:2], aliases, note))
        notes.append(note)
    told = "year of the file, reference date not stated; list of Russia's regions"
    rows = pd.DataFrame(
        {
            "area_id": file["iso_code"],
            "period": "2020",
            "persons": pd.to_numeric(file["population"]),
            "obs_status": ObsStatus.NORMAL.value,
            "note": [f"{told}; {note}" if note else told for note in notes],
        }
    )
    return pd.DataFrame(areas), world.of_regions(rows, world.RUSSIA, "regional-list")


def _boundary(code: str, names: dict[str, str], inner: dict[str, list[str]]) -> str:
    if code.startswith("UA-"):
        return UKRAINIAN
    if code in world.OKRUGS:
        outer = world.OKRUGS[code]
        return OKRUG_NOTE.format(outer=f"{names.get(outer, outer)} ({outer})")
    return OUTER_NOTE.format(inner=" and ".join(inner[code])) if code in inner else ""


def india(file: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of `areas` and of `bases` for India's states, matched to ISO 3166-2 by name.

    Raises:
        ValueError: A name of the file is no name of ISO 3166-2.
    """
    known = {plain(each.name): each for each in _subdivisions("IN")}
    unknown = [name for name in file["state"] if plain(name) not in known]
    if unknown:
        raise ValueError(f"no code of ISO 3166-2 for {', '.join(unknown)}")
    found = [known[plain(name)] for name in file["state"]]
    areas = [
        _area(each.code, name.replace("&", "and"), "IN", {each.name}, "")
        for each, name in zip(found, file["state"], strict=True)
    ]
    parts = [
        pd.DataFrame(
            {
                "area_id": [each.code for each in found],
                "period": year,
                "persons": pd.to_numeric(file[f"pop_{year}"]),
                "obs_status": status.value,
                "note": note,
            }
        )
        for year, status, note in (
            ("2011", ObsStatus.NORMAL, "census, in the boundaries of 2019 and later"),
            ("2023", ObsStatus.FORECAST, "projection from the census of 2011; origin not stated"),
            ("2024", ObsStatus.FORECAST, "projection from the census of 2011; origin not stated"),
        )
    ]
    return pd.DataFrame(areas), world.of_regions(pd.concat(parts), world.INDIA, "state-list")


def read(path: Path, separator: str = ",", encoding: str = "utf-8-sig") -> pd.DataFrame:
    """A file of text cells: `NA` is Namibia and blank is blank."""
    return pd.read_csv(path, sep=separator, dtype="str", keep_default_na=False, encoding=encoding)


def added(existing: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    """A table of areas with the rows it lacks, by code."""
    new = fresh[~fresh["area_id"].isin(existing["area_id"])]
    joined = pd.concat([existing, new]).drop_duplicates("area_id")
    return joined.sort_values("area_id", kind="stable", ignore_index=True)


def gathered(args: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of `areas` and `bases` that the files give."""
    known_codes = codes()
    medium, low, high = (
        read(args.wpp / f"popproj{name}.txt", "\t") for name in ("Med", "95l", "95u")
    )
    ends = world.prospects(medium, low, high, known_codes)
    figures = Figures(
        counted=world.population(read(args.population), known_codes),
        shares=world.shares(read(args.internet, args.separator), known_codes),
        ahead=world.mid_years(ends),
        year_ends=ends,
    )
    places = read(args.wpp / "UNlocations.txt", "\t", "latin-1")["country_code"].astype("int64")
    listed = known_codes.loc[known_codes["m49"].isin(places), "area_id"]
    rows = [from_figures(figures, world.SOURCES, world.YEARS)]
    if args.worldpop:
        rows.append(world.from_bands(read(args.worldpop), figures.counted, known_codes))
    spoken = {*figures.shares["area_id"], *listed}.union(*(frame["area_id"] for frame in rows))
    areas = [countries(spoken)]
    for path, regions in ((args.russia, russia), (args.india, india)):
        if path:
            own, people_of = regions(read(path))
            areas.append(own)
            rows.append(people_of)
    every = pd.concat(areas, ignore_index=True)
    bases = pd.concat(rows, ignore_index=True)
    return every, bases[bases["area_id"].isin([*every["area_id"], "001"])]


def report(areas: pd.DataFrame, bases: pd.DataFrame) -> str:
    """Which areas have no denominator, as a page."""
    found = world.without_denominator(areas, bases)
    parts = ["# Areas without a denominator", "", "Written by `python -m flows.downloads.world`."]
    told = set(areas["area_id"])
    silent = [(each.alpha_2, each.name) for each in pycountry.countries if each.alpha_2 not in told]
    lists = {
        "In areas.csv, without any base": _named(found[found["missing"] == "all"]),
        "ISO 3166-1 codes that no source speaks of, not in areas.csv": sorted(silent),
        "Population alone: no internet users reported, none at all, or none since 2016": _named(
            found[found["missing"] == "online"]
        ),
    }
    for title, own in lists.items():
        rows = [f"| `{code}` | {name} |" for code, name in own]
        table = ["| area | name |", "| --- | --- |", *rows] if own else ["None."]
        parts += ["", f"## {title}", "", *table]
    return "\n".join(parts) + "\n"


def _named(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(frame["area_id"], frame["name"], strict=True))


def write(path: Path, text: str) -> bool:
    """Write a file where it says something else; tells whether it did."""
    if path.is_file() and path.read_text("utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8", newline="")
    return True


def main(arguments: list[str] | None = None) -> None:
    """Read the files named and bring the folder up to them."""
    parser = argparse.ArgumentParser(description="Denominators of the world into fact tables.")
    for name in ("population", "internet", "wpp", "into"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("worldpop", "russia", "india", "report"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--separator", default=";", help="of the file of internet shares")
    args = parser.parse_args(arguments)
    areas, rows = gathered(args)
    sources = read(args.into / "sources.csv").set_index("source_id")["measurement_series_id"]
    areas = added(read(args.into / "areas.csv"), areas)
    bases = world.merged(read(args.into / "bases.csv"), rows, sources)
    pages = {
        args.into / "areas.csv": areas.to_csv(index=False, lineterminator="\n"),
        args.into / "bases.csv": bases.to_csv(index=False, lineterminator="\n"),
        **({args.report: report(areas, bases)} if args.report else {}),
    }
    for path, text in pages.items():
        print(f"{path}: {'written' if write(path, text) else 'up to date'}")


if __name__ == "__main__":
    main()
