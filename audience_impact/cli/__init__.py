"""The command `audience-impact` and the commands that read a published version."""

import sys


def main() -> None:
    """Run the command; exit with 1 and one line where its libraries are not installed."""
    try:
        from audience_impact.cli import command
    except ModuleNotFoundError as error:
        sys.exit(
            f"audience-impact: the library {error.name} is missing; install the command with "
            "pip install 'audience-impact[command]'"
        )
    command.main()
