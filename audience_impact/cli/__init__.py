"""The command `audience-impact` and the commands that read a published version."""

import gc
import os
import sys
from pathlib import Path

FONTS = Path(__file__).parents[1] / "site" / "specs" / "fonts.conf"
"""Names no font of the machine: vl-convert draws faster with its own, which are in memory."""
SHORT = {"check", "cite", "list", "show"}
"""Commands that end before the search for garbage in cycles, a tenth of their time, frees any."""
EXTRAS = {
    "duckdb": "databases",
    "jinja2": "charts",
    "markdown_it": "charts",
    "obstore": "buckets",
    "vl_convert": "charts",
    "xlsxwriter": "workbooks",
}
"""The extra of the package that brings a library which reading a version needs, by its import."""


def main() -> None:
    """Run the command; exit with 1 and one line where a library is not installed."""
    # A child would look for its modules in the current folder first, where others may write.
    os.environ["PYTHONSAFEPATH"] = "1"
    if {"report", "--report"} & {*sys.argv}:
        os.environ.setdefault("FONTCONFIG_FILE", str(FONTS))
    if SHORT & {*sys.argv[1:2]}:
        gc.disable()
    try:
        from audience_impact.cli import command

        command.app()
    except ModuleNotFoundError as error:
        sys.exit(describe_missing_library(error))


def describe_missing_library(error: ModuleNotFoundError) -> str:
    """Return one line on a missing library and its extra; re-raise for a module of our own."""
    library = (error.name or "").partition(".")[0]
    if library in ("", __name__.partition(".")[0]):
        raise error
    extra = EXTRAS.get(library, "pipeline")
    return (
        f"audience-impact: the library {library} is missing; install it with "
        f"pip install 'audience-impact[{extra}]'"
    )
