"""The report in a real browser: it works, it is accessible, and nothing leaves its folder.

Pages are opened from the disk, as a reader would. In CI nothing here may be left out.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from audience_impact.site import build
from audience_impact.store import versions
from tests import tools

pytestmark = [pytest.mark.service, pytest.mark.nightly]

KINDS = {
    "home": "index.html",
    "all": "all.html",
    "restriction": "restriction/RU-2025-08-13-calls.html",
    "no estimate": "restriction/RU-2024-08-12-adsense.html",
    "country": "area/RU.html",
    "region": "area/002.html",
    "world": "area/001.html",
    "platform": "platform/whatsapp.html",
    "lists": "browse.html",
    "method": "method.html",
    "glossary": "glossary.html",
    "data": "data.html",
}
NARROW, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
ALONE = {"preload": False, "resultTypes": ["violations"], "selectors": False}
"""axe would fetch the style sheet once more, which the policy of the pages forbids; and it need not
find the address of each of the thousands of elements that break no rule."""
SEEN = {"runOnly": ["color-contrast", "link-in-text-block", "scrollable-region-focusable",
                    "target-size"]}  # fmt: skip
"""What a page looks like; all other rules ask what it holds, whatever its colours and width."""
GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def report(repository_published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the repository's facts."""
    into = tmp_path_factory.mktemp("report") / "pages"
    folder, _ = build.publish_version(
        versions.find_latest(repository_published), repository_published, into
    )
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as the machine has it."""
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=tools.program("chromium"))
        yield opened
        opened.close()


class Seen:
    """A reader who looks at the report, and what the browser did for it."""

    def __init__(self, browser: Browser, report: Path) -> None:
        self.browser, self.report = browser, report
        self.drawn_kinds: list[str] = []
        self.complaints: list[str] = []
        self.contexts: list[BrowserContext] = []

    def open(self, path: str, **options: Any) -> Page:
        context = self.browser.new_context(**{"viewport": WIDE} | options)
        self.contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: self.drawn_kinds.append(request.url))
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto((self.report / path).as_uri())
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        outside = [url for url in self.drawn_kinds if not url.startswith(self.report.as_uri())]
        assert (outside, self.complaints) == ([], [])


@pytest.fixture
def seen(browser: Browser, report: Path) -> Iterator[Seen]:
    """A reader; at the end nothing was asked for outside the folder, and nothing complained of."""
    reader = Seen(browser, report)
    yield reader
    reader.close()


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_page_is_accessible_in_light_and_dark_and_fits(kind: str, seen: Seen) -> None:
    for scheme, size, rules in (("light", WIDE, {}), ("dark", NARROW, SEEN)):
        page = seen.open(KINDS[kind], color_scheme=scheme, viewport=size)
        assert overflow(page) <= 0, (kind, size)
        told = [
            (one["id"], one["impact"], [node["html"][:200] for node in one["nodes"][:3]])
            for one in Axe().run(page, options=ALONE | rules).response["violations"]
            if one["impact"] in GRAVE
        ]
        assert told == [], (kind, scheme)


def rows(page: Page) -> list[str]:
    """The ids of the restrictions that a page shows."""
    script = "rows => rows.filter(row => row.offsetParent !== null).map(row => row.dataset.id)"
    found: list[str] = page.eval_on_selector_all("table.restrictions tbody tr", script)
    return found


def test_search_filters_and_sorting_work(seen: Seen) -> None:
    page = seen.open(KINDS["all"])
    everything, rest = rows(page), page.locator("tr[hidden]").count()
    assert len(everything) > 100
    page.get_by_label("Search").fill("russia calls")
    assert rows(page) == ["RU-2025-08-13-calls"]
    assert "1 of" in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="Show all again").click()
    expect(page.locator("tr[hidden]")).to_have_count(rest)
    assert rows(page) == everything
    page.locator("select[name=country]").select_option("NG")
    of_nigeria = rows(page)
    assert of_nigeria
    assert all(one.startswith("NG-") for one in of_nigeria)
    page.locator("select[name=country]").select_option("?")
    head = page.locator("th[data-by=size]")
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")  # by keyboard, as by mouse
    assert head.get_attribute("aria-sort") == "descending"
    sizes = page.eval_on_selector_all(
        "table.restrictions tbody tr", "rows => rows.map(row => Number(row.dataset.size))"
    )
    assert sizes == sorted(sizes, reverse=True)


def test_without_javascript_everything_can_be_read_and_reached(seen: Seen) -> None:
    page = seen.open(KINDS["all"], java_script_enabled=False)
    assert page.locator("form.filters").is_hidden()
    assert page.locator("table.restrictions tbody tr").count() > 100
    page.get_by_role("link", name="Countries, platforms, years").click()
    page.get_by_role("link", name="Nigeria", exact=True).first.click()
    assert "Nigeria" in page.locator("h1").inner_text()
    page.locator("main a[href*='restriction/NG-2021-06-']").first.click()
    assert page.locator("h1").inner_text() == "Nigeria: Twitter"  # as it was called then
    assert page.locator(".answer").inner_text().startswith("About 7 million people in ")


def test_the_home_page_leads_to_what_is_searched_by_names_of_any_language(seen: Seen) -> None:
    page = seen.open(KINDS["home"])
    page.get_by_label("Find a restriction").fill("turkey")
    page.keyboard.press("Enter")
    page.wait_for_url("**/all.html#words=turkey")
    assert len(rows(page)) > 5
    assert all(name.startswith("TR-") for name in rows(page))
    search = page.get_by_label("Search")
    search.fill("shutdown in birma")
    assert rows(page)
    assert all(name.startswith("MM-") for name in rows(page))


@pytest.mark.parametrize(
    ("typed", "searched", "begins"),
    [
        ("nigera", "nigeria", "NG-"),
        ("turkye", "turkiye", "TR-"),
        ("watsapp", "whatsapp", ""),
        ("nigera twiter", "nigeria twitter", "NG-2021-06-05-twitter"),
        ("facebok uganda 2099", "facebook uganda", "UG-"),
    ],
)
def test_search_mends_spelling_and_says_what_it_searched(
    typed: str, searched: str, begins: str, seen: Seen
) -> None:
    page = seen.open(KINDS["all"])
    page.get_by_label("Search").fill(typed)
    said = page.get_by_role("status").inner_text()
    assert said.startswith(f"Nothing fits “{typed}”. Searched instead for “{searched}”: ")
    assert rows(page)
    assert all(name.startswith(begins) for name in rows(page))


def test_search_never_leaves_an_empty_table(seen: Seen) -> None:
    page = seen.open(KINDS["all"])
    everything = rows(page)
    page.get_by_label("Search").fill("atlantis")
    said = page.get_by_role("status").inner_text()
    assert said.startswith("Nothing on record fits “atlantis”. All are listed: ")
    assert rows(page) == everything
    page.get_by_label("Search").fill("nigeria")
    page.locator("select[name=country]").select_option("RU")
    assert "Searched instead for “nigeria” without the choices" in (
        page.get_by_role("status").inner_text()
    )
    assert rows(page)
    assert all(name.startswith("NG-") for name in rows(page))


@pytest.mark.parametrize("kind", ["home", "country"])
def test_a_country_is_picked_by_a_name_in_any_language_or_without_javascript(
    kind: str, seen: Seen
) -> None:
    page = seen.open(KINDS[kind])
    page.locator(".picker summary").click()
    page.locator(".picker input").fill("burma")
    assert page.locator(".picker li:visible").all_inner_texts() == ["Myanmar"]
    page.locator(".picker input").fill("atlantis")
    assert page.locator(".picker [role=status]").inner_text().startswith("No area on record")
    page.locator(".picker input").fill("turkye")
    assert page.locator(".picker [role=status]").inner_text() == "Searched for “turkiye”."
    page.keyboard.press("Enter")
    page.wait_for_url("**/area/TR.html")
    plain = seen.open(KINDS[kind], java_script_enabled=False)
    plain.locator(".picker summary").click()
    plain.locator(".picker").get_by_role("link", name="Türkiye").click()
    plain.wait_for_url("**/area/TR.html")


def test_the_map_has_a_slider_of_years(seen: Seen) -> None:
    page = seen.open(KINDS["world"])
    russia = page.locator("figure.map a[href$='RU.html'] path")
    before = russia.get_attribute("fill"), russia.locator("title").text_content()
    page.get_by_role("slider", name="Year").focus()
    page.keyboard.press("Home")
    assert page.locator(".slider output").inner_text() == "2013"
    assert russia.get_attribute("fill") == "var(--map-none)"
    assert (russia.get_attribute("fill"), russia.locator("title").text_content()) != before


def test_chart_and_table_are_tabs_that_fit_the_column(seen: Seen) -> None:
    page = seen.open(KINDS["country"])
    box = page.locator(".tabs").first
    column = page.locator("main").bounding_box()
    figure = box.locator("figure").bounding_box()
    assert column is not None
    assert figure is not None
    assert figure["width"] == column["width"]
    table = box.get_by_role("tab", name="Table")
    assert box.locator("table").is_hidden()
    table.click()
    assert box.locator("table").is_visible()
    assert box.locator("figure").is_hidden()
    page.keyboard.press("ArrowLeft")
    assert box.locator("figure").is_visible()


def test_no_page_is_wider_than_a_phone_and_none_is_endless(seen: Seen) -> None:
    for path in KINDS.values():
        page = seen.open(path, viewport=NARROW)
        assert overflow(page) <= 0, path
        boxes = page.eval_on_selector_all(
            ".scroll", "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).length"
        )
        assert boxes == 0 or path in ("method.html", "data.html"), path


@pytest.mark.parametrize("width", [768, 1280])
def test_numbers_and_days_of_a_table_stay_on_one_line(width: int, seen: Seen) -> None:
    broken = """cells => cells.filter(cell => {
        const range = document.createRange()
        range.selectNodeContents(cell)
        return new Set([...range.getClientRects()].map(box => Math.round(box.bottom))).size > 1
    }).map(cell => cell.innerText)"""
    for path, cells in (
        (KINDS["all"], ".restrictions td.n small, .restrictions td.day"),
        (KINDS["country"], ".others td.n"),
    ):
        page = seen.open(path, viewport={"width": width, "height": 900})
        assert page.locator(cells).count() > 10
        assert page.eval_on_selector_all(cells, broken) == []
        assert page.eval_on_selector_all(
            ".scroll", "boxes => boxes.filter(box => box.scrollWidth > box.clientWidth + 1).length"
        ) == 0  # fmt: skip


def test_names_of_tables_are_not_cut_within_a_word(seen: Seen) -> None:
    for size in (NARROW, WIDE):
        page = seen.open(KINDS["data"], viewport=size)
        heights = page.eval_on_selector_all(
            ".columns.long li", "items => items.map(item => item.clientHeight)"
        )
        assert len(heights) > 20
        assert len(set(heights)) == 1


def test_a_page_prints_whole(seen: Seen, tmp_path: Path) -> None:
    page = seen.open(KINDS["restriction"])
    page.emulate_media(media="print")
    assert page.locator("nav").first.is_hidden()
    page.pdf(path=tmp_path / "printed.pdf", format="A4")
    assert (tmp_path / "printed.pdf").read_bytes().startswith(b"%PDF")


def test_every_page_is_valid_html(report: Path) -> None:
    pages = sorted(report.rglob("*.html"))
    assert len(pages) > 200
    command = [*tools.vnu(), "--format", "json", "--exit-zero-always"]
    done = subprocess.run([*command, *map(str, pages)], capture_output=True, text=True, check=True)
    told = [
        f"{Path(one.get('url', '')).name}: {one['message']}"
        for one in json.loads(done.stderr)["messages"]
        if one["type"] == "error"
    ]
    assert told == []
