"""The report of a small version: every page is there, leads somewhere, and shows text as text."""

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest
from typer.testing import CliRunner

from audience_impact.answers.text import restriction_json
from audience_impact.cli.command import app
from audience_impact.plain_text import web_address
from audience_impact.site import build, lists, report_data, restriction
from audience_impact.store import PublishError, versions
from flows.pipeline import steps
from tests.conftest import Once
from tests.flows import dying
from tests.support import computed, edit
from tests.unit.test_odd_worlds import calibrated

HOSTILE = '<script>alert("1")</script>&amp; \u202egnp.exe'
SHOWN = "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;&amp;amp; &lt;U+202E&gt;gnp.exe"


def hostile(folder: Path) -> Path:
    """Two services of a small country restricted, with texts that are markup; one act was none."""
    told = dict.fromkeys(("authority", "note", "stated_reason"), HOSTILE)
    made = calibrated().restrict("R1", "alpha", "beta", **told)
    made.restrict("R2", area_ids="XB", severity="none").write(folder)
    edit(folder, "platforms", "alpha", name="<b>=cmd|calc</b>")
    edit(folder, "areas", "XB", name="=cmd|calc")
    edit(folder, "sources", "press-page", publisher=HOSTILE)
    return folder


@pytest.fixture(scope="module")
def root(once: Once, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of the published version, to be read alone."""
    folder = tmp_path_factory.mktemp("report")
    results = once("report", lambda: computed(hostile(folder / "facts")))
    steps.publish_results(results, folder / "published", None)
    return folder / "published"


@pytest.fixture(scope="module")
def report(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of that version."""
    folder, changed = build.publish_version(
        versions.find_latest(root), root, tmp_path_factory.mktemp("report") / "pages"
    )
    assert changed
    return folder


def page(report: Path, path: str) -> str:
    return (report / path).read_text(encoding="utf-8")


class Links(HTMLParser):
    """The addresses of a page: where it leads, and what a browser would load for it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.leads: list[str] = []
        self.loads: list[str] = []
        self.rels: dict[str, str] = {}
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.ids += [told["id"]] if "id" in told else []
        if tag == "a" and "href" in told:
            self.leads.append(told["href"])
            self.rels[told["href"]] = told.get("rel", "")
        elif "href" in told or "src" in told:
            self.loads.append(told.get("href") or told["src"])
        assert "style" not in told, f"the policy of the page forbids a style at {tag}"
        assert not [name for name in told if name.startswith("on")], f"a script at {tag}"


def every_page(report: Path) -> Iterator[tuple[Path, Links]]:
    for path in sorted(report.rglob("*.html")):
        yield path, Links(path.read_text(encoding="utf-8"))


def test_every_link_leads_to_a_file_of_the_report_and_no_further(report: Path) -> None:
    lost = []
    for path, links in every_page(report):
        for link in (*links.leads, *links.loads):
            parts = urlsplit(link)
            if parts.scheme:
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            found = there.is_file() and there.is_relative_to(report)
            if found and parts.fragment:
                found = parts.fragment in Links(there.read_text(encoding="utf-8")).ids
            lost += [] if found else [f"{path.relative_to(report)}: {link}"]
    assert lost == []


def test_no_page_loads_anything_from_elsewhere(report: Path) -> None:
    for path, links in every_page(report):
        assert [one for one in links.loads if urlsplit(one).scheme or one.startswith("//")] == []
        assert "default-src 'none'" in path.read_text(encoding="utf-8")
    shared = " ".join(page(report, f"static/{name}") for name in ("site.css", "site.js"))
    assert [word for word in ("http", "@import", "url(", "fetch(") if word in shared] == []


def test_links_out_of_facts_hand_nothing_on(report: Path) -> None:
    outside = {
        link: rel
        for _, links in every_page(report)
        for link, rel in links.rels.items()
        if urlsplit(link).scheme
    }
    assert outside
    for link, rel in outside.items():
        assert urlsplit(link).scheme in ("http", "https")
        assert {"noopener", "noreferrer", "nofollow"} <= set(rel.split())


def test_every_restriction_has_a_page_with_its_data(report: Path, root: Path) -> None:
    told = report_data.load_report_data(versions.find_latest(root))
    assert list(told.records) == ["R1", "R2"]
    for name, record in told.records.items():
        story = restriction_json(record)
        assert story["answer"][:20] in page(report, f"restriction/{name}.html")
        data = json.loads(page(report, f"restriction/{name}.json"))
        assert data == {"version_id": told.stored.id, **story}
        lines = (report / f"restriction/{name}.csv").read_text(encoding="utf-8-sig").splitlines()
        rows = list(csv.DictReader(lines))
        exposed = next(row for row in rows if row["counted"] == "people_exposed")
        ours = next(row for row in story["impact"] if row["impact_metric"] == "people_exposed")
        assert exposed["printed_max"] == str(ours["printed_max_persons"])
        assert {row["version_id"] for row in rows} == {told.stored.id}


def test_a_page_lists_every_restriction_by_what_the_filters_look_for(report: Path) -> None:
    text = page(report, "all.html")
    rows = re.findall(r"<tr data-start=[^>]*>", text)
    assert len(rows) == 2
    for name in ("country", "platform", "feature", "cause", "year", "status", "in-force"):
        assert f'<select name="{name}">' in text
        assert all(f"data-{name}=" in row for row in rows)
    assert re.search(r'<form class="filters"[^>]* hidden>', text)


def test_a_country_is_found_by_its_names_in_other_languages_and_by_old_ones() -> None:
    names = lists.list_search_names({"TR", "MM"})
    assert {"turkey", "turquie", "türkiye", "tr"} <= set(names["TR"].split())
    assert "burma" in names["MM"].split()


def test_each_assumption_is_a_sentence_of_its_own() -> None:
    caveats = [
        "Assumptions: adults were asked; a limit is taken.",
        "Younger users are not counted.",
    ]
    listed = ["Adults were asked.", "A limit is taken.", "Younger users are not counted."]
    assert restriction.split_assumptions(caveats) == listed


def test_a_source_without_a_title_is_linked_by_its_publisher(report: Path) -> None:
    linked = page(report, "restriction/R1.html")
    assert ">not recorded<" not in linked
    assert "<bdi>A page</bdi></a>" in linked


def test_the_home_page_describes_the_data_set_for_search_engines(report: Path) -> None:
    page = (report / "index.html").read_text("utf-8")
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    described = json.loads(block)
    assert (described["@context"], described["@type"]) == ("https://schema.org", "Dataset")
    required = {"name", "description", "license", "creator", "version", "datePublished"}
    assert required <= set(described)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", described["datePublished"])


def test_hostile_text_is_shown_as_text(report: Path) -> None:
    text = page(report, "restriction/R1.html")
    assert text.count(SHOWN) >= 3
    assert "&lt;b&gt;=cmd|calc&lt;/b&gt;" in text
    for path in report.rglob("*.html"):
        told = path.read_text(encoding="utf-8")
        assert [word for word in ("<script>", "\u202e", "<b>=") if word in told] == []


def test_what_a_spreadsheet_would_run_is_a_text(report: Path) -> None:
    lines = (report / "restrictions.csv").read_text(encoding="utf-8-sig").splitlines()
    assert {row["title"][:6] for row in csv.DictReader(lines)} == {"Land X", "'=cmd|"}


def test_each_cell_of_the_spreadsheet_stands_below_its_heading(report: Path, root: Path) -> None:
    lines = (report / "restrictions.csv").read_text(encoding="utf-8-sig").splitlines()
    rows = list(csv.DictReader(lines))
    assert rows
    assert all(None not in row and None not in row.values() for row in rows)
    impact = pd.read_parquet(root / "latest" / "impact.parquet")
    impact = impact.set_index(["restriction_id", "impact_metric"])
    for row in rows:
        published = impact.loc[row["restriction_id"], row["counted"]]
        assert row["obs_status"] == published["obs_status"]
        for name in ("min_persons", "printed_max_persons"):
            assert float(row[name]) == published[name]


@pytest.mark.parametrize(
    ("address", "leads"),
    [
        ("https://example.org/a?b=1", True),
        ("http://example.org", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//example.org", False),
        ("https://", False),
        ("https://[broken/", False),
        ("https://example.org/\u202egnp", False),
        (None, False),
    ],
)
def test_only_a_web_address_becomes_a_link(address: str | None, leads: bool) -> None:
    assert web_address(address) == (address if leads else "")


def test_the_same_version_gives_the_same_bytes_and_is_made_once(
    report: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = versions.find_latest(root)
    again, changed = build.publish_version(version, root, tmp_path / "again")
    assert changed
    assert (report / build.MARK).read_bytes() == (again / build.MARK).read_bytes()
    monkeypatch.setattr(build, "PAGES", ())
    assert build.publish_version(version, root, again) == (again, False)
    monkeypatch.setattr(build, "printable", "A")
    assert build.publish_version(version, root, again) == (again, True)


@pytest.mark.parametrize("make", [build.make_beside, dying.always])
def test_a_process_beside_makes_the_same_bytes_or_none(
    make: Callable[..., object],
    report: Path,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(build, "MANY", 1)
    monkeypatch.setattr(build, "count_processors", lambda: 2)
    monkeypatch.setattr(build, "make_beside", make)
    again, _ = build.publish_version(versions.find_latest(root), root, tmp_path / "again")
    assert (report / build.MARK).read_bytes() == (again / build.MARK).read_bytes()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report of a page or two, where what matters is the folder."""
    monkeypatch.setattr(build, "PAGES", (build.make_static_files, lists.make_pages))


@pytest.mark.usefixtures("few")
def test_a_damaged_report_is_mended(root: Path, tmp_path: Path) -> None:
    version = versions.find_latest(root)
    into, _ = build.publish_version(version, root, tmp_path / "pages")
    whole = page(into, "index.html")
    (into / "index.html").write_text("spoilt")
    assert build.publish_version(version, root, into) == (into, True)
    assert page(into, "index.html") == whole
    assert [path.name for path in tmp_path.iterdir()] == ["pages"]


@pytest.mark.usefixtures("few")
def test_copies_of_a_report_and_files_beside_it_stay_when_it_goes(
    root: Path, tmp_path: Path
) -> None:
    published = tmp_path / "published"
    shutil.copytree(root, published, symlinks=True)
    version = versions.find_latest(published)
    report = build.publish_version(version, published, None)[0].resolve()
    gone, noted = "2020-01-01-000000000000", "2020-01-02-000000000000"
    for name in ("my-copy", gone, noted):
        shutil.copytree(report, report.with_name(name))
    mine = [report.with_name(noted) / "notes.txt", report.with_name(".tmp-mine-2024") / "notes"]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    report.with_name(f".tmp-{noted}-k1ll3d_0").mkdir()
    build.publish_version(version, published, None)
    assert {path.read_text() for path in mine} == {"mine"}
    names = {path.name for path in report.parent.iterdir()}
    assert names == {report.name, "my-copy", noted, ".tmp-mine-2024"}


def test_what_is_no_report_is_left_alone(root: Path, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("mine")
    for wrong in (tmp_path, letter):
        with pytest.raises(PublishError, match=r"(choose an empty folder|is no folder)"):
            build.publish_version(versions.find_latest(root), root, wrong)
    assert letter.read_text() == "mine"


@pytest.mark.usefixtures("few")
def test_a_file_of_others_in_a_report_is_named(root: Path, tmp_path: Path) -> None:
    version = versions.find_latest(root)
    into, _ = build.publish_version(version, root, tmp_path / "pages")
    (into / "static" / "mine.css").write_text("")
    with pytest.raises(PublishError, match=r"pages contains static/mine\.css, which is no part"):
        build.publish_version(version, root, into)
    (into / "static" / "mine.css").unlink()
    (into / build.MARK).write_text("[]")
    with pytest.raises(PublishError, match=r"pages contains all\.html, which is no part"):
        build.publish_version(version, root, into)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = [report_data.File("A.html", b"1"), report_data.File("a.html", b"2")]
    with pytest.raises(PublishError, match=r"two files have the path a\.html"):
        build.write_report(tmp_path / "pages", "v", twice)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "begins"), [("R-1.a", "R-1.a"), ("../x", "x-"), ("..", "x-"), ("a/b", "a-b-")]
)
def test_names_become_files_in_their_folder(name: str, begins: str) -> None:
    path = report_data.page_path(name, "platform")
    assert path.startswith(f"platform/{begins}")
    assert path.count("/") == 1
    assert path != report_data.page_path(f"{name} ", "platform")


