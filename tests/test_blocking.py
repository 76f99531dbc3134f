from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from blockbuster import BlockingError

from edgepi.files import atomic_write


async def test_a_blocking_call_of_ours_in_the_loop_fails_a_test(tmp_path: Path) -> None:
    with pytest.raises(BlockingError):
        atomic_write(tmp_path / "file", "text")


async def test_the_same_call_in_a_thread_is_fine(tmp_path: Path) -> None:
    await asyncio.to_thread(atomic_write, tmp_path / "file", "text")
    assert (tmp_path / "file").read_text() == "text"


def test_the_same_call_without_a_loop_is_fine(tmp_path: Path) -> None:
    atomic_write(tmp_path / "file", "text")
    assert (tmp_path / "file").exists()
