"""A sandbox without containers: jobs end as a test says, with files, logs and times of its choosing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgepi.clock import Clock
from edgepi.compute.model import BoxedJob, ExitReason, Image, Network, Outcome, PullProgress, Readiness
from edgepi.errors import ComputeError, ImageError

__all__ = ["FakeBox", "FakeSandbox", "Script"]

FINISHED = Outcome(reason=ExitReason.FINISHED, exit_code=0, sentence="the app ended well")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How a job goes: it takes *run_s* of the clock while not paused, writes *files*, ends as *outcome* says.

    A job that takes longer than its limit times out. *full_speed_cpus* makes it slower with less.
    """

    run_s: float = 1.0
    outcome: Outcome = FINISHED
    files: Mapping[str, bytes] = field(default_factory=dict)
    full_speed_cpus: float | None = None


class FakeBox:
    """One scripted job; the same calls as `edgepi.compute.sandbox.Box`."""

    def __init__(self, job: BoxedJob, script: Script, clock: Clock) -> None:
        self.job = job
        self.job_id = job.job_id
        self.script = script
        self.cpus = job.limits.cpus
        self.paused = False
        self.actions: list[str] = []
        self._clock = clock
        self._since_s = clock.monotonic()
        self._run_s = 0.0
        self._work_s = 0.0
        self._outcome: Outcome | None = None
        self._changed = asyncio.Event()

    @property
    def outcome(self) -> Outcome | None:
        """How it ended, None while it runs."""
        self._count()
        return self._outcome

    @property
    def ended(self) -> bool:
        """Whether all is over."""
        return self.outcome is not None

    @property
    def run_s(self) -> float:
        """How long it has run without pauses."""
        self._count()
        return self._run_s

    async def wait(self) -> Outcome:
        """Wait until the job has ended."""
        while (outcome := self.outcome) is None:
            changed = self._changed
            sleep = asyncio.ensure_future(self._clock.sleep(self._left_s())) if not self.paused else None
            told = asyncio.ensure_future(changed.wait())
            waiting = {told, sleep} if sleep else {told}
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in waiting:
                    task.cancel()
        return outcome

    async def pause(self) -> None:
        """Stop the work; its time limit does not run on."""
        self._change("pause")
        self.paused = True

    async def resume(self) -> None:
        """Go on with the work."""
        self._change("resume")
        self.paused = False

    async def set_cpus(self, cpus: float) -> None:
        """Give it more or less of the processor."""
        self._change(f"set_cpus {cpus:g}")
        self.cpus = cpus

    async def kill(self, reason: ExitReason = ExitReason.KILLED, sentence: str = "") -> None:
        """End it now; nothing happens when it has ended already."""
        self._change("kill")
        if self._outcome is None:
            self._end(Outcome(reason=reason, exit_code=137, sentence=sentence or "the job was ended"))

    def finish(self, outcome: Outcome | None = None) -> None:
        """Let it end now, as its script or *outcome* says."""
        self._count()
        if self._outcome is None:
            self._end(outcome or self.script.outcome)

    def _change(self, action: str) -> None:
        self.actions.append(action)
        self._count()
        self._changed.set()
        self._changed = asyncio.Event()

    def _speed(self) -> float:
        full = self.script.full_speed_cpus
        return 1.0 if full is None else min(1.0, self.cpus / full)

    def _left_s(self) -> float:
        until_done = (self.script.run_s - self._work_s) / self._speed()
        return max(0.0, min(until_done, self.job.limits.time_s - self._run_s))

    def _count(self) -> None:
        now_s = self._clock.monotonic()
        passed_s, self._since_s = now_s - self._since_s, now_s
        if self._outcome is not None or self.paused:
            return
        used_s = min(passed_s, self._left_s())
        self._run_s += used_s
        self._work_s += used_s * self._speed()
        if self._work_s >= self.script.run_s - 1e-9:
            self._end(self.script.outcome)
        elif self._run_s >= self.job.limits.time_s - 1e-9:
            said = f"the app was ended after its {self.job.limits.time_s:g} s"
            self._end(Outcome(reason=ExitReason.TIMED_OUT, exit_code=137, sentence=said))

    def _end(self, outcome: Outcome) -> None:
        if outcome.ok and self.job.outputs is not None:
            for name, content in self.script.files.items():
                _write(self.job.outputs / name, content)
        self._outcome = replace(outcome, run_s=self._run_s)
        self._changed.set()
        self._changed = asyncio.Event()


