"""Declared frames: a column that is missing, renamed or of another type stops with its name."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pytest

from audience_impact import pipeline
from audience_impact.audiences.inputs import AudienceFigures, AudienceSizes, FeatureUse, Inputs
from audience_impact.audiences.scope import Scope
from audience_impact.bounds.restrictions import Bounds
from audience_impact.frames import ANY, Declared, Frame, FrameError, cache_last_frame
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.timeline import Timeline
from tests.engine import calls, of_places, russia
from tests.support import AS_OF, World

pytestmark = pytest.mark.chain

INPUTS = (Inputs, AudienceFigures, AudienceSizes, FeatureUse)
HANDED_ON = (Scope, *INPUTS, Bounds, SimulationInputs, Timeline)
COLUMNS = [
    (kind, frame, column)
    for kind in HANDED_ON
    for frame, declared in kind.FRAMES.items()
    for column in declared.columns
]


def everything() -> World:
    """A world with a row in every declared frame."""
    made = calls(russia())
    made.restrict("R2", "telegram", area_ids="RU", observed_from="2025-08-13")
    made.add("restrictions", restriction_id="R3", area_ids="RU")
    made.add("restriction_targets", restriction_id="R3", platform_id="*")
    made.add("platforms", platform_id="*", name="Whole internet", kind="network")
    made.base("RU-all", area_id="RU", population_base="internet_all", persons="120000000",
              period="2024", low_persons="110000000", high_persons="130000000",
              source_id="census-page")  # fmt: skip
    made.estimate("after", platform_id="telegram", area_id="RU", period="2025-10", value="80000000")
    stated = {"low": "0.77", "high": "0.83", "interval_kind": "ci90"}
    made.add("overlaps", overlap_id="O1", platform_ids="telegram;whatsapp", area_id="RU",
             period="2025-07", value="0.8", **stated)  # fmt: skip
    made.add("feature_use", feature_use_id="F1", platform_id="any-messenger", area_id="RU")
    of_places(made).restrict("R6", "*", area_ids="RU", network_scope="mobile")
    made.add("restrictions", restriction_id="R4", area_ids="RU", severity="feature_unavailable")
    made.add("restriction_targets", restriction_id="R4", platform_id="whatsapp", feature="channel")
    made.add("feature_laws")
    made.add("platforms", platform_id="viber", name="Viber").audience_laws()
    made.restrict("R9", "viber", area_ids="RU")
    cut = {"action": "network_shutdown", "severity": "network_unavailable"}
    made.restrict("R8", "*", area_ids="RU", **cut)
    made.add("evidence", area_id="RU", restriction_id="R8")
    return made.add("circumvention", circumvention_id="C1", restriction_id="R1", area_id="RU")


@pytest.fixture(scope="module")
def stages() -> pipeline.Stages:
    return pipeline.prepare_run(everything().typed(), AS_OF)[0]


@pytest.fixture(scope="module")
def handed_on(stages: pipeline.Stages) -> dict[type, Declared]:
    simulation, inputs = stages.simulation, stages.inputs
    of_inputs = (inputs, inputs.figures, inputs.audiences, inputs.use)
    values = (stages.scope, *of_inputs, stages.bounds, simulation, simulation.timeline)
    return {type(value): value for value in values}


def retyped(column: pd.Series) -> pd.Series:
    """The column as it must not be: numbers, days and truths as text, text as numbers."""
    if pd.api.types.is_string_dtype(column.dtype):
        return pd.Series(1.0, column.index)
    return column.astype("str")


def broken(frame: pd.DataFrame, column: str, declared: Frame) -> Iterator[pd.DataFrame]:
    """The frame without a column, with it under another name, and with it of another type."""
    yield frame.drop(columns=column)
    yield frame.rename(columns={column: f"{column}_"})
    if declared.columns[column] != ANY and frame[column].notna().any():
        yield frame.assign(**{column: retyped(frame[column])})


def test_each_declared_column_is_missed(handed_on: dict[type, Declared]) -> None:
    for kind, name, column in COLUMNS:
        value, declared = handed_on[kind], kind.FRAMES[name]
        for frame in broken(getattr(value, name), column, declared):
            with pytest.raises(FrameError) as raised:
                replace(value, **{name: frame})  # type: ignore[type-var]
            assert f"column {column} is " in str(raised.value), declared.name
            assert declared.name in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in HANDED_ON for name, frame in kind.FRAMES.items() if frame.key],
)
def test_a_repeated_key_is_seen(
    kind: type[Declared], name: str, handed_on: dict[type, Declared]
) -> None:
    value = handed_on[kind]
    frame = getattr(value, name)
    assert not frame.empty, "a frame without rows shows nothing"
    with pytest.raises(FrameError, match="two rows with"):
        replace(value, **{name: pd.concat([frame, frame.head(1)])})  # type: ignore[type-var]


def test_another_index_is_seen(handed_on: dict[type, Declared]) -> None:
    bounds = handed_on[Bounds]
    assert isinstance(bounds, Bounds)
    with pytest.raises(FrameError, match="the index is"):
        replace(bounds, exposed=bounds.exposed.reset_index())


def test_what_nobody_declared_is_not_handed_on(stages: pipeline.Stages) -> None:
    wider = stages.scope.requested.assign(more=1)
    assert "more" not in replace(stages.scope, requested=wider).requested


def test_a_cached_frame_is_made_anew_for_other_frames() -> None:
    made: list[float] = []

    @cache_last_frame
    def doubled(frame: pd.DataFrame) -> pd.DataFrame:
        made.append(float(frame["a"].sum()))
        return frame * 2

    first, second = (pd.DataFrame({"a": [value]}) for value in (1.0, 2.0))
    assert doubled(first) is doubled(first)
    assert doubled(second)["a"].tolist() == [4.0]
    assert doubled(first)["a"].tolist() == [2.0]
    assert made == [1.0, 2.0, 1.0]
