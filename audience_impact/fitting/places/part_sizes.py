"""The fact table `part_sizes`: the number of people in the parts of places that registers name.

Definitions. Those of places/population.py. A reading is a range of the people in the part that a
register row means, by a reader who saw the row and no result. Its middle is the geometric mean of
the ends.

Method. For each kind, least squares of the log of the middle on the logs of the typical unit and of
the number of units. Both vary little among few readings, so their slopes are drawn towards
UNIT_PRIOR (1 for SHARES) and COUNT_PRIOR, with the weight of PRIOR_READINGS readings of spread one
(ridge). Several readers may have read one register row, so all readings of a row are left out
together: `deviation` is that of a normal whose central 90 % contain as many of the differences
between readings and the fit without their row. A kind with fewer than LEAST_ROWS rows has no fit.

Assumptions. The errors of readers are a part of the deviation, and errors common to all readers are
small beside it.

Known drawbacks. A row with several readings weighs more in the fit than a row with one.

Citation. Residuals of a ridge fit without a group of rows: T. Hastie, R. Tibshirani, J. Friedman
(2009), The Elements of Statistical Learning, 7.10, equation 7.52, for groups.
"""

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.fitting.tables import INSIDE, compute_quantiles, digest_frames
from audience_impact.frames import Array
from audience_impact.places import population
from audience_impact.places.online import NORMAL
from audience_impact.places.population import PARAMETERS
from audience_impact.vocabulary import ParameterBasis, PartKind

READ = ("areas", "bases", "place_parts")
DIGESTED = [
    *("register_row", "area_id", "period", "part_kind", "units_count"),
    *("least_persons", "most_persons"),
]
LEAST_ROWS = 6
DECIMALS = 4
PRIOR_READINGS = 5.0
SHARES = (PartKind.DISTRICTS, PartKind.SUBDISTRICT, PartKind.SOME)
"""Kinds of part that are a share of their place; their prior slope on the typical unit is one."""
UNIT_PRIOR, COUNT_PRIOR = 0.3, 0.9
"""Prior slopes: of other kinds on the typical unit of a place, and of all on the unit count."""


def describe_readings(tables: Tables) -> pd.DataFrame:
    """Return readings with a known population of the holder: `log_persons`, `unit`, `count`."""
    rows = tables["place_parts"]
    places = rows[["area_id"]].assign(day=rows["period_start"])
    people = population.estimate_people(places, tables)
    described = rows.assign(people_persons=people["people_persons"])
    described = described.join(population.describe_parts(described, tables["areas"]))
    product = rows["least_persons"].astype("float64") * rows["most_persons"].astype("float64")
    return described.assign(log_persons=np.log(product) / 2.0)[described["unit"].notna()]


def fit_kind(readings: pd.DataFrame, kind: PartKind) -> dict[str, float]:
    """Return the PARAMETERS of a kind of part, fitted to its readings."""
    prior = np.array([1.0 if kind in SHARES else UNIT_PRIOR, COUNT_PRIOR])
    x = np.column_stack([np.ones(len(readings)), readings[["unit", "count"]]]).astype("float64")
    y = readings["log_persons"].to_numpy("float64") - x[:, 1:] @ prior
    penalty = np.diag([0.0, PRIOR_READINGS, PRIOR_READINGS])
    inverse = np.linalg.inv(x.T @ x + penalty)
    fitted = inverse @ x.T @ y
    errors = _leave_rows_out(y - x @ fitted, x @ inverse @ x.T, readings["register_row"])
    inside = compute_quantiles(np.abs(errors), np.ones(len(errors)), (INSIDE,))
    numbers = (*(fitted + np.array([0.0, *prior])), float(inside[0]) / NORMAL)
    return dict(zip(PARAMETERS, map(float, numbers), strict=True))


def _leave_rows_out(residuals: Array, hat: Array, rows: "pd.Series[str]") -> Array:
    """Return residuals (n,) of each reading from the fit without the readings of its row.

    `hat` (n, n) is the matrix that maps the readings to their fitted values.
    """
    number, _ = pd.factorize(rows)
    is_same_row = number[:, None] == number[None, :]
    return np.linalg.solve(np.eye(len(hat)) - np.where(is_same_row, hat, 0.0), residuals)


def fit_table(tables: Tables) -> pd.DataFrame:
    """Return the fact table `part_sizes` from typed facts."""
    readings = describe_readings(tables)
    sha256 = digest_frames(tables["place_parts"][DIGESTED])
    rows = []
    for kind in PartKind:
        of_kind = readings[readings["part_kind"] == kind.value]
        if of_kind["register_row"].nunique() >= LEAST_ROWS:
            numbers = fit_kind(of_kind, kind)
            rows.append((kind.value, *numbers.values(), len(of_kind), sha256))
    columns = ["part_kind", *PARAMETERS, "figures", "data_sha256"]
    table = pd.DataFrame(rows, columns=columns).round(dict.fromkeys(PARAMETERS, DECIMALS))
    return table.assign(basis=ParameterBasis.ESTIMATED.value, note="")
