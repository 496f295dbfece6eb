"""Codes of countries for the functions of analysts.

A code selects the surveys and the draws of a country, so an unknown one would silently give the
numbers of a country that nobody surveyed. Codes and English names are those of the Unicode locale
data (Babel): the ISO 3166-1 codes, and XK for Kosovo.
"""

import difflib
import re
from functools import cache

_CODE = re.compile("[A-Z]{2}")
_NO_COUNTRY = re.compile("Q[M-Z]|X[A-JL-Z]|AA|ZZ|EU|EZ|UN|AC|CP|CQ|DG|EA|IC|TA")
"""Codes in the locale data that ISO 3166-1 assigns to no country: groups, islands, users' own."""


def resolve_country(country: str) -> str:
    """Return the two-letter code of a country given by its code or its English name.

    Args:
        country: A code in either case, or an English name; blank for no country in particular.

    Returns:
        The code in capitals; blank for blank.

    Raises:
        ValueError: It is the code or name of no country.

    Source:
        Unicode CLDR, the territories of the locale `en`.

    Examples:
        >>> resolve_country("ru"), resolve_country("Russia"), resolve_country("")
        ('RU', 'RU', '')
        >>> resolve_country("ZZ")
        Traceback (most recent call last):
            ...
        ValueError: country_id is 'ZZ': no country has this code or name; give a two-letter code of
        ISO 3166-1 such as RU, or blank for a country that nobody surveyed
    """
    if not isinstance(country, str):
        raise ValueError(
            f"country_id is {country!r}: give a code of ISO 3166-1 such as RU, as text"
        )
    text = country.strip()
    if not text:
        return text
    codes = _load_codes()
    if _CODE.fullmatch(text) and text in codes.values():
        return text
    if code := codes.get(text.casefold()):
        return code
    near = difflib.get_close_matches(text.casefold(), codes, n=1)
    guess = f"; did you mean {codes[near[0]]}?" if near and len(text) > 2 else ""
    raise ValueError(
        f"country_id is {country!r}: no country has this code or name; give a two-letter code of "
        f"ISO 3166-1 such as RU, or blank for a country that nobody surveyed{guess}"
    )


@cache
def _load_codes() -> dict[str, str]:
    """Return the code of each country by its name and by its code, both without case."""
    from babel import Locale

    names = {
        code: name
        for code, name in Locale.parse("en").territories.items()
        if _CODE.fullmatch(code) and not _NO_COUNTRY.fullmatch(code)
    }
    parts = {
        part.strip(): code
        for code, name in names.items()
        for part in re.split(r"[()]", name)[:2]
        if part.strip()
    }
    spellings = (
        parts | {name: code for code, name in names.items()} | {code: code for code in names}
    )
    return {spelling.casefold(): code for spelling, code in spellings.items()}
