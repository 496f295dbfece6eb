"""Results of groups of restrictions that an earlier run computed from the same input.

A part of a run depends on nothing but its input (`audience_impact.pipeline.compute_part`), and a
group of restrictions with linked countries has the same rows in whichever part it is. So each part
is saved, and an index says under which key the results of each group are. A group is found in it by
the digest of all that enters it: code, libraries, settings, the facts and fitted parameters that
all groups share, and its own rows with their lines. A part with a finding, or with a broken rule
whose keys do not say to which group they belong, is not in the index.
"""

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from audience_impact.audiences.scope import Scope
from audience_impact.imputation.distribution import ImputationModel
from audience_impact.outputs.areas import Sets
from audience_impact.pipeline import PartInput, RunPlan
from flows.pipeline import cache
from flows.pipeline.code import code_sha256, describe_origin
from flows.pipeline.parts import LEAST_RESTRICTIONS, ComputedPart, Shared, compute_parts, limit_size

LEAST_PIECES = 4
"""Number of saved parts that a run uses at least, if there are as many. One more is used for each
LEAST_RESTRICTIONS; the groups of smaller ones are computed together, which costs less than to merge
ever more of them."""
INVERSE = "weighted_inverse"
"""The attribute of a model with the inverse of the covariance of its figures."""
MOST_RESTRICTIONS = 15_000
"""Number of restrictions of which the results fit into the folder; of more, parts are saved until
the version is published."""
BETWEEN = re.compile(" [<>] |/")
"""What stands between the ids of a row, and of two rows, in the keys of broken rules."""
log = logging.getLogger(__name__)


def compute_changed(
    plan: RunPlan, shared: Shared, processes: int, most: int | None = None
) -> list[ComputedPart]:
    """Compute the groups of a run whose input changed, save them, and recall all others."""
    if len(plan.groups) > MOST_RESTRICTIONS:
        return compute_large(plan, shared, processes, most)
    saved = SavedParts(plan, shared)
    pieces, groups = saved.recall()
    restrictions = int(plan.groups.isin(groups).sum())
    log.info("%d of %d restrictions are computed", restrictions, len(plan.groups))
    divided = plan.divide(groups, most or limit_size(restrictions, processes)) if groups else []
    models = name_models(shared.input.fitted.audiences) if groups else {}
    absent = {key: model for key, model in models.items() if not recall_inverse(key, model)}
    keys = [saved.name_part(part) for part in divided]
    computed = compute_parts(shared, divided, processes, saved.enter, keys)
    for key, model in absent.items():
        if INVERSE in vars(model):
            cache.save(key, vars(model)[INVERSE])
    return pieces + computed


def compute_large(
    plan: RunPlan, shared: Shared, processes: int, most: int | None = None
) -> list[ComputedPart]:
    """Compute the parts of a run that a run that ended early did not save, and save them.

    They are saved whatever their size until the version is published (`cache.forget`).
    """
    divided = plan.divide(plan.list_groups(), most or limit_size(len(plan.groups), processes))
    digest = _digest(shared)
    parts = {f"{cache.LARGE}{_digest(digest, part)}": part for part in divided}
    cache.forget(parts)
    saved = {key: part for key in parts if (part := cache.load(key)) is not None}
    rest = {key: part for key, part in parts.items() if key not in saved}
    log.info("%d of %d parts are computed", len(rest), len(parts))
    done = compute_parts(shared, [*rest.values()], processes, keys=[*rest])
    computed = {**saved, **dict(zip(rest, done, strict=True))}
    return [computed[key] for key in parts]


def name_models(model: ImputationModel | None) -> dict[str, ImputationModel]:
    """Return a model of audiences and its finer ones, by the key of the inverse of each."""
    if model is None:
        return {}
    digest = _digest(model.figures, model.parameters, model.scale)
    return {f"inverse-{digest}": model, **name_models(model.finer)}


def recall_inverse(key: str, model: ImputationModel) -> bool:
    """Give a model the inverse that was saved for its figures; return whether there is one."""
    inverse = cache.load(key)
    if inverse is not None:
        vars(model)[INVERSE] = inverse
    return inverse is not None


def _digest(*values: object) -> str:
    """Return a digest of the code, the libraries and values."""
    total = hashlib.sha256(code_sha256().encode())
    _update(total, [dict(describe_origin().libraries), *values])
    return total.hexdigest()


