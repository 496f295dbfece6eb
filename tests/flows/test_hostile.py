"""Text of facts that would be obeyed is shown as text: in the terminal, Markdown, JSON and XML."""

import json
import os
import re
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from audience_impact import plain_text as plain
from audience_impact.answers import documents
from audience_impact.cli.folders import fail_with
from audience_impact.facts.tables import Finding, relocate_finding
from audience_impact.store.publishing import Published
from flows import publish_impact
from flows.commands.checking import FindingFormat, format_findings
from flows.pipeline import steps
from tests.flows.test_cli import command
from tests.support import checked, computed, edit, folder_of, small

ESCAPE, DIRECTION, HIDDEN = "A\x1b[31m\x9b2JB", "A\u202egnp.B\u2066C", "A\u200bB\u2060C\ufeffD"
MARKUP, LINK, PICTURE = "A[/b][red]", "[A](http://evil.example/)", "![A](http://evil.example/p)"
HTML, ADDRESS = (
    "<img src=x onerror=alert(1)>",
    "http://evil.example www.evil.example a@evil.example",
)
ATTACKS = (ESCAPE, DIRECTION, HIDDEN, MARKUP, LINK, PICTURE, HTML, ADDRESS)
ALL = "; ".join(ATTACKS)
SEEN = {
    ESCAPE: "A<U+001B>[31m<U+009B>2JB",
    DIRECTION: "A<U+202E>gnp.B<U+2066>C",
    HIDDEN: "A<U+200B>B<U+2060>C<U+FEFF>D",
}
"""What is shown in place of an attack; of the others the text itself."""
OURS = {
    f"{end}{name}"
    for name in ("p", "strong", "h2", "ul", "li", "code", "table", "thead", "tbody", "tr")
    for end in ("", "/")
} | {"th", "/th", "td", "/td"}
"""Elements of the artifacts."""


def is_harmless(text: str) -> bool:
    """Whether a terminal has nothing to obey, and a reader nothing that is hidden."""
    return not [
        sign for sign in text if sign != "\n" and unicodedata.category(sign) in ("Cc", "Cf", "Cs")
    ]


