"""What a row of the STOP register cut, on which networks, for whom, and when: the narrower word."""

from collections.abc import Sequence
from typing import Any

import pytest

from audience_impact.registers import register
from audience_impact.registers.stop import cells as stop
from audience_impact.registers.stop import hours, reach
from audience_impact.registers.stop import targets as stop_targets
from audience_impact.vocabulary import NOT_AS_ORDER, Cause
from tests.support import register_row
from tests.unit.test_register_reading import march, timing

BOTH = {"shutdown_extent": "Full network, Service-based"}
SERVICES = {"shutdown_extent": "Service-based"}
OTHERS = ("simba", "twiga")
SIMBA = {"country": "Kenya", "telcos_involved": "Kenya: Simba"}


@pytest.mark.parametrize(
    ("cells", "cut"),
    [
        ({"event": "Mobile internet was suspended and several services were blocked."}, "both"),
        ({"event": "Mobile internet plus multiple platforms were shut down in Nakuru."}, "both"),
        ({"info_source_link": "https://news.example/a/kenya-cuts-internet-for-exams"}, "both"),
        ({"event": "Already slow internet in Kenya ground even slower."}, "both"),
        ({"event": "Kenya shuts down social media access amid protests."}, "services"),
        ({"event": "Facebook was blocked by internet service providers in Kenya."}, "services"),
        ({"shutdown_type": "Throttle", "twitter_affected": "Yes"}, "services"),
        ({"twitter_affected": "Yes"}, "services"),
        ({"twitter_affected": "Yes", "phonecall_affected": "Yes"}, "both"),
        ({"other_affected": "Social media, 3G mobile internet"}, "both"),
        ({"event": "Protests over the price of bread."}, "not known"),
    ],
)
def test_network_or_services(cells: dict[str, str], cut: str) -> None:
    meant = {"both": (True, True, True), "services": (False, True, True)}
    result = reach.read_cut(register_row(**BOTH | cells))
    assert (result.full, result.services, result.is_known) == meant.get(cut, (True, True, False))


def test_a_cell_of_one_extent_needs_no_words() -> None:
    assert reach.read_cut(register_row()) == reach.Cut(True, False)
    assert reach.read_cut(register_row(**SERVICES)) == reach.Cut(False, True)


def test_a_slowed_service_is_the_service() -> None:
    row = register_row(**BOTH, shutdown_type="Throttle", twitter_affected="Yes")
    assert stop.read_action(row, False)[:2] == ("throttle", "service_impaired")
    targets = stop_targets.read_targets(row, [], register.build_catalogue([]))
    assert [target.platform_id for target in targets.targets] == ["twitter"]


@pytest.mark.parametrize(
    ("cells", "scope"),
    [
        ({"info_source_link": "https://news.example/kenya-blocks-mobile-internet-again"}, "mobile"),
        ({"event": "Mobile data was cut."}, "mobile"),
        ({"event": "Mobile internet was cut. The internet came back on Mar. 3."}, "all"),
        ({"event": "Mobile and broadband internet was cut."}, "all"),
        ({"event": "Clashes in Kisumu."}, "all"),
        ({"affected_network": "Mobile"}, "mobile"),
        ({"affected_network": "Broadband"}, "fixed"),
        ({"affected_network": "Unknown"}, "unknown"),
        ({"affected_network": "Pigeons"}, "unknown: word_unknown"),
        (BOTH | {"affected_network": "Mobile"}, "unknown: extent_mixed"),
        ({"other_affected": "Starlink", "event": "All, including Starlink, is down"}, "all"),
        (BOTH | {"event": "The internet was cut and Facebook was blocked."}, "all"),
        (BOTH | {"affected_network": "Broadband", "event": "A complete blackout."},
         "unknown: extent_mixed"),
        ({"other_affected": "Starlink", "event": "Authorities banned Starlink."},
         "satellite: satellite_named"),
        ({"other_affected": "Starlink", "event": "The internet was cut."},
         "unknown: satellite_named"),
    ],
)  # fmt: skip
def test_networks_by_words(cells: dict[str, str], scope: str) -> None:
    row = register_row(**{"affected_network": "Broadband, Mobile"} | cells)
    assert ": ".join(filter(None, reach.read_networks(row))) == scope


def reason(cells: dict[str, str], national: bool = False, known: Sequence[str] = OTHERS) -> str:
    cells = {"country": "Kenya", "area_name": "Nakuru", "affected_network": "Mobile"} | cells
    return reach.read_network_reason(register_row(**cells), national, known)


