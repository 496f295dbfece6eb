"""What the facts know already, found by what people call it: countries, services, series, pages.

Heavy libraries are imported in functions: the questions, which the command shows in its help, need
this module.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from audience_impact.registers.places.names import folded

if TYPE_CHECKING:
    import pandas as pd

    from audience_impact.facts.tables import Tables
    from audience_impact.registers.register import Catalogue

MOST_TOLD, MOST_NEAR = 5, 3
CAMPAIGN = re.compile(r"^(utm_\w+|fbclid|gclid)=")
"""Parts of an address that say from where a reader came, and nothing of the page."""
HOST_WORDS = {"www", "m", "co", "com", "org", "net", "gov", "edu", "ac"}
"""Parts of a host that name no publisher."""


class NotKnownError(ValueError):
    """What was told is nothing on record; the message says so in one line, with what is near."""


def slug(text: str) -> str:
    """A name as a part of an id: small plain letters and digits, joined by dashes."""
    flat = unicodedata.normalize("NFKD", text)
    plain = "".join(sign for sign in flat if not unicodedata.combining(sign)).casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def same_page(url: str) -> str:
    """An address without what does not tell pages apart: scheme, www, fragment, campaign, slash.

    What is no address is left as it is.
    """
    try:
        parts = urlsplit(unquote(url.strip()))
    except ValueError:  # brackets that hold no address of a host
        return url
    asked = [part for part in parts.query.split("&") if part and not CAMPAIGN.match(part)]
    host = parts.netloc.casefold().removeprefix("www.")
    return f"{host}{parts.path.rstrip('/')}{'?' if asked else ''}{'&'.join(asked)}"


def publisher_word(url: str, publisher: str) -> str:
    """What the id of a source begins with: the host's own name, else that of the publisher."""
    host = urlsplit(url).netloc.casefold().split(":")[0].split(".")[:-1]
    names = [part for part in host if part not in HOST_WORDS]
    return slug(names[-1] if names else publisher) or "source"


def near(text: str, names: Iterable[str]) -> str:
    """What was perhaps meant, as the end of a message."""
    every = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(text.casefold(), every, MOST_NEAR, 0.6)
    return f"; did you mean {' or '.join(every[name] for name in close)}?" if close else ""


@dataclass(frozen=True)
class Known:
    """The facts of all layers as text, and how to find in them."""

    tables: "Tables"

    def ids(self, table: str, column: str) -> set[str]:
        """The ids of a table."""
        return set(self.tables[table][column])

    def row(self, table: str, column: str, cell: str) -> Mapping[str, str]:
        """The row with this cell, which is there."""
        found = self.tables[table]
        return {str(name): text for name, text in found[found[column] == cell].iloc[0].items()}

    def area(self, text: str) -> str:
        """Id of a country by any of its names or codes, or of a place by its own.

        Raises NotKnownError.
        """
        from flows.registers.gazetteer import country_code

        areas = self.tables["areas"]
        ids = set(areas["area_id"])
        for code in (text, text.upper(), country_code(text)):
            if code in ids:
                return code
        named = self._area_names.get(folded(text), [])
        if len(named) == 1:
            return named[0]
        if named:
            listed = ", ".join(named[:MOST_TOLD])
            raise NotKnownError(f"several areas are called {text}: give one of {listed}")
        countries = areas.loc[areas["level"].eq("") & ~areas["area_id"].str.isdigit(), "name"]
        raise NotKnownError(f"{text} is no area on record{near(text, countries)}")

    @cached_property
    def _area_names(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for area_id, name, aliases in self.tables["areas"][["area_id", "name", "aliases"]].values:
            for one in {folded(each) for each in (name, *aliases.split(";")) if each}:
                found.setdefault(one, []).append(area_id)
        return found

    @cached_property
    def _catalogue(self) -> "Catalogue":
        from audience_impact.registers.register import catalogue

        return catalogue(self.tables["platforms"].to_dict("records"))

    def platform(self, text: str) -> str:
        """Id of a service by id, name or alias; `*` is the whole internet.

        Raises NotKnownError.
        """
        platforms = self.tables["platforms"]
        found = text if text in set(platforms["platform_id"]) else self._catalogue.find(text)
        if not found:
            names = [*platforms["platform_id"], *platforms["name"]]
            raise NotKnownError(f"{text} is no platform on record{near(text, names)}")
        return found

    def series(self, text: str) -> str:
        """Id of a measuring programme by its id or its measurer.

        Raises NotKnownError.
        """
        lineages = self.tables["lineages"]
        if text in set(lineages["measurement_series_id"]):
            return text
        same = lineages["measurer"].map(folded) == folded(text)
        found = list(lineages.loc[same, "measurement_series_id"])
        if len(found) == 1:
            return str(found[0])
        if found:
            listed = ", ".join(found[:MOST_TOLD])
            raise NotKnownError(f"{text} has several measuring programmes: give one of {listed}")
        names = [*lineages["measurement_series_id"], *lineages["measurer"]]
        raise NotKnownError(f"{text} is no measurer on record{near(text, names)}")

    def source(self, told: str) -> Mapping[str, str] | None:
        """The row of a page by its address or its id; None where it is new."""
        sources = self.tables["sources"]
        found = sources[(sources["source_id"] == told) | self._pages.eq(same_page(told))]
        if found.empty:
            return None
        return {str(name): str(cell) for name, cell in found.iloc[0].items()}

    @cached_property
    def _pages(self) -> "pd.Series[str]":
        return self.tables["sources"]["url"].map(same_page).replace("", " ")
