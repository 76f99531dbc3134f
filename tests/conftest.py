"""What every test runs under: a blocking call in the event loop fails it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

PLUGINS = Path(__file__).parent.parent / "plugins"
SCANNED = ["edgepi", *sorted(path.parent.name for path in PLUGINS.glob("edgepi_*/__init__.py"))]

# The world lives in a process of its own, and tests in theirs.
OWN_PROCESS = ["edgepi.testing", "edgepi.sim"]

# What Python itself does when code is imported or an exception is put into words.
UNAVOIDABLE = (
    ("<frozen importlib._bootstrap>", {"_find_and_load"}),
    ("importlib/util.py", {"find_spec"}),
    ("<frozen importlib.util>", {"find_spec"}),
    ("linecache.py", {"updatecache", "checkcache"}),
    ("logging/__init__.py", {"emit", "flush", "close"}),
    ("_pytest/logging.py", {"emit"}),
)


@pytest.fixture(autouse=True)
def blocking_calls() -> Iterator[BlockBuster]:
    """Fail a test when code of ours or of a plugin blocks the event loop."""
    with blockbuster_ctx(SCANNED, excluded_modules=OWN_PROCESS) as blockbuster:
        # A look at a local file takes microseconds, and the standard library looks everywhere.
        blockbuster.functions["os.stat"].deactivate()
        for function in blockbuster.functions.values():
            for file, names in UNAVOIDABLE:
                function.can_block_in(file, names)
        yield blockbuster