class FakeSandbox:
    """The same calls as `edgepi.compute.sandbox.Sandbox`, and no engine.

    *script* says how each job goes. Set *failing* to have an action ("pull", "run", ...) raise, and
    *ready* to refuse. `cut_power` ends all that runs, as a power cut does: `find` knows them as lost;
    `lose_walls` ends what has the internet, as when the firewall's rules are taken away.
    """

    def __init__(self, clock: Clock, script: Script | Callable[[BoxedJob], Script] = Script()) -> None:
        self.clock = clock
        self.script = script
        self.boxes: dict[str, FakeBox] = {}
        self.started: list[BoxedJob] = []
        self.pulled: list[str] = []
        self.removed: list[str] = []
        self.failing: dict[str, ComputeError] = {}
        self.digests: dict[str, str] = {}
        self.pull_s = 0.0
        self.ready = Readiness(ok=True, sentence="every limit holds")

    async def readiness(self) -> Readiness:
        """Whether every limit would be enforced."""
        return self.ready

    async def pull(
        self,
        reference: str,
        *,
        timeout_s: float,
        on_progress: Callable[[PullProgress], None] | None = None,
        digest: str | None = None,
    ) -> Image:
        """Have an image; with its digest in *digests* another pinned one is refused."""
        self._maybe_fail("pull")
        if self.pull_s > timeout_s:
            await self.clock.sleep(timeout_s)
            raise ImageError(f"{reference} was not here after {timeout_s:g} s")
        if self.pull_s:
            await self.clock.sleep(self.pull_s)
        known = self.digests.get(reference, digest)
        if digest is not None and known != digest:
            raise ImageError(f"{reference} is not what it was pinned to")
        if on_progress is not None:
            on_progress(PullProgress(1000, 1000, "downloaded"))
        self.pulled.append(reference)
        return Image(reference, "sha256:" + "1" * 64, known, 1000)

    async def run(self, job: BoxedJob) -> FakeBox:
        """Start a job."""
        self._maybe_fail("run")
        script = self.script if isinstance(self.script, Script) else self.script(job)
        box = FakeBox(job, script, self.clock)
        self.started.append(job)
        self.boxes[job.job_id] = box
        return box

    async def find(self, job_id: str) -> FakeBox | None:
        """Return the box of a job that was not removed."""
        self._maybe_fail("find")
        return self.boxes.get(job_id)

    async def remove(self, job_id: str) -> None:
        """Forget a job; nothing happens when there is none."""
        self._maybe_fail("remove")
        box = self.boxes.pop(job_id, None)
        if box is not None:
            self.removed.append(job_id)
            await box.kill()

    async def leftovers(self) -> tuple[str, ...]:
        """The jobs that were not removed."""
        self._maybe_fail("leftovers")
        return tuple(self.boxes)

    async def close(self) -> None:
        """Let go of nothing: what runs goes on."""

    def cut_power(self) -> None:
        """End all that runs as a power cut does."""
        lost = Outcome(reason=ExitReason.LOST, exit_code=137, sentence="the power went")
        for box in self.boxes.values():
            box.finish(lost)

    def lose_walls(self) -> None:
        """End all that has the internet, as when its walls are found gone."""
        unwalled = Outcome(reason=ExitReason.UNWALLED, exit_code=137, sentence="the walls do not stand")
        for box in self.boxes.values():
            if box.job.network is Network.INTERNET:
                box.finish(unwalled)

    def _maybe_fail(self, action: str) -> None:
        if error := self.failing.get(action):
            raise error


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
