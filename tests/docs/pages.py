"""The pages of the documentation and what is in them."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["DOCS", "ROOT", "code_blocks", "links", "pages", "section", "text_of"]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def pages() -> list[Path]:
    """Every page that people read."""
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def text_of(name: str) -> str:
    """The text of one page under docs."""
    return (DOCS / name).read_text(encoding="utf-8")


def links(page: Path) -> list[str]:
    """Targets of the links and pictures of a page, without what lies on other sites."""
    prose = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [target for target in _LINK.findall(prose) if "://" not in target and "mailto:" not in target]


def code_blocks(text: str) -> list[tuple[str, str]]:
    """Language and code of every block."""
    return _FENCE.findall(text)


def section(text: str, title: str) -> str:
    """What stands below ``## title``; a page without it fails the test."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"there is no section {title!r}"
    return found[1]
