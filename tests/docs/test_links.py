"""Links lead somewhere, and everything can be found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, links, pages

PICTURE_MAX = 300_000


def anchors(page: Path) -> set[str]:
    """Names of the headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{link}: there is no such heading"


def test_every_file_of_the_documentation_can_be_reached() -> None:
    index = [ROOT / "README.md", DOCS / "README.md"]
    reached = {(page.parent / link.partition("#")[0]).resolve() for page in index for link in links(page)}
    shown = {(page.parent / link).resolve() for page in pages() for link in links(page) if ".png" in link}
    files = {file for file in DOCS.rglob("*") if file.is_file()} - set(index)
    assert files - reached - shown == set()


def test_pictures_are_small() -> None:
    pictures = {file.name: file.stat().st_size for file in DOCS.rglob("*.png")}
    assert pictures
    assert max(pictures.values()) < PICTURE_MAX
