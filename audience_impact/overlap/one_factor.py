"""The one-factor Gaussian copula as a model of joint use, with the interface of `OverlapModel`.

copula.py describes the method, assumptions and drawbacks, batched.py the unions of a complete
register, and fitting/joint_use.py the fit. The only parameter is the correlation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.overlap import batched, copula
from audience_impact.overlap.copula import Calibration, OwnSurvey
from audience_impact.overlap.model import Group, JointUse, Uniforms, add_model_error
from audience_impact.rules import ParameterError
from audience_impact.vocabulary import DedupMethod, InputKind, OverlapParameter


@dataclass(frozen=True)
class OneFactorCopula:
    """The correlation fitted to surveys, adjusted by the surveys of a country itself.

    `centres` contains the centre and scale of the log odds of the correlation of each country that
    was surveyed itself; all others have those of the calibration.
    """

    dedup_method: ClassVar[DedupMethod] = DedupMethod.LATENT_FACTOR
    calibration: Calibration
    centres: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def joint_use(self, country_id: str, uniforms: Uniforms) -> JointUse:
        """Return draws of the correlation and of the model's error of a country."""
        u = uniforms(InputKind.CORRELATION, f"correlation|{country_id}")
        drawn = copula.draw_correlations(self.calibration, u, self.centres.get(country_id))
        v = uniforms(InputKind.MODEL, f"model|{country_id}")
        return JointUse(drawn[None, :], copula.draw_errors(self.calibration, v))

    def draw_unions(self, group: Group) -> Array:
        """Return draws (G, D) of the unions of a group, as shares of the universe."""
        return batched.group_unions(group)

    def draw_patterns(self, shares: Array, joint_use: JointUse) -> Array:
        """Return draws (D, 2**n) of the patterns of audiences (D, n), for at most 12 audiences."""
        return copula.draw_patterns(shares, joint_use.parameters[0])

    def union_curve(self, shares: ArrayLike, joint_use: JointUse) -> Array:
        """Return draws (S, D) of the unions of exact audiences (S, platforms), error below 2e-5."""
        m = np.asarray(shares, dtype=float)
        core = copula.union_curve(m, joint_use.parameters[0])
        return add_model_error(core, m[:, None, :], joint_use.error)


def read_model(tables: Tables) -> OneFactorCopula | None:
    """Return the copula with fitted parameters, adjusted to the surveys of each surveyed country.

    `tables` contains `overlap_calibration` and `surveys`, typed. Return None without a calibration.
    """
    table, surveys = tables["overlap_calibration"], tables["surveys"]
    if table.empty:
        return None
    calibration = read_calibration(table)
    return OneFactorCopula(
        calibration,
        {
            area: copula.predict_correlation(calibration, area_surveys)
            for area, area_surveys in list_area_surveys(table, surveys).items()
        },
    )


def read_calibration(overlap_calibration: pd.DataFrame) -> Calibration:
    """Return the calibration in the fact table `overlap_calibration` (typed).

    Raises:
        ParameterError: The table lacks a parameter.
    """
    rows = overlap_calibration.set_index("parameter")
    rows = rows[rows["survey_id"] == ""]
    named = [p.value for p in OverlapParameter if p is not OverlapParameter.SURVEY]
    missing = sorted(set(named) - set(rows.index))
    if missing:
        raise ParameterError(
            f"overlap_calibration lacks {', '.join(missing)}; run audience-impact learn joint-use"
        )
    houses = int(rows.loc[OverlapParameter.MEAN.value, "houses"])
    return Calibration(**{n: float(rows.loc[n, "value"]) for n in named}, houses=houses)


def list_area_surveys(
    overlap_calibration: pd.DataFrame, surveys: pd.DataFrame
) -> dict[str, list[OwnSurvey]]:
    """Return the surveys of each area itself, which pull its correlation."""
    survey_houses = surveys[["area_id", "survey_id", "house"]]
    fitted = overlap_calibration.merge(survey_houses, on="survey_id").sort_values("survey_id")
    surveys_by_area: dict[str, list[OwnSurvey]] = {
        area: [] for area in sorted(surveys["area_id"].unique())
    }
    for area, value, house in zip(fitted["area_id"], fitted["value"], fitted["house"], strict=True):
        surveys_by_area[area].append(OwnSurvey(float(expit(value)), str(house)))
    return surveys_by_area
