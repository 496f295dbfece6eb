"""A page made from a published version by a command of its own.

What such a page says depends on the register that was imported, which is not in the repository.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from audience_impact.store import PublishError
from audience_impact.store.versions import Stored, latest
from flows import CHECKOUT


def write(
    command: str,
    about: str | None,
    page: Callable[[Stored], str],
    file: str,
    words: Sequence[str] | None = None,
) -> None:
    """Write the page of the latest version into a file of docs/, or where the words say."""
    parser = argparse.ArgumentParser(prog=f"python -m {command}", description=about)
    parser.add_argument("--published", type=Path, default=CHECKOUT / "data" / "published")
    parser.add_argument("--into", type=Path, default=CHECKOUT / "docs" / file)
    given = parser.parse_args(words)
    try:
        text = page(latest(given.published))
    except PublishError as error:
        parser.error(str(error))
    given.into.write_text(text, encoding="utf-8")
    print(given.into)
