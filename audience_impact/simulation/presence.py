"""Draws in which an event happened, and the audiences that are left of a set in each of them.

Definitions. A restriction is present in a draw if it happened there and is another event than those
before it (fitted/chances.py). The audience of a platform in a set is that of the first of its
restrictions that is present; of services nothing is left in draws in which the whole internet of
the set is restricted.

Method. Each restriction has uniforms of its own, by its id, so that it is present in the same draws
in every set. The chance of its group is drawn too, by the group: restrictions that rest on equally
weak evidence err together. Audiences that are not present have no people, and a union of them is
that of the others.

Assumptions. Given the chances of the groups, restrictions happened independently of one another.

Known drawbacks. Whether a restriction was still on, or complete, is stated and not drawn.

Citation. Rules of this project, docs/method.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.fitted.chances import Chances
from audience_impact.frames import Array
from audience_impact.simulation.sampler import Sampler, stratify_uniforms
from audience_impact.simulation.timeline import Timeline, choose_bases, sort_by_platform
from audience_impact.simulation.unions import Unions
from audience_impact.vocabulary import WHOLE_INTERNET


@dataclass(frozen=True)
class Presence:
    """Draws (restrictions, D) of whether each restriction is present: 1 or 0."""

    restrictions: pd.Index
    drawn: Array

    def of_restrictions(self, restriction_ids: "pd.Series[str]") -> Array:
        """Return the draws (rows, D) of some restrictions."""
        return np.asarray(self.drawn[self.restrictions.get_indexer(restriction_ids)])

    def fold_audiences(
        self, members: pd.DataFrame, count: int, line: Timeline, values: Array
    ) -> tuple[Unions, Array]:
        """Return unions and audiences (audiences, D), each draw of the restrictions present in it.

        The union of the services of a set has the number of the set. The union of its restrictions
        of the whole internet has this number plus `count`, the number of sets; each draw has people
        in only one of the two. `members` (set_id, row) are rows of `line`, all of which affect
        everyone in their audiences; `values` (rows, D) has the audiences of the rows.
        """
        rows = sort_by_platform(members, line.rows, line.periods)
        groups = rows.groupby(["set_id", "platform_id"])["row"]
        chains = groups.agg(tuple).rename("chain").reset_index()
        is_network = chains["platform_id"] == WHOLE_INTERNET
        network = chains[is_network].set_index("set_id")["chain"].to_dict()
        above = [
            () if alone else network.get(name, ())
            for name, alone in zip(chains["set_id"], is_network, strict=True)
        ]
        keys = pd.Series(list(zip(chains["chain"], above, strict=True)), dtype="object")
        number, distinct = pd.factorize(keys)
        of_row = self.restrictions.get_indexer(line.rows["restriction_id"])

        def fold_chain(chain: tuple[int, ...], over: tuple[int, ...]) -> Array:
            """Return the audience (D,) of the first row present; 0 where one of `over` is."""
            persons = np.zeros(values.shape[1])
            for row in reversed(chain):
                persons = np.where(self.drawn[of_row[row]] > 0.0, values[row], persons)
            for row in over:
                persons[self.drawn[of_row[row]] > 0.0] = 0.0
            return persons

        folded = np.array([fold_chain(*chain_and_above) for chain_and_above in distinct])
        union_ids = chains["set_id"] + count * is_network
        first = pd.DataFrame({"set_id": union_ids, "row": chains["chain"].str[0]})
        audiences = first[["set_id"]].assign(audience=number)
        return Unions(choose_bases(first, line.rows), audiences), folded


def draw_presence(chances: Chances, restrictions: pd.Index, sampler: Sampler) -> Presence | None:
    """Return whether each restriction is present in each draw; None if no chances were fitted."""

    def draw(keys: Sequence[str]) -> Array:
        # one in each of D parts: the share of draws without an event is then its chance
        return stratify_uniforms(sampler.draw_rows(pd.Series(keys)))

    drawn = chances.draw_present(restrictions, draw)
    return None if drawn is None else Presence(restrictions, drawn)
