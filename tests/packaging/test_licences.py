"""No dependency at run time is under a licence that passes on to what imports it."""

import importlib.metadata
import re
from email.message import Message
from pathlib import Path

import pytest

LOCK = Path(__file__).parents[2] / "requirements-run.lock"
COPYLEFT = re.compile(r"(?<!L)(?<!Lesser )(A?GPL|General Public License)", re.IGNORECASE)


def list_pinned() -> list[str]:
    """Return the names of the packages of a run."""
    return re.findall(r"(?m)^([A-Za-z0-9._-]+)==", LOCK.read_text(encoding="utf-8"))


def list_licences(about: Message) -> list[str]:
    """Return the licences that a distribution states; of several a user may choose one."""
    classifiers = [
        text for text in about.get_all("Classifier", []) if text.startswith("License ::")
    ]
    expression = about.get("License-Expression") or ""
    stated = (about.get("License") or "").partition("\n")[0]
    return [text for text in (*expression.split(" OR "), stated, *classifiers) if text.strip()]


def is_copyleft(about: Message) -> bool:
    """Return whether every licence of a distribution is the GPL or the AGPL."""
    licences = list_licences(about)
    return bool(licences) and all(COPYLEFT.search(licence) for licence in licences)


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"License": "GNU General Public License v3 (GPLv3)"}, True),
        ({"License-Expression": "AGPL-3.0-or-later"}, True),
        ({"Classifier": "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"}, True),
        ({"License-Expression": "LGPL-2.1-only"}, False),
        ({"Classifier": "License :: OSI Approved :: GNU Lesser General Public License v2"}, False),
        ({"License-Expression": "GPL-2.0-or-later OR Artistic-1.0"}, False),
        ({"License": "MIT"}, False),
    ],
)
def test_the_gpl_is_recognised_and_the_lgpl_or_a_choice_is_not_refused(
    fields: dict[str, str], refused: bool
) -> None:
    about = Message()
    for name, text in fields.items():
        about[name] = text
    assert is_copyleft(about) is refused


def test_no_package_of_a_run_is_under_the_gpl() -> None:
    pinned = list_pinned()
    installed = {name: item for name in pinned for item in [_read_metadata(name)] if item}
    assert len(installed) > 0.9 * len(pinned), "the others are for other systems"
    assert [name for name, about in installed.items() if is_copyleft(about)] == []


def _read_metadata(name: str) -> Message | None:
    try:
        return importlib.metadata.metadata(name)  # type: ignore[return-value]
    except importlib.metadata.PackageNotFoundError:
        return None
