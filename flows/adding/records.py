"""The facts on record, with lookups by common names: countries, services, series and pages.

Heavy libraries are imported in functions: the questions, which the command shows in its help, need
this module.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from audience_impact.plain_text import ReadableError, fold_name, strip_accents

if TYPE_CHECKING:
    import pandas as pd

    from audience_impact.facts.tables import Tables
    from audience_impact.registers.register import Catalogue

MOST_LISTED, MOST_NEAR = 5, 3
SAME_NAME = 0.9
"""Similarity of two names (difflib) from which one is taken for a slip of the other."""
CAMPAIGN = re.compile(r"^(utm_\w+|fbclid|gclid)=")
"""Parts of an address that record the origin of a visit and nothing about the page."""
HOST_WORDS = {"www", "m", "co", "com", "org", "net", "gov", "edu", "ac"}
"""Parts of a host name that do not name the publisher."""
NOBODY = "not stated"
"""Answer for a page that names no measurer."""


class NotOnRecordError(ReadableError):
    """An answer names nothing on record; the message is one line and suggests similar names."""


def make_slug(text: str) -> str:
    """Return a name as part of an id: plain lower-case letters and digits, joined by dashes."""
    return re.sub(r"[^a-z0-9]+", "-", strip_accents(text).casefold()).strip("-")


def normalise_address(url: str) -> str:
    """Return an address without scheme, www, fragment, campaign and last slash.

    Other texts are returned unchanged.
    """
    try:
        parts = urlsplit(unquote(url.strip()))
    except ValueError:  # brackets that contain no address of a host
        return url
    parameters = [part for part in parts.query.split("&") if part and not CAMPAIGN.match(part)]
    host = parts.netloc.casefold().removeprefix("www.")
    return f"{host}{parts.path.rstrip('/')}{'?' if parameters else ''}{'&'.join(parameters)}"


def choose_publisher_word(url: str, publisher: str) -> str:
    """Return the first word of a source's id, from its host or else from its publisher."""
    host = urlsplit(url).netloc.casefold().split(":")[0].split(".")[:-1]
    names = [part for part in host if part not in HOST_WORDS]
    return make_slug(names[-1] if names else publisher) or "source"


def suggest_names(text: str, names: Iterable[str]) -> str:
    """Return the end of a message that suggests similar names, or a blank text."""
    names_by_fold = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(text.casefold(), names_by_fold, MOST_NEAR, 0.6)
    return f"; did you mean {' or '.join(names_by_fold[name] for name in close)}?" if close else ""


@dataclass(frozen=True)
class FactRecords:
    """The facts of all layers as text, with lookups by name."""

    tables: "Tables"

    def list_ids(self, table: str, column: str) -> set[str]:
        """Return the values of an id column."""
        return set(self.tables[table][column])

    def find_area(self, text: str) -> str:
        """Return the id of a country by any of its names or codes, or of a place by its id.

        Raises NotOnRecordError.
        """
        from audience_impact.registers.countries import country_code

        areas = self.tables["areas"]
        countries = areas[areas["level"].eq("") & ~areas["area_id"].str.isdigit()]
        named = self._area_names.get(fold_name(text), [])
        for code in (text, text.upper(), country_code(text)):
            if code in set(areas["area_id"]):
                others = countries.loc[
                    ~countries["area_id"].isin([text, text.upper(), code]), "name"
                ]
                # A pattern for Niger fits "Nigera" as well.
                if named or not difflib.get_close_matches(
                    fold_name(text), others.map(fold_name), 1, SAME_NAME
                ):
                    return code
        return choose_only(text, named, "area", "areas are called", countries["name"])

    @cached_property
    def _area_names(self) -> dict[str, list[str]]:
        ids_by_name: dict[str, list[str]] = {}
        for area_id, name, aliases in self.tables["areas"][["area_id", "name", "aliases"]].values:
            for label in {fold_name(cell) for cell in (name, *aliases.split(";")) if cell}:
                ids_by_name.setdefault(label, []).append(area_id)
        return ids_by_name

    @cached_property
    def _platform_catalogue(self) -> "Catalogue":
        from audience_impact.registers.register import build_catalogue

        return build_catalogue(self.tables["platforms"].to_dict("records"))

    def find_platform(self, text: str) -> str:
        """Return the id of a service from an id, name or alias; `*` is the whole internet.

        Raises NotOnRecordError.
        """
        platforms = self.tables["platforms"]
        ids = set(platforms["platform_id"])
        if match := text if text in ids else self._platform_catalogue.find_id(text):
            return match
        names = [*platforms["platform_id"], *platforms["name"]]
        raise NotOnRecordError(f"{text} is no platform on record{suggest_names(text, names)}")

    def find_series(self, text: str) -> str:
        """Return the id of a measuring programme from its id or its measurer; blank for NOBODY.

        Raises NotOnRecordError.
        """
        if fold_name(text) == NOBODY:
            return ""
        lineages = self.tables["lineages"]
        ids, measurers = lineages["measurement_series_id"], lineages["measurer"]
        is_named = ids.eq(text) if text in set(ids) else measurers.map(fold_name) == fold_name(text)
        names = [*ids, *measurers]
        return choose_only(text, [*ids[is_named]], "measurer", "programmes measure for", names)

    def find_source(self, raw_answer: str) -> Mapping[str, str] | None:
        """Return the source row of a page by its address or id; None for a new page."""
        sources = self.tables["sources"]
        is_page = sources["source_id"] == raw_answer
        is_page |= self._page_addresses == normalise_address(raw_answer)
        rows = sources[is_page].astype("str").to_dict("records")
        return {str(name): cell for name, cell in rows[0].items()} if rows else None

    @cached_property
    def _page_addresses(self) -> "pd.Series[str]":
        return self.tables["sources"]["url"].map(normalise_address).replace("", " ")


def choose_only(
    text: str, ids: Sequence[str], what: str, several: str, names: Iterable[str]
) -> str:
    """Return the only id; raise NotOnRecordError where there is none, or several."""
    if len(ids) == 1:
        return ids[0]
    if ids:
        listed = ", ".join(ids[:MOST_LISTED])
        raise NotOnRecordError(f"several {several} {text}: give one of {listed}")
    raise NotOnRecordError(f"{text} is no {what} on record{suggest_names(text, names)}")
