"""Records what the commands print, so that a rebuilding changes no word of an answer.

    python -m tests.oracle.outputs PUBLISHED           # writes outputs.txt anew
    python -m tests.oracle.outputs PUBLISHED --check   # prints what differs from it
    python -m tests.oracle.outputs PUBLISHED --check estimate   # of one command alone

PUBLISHED has a version of facts and register (`audience-impact run`). It goes when 2.0 is out.
"""

import difflib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
from typer.testing import CliRunner

from audience_impact.cli.command import app
from tests.support import FACTS, REGISTER

RECORDED = Path(__file__).parent / "outputs.txt"
TITLE = "#### "
QUESTIONS = (
    "nepal tiktok", "twitter brazil 2024", "iran internet january 2026", "nigera twiter",
    "africa 2023", "sudan 2023", "kashmir august 2019", "gaza 2023", "nigeria twitter ban",
    "iran february 2026", "world 2024", "russia 2025", "myanmar 2021", "india 2020", "whatsapp",
    "asia 2022", "europe 2024", "facebook russia", "telegram spain", "uganda 2021",
    "western africa 2021", "pakistan 2024-02", "world 2021 --by country",
    "africa 2023 --by restriction", "world 2024 --by country --metric person-days",
    "china", "tiktok", "nowhere", "senegal 2023 --all", "RU-2025-08-13-calls --all",
)  # fmt: skip
LISTS = (
    "", "--area burma", "--area russia --year 2025 --begun --sort person-days", "--year 2021",
    "--area africa --year 2023", "--area 034 --year 2019 --sort date",
    "--kind shutdown --year 2022", "--kind service --year 2024", "--area 001 --year 2025 --begun",
    "--area sudan --format json",
    "--area IR --sort person-days", "--year 2016 --begun --kind shutdown", "--area nowhere",
)  # fmt: skip
EVENTS = (
    "Spain --days 3 --services WhatsApp", "Nigeria --days 7 --services X", "Iran --days 1",
    "Taiwan", "Pakistan --services X --slowed", "Pakistan --place Karachi",
    "Libya --networks mobile", "Uganda --services Facebook,WhatsApp,X,TikTok",
    "China --services WeChat", "Kenya --days 36525",
    "Russia --services Telegram --features voice_call", "Russia --services WhatsApp,Telegram --all",
    "India --place Rajasthan --days 2", "Brazil --services WhatsApp --format json", "Narnia",
    "Germany --services YouTube", "Kenya --operators Safaricom", "Kenya --operators NoSuchTel",
    "Turkey --services Instagram --days 9", "Ethiopia --days 30", "Venezuela --services TikTok",
    "Syria --networks mobile --days 4", "Ukraine --services VK", "Bangladesh --days 5 --all",
    "United States --services TikTok",
)  # fmt: skip


def list_commands(version: Path) -> Iterator[list[str]]:
    """List the commands whose output is recorded: 200, each restriction's place in them fixed."""
    ids = sorted(
        pq.read_table(version / "restrictions.parquet", columns=["restriction_id"])
        .column("restriction_id")
        .to_pylist()
    )
    yield from (["show", *question.split()] for question in QUESTIONS)
    yield from (["list", *words.split()] for words in LISTS)
    yield from (["show", name] for name in ids[:: len(ids) // 66][:66])
    yield from (["explain", name] for name in ids[5 :: len(ids) // 66][:66])
    for words in EVENTS:
        country, *options = re.split(r" (?=--)", words)
        facts = ["--facts", str(FACTS), "--facts", str(REGISTER)]
        event = [word for option in options for word in option.split(" ", 1)]
        yield ["estimate", "--country", country, "--from", "2026-12-01", *event, *facts]


def run_command(words: list[str], published: Path) -> str:
    """Run a command in this process; return its status and what it printed."""
    reads = [] if words[0] == "estimate" else ["--published", str(published)]
    result = CliRunner(env={"COLUMNS": "100"}).invoke(app, [*words, *reads])
    text = f"exit {result.exit_code}\n{result.output}{result.stderr}"
    for folder, name in ((published, "PUBLISHED"), (FACTS.parent, "DATA")):
        text = text.replace(str(folder), name)
    return re.sub(r"[0-9a-f]{12,}", "ID", text)


def write_outputs(published: Path, command: str = "") -> str:
    """Run the commands of that name, by default all; return their outputs, each under a title."""
    blocks = []
    for words in list_commands(published / "latest"):
        if command not in ("", words[0]):
            continue
        title = " ".join(words[: words.index("--facts") if "--facts" in words else None])
        blocks.append(f"{TITLE}{title}\n{run_command(words, published)}")
    return "\n".join(blocks)


def main(words: list[str]) -> int:
    """Record the outputs, or compare them with the recorded ones: exit status 1 if they differ."""
    published, command = Path(words[0]).resolve(), "".join(words[2:])
    text = write_outputs(published, command)
    if "--check" not in words:
        RECORDED.write_text(text, encoding="utf-8")
        return 0
    blocks = RECORDED.read_text(encoding="utf-8").split(TITLE)[1:]
    before = "".join(TITLE + block for block in blocks if block.startswith(command))
    lines = list(
        difflib.unified_diff(before.strip().splitlines(), text.strip().splitlines(), lineterm="")
    )
    print("\n".join(lines) or "0 differences")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
