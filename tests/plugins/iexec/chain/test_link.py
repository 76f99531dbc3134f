from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import ClientSession

from edgepi.errors import ChainError, PluginError, WalletError
from edgepi.plugin import Message
from edgepi.testing.clock import ManualClock
from edgepi_iexec.chain.link import ChainLink, Key
from edgepi_iexec.chain.settings import ChainSettings

ADDRESS = "0x" + "ab" * 20
KEY = Key('{"address": "' + "AB" * 20 + '"}', "word")
URLS = ("http://one.test", "http://two.test")


class FakeChild:
    """A process in memory; *away* are the nodes that it cannot reach."""

    def __init__(self) -> None:
        self.alive = False
        self.starts = 0
        self.asked: list[str] = []
        self.url = ""
        self.away: set[str] = set()
        self.address: str | None = ADDRESS
        self.fail: Exception | None = None
        self.on_end: Callable[[], None] = lambda: None

    async def ask(self, message: Message, *, timeout_s: float) -> Message:
        if not self.alive:
            self.alive, self.starts = True, self.starts + 1
        self.asked.append(message.kind)
        if self.fail is not None:
            self.alive = False
            self.on_end()
            raise self.fail
        if message.kind == "open":
            self.url = message.fields["rpc"]
            return Message("answer", {"result": self.address})
        if self.url in self.away:
            return Message("refused", {"kind": "unreachable", "text": "away", "hint": None})
        return Message("answer", {"result": self.url})

    async def stop(self) -> None:
        self.alive = False
        self.on_end()


class Bench:
    def __init__(self, clock: ManualClock) -> None:
        self.child = FakeChild()
        settings = ChainSettings(rpc_urls=URLS, hub="0x" + "22" * 20, idle_s=60.0)
        self.link = ChainLink(settings, key=KEY, child=self._child, session=self._session, clock=clock)

    def _child(
        self,
        target: str,
        *,
        name: str,
        on_push: Callable[[Message], None] | None = None,
        on_end: Callable[[], None] | None = None,
    ) -> FakeChild:
        assert target == "edgepi_iexec.chain.process:serve"
        assert on_end is not None
        self.child.on_end = on_end
        return self.child

    async def _session(self) -> ClientSession:
        raise AssertionError("nothing here asks a node itself")


@pytest.fixture
async def bench(manual_clock: ManualClock) -> AsyncIterator[Bench]:
    made = Bench(manual_clock)
    yield made
    await made.link.close()


async def test_nothing_is_started_before_it_is_needed(bench: Bench) -> None:
    assert not bench.link.loaded
    assert await bench.link.ask("view", "viewTask") == URLS[0]
    assert bench.link.loaded
    assert bench.child.asked == ["open", "view"]


async def test_it_ends_when_it_was_idle_and_starts_again(bench: Bench, manual_clock: ManualClock) -> None:
    await bench.link.ask("view", "viewTask")
    await manual_clock.advance(40.0)
    await bench.link.ask("view", "viewTask")
    await manual_clock.advance(40.0)
    assert bench.link.loaded
    await manual_clock.advance(20.0)
    assert not bench.link.loaded
    await bench.link.ask("view", "viewTask")
    assert bench.child.starts == 2
    assert bench.child.asked == ["open", "view", "view", "open", "view"]
    await manual_clock.advance(60.0)
    assert not bench.link.loaded


async def test_one_that_died_is_told_everything_again(bench: Bench) -> None:
    await bench.link.ask("view", "viewTask")
    bench.child.fail = PluginError("it died")
    with pytest.raises(ChainError, match="it died"):
        await bench.link.ask("view", "viewTask")
    bench.child.fail = None
    await bench.link.ask("view", "viewTask")
    assert bench.child.asked[-2:] == ["open", "view"]


async def test_one_that_died_while_nobody_asked_is_told_everything_again(bench: Bench) -> None:
    await bench.link.ask("view", "viewTask")
    await bench.child.stop()
    await bench.link.ask("view", "viewTask")
    assert bench.child.asked == ["open", "view", "open", "view"]


async def test_a_hung_process_is_a_chain_that_cannot_be_asked(bench: Bench) -> None:
    bench.child.fail = TimeoutError("no answer")
    with pytest.raises(ChainError, match="no answer"):
        await bench.link.ask("view", "viewTask")


async def test_another_node_is_asked_where_one_is_away(bench: Bench) -> None:
    bench.child.away = {URLS[0]}
    assert await bench.link.ask("view", "viewTask") == URLS[1]
    bench.child.asked.clear()
    assert await bench.link.ask("view", "viewTask") == URLS[1]
    assert bench.child.asked == ["view"]


async def test_when_all_are_away_it_is_an_error(bench: Bench) -> None:
    bench.child.away = set(URLS)
    with pytest.raises(ChainError, match="away"):
        await bench.link.ask("view", "viewTask")


async def test_a_file_that_names_another_wallet_is_refused(bench: Bench) -> None:
    bench.child.address = "0x" + "cd" * 20
    with pytest.raises(WalletError, match="its key is that of"):
        await bench.link.ask("sign_raw", "sign")
    assert not bench.link.loaded


@pytest.mark.parametrize(
    "keystore", ["", "[]", "{}", "[" * 100_000, '{"address": "12"}', '{"address": 5}', "null"]
)
def test_a_file_that_is_no_wallet_is_refused(keystore: str) -> None:
    with pytest.raises(WalletError, match="no wallet"):
        Key(keystore, "word")


def test_a_key_shows_neither_its_file_nor_its_password() -> None:
    assert repr(KEY) == f"Key({ADDRESS})"
    assert "word" not in f"{KEY} {[KEY]}"


async def test_no_core_file_is_written_of_the_process_that_has_the_key() -> None:
    tell = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    hide = "from edgepi_iexec.chain.process import keep_memory_private; keep_memory_private()"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"{tell}; {hide}; {tell}", stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    assert said.split() == [b"1", b"0"]