ATTACKED = {"ordered_by": "Non-government"}
NARROWED = [
    (ATTACKED | {"event": "A DDoS attack on a local provider cut the internet."}, "attack"),
    ({"event": "Service was cut that came from across the border."}, "across the border"),
    ({"event": "Lines were cut on Chinese service providers in a village."}, "across the border"),
    (ATTACKED | {"event": "Strikes damaged the grid and disrupted the internet."}, "'disrupted'"),
    (ATTACKED | {"event": "Fire damaged masts, a partial shutdown."}, "'partial'"),
    (ATTACKED | {"actual_cause_details": "Vandals damaged a mast"}, "does not count whom"),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "words"), NARROWED)
def test_what_is_narrower_than_its_place(cells: dict[str, str], words: str) -> None:
    assert words in reason(cells)


def test_areas_around_sites_are_not_everyone_of_a_country() -> None:
    around = {"event": "Mobile data was cut in the areas immediately surrounding schools."}
    assert "areas immediately surrounding" in reason(around, national=True)
    assert reason(around) == ""
    assert reason({"event": "Mobile data was cut in schools and across Kenya."}, True) == ""


WHOLE = [
    {"event": "The internet was cut in Nakuru."},
    ATTACKED | {"event": "Besiegers damaged masts, and the internet was cut off."},
    SIMBA,
]


@pytest.mark.parametrize("cells", WHOLE)
def test_what_is_as_wide_as_its_place(cells: dict[str, str]) -> None:
    assert reason(cells) == ""


def test_a_row_without_a_text_is_of_the_operator_in_its_cell() -> None:
    silent = SIMBA | SERVICES
    assert "nothing else is said" in reason(silent, national=True)
    assert reason(silent) == ""
    assert reason(silent | {"event": "It was blocked."}, national=True) == ""
    assert reason(silent, national=True, known=["simba"]) == ""
    country = {"info_source_link": "https://ioda.inetintel.cc.gatech.edu/country/KE?from=1"}
    assert reason(silent | country, national=True) == ""


BLAMED = {"ordered_by": "Unknown", "gov_justification": "Technical problems"}


@pytest.mark.parametrize(
    ("cells", "cause"),
    [
        ({"event": "Foreign authorities cut off internet and electricity."}, Cause.ORDER),
        ({"event": "The invading military cut off the internet."}, Cause.ORDER),
        ({"event": "The military cut off the internet by destroying the masts."}, Cause.DAMAGE),
        ({"event": "Kenya imposed another disconnection after it bombed."}, Cause.ORDER),
        ({"event": "Electricity failed."}, Cause.DAMAGE),
        ({"ordered_by": "Military", "event": "Towers were unable to be serviced."}, Cause.ORDER),
        (BLAMED | {"actual_cause": "Protests"}, Cause.UNKNOWN),
        (BLAMED | {"actual_cause": "Other"}, Cause.DAMAGE),
    ],
)
def test_who_cuts_off_orders(cells: dict[str, str], cause: Cause) -> None:
    assert reach.read_cause(register_row(**ATTACKED | cells)) is cause


def test_an_authority_that_admits_a_fault_admits_no_order() -> None:
    row = {"gov_ack": "Yes", "gov_ack_quote": "Problems at providers were the temporary cause"}
    for hand in ("Unknown", "Judiciary"):
        row |= {"ordered_by": hand}
        cells = stop.restriction_cells(register_row(**row), False)
        assert cells["claim_status"] == "reported"
        assert NOT_AS_ORDER in cells["note"]


EXECUTIVE = {"ordered_by": "Executive government"}


@pytest.mark.parametrize(
    ("cells", "authority"),
    [
        ({**EXECUTIVE, "decision_maker": "Baramula", "area_name": "Baramulla"}, [EXECUTIVE]),
        ({"decision_maker": "Sudanase Armed Forces"}, ["Sudanese Armed Forces"]),
        ({**EXECUTIVE, "country": "Cameroon; Chad"}, []),
    ],
)
def test_only_a_body_orders(cells: dict[str, str], authority: list[Any]) -> None:
    blank = {"ordered_by": "", "decision_maker": "", "area_name": "", "event": ""}
    names = [name for name in reach.read_authority(register_row(**blank | cells)) if name]
    assert names == [name["ordered_by"] if name is EXECUTIVE else name for name in authority]


