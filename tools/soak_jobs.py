"""Paid jobs for a soak: engine, chain and pool beside the world, power cuts, and a look from outside."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from edgepi.compute.leftovers import end_all
from edgepi.errors import EdgePiError
from edgepi.sim.build import demo_config

__all__ = ["Jobs", "Standing", "beside_processes", "complaint", "node_processes"]

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "iexec"
REVEALED, REJECTED = 2, 3  # of a contribution on the chain
COMPLETED, FAILED = 3, 4  # of a task
START = ("--soc", "95", "--start", "2022-01-02T16:00Z")


@dataclass(frozen=True, slots=True)
class Standing:
    """How the node's tasks stand; *wrong* says what must not be."""

    taken: int
    contributed: int
    paid: int
    abandoned: int
    open: int
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.taken} tasks taken, {self.contributed} contributed, {self.paid} paid, "
            f"{self.abandoned} let go of before, {self.open} open, {len(self.wrong)} wrong"
        )


@dataclass
class Jobs:
    """All lies in *folder*; *state* is the world's; cuts come every *cut_every_s* real seconds or so."""

    folder: Path
    state: Path
    cut_every_s: float
    engine: str = ""
    cuts: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    _next_cut_s: float = 0.0

    def start(self) -> bool:
        """Start a container engine that ends with this process; False where there can be none."""
        said = subprocess.run(
            [str(ROOT / "tools/docker-engine"), "start", str(self.folder / "e"), "--while", str(os.getpid())],
            capture_output=True,
            text=True,
            check=False,
        )
        self.engine = said.stdout.strip()
        self._plan_cut(0.0)
        return said.returncode == 0 and bool(self.engine)

    def stop(self) -> None:
        """End the engine and delete all it kept."""
        tool = str(ROOT / "tools/docker-engine")
        subprocess.run([tool, "remove", str(self.folder / "e")], check=False, capture_output=True)

    def arguments(self) -> list[str]:
        """What `edgepi sim` is told."""
        config = self.folder / "edgepi.yaml"
        jobs = ROOT / "plugins/edgepi_iexec/devchain/demo.yaml"
        config.write_text(demo_config().read_text() + jobs.read_text())
        beside = f"iexec devchain --dir {self.chain} --cache {CACHE} --demand 20min --port 0 --pool-port 0"
        return ["--config", str(config), "--engine", self.engine, "--beside", beside, *START]

    def environment(self) -> dict[str, str]:
        """What the configuration reads from it."""
        return {
            **os.environ,
            "EDGEPI_ENGINE": self.engine,
            "EDGEPI_DEVCHAIN": str(self.chain / "devchain.json"),
        }

    @property
    def chain(self) -> Path:
        """Where the local chain is kept."""
        return self.folder / "chain"

    # Cuts

    def _plan_cut(self, at_s: float) -> None:
        self._next_cut_s = at_s + self.dice.expovariate(1.0 / self.cut_every_s)

    def maybe_cut(self, world: int, at_s: float) -> None:
        """Cut the node's power if it is time: its processes and containers are killed."""
        if at_s < self._next_cut_s:
            return
        self._plan_cut(at_s)
        for node in tuple(node_processes(world)):
            with suppress(ProcessLookupError, psutil.Error):
                os.killpg(os.getpgid(node.pid), signal.SIGKILL)
                self.cuts += 1
                with suppress(EdgePiError):
                    end_all(self.engine, self.state)
                return

    # The look from outside

    def standing(self) -> Standing:
        """Compare the node's journal with the chain; raises EdgePiError while the chain does not answer."""
        from edgepi_iexec.devchain.local import open_market

        market = open_market(self.chain, CACHE)
        me = market.deployment.workers[0].address
        records = tuple(self._records())
        counts = dict.fromkeys(("contributed", "paid", "abandoned", "open"), 0)
        wrong: list[str] = []
        for task_id, outcome, stages in records:
            task = market.task(task_id)
            status = market.hub.call("viewContribution", bytes.fromhex(task_id[2:]), me)[0]
            counts["contributed"] += status > 0
            counts["paid"] += status == REVEALED and task["status"] == COMPLETED
            counts["open"] += outcome is None
            counts["abandoned"] += outcome not in {None, "completed"} and status == 0
            if why := complaint(task["status"], status, outcome, stages):
                wrong.append(f"{task_id}: {why}; {outcome}; {' '.join(stages)}")
        return Standing(taken=len(records), wrong=tuple(wrong), **counts)

    def _records(self) -> Iterator[tuple[str, str | None, list[str]]]:
        for path in self.state.rglob("jobs.db"):
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10.0)) as journal:
                for task_id, outcome in journal.execute("SELECT job_id, outcome FROM job").fetchall():
                    asked = "SELECT stage FROM stage WHERE job_id = ? ORDER BY number"
                    yield task_id, outcome, [row[0] for row in journal.execute(asked, (task_id,))]


def complaint(task: int, contribution: int, outcome: str | None, stages: list[str]) -> str:
    """What is wrong with a task, if anything is."""
    if contribution == REJECTED or (contribution not in {0, REVEALED} and task == COMPLETED):
        return "its stake is lost"
    if contribution == 0 and outcome == "completed":
        return "the journal says completed, the chain does not"
    if outcome not in {None, "completed"} and contribution not in {0, REVEALED} and task != FAILED:
        return "it was let go of after its contribution"
    after = stages[stages.index("COMPUTED") :] if "COMPUTED" in stages else []
    return "it was computed though its result was there" if "COMPUTING" in after else ""


def node_processes(world: int) -> Iterator[psutil.Process]:
    """The processes that `edgepi sim` started as its node."""
    with suppress(psutil.Error):
        for child in psutil.Process(world).children():
            words = child.cmdline()
            if "run" in words and "devchain" not in words:
                yield child


def beside_processes(world: int) -> set[int]:
    """Ids of all processes of the other machines: the chain, the pool and theirs."""
    found: set[int] = set()
    with suppress(psutil.Error):
        for child in psutil.Process(world).children():
            if "devchain" in child.cmdline():
                found |= {child.pid, *(each.pid for each in child.children(recursive=True))}
    return found
