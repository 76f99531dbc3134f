"""What every test runs under: a blocking call in the event loop fails it."""

from __future__ import annotations

import csv
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from blockbuster import BlockBuster

from edgepi.plugin import kept
from tests.disks import mount, unmount

Trace = list[tuple[datetime, float | None]]

PLUGINS = Path(__file__).parent.parent / "plugins"
SCANNED = ["edgepi", *sorted(path.parent.name for path in PLUGINS.glob("edgepi_*/__init__.py"))]

# Tests of these start container engines, registries and chains: heavy, and slow beside each other.
JOBS = ("tests/compute/", "tests/e2e/iexec/", "tests/plugins/iexec/")

# The world lives in a process of its own, and tests in theirs.
OWN_PROCESS = ["edgepi.testing", "edgepi.sim"]

RECURSION_LIMIT = sys.getrecursionlimit()

# What Python itself does when code is imported or an exception is put into words.
UNAVOIDABLE = (
    ("<frozen importlib._bootstrap>", {"_find_and_load"}),
    ("importlib/util.py", {"find_spec"}),
    ("<frozen importlib.util>", {"find_spec"}),
    ("linecache.py", {"updatecache", "checkcache"}),
    ("logging/__init__.py", {"emit", "flush", "close"}),
    ("_pytest/logging.py", {"emit"}),
)


def pytest_configure(config: pytest.Config) -> None:
    """Let the processes that tests start hear signals, also where a script in the background ignores them.

    A signal that is ignored stays so in children; one that has a handler does not. Of several processes that
    run tests, each writes a log of its own.
    """
    worker, log = os.environ.get("PYTEST_XDIST_WORKER"), config.option.log_file
    if worker and log:
        config.option.log_file = str(Path(log).with_stem(f"{Path(log).stem}-{worker}"))
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: lambda *_: None}
    for number, handler in handlers.items():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Share tests out by files; all that start engines and chains are one lot, for one process."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Lots(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return "jobs" if nodeid.startswith(JOBS) else super()._split_scope(nodeid)

    return Lots(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among the thousands of tests that are gathered: all of them stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def blockbuster() -> BlockBuster:
    """Make what finds blocking calls, once: that takes longer than many a test."""
    made = BlockBuster(SCANNED, excluded_modules=OWN_PROCESS)
    # A look at a local file takes microseconds, and the standard library looks everywhere.
    del made.functions["os.stat"]
    for function in made.functions.values():
        for file, names in UNAVOIDABLE:
            function.can_block_in(file, names)
    return made


@pytest.fixture(autouse=True)
def blocking_calls(blockbuster: BlockBuster) -> Iterator[BlockBuster]:
    """Fail a test when code of ours or of a plugin blocks the event loop; what one allows is for it alone."""
    allowed = [
        (each.can_block_functions, len(each.can_block_functions)) for each in blockbuster.functions.values()
    ]
    blockbuster.activate()
    yield blockbuster
    blockbuster.deactivate()
    for places, count in allowed:
        del places[count:]


@pytest.fixture(scope="session", autouse=True)
def disk_at_once() -> Iterator[None]:
    """Wait for no disk: no test cuts its power, and the end of a process loses nothing that was written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        patch.setattr(kept, "SYNCHRONOUS", "OFF")
        yield


@pytest.fixture(autouse=True)
def recursion_limit() -> None:
    """Undo what a package below `eth_account` does on import: at its limit deep nesting ends the process."""
    sys.setrecursionlimit(RECURSION_LIMIT)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a disk of 256 kB."""
    directory = tmp_path / "disk"
    directory.mkdir()
    try:
        mount(directory)
    except (OSError, subprocess.CalledProcessError):
        if os.environ.get("CI"):
            raise  # where everything counts, a disk that cannot be mounted is a fault
        pytest.skip("may not mount a small disk")
    yield directory
    unmount(directory)


@pytest.fixture(scope="session")
def measured_data() -> Path:
    """Return the folder with measured traces; tests that use it are marked `measured`."""
    named = os.environ.get("EDGEPI_TEST_DATA")
    if not named:
        pytest.skip("EDGEPI_TEST_DATA does not name the folder with measured traces")
    return Path(named)


@pytest.fixture(scope="session")
def trace(measured_data: Path) -> Callable[[str, str], Trace]:
    """Return what reads one column of one file: (time, value), None where a sample is missing."""

    def read(file: str, column: str) -> Trace:
        with (measured_data / file).open(newline="", encoding="utf-8") as lines:
            return [
                (datetime.fromisoformat(row["time_utc"]), float(row[column]) if row[column] else None)
                for row in csv.DictReader(lines)
            ]

    return read
