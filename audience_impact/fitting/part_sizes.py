"""The fact table `part_sizes`: how many people live in the parts of places that registers name.

Definitions. Those of places/part_sizes.py. A reading is a range of the people in the part that a
register row means, written by a reader of the row who saw no result; its middle is the geometric
mean of the ends.

Method. For each kind, least squares of the log of the middle on the logs of the typical unit and of
the number of units. Few readings vary these much, so both slopes are drawn towards PRIOR as if
PRIOR_READINGS readings of spread one had shown these (ridge). `deviation` is that of a normal of
which as many lie within the range of 90 % as of the differences of each reading from the fit
without it. A kind with less than
LEAST_READINGS has no row.

Assumptions. The errors of readers are a part of the deviation, and what all readers get wrong alike
is small beside it.

Known drawbacks. Readings of one register row by two readers count as two.

Citation. Leave-one-out residuals of a ridge fit: T. Hastie, R. Tibshirani, J. Friedman (2009), The
Elements of Statistical Learning, 7.10, equation 7.52.
"""

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.fitting.tables import INSIDE, compute_quantiles, digest_frames
from audience_impact.frames import Array
from audience_impact.places import part_sizes, population
from audience_impact.places.online import NORMAL
from audience_impact.places.part_sizes import PARAMETERS, REFERENCE_PERSONS
from audience_impact.vocabulary import ParameterBasis, PartKind

READ = ("areas", "bases", "place_parts")
DIGESTED = ["area_id", "period", "part_kind", "units_count", "least_persons", "most_persons"]
DECIMALS = 4
LEAST_READINGS = 6
PRIOR_READINGS = 5.0
SHARES = (PartKind.DISTRICTS, PartKind.SUBDISTRICT, PartKind.SOME)
"""Kinds of part that are a share of their place; their prior slope on the typical unit is one."""
UNIT_PRIOR, COUNT_PRIOR = 0.3, 0.9
"""Prior slopes: of other kinds on the typical unit of a place, and of all on the unit count."""


def describe_readings(tables: Tables) -> pd.DataFrame:
    """Return the readings with a holder of known people, with `log_persons`, `unit` and `count`.

    `unit` is the log of the typical unit over REFERENCE_PERSONS, `count` the log of the units.
    """
    rows = tables["place_parts"].copy()
    day = rows["period_start"] if "period_start" in rows else pd.to_datetime(rows["period"])
    people = population.estimate_people(rows[["area_id"]].assign(day=day), tables)
    rows["people_persons"] = people["people_persons"].to_numpy("float64")
    unit = part_sizes.measure_typical_units(rows, tables["areas"])
    middle = np.sqrt(rows["least_persons"] * rows["most_persons"].astype("float64"))
    described = rows.assign(
        log_persons=np.log(middle.astype("float64")),
        unit=np.log(unit / REFERENCE_PERSONS),
        count=np.log(rows["units_count"].astype("float64").fillna(1.0).clip(lower=1.0)),
    )
    return described[described["unit"].notna()]


def fit_kind(readings: pd.DataFrame, kind: PartKind) -> dict[str, float]:
    """Return PARAMETERS of a kind from its readings."""
    prior = np.array([1.0 if kind in SHARES else UNIT_PRIOR, COUNT_PRIOR])
    x = np.column_stack([np.ones(len(readings)), readings[["unit", "count"]]]).astype("float64")
    y = readings["log_persons"].to_numpy("float64") - x[:, 1:] @ prior
    fitted, hat = _fit_ridge(x, y)
    errors = (y - x @ fitted) / (1.0 - hat)
    level, unit_slope, count_slope = fitted + np.array([0.0, *prior])
    inside = compute_quantiles(np.abs(errors), np.ones(len(errors)), (INSIDE,))
    deviation = float(inside[0]) / NORMAL
    return dict(zip(PARAMETERS, (level, unit_slope, count_slope, deviation), strict=True))


def _fit_ridge(x: Array, y: Array) -> tuple[Array, Array]:
    """Return the coefficients, of which all but the first are drawn to zero, and the leverages."""
    penalty = np.diag([0.0, PRIOR_READINGS, PRIOR_READINGS])
    inverse = np.linalg.inv(x.T @ x + penalty)
    return inverse @ x.T @ y, np.einsum("ij,jk,ik->i", x, inverse, x)


def fit_table(tables: Tables) -> pd.DataFrame:
    """Return the fact table `part_sizes` from typed facts."""
    readings = describe_readings(tables)
    sha256 = digest_frames(tables["place_parts"][DIGESTED])
    rows = []
    for kind in PartKind:
        of_kind = readings[readings["part_kind"] == kind.value]
        if len(of_kind) >= LEAST_READINGS:
            numbers = fit_kind(of_kind, kind)
            rows.append((kind.value, *numbers.values(), len(of_kind), sha256))
    columns = ["part_kind", *PARAMETERS, "figures", "data_sha256"]
    table = pd.DataFrame(rows, columns=columns).round(dict.fromkeys(PARAMETERS, DECIMALS))
    return table.assign(basis=ParameterBasis.ESTIMATED.value, note="")
