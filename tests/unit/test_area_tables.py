"""Tables of countries and regions: the codes by which maps know a country."""

import pandas as pd

from audience_impact.outputs import area_tables


def test_the_code_of_a_map_is_that_of_iso_3166_and_an_alias_only_where_it_has_none() -> None:
    aliases = {"AE": "UAE", "CD": "DRC;DR Congo", "XK": "XKX", "RS": "", "001": ""}
    areas = pd.DataFrame({"area_id": [*aliases], "aliases": [*aliases.values()]})
    codes = {"AE": "ARE", "CD": "COD", "XK": "XKX", "RS": "SRB"}
    assert area_tables.list_alpha_3(areas).to_dict() == codes