def rendered(markdown: str) -> str:
    """Markdown as a page; what would become a link of itself is looked for in the Markdown."""
    return str(MarkdownIt("gfm-like", {"linkify": False}).render(markdown))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The small country with every attack in each text that is shown to people."""
    folder = tmp_path_factory.mktemp("hostile")
    facts = small(folder / "facts")
    edit(facts, "platforms", "alpha", name=f"S {ALL}")
    edit(facts, "restrictions", "R1", authority=ALL, stated_reason=ALL, note=ALL)
    edit(facts, "sources", "panel-page", publisher=f"P {ALL}", title=ALL)
    edit(facts, "areas", "XA", name=f"L {ALL}")
    done = computed(facts)
    assert done.frames["quarantine"].empty
    return steps.publish_results(done, folder / "published", None)


@pytest.mark.parametrize(
    "words", [["show", "R1"], ["show", "XA"], ["list"], ["cite", "R1"], ["explain", "R1"]]
)
def test_a_terminal_shows_an_attack_as_text(words: list[str], published: Published) -> None:
    shown = command(*words, "--published", folder_of(published).parents[1]).stdout
    assert is_harmless(shown)
    assert [attack for attack in ATTACKS if SEEN.get(attack, attack) not in shown] == []


def test_what_was_asked_for_is_repeated_as_text(published: Published) -> None:
    unknown = f"{ESCAPE}qqzzqq{DIRECTION}"
    for words, status in ((ALL, 0), (f"{ALL} XA {unknown}", 0), (unknown, 1)):
        done = command("show", words, "--published", folder_of(published).parents[1])
        assert done.returncode == status, words
        shown = done.stdout + done.stderr
        assert is_harmless(shown)
        assert ("qqzzqq" in shown.lower()) == (unknown in words)


@pytest.mark.parametrize(("what", "name"), [("R1", "authority"), ("XA", "area_name")])
def test_json_has_the_text_and_no_sign_that_a_terminal_obeys(
    what: str, name: str, published: Published
) -> None:
    root = folder_of(published).parents[1]
    shown = command("show", what, "--published", root, "--format", "json").stdout
    assert is_harmless(shown)
    assert ALL in json.loads(shown)[name]


@pytest.mark.parametrize("words", [["explain", "R1"], ["list"], ["versions"], ["show", "R1"]])
def test_no_json_of_a_command_has_a_sign_that_is_obeyed(
    words: list[str], published: Published
) -> None:
    root = folder_of(published).parents[1]
    shown = command(*words, "--published", root, "--format", "json").stdout
    assert is_harmless(shown)
    assert json.loads(shown)


@pytest.mark.parametrize("style", ["bibtex", "csl-json"])
def test_a_citation_has_no_sign_that_is_hidden(style: str, published: Published) -> None:
    root = folder_of(published).parents[1]
    assert is_harmless(command("cite", "R1", "--published", root, "--format", style).stdout)


def test_no_attack_becomes_markup_of_an_artifact(published: Published) -> None:
    markdown = publish_impact.format_answers(published.version, [Path(f"facts {ALL}")])
    assert is_harmless(markdown)
    page = rendered(markdown)
    assert set(re.findall(r"<(/?\w+)", page)) <= OURS
    assert "://" not in markdown
    assert "www." not in markdown
    for attack in (MARKUP, LINK, PICTURE):
        assert attack in page


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    """What is wrong with a cell that holds an attack, in a folder and beside a file so named."""
    attack = f"{ALL.replace('/', ':')} ##[error]forged\n::error::forged"
    facts = small(tmp_path_factory.mktemp("hostile") / attack)
    (facts / f"{ESCAPE}\n::error::forged.csv").write_text("a,b\n", encoding="utf-8")
    edit(facts, "estimates", "E1", value=f"many {ALL} ##[error]forged")
    return [relocate_finding(finding, [facts]) for finding in checked(facts).findings]


@pytest.mark.parametrize("style", FindingFormat)
def test_what_check_finds_is_told_without_obeying_it(style: str, findings: list[Finding]) -> None:
    shown = format_findings(FindingFormat(style), findings, 9)
    assert is_harmless(shown)
    assert "\n::error::forged" not in shown
    assert style in ("json", "junit") or "##[" not in shown
    assert style != "github" or len(shown.splitlines()) == len(findings)
    assert style != "junit" or int(ET.fromstring(shown).get("failures", "0")) > 0
    files = {finding.file for finding in findings}
    assert style != "json" or {load["file"] for load in json.loads(shown)} == files


def test_a_refused_run_is_told_without_obeying_it(capsys: pytest.CaptureFixture[str]) -> None:
    fail_with(f"nothing published\n{ALL}")
    shown = capsys.readouterr().err
    assert len(shown.splitlines()) == 2
    assert is_harmless(shown)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:secret@x.example/a?b=1", "https://...@x.example/a?b=1"),
        ("https://x.example/a?b=1&Token=secret", "https://x.example/a?b=1&Token=..."),
        ("s3://x/a?X-Amz-Signature=secret&c=2#d", "s3://x/a?X-Amz-Signature=...&c=2#d"),
        ("https://x.example/?page=2&sort=a", "https://x.example/?page=2&sort=a"),
    ],
)
def test_a_secret_of_an_address_is_in_no_error(address: str, shown: str) -> None:
    assert plain.hide_passwords(f"{address} is away") == f"{shown} is away"
    assert str(plain.ReadableError(f"{address} is away")) == f"{shown} is away"
    place = address if address.startswith("https") else address.replace("s3", "https")
    done = command("show", "x", "--published", place.replace("x.example", "nowhere.invalid"))
    assert done.returncode == 1
    assert "secret" not in done.stdout + done.stderr


def test_plain_text_is_left_alone() -> None:
    for text in ("Türkiye", "ВКонтакте", "Côte d’Ivoire", "90 % interval", "微信"):
        assert plain.plain_line(text) == text
        assert plain.plain_lines(f"{text}\n{text}") == f"{text}\n{text}"
    assert plain.plain_line("a\nb\tc") == "a<U+000A>b<U+0009>c"
    assert documents.render_markdown(["a"], [["x|<b>"]]) == "| a |\n| --- |\n| x\\|&lt;b&gt; |\n"


@pytest.mark.parametrize("text", ["\x9b\u202e\x00", "\ud800", "\U000e0041", '"\\\n', "Türkiye"])
def test_json_reads_back_what_was_written(text: str) -> None:
    written = plain.json_text({"a": text})
    assert json.loads(written) == {"a": text}
    assert is_harmless(written)


PREFECT = {
    ".env": "PREFECT_LOGGING_SETTINGS_PATH={folder}/log.yml\n",
    "log.yml": "version: 1\nhandlers:\n  x:\n    (): subprocess.getoutput\n"
    "    cmd: touch {folder}/obeyed\nloggers: {{}}\n",
    "prefect.toml": '[api]\nurl = "http://127.0.0.1:9998/api"\n',
    "pyproject.toml": '[tool.prefect.api]\nurl = "http://127.0.0.1:9997/api"\n',
}
"""Files by which Prefect would be configured from the folder in which it is imported."""
SERVER = "http://127.0.0.1:9/api"


def call_in(folder: Path, script: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Call a script in a folder, which it does not have on its path, as a console script would."""
    variables = {
        **os.environ,
        "PREFECT_API_URL": SERVER,
        "PREFECT_HOME": str(folder.parent / "home"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    file = folder.parent / "command.py"
    file.write_text(script, encoding="utf-8")
    command_line = [sys.executable, str(file), *words]
    return subprocess.run(command_line, cwd=folder, env=variables, capture_output=True, text=True)


def lay_out(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text.format(folder=folder), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "words",
    [["run", "--facts", "{facts}", "--published", "{published}"], ["serve"]],
    ids=["run", "serve"],
)
def test_the_current_folder_does_not_configure_prefect(tmp_path: Path, words: list[str]) -> None:
    folder, facts = lay_out(tmp_path / "shared", PREFECT), str(small(tmp_path / "facts"))
    main = "from audience_impact.cli import main; main()"
    given = {"facts": facts, "published": str(tmp_path / "published")}
    done = call_in(folder, main, *(word.format(**given) for word in words))
    assert (done.returncode, SERVER in done.stderr) == (1, True), done.stderr
    assert not (folder / "obeyed").exists()


def test_a_child_does_not_import_from_the_current_folder(tmp_path: Path) -> None:
    spy = 'open("obeyed", "w"); raise ImportError\n'
    folder = lay_out(tmp_path / "shared", {"pickle.py": spy, "numpy.py": spy})
    script = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from audience_impact.cli import main
if __name__ == "__main__":
    try:
        main()
    except SystemExit:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            print(list(pool.map(abs, [-1])))
"""
    done = call_in(folder, script, "--version")
    assert done.stdout.splitlines()[-1:] == ["[1]"], done.stderr
    assert not (folder / "obeyed").exists()
