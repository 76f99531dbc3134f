"""The Pi 5 as a power controller of EdgePi: it can switch off and wake at a time, and measures nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from edgepi.errors import EdgePiError, HardwareError
from edgepi.model import Supply, WakePlan, WakeReason, WakeReasonKind, WakeReceipt
from edgepi.plugin import InputLine, PluginContext, PowerCapabilities, PowerController
from edgepi_pi5.chip import TOLERANCE, Pi5Chip, find
from edgepi_pi5.config import Pi5Config
from edgepi_pi5.loader import Settings, read_settings
from edgepi_pi5.note import Note, NoteFile
from edgepi_pi5.reasons import Registers, cell_of, judge
from edgepi_pi5.sentences import cell_ails, halt_ails, supply_ails

__all__ = ["Pi5Controller"]

KEY_POWER = 116
BOOT_ID = "/proc/sys/kernel/random/boot_id"
MODEL = "/proc/device-tree/model"
CHOSEN = "/proc/device-tree/chosen"
RSTS = (f"{CHOSEN}/bootloader/rsts", f"{CHOSEN}/bootloader/pm_rsts")  # as it is, and as it is documented
POWER_RESET = (f"{CHOSEN}/power/power_reset",)
HORIZON_S = 366 * 86400.0
COMPARE_EACH_S = 3600.0
_BOOT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
HALTED_WITHIN = timedelta(minutes=6)  # an alarm that comes while it still halts starts nothing


class Pi5Controller(PowerController):
    """Its records are empty: a meter beside it tells the node how the battery is."""

    name = "pi5"
    interval_s = 60.0
    timeout_s = 20.0

    def __init__(self, context: PluginContext[Pi5Config]) -> None:
        self._context = context
        self._note = NoteFile(context.state_dir)
        self._chip: Pi5Chip | None = None
        self._settings: Settings | None = None
        self._reason: WakeReason | None = None
        self._key: InputLine | None = None
        self._key_trouble = self._clock_trouble = ""
        self._compared_s = -math.inf
        self._was_trusted: bool | None = None

    @property
    def capabilities(self) -> PowerCapabilities:
        """What it can do with the boot loader set for it; a receipt's doubts say if it is not."""
        return PowerCapabilities(
            can_cut=True,
            can_wake_at=True,
            can_wake_on_power=self._settings is None or self._settings.starts_with_supply,
            measures=False,
            has_clock=True,
            cut_delay_s=(1.0, 10.0),
            wake_horizon_s=HORIZON_S,
            min_interval_s=10.0,
        )

    async def start(self) -> None:
        """Find the clock, read the boot loader's settings, judge why it started, watch the button."""
        self._chip = None
        chip = await self._found()
        self.identity = await self._text(MODEL) or "Raspberry Pi 5"
        self._settings = await read_settings(self._context.hardware)
        if self._reason is None:
            self._reason = await self._why(chip)
            self._context.log.info("why the Pi 5 started: %s", self._reason.text)
        self._watch_button()
        self._compared_s = -math.inf
        await self._compare(chip)

    async def stop(self) -> None:
        """Let go of the button; the alarm stays."""
        if self._key is not None:
            self._key.close()
        self._key = None

    async def read(self) -> Supply:
        """Nothing is measured, but a clock that does not answer is told."""
        chip = await self._found()
        await chip.now()
        await self._compare(chip)
        return Supply(time_utc=self._context.clock.now(), source=self._context.instance)

    async def ready(self) -> None:
        """It needs no telling."""

    async def last_reason(self) -> WakeReason:
        """Why it started, as judged when it was first asked."""
        return self._reason or WakeReason(WakeReasonKind.UNKNOWN, "the Pi was not asked yet")

    async def arm(self, plan: WakePlan) -> WakeReceipt:
        """Set the alarm and read it back; never before the time asked, never too near to be missed."""
        chip = await self._found()
        shown = await chip.now()
        if shown is None:
            raise HardwareError(
                "the Pi 5's clock has lost the time, so no alarm would be right",
                hint="it is set as soon as the node knows the time",
            )
        wake_utc, note = _whole_second(plan.wake_utc), ""
        nearest = _whole_second(shown + timedelta(seconds=self._context.config.alarm_margin))
        if wake_utc < nearest:
            wake_utc, note = nearest, " (the time asked is past or too near)"
        await chip.arm(wake_utc)
        await self._keep(wake_s=round(wake_utc.timestamp()))
        triggers = [f"alarm at {wake_utc:%Y-%m-%d %H:%M:%S} UTC{note}"]
        if self.capabilities.can_wake_on_power:
            triggers.append("the supply connected again")
        doubts = halt_ails(self._settings, assumed=self._assumed)
        return WakeReceipt(wake_utc=wake_utc, triggers=tuple(triggers), doubts=doubts)

    async def disarm(self) -> None:
        """Take the alarm back."""
        await (await self._found()).disarm()
        await self._keep(wake_s=None, cut=False)

    async def prepare_cut(self) -> None:
        """Note that the halt to come is meant, and put off an alarm that could come before it has ended."""
        chip = await self._found()
        held, shown = await chip.alarm(), await chip.now()
        if held is not None and shown is not None and held < shown + HALTED_WITHIN:
            await chip.arm(_whole_second(shown + HALTED_WITHIN))
        await self._keep(cut=True)

    async def health(self) -> Sequence[str]:
        """What a person should look after."""
        chip = await self._found()
        found = (
            *halt_ails(self._settings, assumed=self._assumed),
            *supply_ails(self._settings),
            *cell_ails(await chip.cell_v()),
            self._key_trouble,
            self._clock_trouble,
        )
        return tuple(sentence for sentence in found if sentence)

    async def clock(self) -> datetime | None:
        """The time of its clock, which the kernel keeps in UTC; None if it lost it."""
        return await (await self._found()).now()

    async def set_clock(self, now_utc: datetime) -> None:
        """Set its clock and read it back."""
        await (await self._found()).set(now_utc)

    @property
    def _assumed(self) -> bool:
        return self._context.config.power_off_on_halt == "yes"

    async def _found(self) -> Pi5Chip:
        if self._chip is None:
            self._chip = await find(self._context.hardware)
        return self._chip

    async def _keep(self, **changes: int | bool | None) -> None:
        """Note something for the next start; without it only the reason of that start would be unknown."""
        try:
            await self._context.run_blocking(lambda: self._note.change(**changes))
        except HardwareError as error:
            self._context.log.warning("%s", error)

    async def _why(self, chip: Pi5Chip) -> WakeReason:
        boot_id = await self._text(BOOT_ID)
        if boot_id is None or not _BOOT_ID.fullmatch(boot_id):
            return WakeReason(WakeReasonKind.UNKNOWN, "the Pi does not say which start this is")
        last = await self._context.run_blocking(self._note.read)
        if last.boot_id == boot_id and last.text and last.kind in set(WakeReasonKind):
            return WakeReason(WakeReasonKind(last.kind), last.text)
        found = Registers(await self._cell(RSTS), await self._cell(POWER_RESET))
        reason = judge(found, last, await chip.now())
        try:
            note = Note(boot_id=boot_id, kind=reason.kind.value, text=reason.text)
            await self._context.run_blocking(self._note.write, note)
        except HardwareError as error:
            self._context.log.warning("%s", error)
        return reason

    async def _cell(self, paths: Sequence[str]) -> int | None:
        for path in paths:
            if (text := await self._text(path)) is not None:
                return cell_of(text)
        return None

    async def _text(self, path: str) -> str | None:
        try:
            return await self._context.hardware.read_attribute(path)
        except HardwareError:
            return None

    def _watch_button(self) -> None:
        if self._key is not None or not self._context.config.button:
            return
        try:
            self._key = self._context.hardware.watch_key(KEY_POWER, self._pressed)
            self._key_trouble = ""
        except HardwareError as error:
            said = "the Pi's button is not watched: " + error.message
            self._key_trouble = f"{said} ({error.hint})" if error.hint else said

    def _pressed(self) -> None:
        if self.on_shutdown_request is None:
            self._context.log.warning("the Pi's button was pressed and nobody listens")
        else:
            self.on_shutdown_request("the Pi's button was pressed")

    async def _compare(self, chip: Pi5Chip) -> None:
        """Each hour, and when trust is gained: whoever knows the time tells the other."""
        node = self._context.clock
        trusted = node.trusted
        if trusted == self._was_trusted and node.monotonic() - self._compared_s < COMPARE_EACH_S:
            return
        held = await chip.now()
        self._was_trusted, self._compared_s, self._clock_trouble = trusted, node.monotonic(), ""
        try:
            if trusted and (held is None or abs(held - node.now()) > TOLERANCE):
                self._context.log.info("the Pi's clock showed %s and is set right", held or "no time")
                await chip.set(node.now())
            elif not trusted and held is not None:
                await self._context.hardware.set_clock(held)
                self._context.log.info("clock set to %s from the Pi's own clock", held)
        except EdgePiError as error:
            self._clock_trouble = f"the Pi's clock is not set: {error.message}"
        if not trusted and held is None:
            self._clock_trouble = "neither the node nor the Pi's own clock knows the time"


def _whole_second(time_utc: datetime) -> datetime:
    """Return the same second or the next, never an earlier one."""
    whole = time_utc.astimezone(UTC).replace(microsecond=0)
    return whole if whole == time_utc else whole + timedelta(seconds=1)
