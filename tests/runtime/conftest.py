from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.throwaway import install

MakeDist = Callable[..., str]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a directory on ``sys.path`` whose packages are forgotten after the test."""
    directory = tmp_path / "site"
    directory.mkdir()
    monkeypatch.syspath_prepend(str(directory))
    before = set(sys.modules)
    yield directory
    for name in set(sys.modules) - before:
        origin = getattr(sys.modules[name], "__file__", None) or ""
        if origin.startswith(str(directory)):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def make_dist(site: Path) -> MakeDist:
    """Make throwaway distributions of one plugin each; returns the plugin's name."""

    def make(name: str, code: str = "", **more: Any) -> str:
        install(site, name, code, **more)
        importlib.invalidate_caches()
        return name

    return make
