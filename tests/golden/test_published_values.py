"""What is published is, to the last bit, what was pinned; see `tests/golden/pin.py`."""

import json
from pathlib import Path

import pytest

from flows.pipeline import steps
from tests.golden import pin
from tests.golden.worlds import WORLDS
from tests.support import FACTS

# The last bits of a draw, and the names of regions, follow the versions of libraries.
pytestmark = pytest.mark.locked

ANEW = "if that was meant, write the digests anew: python -m tests.golden.pin"


def require_pinned(world: str, found: pin.Digests) -> None:
    """Fail with the tables and columns that differ."""
    result = pin.differences(pin.read()[world], found)
    if result:
        pytest.fail("\n".join([f"{world}: other values than pinned", *result, ANEW]), pytrace=False)


def _and_one(value: object) -> int:
    assert isinstance(value, int)
    return value + 1


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample of a register, imported."""
    return pin.layer(tmp_path_factory.mktemp("golden") / "layer")


def test_the_facts_give_the_values_pinned(repository_results: steps.Results) -> None:
    require_pinned("facts", pin.of_facts(repository_results))


def test_a_register_gives_the_layer_pinned(layer: Path) -> None:
    require_pinned("layer", pin.of_layer(layer))


def test_facts_and_a_layer_give_the_values_pinned(layer: Path) -> None:
    require_pinned("facts_and_layer", pin.of_facts_and_layer(layer))


@pytest.mark.parametrize("name", WORLDS)
def test_an_odd_world_gives_the_values_pinned(name: str, tmp_path: Path) -> None:
    require_pinned(name, pin.of_world(WORLDS[name], tmp_path / name))


def test_every_world_is_pinned_and_nothing_else() -> None:
    assert set(pin.read()) == {"facts", "layer", "facts_and_layer", *WORLDS}


def test_one_cell_changed_names_the_table_and_the_column(repository_results: steps.Results) -> None:
    tables = {name: dict(columns) for name, columns in pin.values(repository_results).items()}
    impact = tables["impact"]
    median = list(impact["q50_persons"])
    row = next(place for place, value in enumerate(median) if value)
    impact["q50_persons"] = [*median[:row], _and_one(median[row]), *median[row + 1 :]]
    result = pin.digests(tables, [FACTS])
    (line,) = pin.differences(pin.read()["facts"], result)
    assert line == f"impact: 1 of {len(impact)} columns differ: q50_persons"
    with pytest.raises(pytest.fail.Exception, match="columns differ: q50_persons"):
        require_pinned("facts", result)


@pytest.mark.parametrize(
    ("values", "other"),
    [
        ([1.0, 2.0], [2.0, 1.0]),
        ([1.0, None], [1.0, float("nan")]),
        ([1.0], [1.0000000000000002]),
        ([1.0], [1]),
        ([0.0], [-0.0]),
        (["1"], [1]),
        (["a", "b"], ["a', 'b"]),
        ([None], [""]),
        ([1.0], [1.0, 1.0]),
    ],
)
def test_order_nulls_kinds_and_the_last_bit_count(
    values: list[object], other: list[object]
) -> None:
    assert pin.digest(values) == pin.digest(list(values))
    assert pin.digest(values) != pin.digest(other)


def test_where_the_facts_lie_does_not_count() -> None:
    here, there = Path("/here/facts"), Path("/far/away/facts")
    lines = [pin.digest([f"{path}/bases.csv:3"], [path]) for path in (here, there)]
    assert lines[0] == lines[1]


def test_tables_and_columns_that_come_and_go_are_named() -> None:
    pinned = {"a": {"x": "1", "y": "2"}, "b": {"x": "1"}}
    assert pin.differences(pinned, pinned) == []
    assert pin.differences(pinned, {"a": {"x": "3", "z": "2"}, "c": {}}) == [
        "a: 3 of 3 columns differ: x, y (gone), z (new)",
        "b: the table is gone",
        "c: the table is new",
    ]


def test_what_is_written_anew_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = pin.read()
    text = pin.PINNED.read_text(encoding="utf-8")
    monkeypatch.setattr(pin, "PINNED", tmp_path / "pinned.json")
    pin.write(pinned)
    assert json.loads(pin.PINNED.read_text(encoding="utf-8")) == pinned
    assert pin.PINNED.read_text(encoding="utf-8") == text
