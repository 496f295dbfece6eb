"""The feed of the report: valid, equal on every build, and of what changed between versions."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from lxml import etree

from audience_impact.site import build
from audience_impact.site.rendering import FEED
from audience_impact.store import AwayError, versions
from flows.pipeline import steps
from tests.support import AS_OF, computed, edit
from tests.unit.test_odd_worlds import calibrated

GRAMMAR = Path(__file__).with_name("atom.rng")
ATOM = {"a": "http://www.w3.org/2005/Atom"}
MARKUP = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions: the second has twice as many users of a service, and one more restriction."""
    folder = tmp_path_factory.mktemp("feed")
    before = calibrated().restrict("R1", "alpha").restrict("R2", "beta")
    publish(Path(before.write(folder / "before")), folder / "published")
    after = calibrated().restrict("R1", "alpha").restrict("R3", "beta")
    edited = Path(after.write(folder / "after"))
    edit(edited, "estimates", "A", value="150000")
    edit(edited, "platforms", "alpha", name=MARKUP)
    publish(edited, folder / "published")
    return folder / "published"


def publish(facts: Path, root: Path) -> None:
    steps.publish_results(computed(facts), root, None)


def read(folder: Path, root: Path, version: versions.Stored) -> etree._ElementTree:
    build.publish_version(version, root, folder)
    return etree.parse(folder / FEED)


def titles(feed: etree._ElementTree) -> dict[str, str]:
    """The summary of each entry, by its title."""
    return {
        entry.findtext("a:title", namespaces=ATOM): entry.findtext("a:summary", namespaces=ATOM)
        for entry in feed.iterfind("a:entry", ATOM)
    }


@pytest.fixture(scope="module")
def pair(root: Path) -> tuple[versions.Stored, versions.Stored]:
    """The first and the last version."""
    last = versions.find_latest(root)
    return versions.find_previous(last)[0], last


@pytest.fixture(scope="module")
def feeds(
    root: Path,
    pair: tuple[versions.Stored, versions.Stored],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[etree._ElementTree]:
    """The feeds of the first and of the last version."""
    return [read(tmp_path_factory.mktemp("pages") / "pages", root, version) for version in pair]


def test_the_feed_is_valid_atom(feeds: list[etree._ElementTree]) -> None:
    grammar = etree.RelaxNG(etree.parse(GRAMMAR))
    for feed in feeds:
        grammar.assertValid(feed)
    broken = etree.ElementTree(etree.fromstring(etree.tostring(feeds[0])))
    broken.getroot().remove(broken.find("a:updated", ATOM))
    assert not grammar.validate(broken)


def test_without_a_version_before_the_feed_has_the_newest(feeds: list[etree._ElementTree]) -> None:
    assert [title.partition(":")[0] for title in titles(feeds[0])] == ["Land XA"] * 2
    assert feeds[0].findtext("a:subtitle", namespaces=ATOM).endswith("the newest restrictions.")


def test_the_feed_has_what_is_new_changed_and_no_longer_in_the_data(
    feeds: list[etree._ElementTree], pair: tuple[versions.Stored, versions.Stored]
) -> None:
    kinds = {title.partition(":")[0]: text for title, text in titles(feeds[1]).items()}
    assert set(kinds) == {"New", "Changed", "No longer in the data"}
    assert f"Version {pair[0].id} had about " in kinds["Changed"]
    assert kinds["No longer in the data"].endswith("no longer has the restriction R2.")


def test_ids_stay_and_dates_are_the_days_of_the_facts(feeds: list[etree._ElementTree]) -> None:
    ids = [{entry.findtext("a:id", namespaces=ATOM) for entry in feed.iterfind("a:entry", ATOM)}
           for feed in feeds]  # fmt: skip
    assert ids[0] < ids[1]  # R1 and R2 are in both, and R3 is new
    dates = {date.text for feed in feeds for date in feed.iterfind(".//a:updated", ATOM)}
    assert dates == {f"{AS_OF.isoformat()}T00:00:00+00:00"}


def test_markup_of_the_facts_is_text_in_a_reader(feeds: list[etree._ElementTree]) -> None:
    texts = titles(feeds[1])
    assert any(MARKUP in title for title in texts)
    assert not any(MARKUP in text for text in texts.values())
    assert any("&lt;script&gt;" in text for text in texts.values())


def test_a_second_build_writes_the_same_bytes(
    root: Path, pair: tuple[versions.Stored, versions.Stored], tmp_path: Path
) -> None:
    written = []
    for name in ("first", "second"):
        build.publish_version(pair[1], root, tmp_path / name)
        written.append((tmp_path / name / FEED).read_bytes())
    assert written[0] == written[1]


def test_every_page_leads_to_the_feed_and_every_entry_to_a_page(
    root: Path, pair: tuple[versions.Stored, versions.Stored], tmp_path: Path
) -> None:
    feed = read(tmp_path / "pages", root, pair[1])
    links, pages = feed.findall(".//a:link", ATOM), [*(tmp_path / "pages").rglob("*.html")]
    assert min(len(links), len(pages)) > 1
    for link in links:
        assert (tmp_path / "pages" / link.get("href")).is_file()
    for page in pages:
        up = "../" * (len(page.relative_to(tmp_path / "pages").parts) - 1)
        assert f'<link rel="alternate" href="{up}{FEED}" type="application/atom+xml"' in (
            page.read_text(encoding="utf-8")
        )


def test_a_version_before_of_an_older_form_is_as_none(
    root: Path,
    pair: tuple[versions.Stored, versions.Stored],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "audience_impact.site.feed.read_computed",
        lambda *_, **__: pd.DataFrame({"restriction_id": ["R1"], "people": [1.0]}),
    )
    feed = read(tmp_path / "pages", root, pair[1])
    assert feed.findtext("a:subtitle", namespaces=ATOM).endswith("the newest restrictions.")


def test_a_version_before_that_is_away_is_no_missing_version(
    root: Path,
    pair: tuple[versions.Stored, versions.Stored],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> pd.DataFrame:
        raise AwayError("the storage is away")

    monkeypatch.setattr("audience_impact.site.feed.read_computed", fail)
    with pytest.raises(AwayError):
        read(tmp_path / "pages", root, pair[1])


def test_a_version_before_that_is_damaged_is_as_none(
    root: Path, pair: tuple[versions.Stored, versions.Stored], tmp_path: Path
) -> None:
    both = Path(shutil.copytree(root, tmp_path / "published", symlinks=True))
    (both / "versions" / pair[0].name / "impact.parquet").write_bytes(b"damaged")
    feed = read(tmp_path / "pages", both, versions.find_latest(both))
    assert feed.findtext("a:subtitle", namespaces=ATOM).endswith("the newest restrictions.")
