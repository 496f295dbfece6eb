"""Codes of countries for the functions of analysts.

A code selects the surveys and the draws of a country, so an unknown one would silently give the
numbers of a country that nobody surveyed. Codes are those of ISO 3166-1 (pycountry), and XK for
Kosovo; names are those by which the command finds an area.
"""

import difflib
from functools import cache

_KOSOVO = "XK"
"""A code that ISO 3166-1 leaves to its users, and that stands for Kosovo everywhere."""


def resolve_country(country: str) -> str:
    """Return the two-letter code of a country given by its code or its English name.

    Args:
        country: A code of two or three letters, or an English name, official or in common use, in
            either case; blank for no country in particular.

    Returns:
        The code in capitals; blank for blank.

    Raises:
        ValueError: It is the code or name of no country, or the name of several.

    Source:
        ISO 3166-1, and Unicode CLDR: the territories of the locale `en_GB`.

    Examples:
        >>> resolve_country("ru"), resolve_country("Russia"), resolve_country("")
        ('RU', 'RU', '')
        >>> resolve_country("Turkey"), resolve_country("USA"), resolve_country("Hong Kong")
        ('TR', 'US', 'HK')
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
    from audience_impact.answers.names import SHARED_NAMES

    codes, key = _load_codes(), _make_key(text)
    if key in SHARED_NAMES:
        raise ValueError(
            f"country_id is {country!r}: several countries have this name; give a two-letter code "
            "of ISO 3166-1, such as CD or CG"
        )
    if code := codes.get(key):
        return code
    near = difflib.get_close_matches(key, codes, n=1)
    guess = f"; did you mean {codes[near[0]]}?" if near and len(key) > 2 else ""
    raise ValueError(
        f"country_id is {country!r}: no country has this code or name; give a two-letter code of "
        f"ISO 3166-1 such as RU, or blank for a country that nobody surveyed{guess}"
    )


def _make_key(text: str) -> str:
    """Return the letters of a name without its article, which no name of a country begins with."""
    from audience_impact.answers.names import make_key

    return make_key(text).removeprefix("the")


@cache
def _load_codes() -> dict[str, str]:
    """Return the code of each country by the keys of its names and codes in English."""
    import pycountry

    from audience_impact.answers import names

    countries = {country.alpha_2 for country in pycountry.countries} | {_KOSOVO}
    spellings = ((_make_key(text), code) for text, code in names.list_area_names())
    return {key: code for key, code in spellings if code in countries} | {
        code.casefold(): code for code in countries
    }
