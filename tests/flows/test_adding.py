"""A figure and a restriction added by the command: whole, in place, checked, or not at all."""

import csv
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audience_impact.cli.command import app
from flows.adding import questions, writing
from flows.adding.questions import Answers, FactRecords, WrongAnswerError
from tests.conftest import Once
from tests.support import checked, edit, small

PAGE = {
    "url": "https://www.daily.example.org/2025/07/13/alpha",
    "publisher": "The Daily",
    "published_on": "2025-07-13",
    "reliability": "medium",
}
FIGURE = {
    **PAGE,
    "measured_by": "panel",
    "platform": "alpha",
    "area": "land xa",
    "metric": "monthly reach",
    "value": "510 thousand",
    "base": "internet_12_plus",
    "period": "2025-07",
}
ACT = {
    **PAGE,
    "area": "XB",
    "platform": "Beta",
    "observed_from": "2025-07-12",
    "ended_on": "2025-07-14",
    "action": "block",
    "evidence": "blocked",
    "claim": "reported",
}


@pytest.fixture(autouse=True)
def _unchecked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most tests are about the rows: only those that say so hold the facts against every rule."""
    if "held" not in request.fixturenames:
        monkeypatch.setattr(writing, "find_new_findings", lambda *words: [])


@pytest.fixture
def held() -> None:
    """Asked for by a test in which the check is run."""


@pytest.fixture
def facts(once: Once, tmp_path: Path) -> Path:
    """A copy of the small country."""

    def made() -> dict[str, bytes]:
        folder = small(tmp_path / "made")
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    folder = tmp_path / "facts"
    folder.mkdir()
    for name, content in once("small-facts", made).items():
        (folder / name).write_bytes(content)
    return folder


def run(
    facts: Path, what: str, cells: Mapping[str, str], *more: str, said: str | None = None
) -> Result:
    """Call the command; with `said`, somebody types that."""
    options = [
        word
        for name, cell in cells.items()
        for word in (f"--{name.replace('_', '-')}", cell)
        if cell
    ]
    words = ["add", what, "--facts", str(facts), *options, *more]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.commands.adding.is_terminal", lambda: said is not None)
        return CliRunner().invoke(app, words, input=said, catch_exceptions=True)


def done(facts: Path, what: str, cells: Mapping[str, str], *more: str) -> Result:
    """The same, which has to end well."""
    result = run(facts, what, cells, "--yes", *more)
    assert result.exit_code == 0, result.output
    return result


def contents(facts: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in facts.iterdir()}


def added(before: Mapping[str, bytes], facts: Path) -> dict[str, list[str]]:
    """The lines that are new, by file; nothing else may have changed."""
    result = {}
    for name, content in contents(facts).items():
        old, new = before[name].splitlines(), content.splitlines()
        extra = list(new)
        for line in old:
            extra.remove(line)
        assert [line for line in new if line in old] == old, f"{name} changed its order"
        if extra:
            result[name.removesuffix(".csv")] = [line.decode() for line in extra]
    return result


def test_a_figure_is_a_source_and_an_estimate(facts: Path, held: None) -> None:
    before = contents(facts)
    result = done(facts, "figure", FIGURE, "--accessed-on", "2026-01-31")
    rows = added(before, facts)
    assert rows == {
        "sources": [
            "example-2025-07-13,The Daily,,https://www.daily.example.org/2025/07/13/alpha,"
            "2025-07-13,2026-01-31,press_relay,,medium,panel,"
        ],
        "estimates": [
            "PE0001,alpha,XA,monthly_reach,internet_12_plus,2025-07,,,,,example-2025-07-13,,,,"
            "persons,510000,,,none"
        ],
    }
    assert all(line in result.output for lines in rows.values() for line in lines)
    assert "audience-impact diff OLD NEW" in result.output
    assert not [finding for finding in checked(facts).findings if finding.is_error]


def test_a_figure_stands_beside_those_of_its_area_and_platform(facts: Path) -> None:
    done(facts, "figure", FIGURE)
    with (facts / "estimates.csv").open(encoding="utf-8") as lines:
        ids = [row["estimate_id"] for row in csv.DictReader(lines)]
    assert ids == ["E1", "PE0001", "E2"]


def test_a_restriction_is_in_all_tables_that_it_needs(facts: Path) -> None:
    before = contents(facts)
    people = {"people": "1.5 million", "people_kind": "platform_audience"}
    done(facts, "restriction", {**ACT, **people, "accessed_on": "2026-01-31"})
    rows = added(before, facts)
    assert set(rows) == {
        *("lineages", "sources", "restrictions", "restriction_targets", "published_figures")
    }
    assert rows["lineages"] == ["example-2025-07-13,The Daily,press_relay,"]
    (act,) = rows["restrictions"]
    assert act.startswith(
        "XB-2025-07-12-beta,XB,national,all,,2025-07-12,2025-07-14,ended,recorded,,actual,block,"
        "service_unavailable,blocked,reported,,,,example-2025-07-13,"
    )
    assert rows["restriction_targets"] == [
        "XB-2025-07-12-beta,beta,whole_service,reported,example-2025-07-13,"
    ]
    assert rows["published_figures"] == [
        "PF-XB-2025-07-12-beta,XB-2025-07-12-beta,beta,The Daily,platform_audience,persons,1500000,"
        "none,,example-2025-07-13,,"
    ]


def test_columns_without_a_question_of_their_own_are_options_too(facts: Path) -> None:
    more = {"occasion": "election", "is_sms_cut": "Yes", "measured_by": "IODA"}
    done(facts, "restriction", {**ACT, **more})
    with (facts / "restrictions.csv").open(encoding="utf-8") as lines:
        (row,) = (row for row in csv.DictReader(lines) if row["restriction_id"].startswith("XB-"))
    assert {name: row[name] for name in more} == {**more, "is_sms_cut": "yes"}
    assert b"IODA" not in (facts / "lineages.csv").read_bytes()


@pytest.mark.parametrize(
    ("cells", "own_id"),
    [
        ({"platform": "*", "networks": "all", "action": "network_shutdown"}, "internet"),
        ({"platform": "beta;gamma", "feature": "voice_call;video_call"}, "calls"),
        ({"platform": "gamma;beta"}, "beta-gamma"),
        ({"platform": "alpha;beta;gamma"}, "social-media"),
        ({"word": "Under 16"}, "under-16"),
    ],
)
def test_the_id_of_a_restriction_is_area_day_and_word(
    facts: Path, cells: dict[str, str], own_id: str
) -> None:
    result = done(facts, "restriction", {**ACT, **cells}, "--another")
    assert f": XB-2025-07-12-{own_id}," in result.output


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/panel",
        "http://www.example.org/panel/",
        "https://example.org/panel?utm_source=x&utm_medium=y#top",
    ],
)
def test_a_page_on_record_is_known_by_its_address(facts: Path, address: str) -> None:
    before = contents(facts)
    cells = {**FIGURE, **dict.fromkeys(PAGE, ""), "url": address, "measured_by": ""}
    result = done(facts, "figure", cells)
    rows = added(before, facts)
    assert set(rows) == {"estimates"}
    assert ",panel-page," in rows["estimates"][0]
    assert "the page is on record, and stays as it is: panel-page, A page" in result.output


def test_the_series_stands_with_the_figure_only_where_it_differs(facts: Path) -> None:
    cells = {**FIGURE, **dict.fromkeys(PAGE, ""), "source": "panel-page"}
    done(facts, "figure", {**cells, "measured_by": "survey"})
    assert b",panel-page,,survey," in (facts / "estimates.csv").read_bytes()


def test_who_is_not_stated_measured_for_itself(facts: Path) -> None:
    before = contents(facts)
    done(facts, "figure", {**FIGURE, "measured_by": "not stated"})
    assert added(before, facts)["lineages"] == ["example-2025-07-13,The Daily,press_relay,"]


def test_a_new_measurer_and_a_new_platform_are_added_when_asked_for(facts: Path) -> None:
    before = contents(facts)
    cells = {**FIGURE, "measured_by": "Höuse of Polls", "platform": "Delta Chat"}
    refused = run(facts, "figure", cells, "--yes")
    assert refused.exit_code == 1
    assert "--measured-by: Höuse of Polls is no measurer on record" in refused.output
    refused = run(facts, "figure", {**cells, "new_measurer": "survey"}, "--yes")
    assert "--platform: Delta Chat is no platform on record" in refused.output
    assert "(to add it: --new-platform)" in refused.output
    assert contents(facts) == before
    done(facts, "figure", {**cells, "new_measurer": "survey", "new_platform": "messenger"})
    rows = added(before, facts)
    assert rows["lineages"] == ["house-of-polls,Höuse of Polls,survey,"]
    assert rows["platforms"] == ["delta-chat,Delta Chat,,messenger,,,,,,,"]
    assert rows["estimates"][0].startswith("PE0001,delta-chat,")


def test_a_slip_is_met_with_what_was_perhaps_meant(facts: Path) -> None:
    output = run(facts, "figure", {**FIGURE, "platform": "alhpa"}, "--yes").output
    assert "did you mean Alpha" in output
    output = run(facts, "figure", {**FIGURE, "metric": "montly_reach"}, "--yes").output
    assert "did you mean monthly_reach" in output


def test_the_same_figure_of_the_same_page_is_refused_and_of_another_told(facts: Path) -> None:
    done(facts, "figure", FIGURE)
    before = contents(facts)
    again = run(facts, "figure", {**FIGURE, "measured_by": ""}, "--yes")
    assert again.exit_code == 1
    assert "estimates.csv:3: PE0001, of example-2025-07-13" in again.output
    assert contents(facts) == before
    other = done(facts, "figure", {**FIGURE, "url": "https://other.example/1"})
    assert "similar row on record" in other.output


def test_an_act_that_may_be_on_record_is_told_and_refused(facts: Path) -> None:
    done(facts, "restriction", ACT)
    before = contents(facts)
    near = {**ACT, "observed_from": "2025-07-10", "platform": "beta;gamma"}
    refused = run(facts, "restriction", near, "--yes")
    assert refused.exit_code == 1
    assert "XB-2025-07-12-beta, of example-2025-07-13" in refused.output
    assert "--another" in refused.output
    same_id = run(facts, "restriction", {**ACT, "action": "throttle"}, "--yes", "--another")
    assert same_id.exit_code == 1
    assert contents(facts) == before
    done(facts, "restriction", near, "--another")


def test_without_a_terminal_one_line_names_what_misses(facts: Path) -> None:
    result = run(facts, "figure", {"url": "https://news.example/1", "platform": "alpha"})
    assert result.exit_code == 2
    assert result.output.splitlines() == [
        "give --publisher, --reliability, --measured-by, --area, --metric, --value, --base, "
        "--period, or answer on a terminal"
    ]
    result = run(facts, "figure", FIGURE)
    assert result.exit_code == 2
    assert result.output.splitlines() == ["give --yes to write, or --dry-run to see the rows"]


def test_a_dry_run_shows_the_rows_and_writes_nothing(facts: Path) -> None:
    before = contents(facts)
    result = run(facts, "figure", FIGURE, "--dry-run")
    assert result.exit_code == 0
    assert "PE0001,alpha,XA" in result.output
    assert contents(facts) == before


def test_an_error_of_the_check_is_shown_and_nothing_is_written(facts: Path, held: None) -> None:
    before = contents(facts)
    result = run(facts, "figure", {**FIGURE, "value": "5 million"}, "--yes")
    assert result.exit_code == 1
    assert f"error: {facts / 'estimates.csv'}:3:value: above_population" in result.output
    assert contents(facts) == before


def test_what_the_new_row_makes_odd_elsewhere_is_told(facts: Path, held: None) -> None:
    cells = {**FIGURE, "period": "2025-06", "value": "530000"}
    result = run(facts, "figure", cells, "--dry-run")
    assert "estimates.csv:2:value: pages_differ" in result.output


ANSWERS = [
    *("daily.example", PAGE["url"], "The Daily", "soon", "2025-07-13", "", "", "low", "", ""),
    *("Panl", "", "panel", "delta", "messenger", "Land XA", "monthly_reach", "many", "5e5"),
    *("510,000", "", "", "internet_12_plus", "2025-07", "", "y"),
]


def test_on_a_terminal_it_asks_until_it_can_read_the_answer(facts: Path) -> None:
    before = contents(facts)
    result = run(facts, "figure", {}, said="\n".join(ANSWERS) + "\n")
    assert result.exit_code == 0, result.output
    rows = added(before, facts)
    assert rows["platforms"] == ["delta,delta,,messenger,,,,,,,"]
    assert rows["estimates"][0].startswith("PE0001,delta,XA,monthly_reach,")
    assert rows["estimates"][0].endswith(",persons,510000,,,none")
    for words in ("begin it with https://", "is no date", "did you mean panel", "is no number"):
        assert words in result.output


def test_what_is_needed_is_asked_again_and_the_rest_may_be_blank(facts: Path) -> None:
    answers = ["", *ANSWERS[1:]]
    result = run(facts, "figure", {}, said="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.output
    assert "an answer is required" in result.output


@pytest.mark.parametrize("said", ["\n".join([*ANSWERS[:-1], "n"]) + "\n", PAGE["url"] + "\n", ""])
def test_who_says_no_or_leaves_writes_nothing(facts: Path, said: str) -> None:
    before = contents(facts)
    result = run(facts, "figure", {}, said=said)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert contents(facts) == before


def test_ctrl_c_writes_nothing(facts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(facts)

    def interrupt(*words: object, **more: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("click.termui.visible_prompt_func", interrupt)
    result = run(facts, "figure", {}, said="x\n")
    assert (result.exit_code, "Aborted" in result.output) == (1, True)
    assert contents(facts) == before


def test_a_file_keeps_its_form(facts: Path) -> None:
    sources, estimates = facts / "sources.csv", facts / "estimates.csv"
    sources.write_bytes(b"\xef\xbb\xbf" + sources.read_bytes().replace(b"\n", b"\r\n"))
    estimates.write_bytes(estimates.read_bytes().removesuffix(b"\n"))
    done(facts, "figure", {**FIGURE, "platform": "gamma", "note": 'as "printed", so'})
    text = sources.read_bytes()
    assert text.startswith(b"\xef\xbb\xbfsource_id")
    assert text.count(b"\r\n") == text.count(b"\n")
    last = estimates.read_bytes().splitlines(keepends=True)[-1]
    assert last.endswith(b',"as ""printed"", so",persons,510000,,,none\n')


def test_a_column_that_a_file_lacks_is_missed_only_where_it_is_filled(facts: Path) -> None:
    path = facts / "restrictions.csv"
    rows = list(csv.reader(path.read_text("utf-8").splitlines()))
    place = rows[0].index("continues")
    lines = [",".join(row[:place] + row[place + 1 :]) for row in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    before = contents(facts)
    refused = run(facts, "restriction", {**ACT, "continues": "R1"}, "--yes", "--another")
    assert "lacks the column continues" in refused.output
    assert contents(facts) == before
    done(facts, "restriction", ACT, "--another")


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"note": "one\ntwo"}, "line break"),
        ({"note": "\x1b[31mred\x1b[0m"}, "control character"),
        ({"value": "1,5 million"}, "is no number"),
        ({"value": "-3"}, "is no number"),
        ({"period": "last summer"}, "is no date"),
        ({"url": "javascript:alert(1)"}, "begin it with https://"),
        ({"url": "https://[::1.example/x"}, "begin it with https://"),
        ({"platform": "../../etc"}, "is no platform"),
        ({"area": "Atlantis"}, "is no area"),
        ({"source": "nobody", "url": ""}, "is no source"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(
    facts: Path, cells: dict[str, str], told: str
) -> None:
    before = contents(facts)
    result = run(facts, "figure", {**FIGURE, **cells}, "--yes")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    (line,) = result.output.splitlines()
    assert told in line
    assert "\x1b" not in line
    assert contents(facts) == before


def test_markup_and_marks_of_direction_are_text(facts: Path) -> None:
    hostile = '=HYPERLINK("x")<script>\u202eabc'
    result = done(facts, "figure", {**FIGURE, "note": hostile})
    assert hostile.replace('"', '""') in (facts / "estimates.csv").read_text("utf-8")
    assert "\u202e" not in result.output
    assert "<U+202E>" in result.output


def test_an_address_on_record_that_is_none_is_no_obstacle(facts: Path) -> None:
    edit(facts, "sources", "panel-page", url="http://[broken")
    done(facts, "figure", FIGURE)


def test_facts_that_cannot_be_read_or_are_a_command_s_are_left_alone(facts: Path) -> None:
    (facts / "import.json").write_text("{}")
    result = run(facts, "figure", FIGURE, "--yes")
    assert result.exit_code == 1
    assert "a layer that a command writes" in result.output
    (facts / "import.json").unlink()
    (facts / "sources.csv").write_bytes(b"")
    result = run(facts, "figure", FIGURE, "--yes")
    assert result.exit_code == 1
    assert "empty_file" in result.output


def test_the_last_layer_is_written_and_all_are_known(facts: Path, tmp_path: Path) -> None:
    before, own = contents(facts), tmp_path / "own"
    own.mkdir()
    shutil.copy(facts / "estimates.csv", own)
    edit(own, "estimates", "E1", value="490000")
    done(facts, "figure", FIGURE, "--facts", str(own))
    assert contents(facts) == before
    assert sorted(path.name for path in own.iterdir()) == ["estimates.csv", "sources.csv"]
    assert b"\nPE0001,alpha," in (own / "estimates.csv").read_bytes()


def stopped_at(number: int) -> Callable[[Path, Path], Path]:
    """A rename that is not reached any more from the given one on."""
    rename, calls = Path.replace, iter(range(100))

    def replace(own: Path, target: Path) -> Path:
        if next(calls) >= number:
            raise OSError(28, "No space left on device", str(own))
        return rename(own, target)

    return replace


@pytest.mark.parametrize("number", [0, 2])
def test_a_disk_that_fails_leaves_all_as_it_was(
    facts: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    before, rename, calls = contents(facts), Path.replace, iter(range(100))

    def replace(own: Path, target: Path) -> Path:
        if next(calls) == number:
            raise OSError(28, "No space left on device", str(own))
        return rename(own, target)

    monkeypatch.setattr(Path, "replace", replace)
    result = run(facts, "restriction", ACT, "--yes")
    assert result.exit_code == 1
    assert "nothing written" in result.output
    assert "No space left on device" in result.output
    assert contents(facts) == before


@pytest.mark.parametrize("number", [1, 3])
def test_who_is_killed_in_between_leaves_valid_facts_and_the_same_again_completes_them(
    facts: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int
) -> None:
    whole = Path(shutil.copytree(facts, tmp_path / "whole"))
    done(whole, "restriction", ACT)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stopped_at(number))
        run(facts, "restriction", ACT, "--yes")
    assert not [finding for finding in checked(facts).findings if finding.is_error]
    done(facts, "restriction", ACT)
    assert contents(facts) == contents(whole)


def test_a_file_that_was_changed_meanwhile_is_not_written_over(
    facts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edited(*words: object) -> list[object]:
        edit(facts, "estimates", "E1", note="somebody's work")
        return []

    monkeypatch.setattr(writing, "find_new_findings", edited)
    result = run(facts, "figure", FIGURE, "--yes")
    assert result.exit_code == 1
    assert "was changed meanwhile" in result.output
    assert b"somebody's work" in (facts / "estimates.csv").read_bytes()


@pytest.mark.parametrize(
    ("told", "cell"),
    [
        ("96 million", "96000000"),
        ("96,000,000", "96000000"),
        ("1 234 567", "1234567"),
        ("2.93bn", "2930000000"),
        ("37 %", "0.37"),
        ("0.5", "0.5"),
        ("100", "100"),
        ("1.2345678901 million", "1234567.8901"),
    ],
)
def test_an_amount_is_written_out(told: str, cell: str) -> None:
    assert questions.read_amount(told, Answers(FactRecords({}))) == cell


@pytest.mark.parametrize("told", ["1,5", "96.000.000", "1,00,000", "٣", "1e6", "many", "", "5 5"])
def test_what_may_mean_two_numbers_is_none(told: str) -> None:
    with pytest.raises(WrongAnswerError, match="is no number"):
        questions.read_amount(told, Answers(FactRecords({})))


@pytest.mark.parametrize(
    ("url", "publisher", "word"),
    [
        ("https://www.tass.com/x", "TASS", "tass"),
        ("https://news.bbc.co.uk/x", "BBC", "bbc"),
        ("https://tribune.net.ph/x", "Daily Tribune", "tribune"),
        ("https://пример.рф/x", "Пример", "source"),
        ("", "Radar Eghtesad", "radar-eghtesad"),
    ],
)
def test_the_id_of_a_source_begins_with_its_publisher(url: str, publisher: str, word: str) -> None:
    assert questions.choose_publisher_word(url, publisher) == word
