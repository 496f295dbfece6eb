"""What typed words find: countries and services by any name, periods, misspelt words, places."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact.cli import finding
from audience_impact.cli.finding import Question, Vocabulary

ROWS = [
    ("NG-2021-06-05-twitter", "NG", "Nigeria", "001>002", "block", "2021-06-05", "2022-01-13", "x"),
    ("NE-2023-08-03-internet", "NE", "Niger", "001>002", "network_shutdown", "2023-08-03", "", "*"),
    ("IN-2022-01-01-a", "IN-JK", "Jammu and Kashmir", "001>142", "network_shutdown", "2022-01-01",
     "2022-01-02", "*"),
    ("IN-2023-02-01-b", "IN-JK/pulwama", "Pulwama", "001>142", "network_shutdown", "2023-02-01",
     "2023-02-03", "*"),
    ("IN-2020-06-29-tiktok", "IN", "India", "001>142", "block", "2020-06-29", "", "tiktok"),
    ("MM-2021-02-04-facebook", "MM", "Myanmar", "001>142", "block", "2021-02-04", "", "facebook"),
]  # fmt: skip
NAMES = {"x": "Twitter", "*": "Whole internet", "tiktok": "TikTok", "facebook": "Facebook"}


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    """The words of a small version."""
    acts = pd.DataFrame(
        {
            "restriction_id": act,
            "area_ids": area,
            "area_names": name,
            "country_ids": area[:2],
            "country_paths": path,
            "place_names": None,
            "platform_names": NAMES[service],
            "action": action,
            "start_on": start,
            "observed_from": start,
            "observed_by": start,
            "announced_on": None,
            "ended_on": end or None,
            "ended_by": end or None,
            "end_source": None,
            "end_status": "ended" if end else "ongoing",
            "source_id": "page",
            "as_of": "2026-01-01",
            "listed_until": None,
        }
        for act, area, name, path, action, start, end, service in ROWS
    )
    parts = pd.DataFrame(
        {"restriction_id": row[0], "platform_id": row[7], "platform_name": NAMES[row[7]]}
        for row in ROWS
    )
    return Vocabulary({"restrictions": acts, "impact_by_platform": parts})


def _ask(text: str, vocabulary: Vocabulary) -> tuple[Question, list[str]]:
    question = finding.read_question(text, vocabulary)
    return question, finding.match_restrictions(question, vocabulary)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("how many people did the Nigeria twitter ban affect?", ["NG-2021-06-05-twitter"]),
        ("нигерия x", ["NG-2021-06-05-twitter"]),
        ("Burma fb", ["MM-2021-02-04-facebook"]),
        ("缅甸 facebook", ["MM-2021-02-04-facebook"]),
        ("india's tik tok ban", ["IN-2020-06-29-tiktok"]),
        ("twitter nigeria 2022", ["NG-2021-06-05-twitter"]),
        ("twitter nigeria 2023", []),
        ("twitter january 2022", ["NG-2021-06-05-twitter"]),
        ("twitter 2022-02", []),
        ("facebook nigeria", []),
        ("kashmir", ["IN-2022-01-01-a", "IN-2023-02-01-b"]),
        ("pulwama", ["IN-2023-02-01-b"]),
        ("kashmir 2023", ["IN-2023-02-01-b"]),
        ("africa shutdown", ["NE-2023-08-03-internet"]),
        ("nig", ["NG-2021-06-05-twitter", "NE-2023-08-03-internet"]),
        ("atlantis", []),
        ("the of in", []),
    ],
)
def test_words_find_restrictions(text: str, ids: list[str], vocabulary: Vocabulary) -> None:
    assert _ask(text, vocabulary)[1] == ids


@pytest.mark.parametrize(
    ("text", "area", "period"),
    [
        ("burma", "MM", None),
        ("ivory coast", "CI", None),
        ("Costa de Marfil", "CI", None),
        ("untied states", "US", None),
        ("sudan 2023", "SD", "2023"),
        ("Nigeria May 2021", "NG", "2021-05"),
        ("nigeria mayo 2021", "NG", "2021-05"),
        ("Soudan avril 2023", "SD", "2023-04"),
        (
            "\u0441\u0443\u0434\u0430\u043d 2023 \u0430\u043f\u0440\u0435\u043b\u044f",
            "SD",
            "2023-04",
        ),
        ("largest shutdowns 2024", "001", "2024"),
        ("the worst blackouts in nigeria in 2021", "NG", "2021"),
        ("shutdowns in 2024", "001", "2024"),
        ("world 2025", "001", "2025"),
        ("IN 2023", "IN", "2023"),
        ("SHUTDOWN IN NIGER", "NE", None),
        ("\u0441\u0448\u0430 2024", "US", "2024"),
        ("chiny", "CN", None),
        ("kongo 2018", None, "2018"),
        ("most person-days by country in Africa 2024", "002", "2024"),
        ("nigeria niger", None, None),
        ("nigeria twitter", None, None),
        ("atlantis 2024", None, "2024"),
    ],
)
def test_an_area_alone_is_asked_for(
    text: str, area: str | None, period: str | None, vocabulary: Vocabulary
) -> None:
    question, _ = _ask(text, vocabulary)
    assert (question.area, question.period) == (area, period)


def test_foreign_months_are_read_for_words_that_mean_nothing_else(
    vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise AssertionError

    monkeypatch.setattr(finding, "_number_foreign_months", fail)
    question, _ = _ask("shutdowns in nigeria in may 2021", vocabulary)
    assert (question.area, question.period) == ("NG", "2021-05")
    with pytest.raises(AssertionError):
        _ask("nigeria mayo 2021", vocabulary)


@pytest.mark.parametrize("text", ["exam shutdowns", "india exams 2023", "pulwama cheating"])
def test_restrictions_are_found_by_their_occasion(text: str, vocabulary: Vocabulary) -> None:
    acts = vocabulary.acts.assign(occasion=None)
    acts.loc[acts["restriction_id"] == "IN-2023-02-01-b", "occasion"] = "Exam cheating"
    parts = pd.DataFrame(columns=["restriction_id", "platform_id", "platform_name"])
    with_occasions = Vocabulary({"restrictions": acts, "impact_by_platform": parts})
    assert _ask(text, with_occasions)[1] == ["IN-2023-02-01-b"]


def test_a_guess_and_a_word_left_out_are_told(vocabulary: Vocabulary) -> None:
    question, ids = _ask("nigera twiter qwzx", vocabulary)
    assert ids == ["NG-2021-06-05-twitter"]
    assert question.notes == [
        "'nigera' is read as Nigeria.",
        "'twiter' is read as twitter.",
        "Ignored 'qwzx': no matching event is recorded with this word.",
    ]
    assert _ask("niger internet", vocabulary)[0].notes == [], "a whole word is no guess"


def test_a_kind_that_nothing_is_of_is_told(vocabulary: Vocabulary) -> None:
    question, ids = _ask("shutdown in burma", vocabulary)
    assert ids == ["MM-2021-02-04-facebook"]
    assert question.notes == ["Ignored 'shutdown': no matching event is recorded with this word."]


def test_no_other_word_hides_what_a_named_area_has(vocabulary: Vocabulary) -> None:
    acts = vocabulary.acts.assign(occasion=None, network_scope="all")
    acts.loc[acts["restriction_id"] == "NE-2023-08-03-internet", "occasion"] = "Elections"
    acts.loc[acts["restriction_id"] == "IN-2022-01-01-a", "network_scope"] = "mobile"
    parts = pd.DataFrame(columns=["restriction_id", "platform_id", "platform_name"])
    tables = {"restrictions": acts, "impact_by_platform": parts}
    for word in ("election", "fiber", "easter", "kashmir", "vote", "satellite"):
        question, ids = _ask(f"burma {word}", Vocabulary(tables))
        assert ids == ["MM-2021-02-04-facebook"]
        assert [*question.unread, *question.ignored] == [word]
        assert question.area == "MM"
    assert _ask("niger elections", Vocabulary(tables))[1] == ["NE-2023-08-03-internet"]
    assert _ask("india mobile internet", Vocabulary(tables))[1] == ["IN-2022-01-01-a"]
    assert _ask("india ongoing", Vocabulary(tables))[1] == ["IN-2020-06-29-tiktok"]


@pytest.mark.parametrize(
    "words",
    ["facebook nigeria", "tiktok burma", "facebook kashmir", "kashmir 2019", "atlantis 2022"],
)
def test_nothing_is_answered_about_another_place_or_service(
    words: str, vocabulary: Vocabulary
) -> None:
    question, ids = _ask(words, vocabulary)
    assert ids == []
    assert finding.describe_gap(question, vocabulary).startswith("No events for ")


def test_what_is_missing_is_told_with_what_is_held(vocabulary: Vocabulary) -> None:
    question, _ = _ask("twitter in nigeria in may 2023", vocabulary)
    gap = finding.describe_gap(question, vocabulary)
    assert gap.startswith("No events for Twitter in Nigeria in May 2023. 1 in other years. ")
    assert "6 events in 4 countries, collected up to 1 January 2026" in gap


@pytest.mark.parametrize(
    "words", ["nigeria taliban", "fiber", "ongoin", "easter", "niger nigeri", "facebook tiktak"]
)
def test_common_words_and_a_second_name_of_a_kind_are_no_guess(
    words: str, vocabulary: Vocabulary
) -> None:
    assert _ask(words, vocabulary)[0].guesses == {}


def test_an_unknown_word_makes_one_restriction_no_answer(vocabulary: Vocabulary) -> None:
    assert not _ask("tiktok qwzx", vocabulary)[0].is_precise
    assert not _ask("burma qwzx", vocabulary)[0].is_precise
    assert _ask("tiktok india qwzx", vocabulary)[0].is_precise
    assert _ask("tiktok", vocabulary)[0].is_precise


@given(
    name=st.sampled_from(["nigeria", "twitter", "facebook"]),
    place=st.integers(1, 6),
    other=st.text("xyz", max_size=1),
)
def test_one_wrong_letter_after_the_first_is_read_over(
    vocabulary: Vocabulary, name: str, place: int, other: str
) -> None:
    assert vocabulary.guess_name(name[:place] + other + name[place + 1 :], ("area", "service"))
    assert vocabulary.guess_name("x" + name[1:], ("area", "service")) is None
    assert vocabulary.guess_name(name[:place] + other + name[place + 1 :], ("word",)) is None


def test_a_name_of_several_countries_is_no_area(vocabulary: Vocabulary) -> None:
    assert _ask("congo", vocabulary)[0].area is None
    assert _ask("dr congo", vocabulary)[0].area == "CD"


def test_an_area_is_found_under_its_other_names() -> None:
    on_record = {"MM": "MM", "002": "002", "IN-JK": "Jammu and Kashmir"}
    for words in ("burma", "Birmanie", "myanmar", "MM"):
        assert finding.find_area(words, on_record) == "MM"
    assert finding.find_area("africa", on_record) == "002"
    assert finding.find_area("jammu and kashmir", on_record) == "IN-JK"
    assert finding.find_area("ivory coast", on_record) is None


def test_the_command_that_adds_a_register_is_named(vocabulary: Vocabulary) -> None:
    acts = vocabulary.acts
    cover = finding.describe_cover(acts)
    assert "6 events in 4 countries, collected up to 1 January 2026" in cover
    assert "audience-impact import stop" in cover
    acts = acts.assign(source_id="access-now-stop-2026-05-20")
    assert "import stop" not in finding.describe_cover(acts)


def test_an_id_is_told_from_words() -> None:
    assert finding.is_like_id("ng-2021")
    assert not finding.is_like_id("nigeria")
    assert not finding.is_like_id("nigeria 2021")


def test_an_event_without_a_recorded_end_is_listed_in_its_own_month(vocabulary: Vocabulary) -> None:
    acts = vocabulary.acts.copy()
    is_pulwama = acts["restriction_id"] == "IN-2023-02-01-b"
    acts["ended_on"] = acts["ended_on"].mask(is_pulwama, "2023-02-01/2023-12-31")
    parts = pd.DataFrame(
        {"restriction_id": row[0], "platform_id": row[7], "platform_name": NAMES[row[7]]}
        for row in ROWS
    )
    open_ended = Vocabulary({"restrictions": acts, "impact_by_platform": parts})
    assert _ask("pulwama february 2023", open_ended)[1] == ["IN-2023-02-01-b"]
    assert _ask("pulwama 2023", open_ended)[1] == ["IN-2023-02-01-b"]
    assert "IN-2023-02-01-b" not in _ask("pulwama june 2023", open_ended)[1]
