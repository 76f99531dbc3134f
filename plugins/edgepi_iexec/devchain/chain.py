"""The node of a local chain as a process: started on loopback, never left behind."""

from __future__ import annotations

import contextlib
import gzip
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgepi.errors import ChainError, EdgePiError
from edgepi.files import atomic_write
from edgepi_iexec.devchain.rpc import Rpc

__all__ = ["Anvil", "ChainOptions", "ChainProcess", "Program"]

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0

# A shell holds the node on a leash: when whoever holds the other end of its standard input is gone,
# however it went, the node goes too.
LEASH = 'exec 3<&0; "$@" </dev/null 3<&- & node=$!; (cat <&3 >/dev/null; kill $node 2>/dev/null) & wait $node'


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainOptions:
    """How a chain behaves; *begin_s* is its first block's time, seconds since 1970."""

    chain_id: int
    begin_s: int
    port: int = 0
    free_gas: bool = True


class Program(Protocol):
    """A node that can be started."""

    @property
    def keeps_state(self) -> bool:
        """Whether the chain can be kept from start to start."""

    def hold_time(self, rpc: Rpc) -> None:
        """Make the chain's time stand still between blocks, so that only we move it."""

    def command(self, options: ChainOptions, port: int, folder: Path) -> Sequence[str]:
        """Return what to run; writes into *folder* what it needs. Blocks."""


@dataclass(frozen=True, slots=True)
class Anvil:
    """Foundry's node."""

    executable: Path
    keeps_state: bool = True

    def hold_time(self, rpc: Rpc) -> None:
        """Make the chain's time stand still between blocks."""
        rpc("anvil_setBlockTimestampInterval", 0)

    def command(self, options: ChainOptions, port: int, folder: Path) -> Sequence[str]:
        """Return the command line; the chain kept in *folder* is continued."""
        state = folder / ChainProcess.STATE
        return (
            str(self.executable),
            *("--host", "127.0.0.1", "--port", str(port), "--quiet"),
            *("--chain-id", str(options.chain_id), "--accounts", "20", "--prune-history", "32"),
            *(("--gas-price", "0", "--base-fee", "0") if options.free_gas else ()),
            *(("--load-state", str(state)) if state.exists() else ()),
            *("--timestamp", str(options.begin_s)),  # else a continued chain takes the machine's time
        )


class ChainProcess:
    """One node's process in a folder of its own; every method blocks."""

    STATE = "chain.json"
    LOG = "node.log"

    def __init__(self, program: Program, options: ChainOptions, folder: Path) -> None:
        self._program = program
        self._options = options
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._rpc: Rpc | None = None
        self._port = options.port
        self._saving = threading.Lock()

    @property
    def rpc(self) -> Rpc:
        """The way to ask it; raises ChainError while it is not started."""
        if self._rpc is None:
            raise ChainError("the local chain is not started")
        return self._rpc

    @property
    def keeps_state(self) -> bool:
        """Whether `save` keeps the chain for the next start."""
        return self._program.keeps_state

    @property
    def kept(self) -> bool:
        """Whether there is a chain to continue."""
        return self.keeps_state and (self._folder / self.STATE).is_file()

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Rpc:
        """Start it and wait until it answers; a free port is kept for later starts. Raises ChainError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        port = self._port or _free_port()
        self._launch(port)
        try:
            rpc = self._await(port)
            self._program.hold_time(rpc)
        except ChainError:
            self.kill()
            raise
        self._rpc, self._port = rpc, port
        return rpc

    def _launch(self, port: int) -> None:
        command = self._program.command(self._options, port, self._folder)
        try:
            with (self._folder / self.LOG).open("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603 (a fixed command)
                    ["/bin/sh", "-c", LEASH, "leash", *command],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    cwd=self._folder,
                    start_new_session=True,
                )
        except OSError as error:
            raise ChainError(f"the local chain cannot be started: {error}") from error

    def _await(self, port: int) -> Rpc:
        rpc = Rpc(port)
        attempts = int(START_TIMEOUT_S / 0.05)
        for _ in range(attempts):
            if not self.running:
                said = (self._folder / self.LOG).read_text(errors="replace").strip()
                raise ChainError(f"the local chain did not start: {said[-300:] or 'it said nothing'}")
            with contextlib.suppress(ChainError):
                if int(rpc("eth_chainId"), 16) == self._options.chain_id:
                    return rpc
            time.sleep(0.05)
        raise ChainError(f"the local chain did not answer within {START_TIMEOUT_S:.0f} s")

    def healthy(self) -> bool:
        """Whether the process lives and answers."""
        if not self.running:
            return False
        try:
            return int(self.rpc("eth_chainId"), 16) == self._options.chain_id
        except ChainError:
            return False

    def save(self) -> None:
        """Keep the chain as it is now, for the next start; raises ChainError or OSError."""
        if not self.keeps_state:
            return
        with self._saving:  # of two at a time the one that looked first must not write last
            packed = bytes.fromhex(self.rpc("anvil_dumpState")[2:])
            atomic_write(self._folder / self.STATE, gzip.decompress(packed), 0o600)

    def forget(self) -> None:
        """Set the kept chain aside, so that the next start begins a new one."""
        state = self._folder / self.STATE
        if state.exists():
            state.replace(state.with_suffix(".old.json"))

    def stop(self) -> None:
        """Keep the chain if it can be, and end the process."""
        if self.healthy():
            with contextlib.suppress(EdgePiError, OSError):
                self.save()
        self.kill()

    def kill(self) -> None:
        """End the process without keeping anything, as a power cut would."""
        process, self._process, self._rpc = self._process, None, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