class SavedParts:
    """The results of earlier runs for the groups of a plan, with the group of each id."""

    def __init__(self, plan: RunPlan, shared: Shared) -> None:
        self.plan, digest = plan, _digest(shared)
        self.index_key = f"index-{digest}"
        self.digests = digest_groups(plan, digest)
        self.index: dict[str, str] = cache.load(self.index_key) or {}
        acts, requested = plan.scope.restrictions, plan.scope.requested
        self.of_restrictions = pd.Series(plan.number_rows(acts), acts["restriction_id"])
        of_countries = pd.Series(plan.number_rows(requested), requested["country_id"])
        self.of_countries = of_countries[~of_countries.index.duplicated()]
        self.of_ids = {**self.of_countries.to_dict(), **self.of_restrictions.to_dict()}

    def recall(self) -> tuple[list[ComputedPart], set[int]]:
        """Return saved results of groups that did not change, and the numbers of the others."""
        keys = {group: self.index.get(digest) for group, digest in self.digests.items()}
        sizes = Counter(key for key in map(keys.get, self.plan.groups) if key)
        limit = LEAST_PIECES + len(self.plan.groups) // LEAST_RESTRICTIONS
        pieces, rest = [], set(keys)
        for key, _ in sizes.most_common(limit):
            part: ComputedPart | None = cache.load(key)
            if part is not None:
                groups = {group for group in keys if keys[group] == key}
                pieces.append(self.select_groups(part, groups))
                rest -= groups
        return pieces, rest

    def name_part(self, part: PartInput) -> str:
        """Return the key under which a part is saved."""
        digests = {self.digests[group] for group in self.plan.number_rows(part.scope.restrictions)}
        return "part-" + hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()

    def enter(self, part: PartInput, computed: ComputedPart) -> None:
        """Enter a saved part into the index, unless something in it is of no group."""
        numbers = [self._number_rows(rows) for rows in computed.rows.values()]
        broken = [key for keys in computed.result.broken.values() for key in keys]
        is_divided = all(map(self._find_groups, broken)) and not computed.result.findings
        if not is_divided or any(group.isna().any() for group in numbers):
            return
        digests = [self.digests[group] for group in self.plan.number_rows(part.scope.restrictions)]
        self.index = {**self.index, **dict.fromkeys(digests, self.name_part(part))}
        cache.save(self.index_key, self.index)

    def _find_groups(self, key: str) -> set[int]:
        """Return the group of a key of a broken rule; none where it is of several or of none."""
        groups = {self.of_ids[name] for name in BETWEEN.split(key) if name in self.of_ids}
        return groups if len(groups) == 1 else set()

    def select_groups(self, part: ComputedPart, groups: Collection[int]) -> ComputedPart:
        """Return the results of some groups of a part."""
        result, countries = part.result, self.of_countries.index[self.of_countries.isin(groups)]
        rows = {
            name: table.filter(self._number_rows(table).isin(groups).to_numpy())
            for name, table in part.rows.items()
        }
        frames = result.tables.items()
        broken = {
            rule: [key for key in keys if self._find_groups(key) & set(groups)]
            for rule, keys in result.broken.items()
        }
        some = replace(
            result,
            tables={name: frame[frame["area_id"].isin(countries)] for name, frame in frames},
            in_periods=_select_sets(result.in_periods, countries),
            on_days=_select_sets(result.on_days, countries),
            broken=broken,
        )
        return ComputedPart(some, rows)

    def _number_rows(self, table: pa.Table) -> "pd.Series[float]":
        """Return the group of each row: of its restriction, or in rows of all of its country.

        It is NaN where the plan has no such restriction or country.
        """
        numbers = table["restriction_id"].to_pandas().map(self.of_restrictions)
        if "area_id" in table.column_names:
            numbers = numbers.fillna(table["area_id"].to_pandas().map(self.of_countries))
        return numbers


def _select_sets(sets: Sets, countries: Collection[str]) -> Sets:
    """Return sets of which only those of some countries are in a period."""
    is_selected = sets.table["country_id"].isin(countries).to_numpy()
    return replace(sets, cells=sets.cells[is_selected[sets.cells["set_id"]]])


def digest_groups(plan: RunPlan, shared: str) -> dict[int, str]:
    """Return the digest of the input of each group; `shared` is that of what they share."""
    totals = {group: hashlib.sha256(shared.encode()) for group in plan.list_groups()}
    scopes = [getattr(plan.scope, name) for name in Scope.list_columns()]
    for frame in (*scopes, *plan.tables.values()):
        table = _read_columns(frame)
        numbers = pd.Series(plan.number_rows(frame))
        for group, places in numbers.groupby(numbers).indices.items():
            _update(totals[group], table.take(places))
    return {group: total.hexdigest() for group, total in totals.items()}


def _read_columns(frame: pd.DataFrame) -> pa.Table:
    """Return the columns of a frame, by what they hold and not by how pandas stores it."""
    arrays = [pa.array(cells.to_numpy(), from_pandas=True) for _, cells in frame.items()]
    return pa.Table.from_arrays(arrays, [*map(str, frame.columns)])


def _update(total: Any, value: Any) -> None:
    """Add a value to a digest: equal values, however they came about, add the same."""
    total.update(f"{type(value).__name__}/".encode())
    if isinstance(value, pa.Table):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, value.schema) as stream:
            stream.write_table(value)
        total.update(sink.getvalue())
    elif isinstance(value, pd.DataFrame):
        is_numbered = value.index.equals(pd.RangeIndex(len(value)))
        _update(total, _read_columns(value if is_numbered else value.reset_index()))
    elif isinstance(value, pd.Series | pd.Index):
        _update(total, value.to_frame("value"))
    elif isinstance(value, np.ndarray):
        total.update(f"{value.dtype}{value.shape}/".encode() + value.tobytes())
    elif is_dataclass(value):
        _update(total, [getattr(value, field.name) for field in fields(value)])
    elif isinstance(value, Mapping):
        _update(total, [*map(list, value.items())])
    elif isinstance(value, list | tuple):
        for part in value:
            _update(total, part)
    else:
        total.update(f"{value!r}/".encode())
