"""The one-factor Gaussian copula as a model of joint use: `OverlapModel` says what it answers.

copula.py has the method, assumptions and drawbacks, batched.py the unions of a whole register,
calibration.py how it is learned.  Its one parameter is the correlation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.overlap import batched, calibration, copula
from audience_impact.overlap.copula import Calibration
from audience_impact.overlap.model import Group, JointUse, Uniforms, with_error
from audience_impact.vocabulary import DedupMethod, InputKind


@dataclass(frozen=True)
class OneFactorCopula:
    """What surveys taught about the correlation, and what a country's own surveys add.

    `centres` holds the centre and scale of the log odds of the correlation of each country that
    was surveyed itself; all others have those of the calibration.
    """

    dedup_method: ClassVar[DedupMethod] = DedupMethod.LATENT_FACTOR
    calibration: Calibration
    centres: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def joint_use(self, country_id: str, uniforms: Uniforms) -> JointUse:
        """Draws of the correlation and of the model's error of a country."""
        u = uniforms(InputKind.CORRELATION, f"correlation|{country_id}")
        drawn = copula.correlation_draws(self.calibration, u, self.centres.get(country_id))
        v = uniforms(InputKind.MODEL, f"model|{country_id}")
        return JointUse(drawn[None, :], copula.error_draws(self.calibration, v))

    def unions(self, group: Group) -> Array:
        """Draws (G, D) of the unions of a group."""
        return batched.group_unions(group)

    def patterns(self, shares: Array, joint_use: JointUse) -> Array:
        """Draws (D, 2**n) of the patterns of audiences (D, n), at most 12 of them."""
        return copula.pattern_draws(shares, joint_use.parameters[0])

    def union_curve(self, shares: ArrayLike, joint_use: JointUse) -> Array:
        """Draws (S, D) of the unions of exact audiences (S, platforms), off by 2e-5 at most."""
        m = np.asarray(shares, dtype=float)
        core = copula.union_curve(m, joint_use.parameters[0])
        return with_error(core, m[:, None, :], joint_use.error)


def learned(tables: Tables) -> OneFactorCopula | None:
    """The copula as the facts have it: calibrated, and pulled by each country's own surveys.

    `tables` with `overlap_calibration` and `surveys`, typed; None where there is no calibration.
    """
    table, surveys = tables["overlap_calibration"], tables["surveys"]
    if table.empty:
        return None
    known = calibration.read(table)
    return OneFactorCopula(
        known,
        {
            area: copula.predictive(known, own)
            for area, own in calibration.own_surveys(table, surveys).items()
        },
    )
