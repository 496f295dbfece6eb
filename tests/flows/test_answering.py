"""`audience_impact.people` and `audience_impact.estimate` answer as a run and the command do."""

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

import audience_impact
from audience_impact.cli.command import app
from audience_impact.vocabulary import ImpactMetric
from flows import answering, releasing
from flows.pipeline import steps
from tests.support import computed, row
from tests.unit.test_odd_worlds import calibrated

NUMBERS = [
    *("min_persons", "q05_persons", "q50_persons", "q95_persons", "max_persons"),
    *("printed_min_persons", "printed_max_persons"),
]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two restrictions of other services in one country, in two years."""
    made = calibrated()
    made.restrict(
        "R1", "alpha", observed_from="2025-08-13", ended_on="2025-09-01", end_status="ended"
    )
    made.restrict(
        "R2", "beta", observed_from="2025-11-01", ended_on="2026-01-10", end_status="ended"
    )
    folder: Path = made.write(tmp_path_factory.mktemp("people") / "facts")
    return folder


def test_people_of_a_restriction_are_those_of_a_run(facts: Path) -> None:
    answer = audience_impact.people(["R1"], facts)
    impact = computed(facts).frames["impact"]
    published = row(impact, restriction_id="R1", impact_metric=ImpactMetric.PEOPLE_EXPOSED.value)
    assert [getattr(answer, name) for name in NUMBERS] == published[NUMBERS].tolist()
    assert "a restriction in Land XA" in answer.sentence


def test_people_of_two_are_counted_once_and_never_fewer_than_those_of_each(facts: Path) -> None:
    both = audience_impact.people(["R1", "R2"], facts)
    parts = [audience_impact.people([name], facts) for name in ("R1", "R2")]
    for name in ("q50_persons", "max_persons"):
        ends = [getattr(part, name) for part in parts]
        assert max(ends) <= getattr(both, name) <= sum(ends)


def test_a_period_counts_what_was_in_force_then(facts: Path) -> None:
    alone = audience_impact.people(["R2"], facts)
    later = audience_impact.people(["R1", "R2"], facts, period="2026-01")
    assert later[:-1] == alone[:-1]
    assert "in January 2026" in later.sentence


def test_what_is_not_on_record_is_refused(facts: Path) -> None:
    with pytest.raises(ValueError, match="R9 is not among the facts"):
        audience_impact.people(["R1", "R9"], facts)
    with pytest.raises(ValueError, match="no restriction is named"):
        audience_impact.people([], facts)


def test_an_event_is_estimated_as_by_the_command(facts: Path) -> None:
    answer = audience_impact.estimate(
        country="Land XA", start="2026-03-01", services=["Beta"], days=3, place=facts
    )
    words = ["--country", "Land XA", "--from", "2026-03-01", "--services", "Beta", "--days", "3"]
    done = CliRunner().invoke(app, ["estimate", *words, "--facts", str(facts)])
    assert done.output.startswith(answer.sentence.split(" (")[0])
    with pytest.raises(ValueError, match="Narnia"):
        audience_impact.estimate(country="Narnia", start="2026-03-01", place=facts)


def test_several_ids_are_shown_together(facts: Path, tmp_path: Path) -> None:
    version = steps.publish_results(computed(facts), tmp_path, None).version
    archive, _ = releasing.write_release(version, None, tmp_path, overwrite=False)
    together = audience_impact.people(["R1", "R2"], facts)
    for place in (tmp_path, archive):
        shown = CliRunner().invoke(app, ["show", "R1", "R2", "--published", str(place)])
        assert shown.output == f"{together.sentence}\n"
    wrong = CliRunner().invoke(
        app, ["show", "R1 R2", "--period", "soon", "--published", str(place)]
    )
    assert (wrong.exit_code, "'soon' is no period" in wrong.stderr) == (1, True)


def test_a_period_without_a_restriction_has_no_one_and_a_word_is_no_period(facts: Path) -> None:
    before = audience_impact.people(["R1"], facts, period="2019")
    assert (before.max_persons, before.sentence[:10]) == (0.0, "No one was")
    with pytest.raises(ValueError, match="'soon' is no period"):
        audience_impact.people(["R1"], facts, period="soon")


def test_an_event_that_lies_ahead_is_in_the_future(
    facts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {"country": "Land XA", "start": "2026-03-01", "place": facts}
    past = audience_impact.estimate(**event)  # type: ignore[arg-type]
    today = type("Day", (date,), {"today": classmethod(lambda cls: date(2026, 2, 1))})
    monkeypatch.setattr(answering, "date", today)
    ahead = audience_impact.estimate(**event)  # type: ignore[arg-type]
    assert ahead.sentence == answering.tell_ahead(past.sentence) != past.sentence
