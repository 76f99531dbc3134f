"""A start leaves some work for later, and later it is done."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from edgepi.runtime.haste import hurried


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_no_garbage_is_looked_for_until_the_start_is_done() -> None:
    with hurried() as settled:
        assert not gc.isenabled()
        settled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0


def test_a_start_that_fails_leaves_the_collector_on() -> None:
    with pytest.raises(OSError, match="full"), hurried():
        raise OSError("full")
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


_HURRIED = """
from edgepi.runtime.certificates import LateContext
from edgepi.runtime.haste import hurried
with hurried():
    import aiohttp.connector
assert isinstance(aiohttp.connector._SSL_CONTEXT_VERIFIED, LateContext)
"""


def test_a_start_reads_no_certificates() -> None:
    done = subprocess.run([sys.executable, "-c", _HURRIED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
