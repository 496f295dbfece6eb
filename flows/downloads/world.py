"""Write denominators of the world from published files into the bases of a folder of fact tables.

    python -m flows.downloads.world --population FILE --internet FILE --wpp DIR --into data/facts

Optional files add people of 12 and over (`--worldpop`) and regions (`--russia`, `--india`). Areas
are those of `areas.csv` there. A second run changes nothing; rows written by hand remain unchanged.
"""

import argparse
from pathlib import Path

import pandas as pd
import pycountry

from audience_impact.plain_text import fold_name
from audience_impact.registers.denominators import bases, publisher_files
from audience_impact.vocabulary import ObsStatus, PopulationBase

OWID = {"001": "OWID_WRL", "FO": "Faeroe Islands", "XK": "OWID_KOS"}
"""Codes of the file of internet shares that are not ISO codes, and names of areas without one."""
OTHERS = {"001": ("WLD", 900), "XK": ("XKX", 412)}
"""Areas outside ISO 3166-1: their codes at the World Bank and the UN."""
OKRUGS = {"RU-NEN": "RU-ARK", "RU-KHM": "RU-TYU", "RU-YAN": "RU-TYU"}
"""Autonomous okrugs whose people are also counted in the surrounding oblast."""
ITU, UN, RUSSIA, INDIA = (
    "github-mthavarajah-1",
    "github-ppgp-1",
    "github-topspin26-1",
    "github-shubhamdutta26-1",
)
"""Rows of `sources` for the pages of the figures."""
SOURCES = bases.Sources(
    bases.WORLD_BANK,
    ITU,
    UN,
    mid_year="middle of the year: geometric mean of 31 December before and after",
)
YEARS = bases.Years(2015, 2026)
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


def map_codes(column: str) -> dict[str, str]:
    """Return the area id of each code in a column of `list_codes`."""
    codes = list_codes()
    return {code: area for code, area in zip(codes[column], codes["area_id"], strict=True) if code}


def tidy_shares(file: pd.DataFrame) -> pd.DataFrame:
    """Return the ITU's shares (Entity, Code, Year, percent in the last column) as a tidy table."""
    named = file.rename(columns={file.columns[-1]: publisher_files.SHARE_FILE.number})
    named["Code"] = named["Code"].where(named["Code"] != "", named["Entity"])
    return publisher_files.read_figures(
        publisher_files.SHARE_FILE, named, map_codes("owid") | map_codes("iso3")
    )


def build_russia(file: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `bases` for the listed regions of Russia."""
    names = dict(zip(file["iso_code"], file["geoname_name"], strict=True))
    inner: dict[str, list[str]] = {}
    for okrug, outer in OKRUGS.items():
        inner.setdefault(outer, []).append(f"{names.get(okrug, okrug)} ({okrug})")
    notes = dict.fromkeys((code for code in names if code.startswith("UA-")), UKRAINIAN)
    for okrug, outer in OKRUGS.items():
        notes[okrug] = OKRUG_NOTE.format(outer=f"{names.get(outer, outer)} ({outer})")
    for outer, okrugs in inner.items():
        notes[outer] = OUTER_NOTE.format(inner=" and ".join(okrugs))
    origin = "1 January, preliminary; list of Russia's regions"
    rows = pd.DataFrame(
        {
            "area_id": file["iso_code"],
            "period": "2020",
            "persons": pd.to_numeric(file["population"]),
            "obs_status": ObsStatus.NORMAL.value,
            "note": ["; ".join([origin, *filter(None, [notes.get(code)])]) for code in names],
        }
    )
    return bases.base_rows(rows, PopulationBase.ALL_AGES, "regional-list", source_id=RUSSIA)


def build_india(file: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `bases` for India's states; raise ValueError for a name not in ISO 3166-2."""
    iso_states = {
        fold_name(subdivision.name): subdivision.code
        for subdivision in pycountry.subdivisions
        if subdivision.country_code == "IN"
    }
    unknown = [name for name in file["state"] if fold_name(name) not in iso_states]
    if unknown:
        raise ValueError(f"no code of ISO 3166-2 for {', '.join(unknown)}")
    parts = [
        pd.DataFrame(
            {
                "area_id": [iso_states[fold_name(name)] for name in file["state"]],
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
    return bases.base_rows(pd.concat(parts), PopulationBase.ALL_AGES, "state-list", source_id=INDIA)


def read_cells(path: Path, separator: str = ",", encoding: str = "utf-8-sig") -> pd.DataFrame:
    """Read a file as text cells: `NA` is Namibia, and a blank cell is a blank text."""
    return pd.read_csv(path, sep=separator, dtype="str", keep_default_na=False, encoding=encoding)


def build_bases(args: argparse.Namespace) -> pd.DataFrame:
    """Return the rows of `bases` from the files."""
    codes = list_codes()
    ends = publisher_files.tidy_prospects(
        {
            column: read_cells(args.wpp / f"popproj{name}.txt", "\t")
            for column, name in {"persons": "Med", "low": "95l", "high": "95u"}.items()
        },
        dict(zip(codes["m49"], codes["area_id"], strict=True)),
    )
    figures = bases.Figures(
        counted=publisher_files.read_figures(
            publisher_files.POPULATION_FILE, read_cells(args.population), map_codes("iso3")
        ),
        shares=tidy_shares(read_cells(args.internet, args.separator)),
        ahead=publisher_files.mid_years(ends),
        year_ends=ends,
    )
    rows = [bases.rows_from_figures(figures, SOURCES, YEARS)]
    if args.worldpop:
        rows.append(bases.from_bands(read_cells(args.worldpop), figures.counted, codes))
    for path, build_regions in ((args.russia, build_russia), (args.india, build_india)):
        if path:
            rows.append(build_regions(read_cells(path)))
    return pd.concat(rows, ignore_index=True)


def main(arguments: list[str] | None = None) -> None:
    """Read the files and update the bases of the folder of facts."""
    parser = argparse.ArgumentParser(description="Denominators of the world into fact tables.")
    for name in ("population", "internet", "wpp", "into"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("worldpop", "russia", "india"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--separator", default=";", help="of the file of internet shares")
    args = parser.parse_args(arguments)
    areas = read_cells(args.into / "areas.csv")["area_id"]
    rows = build_bases(args)
    sources = read_cells(args.into / "sources.csv").set_index("source_id")["measurement_series_id"]
    path = args.into / "bases.csv"
    merged = bases.merge_bases(read_cells(path), rows[rows["area_id"].isin(areas)], sources)
    text = merged.to_csv(index=False, lineterminator="\n").encode()
    is_new = text != path.read_bytes()
    if is_new:
        path.write_bytes(text)
    print(f"{path}: {'written' if is_new else 'up to date'}")


if __name__ == "__main__":
    main()