# ---- The command ----


def said(*words: str | Path) -> tuple[int, str]:
    """Exit status and what the command says."""
    done = CliRunner().invoke(app, ["report", *map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output


@pytest.fixture
def own_root(root: Path, tmp_path: Path) -> Path:
    """A copy of what is published, to write beside."""
    return Path(shutil.copytree(root, tmp_path / "published", symlinks=True))


@pytest.mark.usefixtures("few")
def test_the_report_lies_beside_its_version_and_goes_with_it(own_root: Path) -> None:
    version = versions.find_latest(own_root).id
    status, told = said("--published", own_root)
    assert (status, told.splitlines()[0]) == (0, f"wrote the report of version {version}")
    assert Path(told.splitlines()[1]).is_file()
    assert (own_root / "report").readlink() == Path("reports") / version
    old = own_root / "reports" / "2000-01-01-000000000000"
    shutil.copytree(own_root / "reports" / version, old)
    status, told = said("--published", own_root)
    assert (status, told.splitlines()[0]) == (0, f"nothing changed: still the report of {version}")
    assert [path.name for path in (own_root / "reports").iterdir()] == [version]


def test_what_is_not_published_is_named(tmp_path: Path) -> None:
    status, line = said("--published", tmp_path)
    assert (status, line.count("\n")) == (1, 1)
    assert line.startswith(f"nothing has been published below {tmp_path}: give another folder")
