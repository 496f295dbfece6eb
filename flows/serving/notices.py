"""Notices through Apprise: of a failed run, of changed answers, or of missing runs.

Apprise never raises, so its result for each address is checked: an address that does not take a
notice is logged, without its password. A lost notice stops no run from publishing.
"""

import logging
from typing import Any, Literal

from pydantic import SecretStr

from flows.serving.profile import NotReadyError, Profile

Kind = Literal["failure", "warning"]
"""The type of a notice, as Apprise names it."""
LONGEST = 2_000
"""Maximum number of characters of a notice; some services refuse longer ones."""


def _make_service(address: SecretStr) -> Any:
    """Return Apprise's service for an address; None if there is none."""
    import apprise  # half a second, imported only by a run that sends a notice

    return apprise.Apprise.instantiate(address.get_secret_value())


def require_addresses(profile: Profile) -> None:
    """Raise NotReadyError for an address for which Apprise has no service."""
    for place, address in enumerate(profile.notices, 1):
        if _make_service(address) is None:
            raise NotReadyError(
                f"Apprise has no service for address {place} of the notices: write it as Apprise's "
                "documentation says, such as mailto://user:password@example.org"
            )


def send_notice(profile: Profile, kind: Kind, title: str, body: str) -> None:
    """Send a notice to every address; log those that failed, without their passwords."""
    name = f" ({profile.environment})" if profile.environment else ""
    cut = body if len(body) <= LONGEST else body[: LONGEST - 4] + " ..."
    for address in profile.notices:
        service = _make_service(address)
        title_of_all = f"audience-impact{name}: {title}"
        if service is None or not service.notify(title=title_of_all, body=cut, notify_type=kind):
            lost = service.url(privacy=True) if service else "an address of no service"
            logging.getLogger(__name__).warning("A notice did not reach %s", lost)
