"""The context of a run: facts, fitted parameters, denominators and the tree of areas.

It is built once and passed to every stage, so that no stage reads a fact table
again to find what another one has found.
"""

from dataclasses import dataclass

from audience_impact.denominators.denominators import Denominators
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import FigureErrors
from audience_impact.fitted.models import FittedModels, read_models
from audience_impact.places import nesting


@dataclass(frozen=True)
class Context:
    """What all stages of a run share.

    Attributes:
        tables: The typed facts.
        fitted: Parameters that were fitted to all restrictions.
        denominators: The counts of populations, with their errors.
        parents: The parent of each area, as `nesting.read_parents` returns it.
    """

    tables: Tables
    fitted: FittedModels
    denominators: Denominators
    parents: nesting.Parents

    @property
    def errors(self) -> FigureErrors | None:
        """Return the errors of figures; None if the facts contain no parameters for them."""
        return self.fitted.errors


def read_context(tables: Tables) -> Context:
    """Return the context of a run of all restrictions in typed facts.

    Raises:
        ParameterError: A fitted table lacks a parameter.
    """
    return make_context(tables, read_models(tables))


def make_context(tables: Tables, fitted: FittedModels) -> Context:
    """Return the context of a run, or of a part of it, with the parameters that its parts share."""
    denominators = Denominators.from_facts(tables, fitted.errors)
    return Context(tables, fitted, denominators, nesting.read_parents(tables["areas"]))
