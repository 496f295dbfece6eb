"""The models of joint use that there are, and the one in use.

Another model is a module that gives what `OverlapModel` asks for, and an entry here.
"""

from collections.abc import Callable

from audience_impact.facts.tables import Tables
from audience_impact.overlap import one_factor
from audience_impact.overlap.model import OverlapModel

MODELS: dict[str, Callable[[Tables], OverlapModel | None]] = {
    "one_factor_copula": one_factor.learned,
}
"""By name, what learns a model from typed facts; None where they teach it nothing."""
IN_USE = "one_factor_copula"


def learn(tables: Tables) -> OverlapModel | None:
    """The model in use, as the facts have it; None where they teach it nothing."""
    return MODELS[IN_USE](tables)
