"""The budget service: reads the supply, keeps the books, and carries out what the governor decides."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from edgepi.budget.adviser import Adviser
from edgepi.budget.cuts import CutProof
from edgepi.budget.departure import Departure
from edgepi.budget.duties import DutyHooks, DutyRunner
from edgepi.budget.entities import EnergyEntities
from edgepi.budget.forecasts import Forecasts
from edgepi.budget.heartbeat import Heartbeats
from edgepi.budget.jobs import Jobs
from edgepi.budget.keeper import Keeper
from edgepi.budget.leases import LeaseBook
from edgepi.budget.measuring import Measuring
from edgepi.budget.powerlog import PowerLog
from edgepi.budget.rounds import Rounds
from edgepi.budget.sayings import Sayings
from edgepi.budget.scene import Scene
from edgepi.budget.sleep import Saver, Sleeper
from edgepi.budget.store import EnergyStore
from edgepi.budget.telemetry import OnTrouble, Source, Telemetry
from edgepi.budget.teller import Teller
from edgepi.budget.thermometer import BatteryThermometer
from edgepi.budget.turn import Turn
from edgepi.budget.views import Views
from edgepi.clock import Clock
from edgepi.config.settings import EnergySettings
from edgepi.energy import Governor
from edgepi.energy.earnings import Earnings
from edgepi.errors import EnergyError
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
    PowerGoing,
    SunForecast,
    WakeReason,
    WakeReceipt,
)
from edgepi.plugin import Duty, LeaseHandle, PowerController, SunForecaster, SupplyMeter
from edgepi.runtime.bus import EventBus
from edgepi.runtime.states import StateStore

__all__ = ["BudgetService"]

_log = logging.getLogger("edgepi.budget")


class BudgetService:
    """The one loop over energy; implements `edgepi.plugin.Budget`.

    It starts and stops the meters, boards and duties that it is given, and tries them again;
    *on_trouble* hears of each that fails, by its name, and with None once it works again; *mask*
    takes secrets out of what is said.
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
        on_trouble: OnTrouble = lambda _name, _trouble: None,
        mask: Callable[[str], str] = str,
    ) -> None:
        self.leases = LeaseBook(self._lease_changed, clock.now)
        self._clock = clock
        self._bus = bus
        self._machine = machine
        self._adviser = Adviser(governor, clock, self.nudge)
        thermometer = BatteryThermometer(states, clock, settings.battery.temperature)
        self._measuring = Measuring(settings, node, clock, thermometer)
        self._on_trouble = on_trouble
        self._mask = mask
        self._telemetry = Telemetry(clock, self._on_read, on_trouble, self._woken)
        self._forecasts = Forecasts(clock, self._foretold, on_trouble)
        self._earnings = Earnings(time_zone=node.time_zone)
        self._heartbeats = Heartbeats(clock)
        self._sleeper = Sleeper(machine=machine, clock=clock, bus=bus, on_armed=self._armed)
        self.power_log = PowerLog(state_dir, clock)
        self._board_said = ""
        bus.listen(PowerGoing, self._power_goes, name="power log")
        self._sleeper.add_saver("wakes and sleeps", self.power_log.save)
        self._entities = EnergyEntities(states)
        self._cuts = CutProof()
        self._keeper = Keeper(
            store=EnergyStore(state_dir),
            clock=clock,
            leases=self.leases,
            measuring=self._measuring,
            governors=self._adviser,
            more={"earnings": self._earnings, "forecasts": self._forecasts, "cuts": self._cuts},
        )
        self._sayings = Sayings(bus, clock, mask)
        self._departure = Departure(
            node=node,
            machine=machine,
            clock=clock,
            adviser=self._adviser,
            telemetry=self._telemetry,
            sleeper=self._sleeper,
            sayings=self._sayings,
            cuts=self._cuts,
        )
        self._scene = Scene(
            node=node,
            clock=clock,
            measuring=self._measuring,
            leases=self.leases,
            means=self._departure.means,
            metered=lambda: any(source.measures for source in self._telemetry.sources),
            awake_since_s=clock.monotonic(),
        )
        self._jobs = Jobs(
            leases=self.leases,
            adviser=self._adviser,
            situation=self._scene.situation,
            keeper=self._keeper,
            sayings=self._sayings,
            nudge=self.nudge,
            going=lambda: self._departure.going,
        )
        self._turn = Turn(
            clock=clock,
            bus=bus,
            scene=self._scene,
            leases=self.leases,
            telemetry=self._telemetry,
            measuring=self._measuring,
            adviser=self._adviser,
            jobs=self._jobs,
            departure=self._departure,
            heartbeats=self._heartbeats,
            entities=self._entities,
            teller=Teller(machine),
            sayings=self._sayings,
            power_log=self.power_log,
            keeper=self._keeper,
        )
        self._rounds = Rounds(self.tick, clock, settings.interval_s)
        self._sleeper.add_saver("the energy books", lambda: self.save(going=True))
        self.views = Views(
            settings=settings,
            clock=clock,
            adviser=self._adviser,
            scene=self._scene,
            telemetry=self._telemetry,
            forecasts=self._forecasts,
            earnings=self._earnings,
            departure=self._departure,
            keeper=self._keeper,
            sayings=self._sayings,
            power_log=self.power_log,
            verdict=lambda: self._turn.verdict,
            mask=mask,
        )

    # What the node is made of -------------------------------------------------------------

    def add_duty(self, duty: Duty, consumer: str, importance: float | None = None) -> None:
        """Let the governor choose the level of *duty*; *importance* in points per hour at full.

        Raises:
            ContractError: its levels cannot be meant.
        """
        if consumer in self._scene.duties:
            raise EnergyError(f"there is a duty {consumer!r} already")
        hooks = DutyHooks(self._level_changed, self._duty_failed)
        self._scene.duties[consumer] = DutyRunner(duty, consumer, importance, self._clock, hooks)
        self.nudge()

    def add_meter(self, meter: SupplyMeter, name: str) -> None:
        """Read *meter* at its interval."""
        self._telemetry.add(meter, name)

    def add_controller(self, controller: PowerController, name: str) -> None:
        """Read *controller*, and let it cut and restore the node's power."""
        self._telemetry.add(controller, name)
        controller.on_shutdown_request = lambda reason: self._board_asked(controller, reason)

    def add_forecaster(self, forecaster: SunForecaster, name: str) -> None:
        """Ask *forecaster* at its interval, and tell the governor what it says."""
        self._forecasts.add(forecaster, name)

    async def remove(self, thing: Duty | SupplyMeter | SunForecaster) -> None:
        """Take back a duty, meter, controller or forecaster; it is stopped."""
        if isinstance(thing, SunForecaster):
            await self._forecasts.remove(thing)
            return
        if isinstance(thing, SupplyMeter):
            await self._telemetry.remove(thing)
            return
        for runner in [r for r in self._scene.duties.values() if r.duty is thing]:
            del self._scene.duties[runner.consumer]
            await runner.stop()
            self._entities.gone(runner.consumer)
            self._on_trouble(runner.consumer, None)

    def add_saver(self, name: str, saver: Saver) -> Callable[[], None]:
        """Wait for *saver* before power goes; returns what takes it back."""
        return self._sleeper.add_saver(name, saver)

    def report_consumer(self, consumer: str, power_w: float) -> None:
        """State the power of something that is no duty and no lease."""
        self._scene.reported_w[consumer] = power_w

    # Life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up the books of the last life and begin."""
        self._entities.describe()
        if complaint := await self._keeper.recall():
            self._sayings.say("node", "books", complaint)
            _log.warning("%s", complaint)
        await self.power_log.load()
        self._telemetry.start()
        self._forecasts.start()
        self._rounds.start()

    async def stop(self) -> None:
        """End the loop, save the books, stop duties and meters."""
        await self._rounds.stop()
        await self._adviser.stop()
        await self._forecasts.stop()
        await asyncio.gather(*(runner.stop() for runner in self._scene.duties.values()))
        await self._heartbeats.stop()
        await self._telemetry.stop()
        if not self._departure.going:
            self.power_log.stops()
        await self.power_log.save()
        await self.save(going=self._departure.going)

    async def save(self, *, going: bool = False) -> None:
        """Write books and open leases to disk; a failure is logged."""
        await self._keeper.save(going=going)

    def nudge(self) -> None:
        """Decide again at once."""
        self._rounds.nudge()

    async def tick(self) -> None:
        """Read, book, decide, carry out."""
        await self._turn.tick()

    # Events -------------------------------------------------------------------------------

    def _on_read(self, source: Source) -> None:
        board = source.controller
        self._cuts.started(source.reason)
        if board is not None and board.capabilities.can_cut and not self._machine.can_halt:
            self._machine.permit_halt()
        if self._turn.verdict is None:
            self.nudge()
        voltage = source.supply.battery_v if source.supply else None
        guard = self._measuring.now.guard
        if voltage is not None and voltage <= guard.run_v and guard.seen is Guard.NONE:
            self.nudge()

    def _woken(self, reason: WakeReason) -> None:
        self._sayings.say("board", "woke", f"switched on: {reason.text}")
        keeper = self._keeper
        seen_utc = None if keeper.went else keeper.seen_utc
        self.power_log.woken(reason, booted=keeper.booted, seen_utc=seen_utc)

    def _power_goes(self, event: PowerGoing) -> None:
        receipt = self._departure.receipt
        wake_utc = receipt.wake_utc if receipt else None
        planned = event.reason != self._board_said
        self.power_log.goes(self._mask(event.reason), planned=planned, wake_utc=wake_utc)

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
        self._on_trouble(consumer, failure)

    def _foretold(self, forecast: SunForecast) -> None:
        self._adviser.tell_forecast(forecast)
        self.nudge()

    def _lease_changed(self, lease: Lease) -> None:
        if lease.state is LeaseState.FINISHED:
            self._earnings.book(lease, self._clock.now(), trusted=self._clock.trusted)
        self._bus.publish(LeaseChanged(lease))

    def _board_asked(self, board: PowerController, reason: str) -> None:
        self._board_said = reason
        self._departure.board_asks(board, reason)
        self.nudge()

    # Jobs ---------------------------------------------------------------------------------

    @property
    def points_per_rlc(self) -> float:
        """What one RLC of net earnings is worth."""
        return self.views.settings.points_per_rlc

    async def would_grant(self, offer: Offer) -> Answer:
        """Answer an offer without granting it; raises OfferError."""
        return self._jobs.would_grant(offer)

    async def offer(self, offer: Offer) -> LeaseHandle:
        """Make an offer, or take up again the lease it had before a restart; raises OfferError."""
        return self._jobs.offer(offer)

    async def wake_at(self, wake_utc: datetime) -> WakeReceipt:
        """Arm a wake for whenever the node sleeps next; raises EnergyError if the board does not hold it."""
        return await self._departure.wake_at(self._scene.situation(), wake_utc)

    async def request_sleep(self, wake_utc: datetime | None = None, *, reason: str = "asked for") -> Answer:
        """Sleep soon, until *wake_utc* or as the governor would; *no* says why that is not safe."""
        answer = await self._departure.request(self._scene.situation(), wake_utc, reason)
        self.nudge()
        return answer

    # What people see ----------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """How energy stands now, as JSON-able values."""
        return self.views.status()
