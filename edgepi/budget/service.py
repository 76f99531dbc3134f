"""The budget service: reads the supply, keeps the books, and carries out what the governor decides."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from edgepi.budget.bounded import PluginCallError, bounded
from edgepi.budget.departure import Departure
from edgepi.budget.duties import DutyHooks, DutyRunner
from edgepi.budget.entities import EnergyEntities
from edgepi.budget.keeper import Keeper
from edgepi.budget.leases import Handle, LeaseBook
from edgepi.budget.measuring import Measuring
from edgepi.budget.sayings import Sayings
from edgepi.budget.sleep import Saver, Sleeper
from edgepi.budget.status import board_status, duty_status, energy_status, lease_status, plan_status
from edgepi.budget.store import EnergyStore
from edgepi.budget.telemetry import Source, Telemetry
from edgepi.clock import Clock
from edgepi.config.settings import EnergySettings
from edgepi.energy import (
    Governor,
    LeaseVerb,
    LeaseVerdict,
    Situation,
    Verdict,
    enforce,
)
from edgepi.energy.offers import validate_offer
from edgepi.errors import EnergyError, LeaseError
from edgepi.hardware import Machine
from edgepi.model import (
    Answer,
    Guard,
    Lease,
    LeaseChanged,
    LeaseState,
    LevelChanged,
    NodeInfo,
    Offer,
    Supply,
    SupplyRead,
    WakeReceipt,
)
from edgepi.plugin import Duty, LeaseHandle, PowerController, SupplyMeter
from edgepi.runtime.bus import EventBus
from edgepi.runtime.states import StateStore

__all__ = ["BudgetService"]

_log = logging.getLogger("edgepi.budget")

TELL_WITHIN_S = 10.0
FIRST_READING_S = 60.0
_ORPHANED_AFTER = timedelta(days=1)
_VERBS = {
    LeaseVerb.GRANT: LeaseState.GRANTED,
    LeaseVerb.REFUSE: LeaseState.REFUSED,
    LeaseVerb.WITHDRAW: LeaseState.OFFERED,
    LeaseVerb.PAUSE: LeaseState.PAUSED,
    LeaseVerb.RESUME: LeaseState.RUNNING,
    LeaseVerb.BREAK: LeaseState.BROKEN,
}


class BudgetService:
    """The one loop over energy; implements `edgepi.plugin.Budget`.

    It starts and stops the meters, boards and duties that it is given, and tries them again.
    """

    def __init__(
        self,
        *,
        settings: EnergySettings,
        node: NodeInfo,
        clock: Clock,
        bus: EventBus,
        states: StateStore,
        machine: Machine,
        governor: Governor,
        state_dir: Path,
    ) -> None:
        self.leases = LeaseBook(self._lease_changed, clock.now)
        self._interval_s = settings.interval_s
        self._node = node
        self._clock = clock
        self._bus = bus
        self._machine = machine
        self._governor = governor
        self._measuring = Measuring(settings, node, clock)
        self._telemetry = Telemetry(clock, self._on_read)
        self._sleeper = Sleeper(machine=machine, clock=clock, bus=bus, on_armed=self._armed)
        self._entities = EnergyEntities(states)
        self._keeper = Keeper(EnergyStore(state_dir), clock, self.leases, self._measuring, governor)
        self._sayings = Sayings(bus, clock)
        self._duties: dict[str, DutyRunner] = {}
        self._reported_w: dict[str, float] = {}
        self._nudge = asyncio.Event()
        self._round = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._told: tuple[Any, ...] | None = None
        self._verdict: Verdict | None = None
        self._supply: Supply | None = None
        self._awake_since_s = clock.monotonic()
        self._ticked_s: float | None = None
        self._governor_failed = False
        self._sleeper.add_saver("the energy books", lambda: self.save(going=True))
        self._departure = Departure(
            node=node,
            machine=machine,
            clock=clock,
            governor=governor,
            telemetry=self._telemetry,
            sleeper=self._sleeper,
            sayings=self._sayings,
        )

    # What the node is made of -------------------------------------------------------------

    def add_duty(self, duty: Duty, consumer: str, importance: float | None = None) -> None:
        """Let the governor choose the level of *duty*; *importance* in points per hour at full.

        Raises:
            ContractError: its levels cannot be meant.
        """
        if consumer in self._duties:
            raise EnergyError(f"there is a duty {consumer!r} already")
        hooks = DutyHooks(self._level_changed, self._duty_failed)
        self._duties[consumer] = DutyRunner(duty, consumer, importance, self._clock, hooks)
        self.nudge()

    def add_meter(self, meter: SupplyMeter, name: str) -> None:
        """Read *meter* at its interval."""
        self._telemetry.add(meter, name)

    def add_controller(self, controller: PowerController, name: str) -> None:
        """Read *controller*, and let it cut and restore the node's power."""
        self._telemetry.add(controller, name)
        controller.on_shutdown_request = lambda reason: self._board_asked(controller, reason)

    async def remove(self, thing: Duty | SupplyMeter) -> None:
        """Take back a duty, meter or controller; it is stopped."""
        if isinstance(thing, SupplyMeter):
            await self._telemetry.remove(thing)
            return
        for runner in [r for r in self._duties.values() if r.duty is thing]:
            del self._duties[runner.consumer]
            await runner.stop()
            self._entities.gone(runner.consumer)

    def add_saver(self, name: str, saver: Saver) -> Callable[[], None]:
        """Wait for *saver* before power goes; returns what takes it back."""
        return self._sleeper.add_saver(name, saver)

    def report_consumer(self, consumer: str, power_w: float) -> None:
        """State the power of something that is no duty and no lease."""
        self._reported_w[consumer] = power_w

    # Life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up the books of the last life and begin."""
        self._entities.describe()
        if complaint := await self._keeper.recall():
            self._sayings.say("node", "books", complaint)
            _log.warning("%s", complaint)
        self._telemetry.start()
        self._task = asyncio.create_task(self._run(), name="energy budget")

    async def stop(self) -> None:
        """End the loop, save the books, stop duties and meters."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await asyncio.gather(*(runner.stop() for runner in self._duties.values()))
        await self._telemetry.stop()
        await self.save(going=self._departure.going)

    async def save(self, *, going: bool = False) -> None:
        """Write books and open leases to disk; a failure is logged."""
        try:
            await self._keeper.write(going=going)
        except OSError as error:
            _log.error("the energy books cannot be saved: %s", error)

    async def _run(self) -> None:
        while True:
            self._nudge.clear()
            try:
                async with self._round:
                    await self.tick()
            except Exception:  # noqa: BLE001 (without this loop nothing guards the battery)
                _log.exception("the energy loop stumbled; it goes on")
            await self._pause()

    async def _pause(self) -> None:
        nap = asyncio.create_task(self._clock.sleep(self._interval_s))
        nudge = asyncio.create_task(self._nudge.wait())
        try:
            await asyncio.wait({nap, nudge}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            nudge.cancel()

    def nudge(self) -> None:
        """Decide again at once."""
        self._nudge.set()

    # One round ----------------------------------------------------------------------------

    async def tick(self) -> None:
        """Read, book, decide, carry out."""
        self._measure()
        if self._too_early():
            return
        situation = self._situation()
        verdict = self._verdict = self._decide(situation)
        self._carry_out(verdict)
        wake = self._departure.receipt.wake_utc if self._departure.receipt else None
        self._entities.write_all(self._measuring, verdict, wake, self._clock.now())
        self._entities.consumers(self._stated_w())
        await self._tell()
        await self._departure.consider(situation, verdict)
        if self._keeper.due:
            await self.save()

    def _too_early(self) -> bool:
        """Whether to wait for the first readings: deciding blindly would switch on what they forbid."""
        passed_s = self._clock.monotonic() - self._awake_since_s
        return self._verdict is None and self._telemetry.waiting and passed_s < FIRST_READING_S

    def _measure(self) -> None:
        now_s = self._clock.monotonic()
        if self._ticked_s is not None:
            self.leases.pass_time(now_s - self._ticked_s)
        self._ticked_s = now_s
        supply = self._telemetry.supply()
        self._measuring.take(supply, self._stated_w())
        if supply is not None and supply != self._supply:
            self._bus.publish(SupplyRead(supply))
        self._supply = supply

    def _stated_w(self) -> dict[str, float]:
        stated = {"node": self._measuring.board.idle_w, **self._reported_w}
        for runner in self._duties.values():
            stated[runner.consumer] = runner.power_w
        for lease in self.leases.open:
            consumer = lease.offer.consumer
            stated[consumer] = stated.get(consumer, 0.0) + lease.power_w
        return stated

    def _situation(self) -> Situation:
        now = self._measuring.now
        return Situation(
            now_utc=self._clock.now(),
            monotonic_s=self._clock.monotonic(),
            awake_since_s=self._awake_since_s,
            node=self._node,
            battery=self._measuring.battery,
            panel=self._measuring.panel,
            board=self._measuring.board,
            supply=now.supply,
            soc=now.soc,
            metered=bool(self._telemetry.sources),
            harvest_w=now.harvest_w,
            guard=now.guard,
            duties=tuple(runner.now for runner in self._duties.values()),
            leases=self.leases.open,
            sleep=self._departure.means(),
        )

    def _decide(self, situation: Situation) -> Verdict:
        try:
            verdict = self._governor.decide(situation)
            self._governor_failed = False
        except Exception:  # noqa: BLE001 (the guards must hold whatever a governor does)
            if not self._governor_failed:
                _log.exception("the governor failed; levels stay, guards hold")
            self._governor_failed = True
            verdict = Verdict(levels={duty.consumer: duty.level for duty in situation.duties})
        return enforce(situation, verdict)

    def _carry_out(self, verdict: Verdict) -> None:
        for decision in verdict.decisions:
            self._sayings.publish(decision)
        for consumer, level in verdict.levels.items():
            runner = self._duties.get(consumer)
            if runner is not None and level in {known.name for known in runner.levels}:
                runner.want(level)
        for step in verdict.leases:
            self._step(step)
        for lease in self.leases.orphans(self._clock.now() - _ORPHANED_AFTER):
            self.leases.step(
                lease.offer.offer_id, LeaseState.GIVEN_BACK, "given back: nobody took it up again"
            )

    def _step(self, step: LeaseVerdict) -> None:
        try:
            self.leases.step(step.offer_id, _VERBS[step.verb], step.sentence)
        except LeaseError as error:
            _log.warning("the governor asked for the impossible: %s", error.message)
            return
        self._sayings.say(step.offer_id, step.verb.value, step.sentence)

    async def _tell(self) -> None:
        levels = {runner.consumer: runner.level for runner in self._duties.values()}
        leases = self.leases.open
        told = (tuple(levels.items()), tuple((x.offer.offer_id, x.state, x.finishing) for x in leases))
        if told == self._told:
            return
        try:
            await bounded(self._tell_machine(levels, leases), TELL_WITHIN_S, "telling the machine")
            self._told = told
        except PluginCallError as error:
            _log.warning("%s", error.message)

    async def _tell_machine(self, levels: dict[str, str], leases: tuple[Lease, ...]) -> None:
        await self._machine.tell(levels, leases)

    # Events -------------------------------------------------------------------------------

    def _on_read(self, source: Source) -> None:
        board = source.controller
        if board is not None and board.capabilities.can_cut and not self._machine.can_halt:
            self._machine.permit_halt()
        if self._verdict is None:
            self.nudge()
        voltage = source.supply.battery_v if source.supply else None
        guard = self._measuring.now.guard
        if voltage is not None and voltage <= guard.run_v and guard.seen is Guard.NONE:
            self.nudge()

    def _armed(self, receipt: WakeReceipt | None) -> None:
        self._entities.write({"next_wake": receipt.wake_utc if receipt else None})

    def _level_changed(self, consumer: str, old: str, new: str) -> None:
        self._bus.publish(LevelChanged(consumer, old, new))
        self.nudge()

    def _duty_failed(self, consumer: str, failure: str | None) -> None:
        action, sentence = (
            ("fail", f"{failure}; it is tried again") if failure else ("recover", "follows again")
        )
        self._sayings.say(consumer, action, sentence)

    def _lease_changed(self, lease: Lease) -> None:
        self._bus.publish(LeaseChanged(lease))

    def _board_asked(self, board: PowerController, reason: str) -> None:
        self._departure.board_asks(board, reason)
        self.nudge()

    # Jobs ---------------------------------------------------------------------------------

    async def would_grant(self, offer: Offer) -> Answer:
        """Answer an offer without granting it; raises OfferError."""
        validate_offer(offer)
        return self._governor.would_grant(self._situation(), offer)

    async def offer(self, offer: Offer) -> LeaseHandle:
        """Make an offer, or take up again the lease it had before a restart; raises OfferError."""
        handle = Handle(self, self.leases.offer(offer))
        self.nudge()
        return handle

    async def commit(self, offer_id: str) -> Answer:
        """Ask whether a lease's finish phase is safe; *yes* is on disk before it is said."""
        lease = self.leases.step(offer_id, LeaseState.COMMIT_ASKED)
        answer = self._governor.may_commit(self._situation(), lease)
        if answer.yes:
            self.leases.step(offer_id, LeaseState.COMMITTED, answer.sentence)
            try:
                await self._keeper.write()
            except OSError as error:
                answer = Answer(yes=False, sentence=f"no: the promise cannot be saved: {error}")
        if not answer.yes:
            self.leases.step(offer_id, LeaseState.GIVEN_BACK, answer.sentence)
        self._sayings.say(
            offer_id, "commit" if answer.yes else "refuse_commit", answer.sentence, answer.numbers
        )
        self.nudge()
        return answer

    async def wake_at(self, wake_utc: datetime) -> WakeReceipt:
        """Arm a wake for whenever the node sleeps next; raises EnergyError if the board does not hold it."""
        return await self._departure.wake_at(self._situation(), wake_utc)

    async def request_sleep(self, wake_utc: datetime | None = None, *, reason: str = "asked for") -> Answer:
        """Sleep soon, until *wake_utc* or as the governor would; *no* says why that is not safe."""
        answer = await self._departure.request(self._situation(), wake_utc, reason)
        self.nudge()
        return answer

    # What people see ----------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Everything about energy, as JSON-able values."""
        said = self._sayings.latest
        price = self._verdict.price_points_per_wh if self._verdict else None
        return energy_status(self._measuring, self._clock.now()) | {
            "governor": self._governor.name,
            "price_points_per_wh": price,
            "duties": [duty_status(r, said(r.consumer)) for r in self._duties.values()],
            "leases": [lease_status(x, said(x.offer.offer_id)) for x in self.leases.open],
            "plan": plan_status(self._verdict, self._departure.asked_wake_utc),
            "board": board_status(self._telemetry.sources, self._departure.receipt),
            "meters": [
                {"name": s.name, "working": s.started and not s.failures, "failure": s.failure or None}
                for s in self._telemetry.sources
            ],
            "boots": self._keeper.boots,
            "node_sentence": said("node"),
        }
