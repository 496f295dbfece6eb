"""What a row of the STOP register cut, on which networks, for whom, and when: the narrower word."""

import pytest

from audience_impact.registers import register
from audience_impact.registers.stop import cells as stop
from audience_impact.registers.stop import hours, words
from audience_impact.registers.stop import targets as stop_targets
from audience_impact.vocabulary import NOT_AS_ORDER, Cause
from tests.support import register_row
from tests.unit.test_register_reading import timing

BOTH = {"shutdown_extent": "Full network, Service-based"}
SERVICES = {"shutdown_extent": "Service-based"}


@pytest.mark.parametrize(
    ("cells", "is_network", "platform_ids"),
    [
        ({}, True, ["*"]),
        (SERVICES | {"twitter_affected": "Yes"}, False, ["twitter"]),
        (BOTH | {"twitter_affected": "Yes"}, False, ["twitter"]),
        (BOTH | {"twitter_affected": "Yes", "event": "All was cut."}, True, ["*", "twitter"]),
    ],
)
def test_network_or_services(
    cells: dict[str, str], is_network: bool, platform_ids: list[str]
) -> None:
    row = register_row(**cells)
    assert words.is_full_network(row) is is_network
    targets = stop_targets.read_targets(row, [], register.build_catalogue([]))
    assert [target.platform_id for target in targets.targets] == platform_ids


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
        (BOTH | {"affected_network": "Mobile"}, "mobile"),
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
    assert ": ".join(filter(None, words.read_networks(row))) == scope


ATTACKED = {"ordered_by": "Non-government"}
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
    assert words.read_cause(register_row(**ATTACKED | cells)) is cause


def test_an_authority_that_admits_a_fault_admits_no_order() -> None:
    row = {"gov_ack": "Yes", "gov_ack_quote": "Problems at providers were the temporary cause"}
    for hand in ("Unknown", "Judiciary"):
        row |= {"ordered_by": hand}
        cells = stop.restriction_cells(register_row(**row), False)
        assert cells["claim_status"] == "reported"
        assert NOT_AS_ORDER in cells["note"]


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


@pytest.mark.parametrize(
    ("last", "text", "found"),
    [
        ("2024-03-02", "Cut from 22:00 on Mar. 1 to 22:00 on Mar. 2.", (1, 24, 24)),
        ("2024-03-02", "Cut from 22:00 on Mar. 1 to 4:00 on Mar. 2.", (1, 6, 6)),
        ("2024-03-03", "Cut from 18:00 on Mar. 1 to 17:00 on Mar. 3.", (2, 23.5, 23.5)),
        ("2024-03-02", "Cut from 1:00 on Mar. 1 to 23:00 on Mar. 2.", (None, 23, 23)),
        ("2024-03-03", "Suspended for another 48 hours.", (2, 24, 24)),
        ("2024-03-02", "Suspended for 24 hours starting around 4:00.", (1, 24, 24)),
        ("2024-03-02", "Suspended for 30 hours.", (None, 15, 15)),
        ("2024-03-01", "It was disrupted for over an hour.", (None, 1, 1)),
        ("2024-03-01", "It was down for nearly three hours.", (None, 3, 3)),
        ("2024-03-03", "After a curfew it was suspended for nearly 33 hours, from around on 19:00 "
         "on Mar. 1 to 04:00 on Mar. 3.", (2, 16.5, 16.5)),
        ("2024-03-03", "A nightly curfew of 10 hours was in force.", (None, None, None)),
    ],
)  # fmt: skip
def test_days_and_hours(last: str, text: str, found: tuple[object, ...]) -> None:
    assert timing(last=last, event=text) == hours.Timing(*found)  # type: ignore[arg-type]


def test_exam_cuts_without_hours_have_those_of_others() -> None:
    exams = {"actual_cause": "Exam cheating"}
    of_exams = hours.Timing(is_of_exams=True)
    assert timing(last="2024-03-20", **exams) == hours.Timing(12, is_of_exams=True)
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
