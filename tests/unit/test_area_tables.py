"""Tables of countries and regions: the codes of maps, and what a region adds up."""

import numpy as np
import pandas as pd

from audience_impact.outputs.area_names import list_alpha_3
from audience_impact.outputs.areas import Sets, withhold_draws
from audience_impact.simulation.worlds import DRAWN


def test_the_code_of_a_map_is_that_of_iso_3166_and_an_alias_only_where_it_has_none() -> None:
    aliases = {"AE": "UAE", "CD": "DRC;DR Congo", "XK": "XKX", "RS": "", "001": ""}
    areas = pd.DataFrame({"area_id": [*aliases], "aliases": [*aliases.values()]})
    codes = {"AE": "ARE", "CD": "COD", "XK": "XKX", "RS": "SRB"}
    assert list_alpha_3(areas).to_dict() == codes


def test_a_region_draws_no_kind_of_a_country_whose_total_is_withheld() -> None:
    rows = [("XA", "2024", "all"), ("XA", "2024", "service"), ("XB", "2024", "all")]
    table = pd.DataFrame(rows, columns=["country_id", "period", "kind"])
    people = {"person_days": np.ones((len(rows), DRAWN + 5))}
    sets = Sets(table, pd.DataFrame(), pd.DataFrame(), people)
    person_days = pd.DataFrame(
        {
            "restriction_id": ["all", "all"],
            "area_id": ["XA", "XB"],
            "period": ["2024", "2024"],
            "q50_person_days": [np.nan, 1.0],
        }
    )
    days = withhold_draws(sets, person_days).people["person_days"]
    assert np.isnan(days[:, DRAWN:]).all(axis=1).tolist() == [True, True, False]
    assert (days[:, :DRAWN] == 1.0).all()
