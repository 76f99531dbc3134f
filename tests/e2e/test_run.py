"""``edgepi run`` and what surrounds it: a second node, signals, a world that goes away, systemd."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from edgepi.runtime.safemode import FLAG_NAME
from tests.throwaway import install

from .living import COMMAND, Living, world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def refused(living: Living, *arguments: str, code: int) -> str:
    """Try to run a node and return what it says instead."""
    done = subprocess.run(
        [*COMMAND, "run", "--config", living.config, *arguments],
        capture_output=True,
        text=True,
        env=living.env,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_a_second_node_is_sent_away_and_the_first_lives_on(living: Living) -> None:
    living.start()
    living.measures_weather()
    said = refused(living, "--world", str(living.socket), code=4)
    assert f"another node is running in {living.state_dir}" in said
    assert living.plugin("weather") == ("enabled", "")


def test_what_cannot_be_started_says_why_in_a_line(living: Living, tmp_path: Path) -> None:
    assert "nowhere.sock" in refused(living, "--world", str(tmp_path / "nowhere.sock"), code=4)
    assert not (living.state_dir / FLAG_NAME).exists(), "a world that is not there is no crash"
    file = tmp_path / "a-file"
    file.touch()
    said = refused(living, "--state-dir", str(file / "state"), code=4)
    assert "cannot be used: Not a directory" in said
    living.config.write_bytes(b"node: \xff\xfe")
    assert re.search(r"edgepi\.yaml:1:\d+: ", refused(living, code=1))
    living.config.unlink()
    assert "no configuration file at" in refused(living, code=4)


def test_a_stop_during_a_slow_start_ends_it_in_order_and_counts_as_no_crash(living: Living) -> None:
    for name, code in {
        "slow_import": "import time\nPath = __import__('pathlib').Path\nPath(FILE).touch()\ntime.sleep(60)",
        "slow_start": NOTIFIER,
    }.items():
        mark = living.config.parent / name
        install(living.site, name, code.replace("FILE", repr(str(mark))))
        living.configure(f"  {name}: {{}}\n")
        living.start()
        living.until("the slow part", mark.exists)
        begun_s = time.monotonic()
        assert living.end(signal.SIGTERM) == 0, living.said()
        assert time.monotonic() - begun_s < 30
        assert "Traceback" not in living.said()
        assert not (living.state_dir / FLAG_NAME).exists()


NOTIFIER = """
import asyncio
from pathlib import Path

class Slow(Notifier):
    name = "slow"
    async def start(self):
        Path(FILE).touch()
        await asyncio.sleep(60)
    async def notify(self, title, message): pass
    async def stop(self): pass

@hookimpl
def notifiers(): return [Slow()]
"""


def test_what_has_not_begun_when_the_stop_comes_is_not_begun(living: Living) -> None:
    hook, later = living.config.parent / "hook", living.config.parent / "later"
    code = "import time\nfrom pathlib import Path\n@hookimpl\ndef cards():\n    Path(FILE).touch()\n"
    install(
        living.site, "slow_hook", (code + "    time.sleep(3)\n    return []").replace("FILE", repr(str(hook)))
    )
    install(living.site, "slow_start", NOTIFIER.replace("FILE", repr(str(later))))
    living.configure("  slow_hook: {}\n  slow_start: {}\n")
    living.start()
    living.until("the slow hook", hook.exists)
    assert living.end(signal.SIGTERM) == 0
    assert not later.exists()


def test_a_hangup_without_a_terminal_is_answered_and_survived(living: Living) -> None:
    living.start()
    living.measures_weather()
    assert living.process is not None
    living.process.send_signal(signal.SIGHUP)
    living.until("the answer", lambda: "restart the node to apply" in living.said())
    assert living.plugin("weather") == ("enabled", "")
    assert living.end(signal.SIGINT) == 0


def test_a_world_that_goes_away_ends_its_node_with_a_line(tmp_path: Path) -> None:
    with world() as path:
        living = Living(tmp_path, path)
        living.start()
        living.measures_weather()
    assert living.ended() == 0
    assert "stopping: the simulated world has gone away" in living.said()
    assert "Traceback" not in living.said()


def test_a_service_manager_hears_of_the_start_of_life_and_of_the_end(living: Living) -> None:
    address = living.config.parent / "notify"
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.setblocking(False)

        def hear(word: str) -> bool:
            try:
                while True:
                    heard.append(manager.recv(4096).decode())
            except BlockingIOError:
                return any(word in message.splitlines() for message in heard)

        living.start(NOTIFY_SOCKET=str(address), WATCHDOG_USEC="1000000")
        living.until("READY", lambda: hear("READY=1"))
        before = len(heard)
        living.until("WATCHDOG", lambda: hear("WATCHDOG=1") and len(heard) >= before + 2)
        assert living.end() == 0
        assert hear("STOPPING=1")
    ready = next(i for i, message in enumerate(heard) if "READY=1" in message.splitlines())
    stopping = next(i for i, message in enumerate(heard) if "STOPPING=1" in message.splitlines())
    assert any("EXTEND_TIMEOUT_USEC=" in message for message in heard[:ready])
    assert "WATCHDOG=1" in heard[ready + 1 : stopping]
    assert any("STATUS=stopping web" in message for message in heard[stopping:])