@pytest.mark.parametrize(("cells", "is_admitted"), [
    ({}, True),
    ({"gov_ack": "No"}, False),
    ({"gov_justification": "Technical problems/ Infrastructure failure"}, False),
    ({"gov_justification": "Sabotage/ Third-party Action"}, False),
    ({"gov_just_details": 'They said it was a "technical interruption"'}, False),
    ({"gov_justification": "Sabotage/ Third-party Action", "ordered_by": "Non-government"}, True),
])  # fmt: skip
def test_an_authority_that_denies_an_order_confirms_none(
    cells: dict[str, str], is_admitted: bool
) -> None:
    row = register_row(**{"gov_ack": "Yes", "ordered_by": "Executive government", **cells})
    claim = stop.restriction_cells(row, False)["claim_status"]
    assert claim == ("official" if is_admitted else "reported")


def test_details_of_a_cut_say_more_than_the_text_of_one_place() -> None:
    cut = {"actual_cause_details": "Authorities imposed local shutdowns and throttling"}
    text = "Throttling began in Nakuru."
    row = register_row(shutdown_type="Shutdown, Throttle", event=text, **cut)
    assert stop.read_action(row, False)[1] == "network_unavailable"


@pytest.mark.parametrize(
    ("last", "text", "found"),
    [
        ("2024-03-02", "Cut from 22:00 on Mar. 1 to 22:00 on Mar. 2.", ((), 1, 24, 24)),
        ("2024-03-02", "Cut from 22:00 on Mar. 1 to 4:00 on Mar. 2.", ((), 1, 6, 6)),
        ("2024-03-03", "Cut from 18:00 on Mar. 1 to 17:00 on Mar. 3.", ((), 2, 23.5, 23.5)),
        ("2024-03-02", "Cut from 1:00 on Mar. 1 to 23:00 on Mar. 2.", ((), None, 23, 23)),
        ("2024-03-02", "Cut from 8:00 to 13:30 (local time) on Mar. 1 and Mar. 2 for a contest.",
         (march(1, 2), None, 5.5, 5.5)),
        ("2024-03-12", "Cut between 8:00am - 11:00am on all 9 exam days.", ((), 9, 3, 3)),
        ("2024-03-03", "Suspended for another 48 hours.", ((), 2, 24, 24)),
        ("2024-03-02", "Suspended for 24 hours starting around 4:00.", ((), 1, 24, 24)),
        ("2024-03-02", "Suspended for 30 hours.", ((), None, 15, 15)),
        ("2024-03-01", "It was disrupted for over an hour.", ((), None, 1, 1)),
        ("2024-03-01", "It was down for nearly three hours.", ((), None, 3, 3)),
        ("2024-03-03", "After a curfew it was suspended for nearly 33 hours, from around on 19:00 "
         "on Mar. 1 to 04:00 on Mar. 3.", ((), 2, 16.5, 16.5)),
        ("2024-03-30", "Internet curfew (23 nightly blackouts).", ((), 23, None, None)),
        ("2024-03-03", "A nightly curfew of 10 hours was in force.", ((), None, None, None)),
    ],
)  # fmt: skip
def test_days_and_hours(last: str, text: str, found: tuple[object, ...]) -> None:
    assert timing(last=last, event=text) == hours.Timing(*found)  # type: ignore[arg-type]


def test_exam_cuts_without_hours_have_those_of_others() -> None:
    exams = {"actual_cause": "Exam cheating"}
    of_exams = hours.Timing((), None, is_of_exams=True)
    assert timing(last="2024-03-20", **exams) == hours.Timing((), 12, is_of_exams=True)
    assert timing(last="2024-07-20", **exams).times == hours.MOST_EXAM_DAYS
    assert timing(last="2024-03-05", **exams) == of_exams
    assert timing(last="", **exams) == of_exams
    printed = timing(last="2024-03-05", **exams, event="Cut daily for two hours.")
    assert (printed.most_hours, printed.is_of_exams) == (2, False)
    assert timing(last="2024-03-20") == hours.Timing()
    assert timing(last="2024-03-20", **exams, event="Exams and protests.") == hours.Timing()
    assert timing(last="2024-03-20", **exams, **SERVICES) == hours.Timing()
    curfew = timing(last="2024-03-20", **exams, **SERVICES, event="A curfew-style block.")
    assert curfew.is_of_exams
    cells = stop.restriction_cells(register_row(start_date="2024-03-01", **exams), False)
    assert (stop.EXAM_NOTE in cells["note"], cells["hours_basis"]) == (True, "exams")
