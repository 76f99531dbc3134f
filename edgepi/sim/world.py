"""The world: sun, air, battery, chips and pins, advanced in small steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from edgepi.errors import RequestError, WorldError
from edgepi.sim.battery import Battery, BatterySpec
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import ADS1115, BME280, BMP280, INA219, INA226, Air, BoardEvent, PowerBoard, Rail
from edgepi.sim.chips.boards import board_class
from edgepi.sim.chips.powerboard import GPIO4, KEY_POWER, SYS_UP, TXD, AttributeBoard, no_such_file
from edgepi.sim.draw import DrawTable, Job, NodeState, draw_table
from edgepi.sim.files import FILES, BoardFiles
from edgepi.sim.panel import panel_power_w
from edgepi.sim.pulses import PulseInputs, anemometer_hz, rain_gauge_hz
from edgepi.sim.vane import vane_volts
from edgepi.sim.weather import GOLDEN_LONGITUDE, MeasuredWeather, Rain, Weather, golden_weather

__all__ = ["GPIO4", "LONGEST_STEP_S", "SYS_UP", "TXD", "World", "WorldSpec"]

LONGEST_STEP_S = 0.5  # half of what the board's alarms, which match for one second only, can stand
ANEMOMETER_AND_RAIN_GAUGE = ((5, 6), (23, 24))  # the second pair if the power board drives one of the first
AIR_SENSOR, ROOM_SENSOR, PANEL_METER, BATTERY_METER = 0x76, 0x77, 0x40, 0x41
FINE_METER = 0x44  # at the battery, too, behind a shunt of its own
VANE_CONVERTERS = (0x48, 0x49)  # the second if the power board has a chip at the first
VANE_INPUT, SUPPLY_INPUT = 0, 3
NODE_V = 3.3
DEFAULT_BOARD = "wittypi4"  # also of worlds saved before there were others
SHUNT_OHM, FINE_SHUNT_OHM = 0.1, 0.01
PANEL_V = 17.6
RAIL_V = 5.1
USB_V, CHARGES_FROM_W = 5.1, 0.5
INDOORS_C = 18.0
FIRST_DAY = datetime(2022, 1, 1, 15, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSpec:
    """What the world is made of."""

    panel_w: float = 20.0
    battery: BatterySpec = field(default_factory=BatterySpec)
    board: str = "pi4"
    power_board: str = DEFAULT_BOARD
    standby_w: float = 0.1
    start_soc: float = 0.55
    start_utc: datetime = FIRST_DAY
    seed: int = 1
    longitude: float = GOLDEN_LONGITUDE


class World:
    """Everything outside the node's software; *time_s* counts from the world's beginning."""

    def __init__(
        self,
        spec: WorldSpec,
        *,
        weather: MeasuredWeather | None = None,
        draw: DrawTable | None = None,
    ) -> None:
        self.spec = spec
        self.measured = weather or golden_weather(spec.longitude)
        self.rain = Rain(spec.seed)
        self.draw = draw or draw_table(spec.board, standby_w=spec.standby_w)
        self.battery = Battery(spec.battery, spec.battery.capacity_wh * spec.start_soc)
        self.bus = SimulatedBus()
        self.time_s = 0.0
        self._unplugged_until_s = self._covered_until_s = 0.0
        self._start_s = spec.start_utc.timestamp()
        self.node = NodeState.OFF
        self.levels: Mapping[str, str] = {}
        self.jobs: Sequence[Job] = ()
        self.on_rail: Callable[[bool], None] = lambda _on: None
        self.on_line: Callable[[int, bool], None] = lambda _pin, _high: None
        self.on_key: Callable[[int], None] = lambda _code: None
        self.on_board: Callable[[BoardEvent], None] = lambda _event: None
        self._rail = False
        self._outputs: dict[int, bool] = {}
        self.weather: Weather = self.measured.at(self._start_s)
        self._adopt(board_class(spec.power_board)())
        self.pulses = self._pulse_inputs()
        self.board.set_clock(spec.start_utc)
        self.board.power_on()

    def _adopt(self, board: PowerBoard) -> None:
        self.board = board
        board.on_line = self._line_changed
        board.on_event = self._board_did
        if isinstance(board, AttributeBoard):
            board.on_key = self._key_pressed
        self.bus.clear()
        board.attach(self.bus)
        self.board_addresses = self.bus.addresses() or ((FILES,) if self.keys else ())
        self._plug_in_sensors()

    def _pulse_inputs(self, totals: Mapping[int, float] | None = None) -> PulseInputs:
        taken = self.board.lines()
        anemometer, gauge = next(pair for pair in ANEMOMETER_AND_RAIN_GAUGE if not set(pair) & set(taken))
        return PulseInputs({anemometer: anemometer_hz, gauge: rain_gauge_hz}, totals)

    def _line_changed(self, pin: int, high: bool) -> None:
        self.on_line(pin, high)

    def _key_pressed(self, code: int) -> None:
        self.on_key(code)

    def _board_did(self, event: BoardEvent) -> None:
        self.on_board(event)

    def _plug_in_sensors(self) -> None:
        """Give power to what hangs on the node's 3.3 V: such chips forget everything with it."""
        self.bus.attach(AIR_SENSOR, BME280(self._air))
        self.bus.attach(ROOM_SENSOR, BMP280(self._room))
        converter = next(address for address in VANE_CONVERTERS if address not in self.board_addresses)
        self.bus.attach(converter, ADS1115(self._vane_v))
        self.bus.attach(PANEL_METER, INA219(lambda: _rail(self.battery.accepted_w / PANEL_V, PANEL_V)))
        self.bus.attach(BATTERY_METER, INA219(lambda: _rail(self.battery.current_a, self.battery.terminal_v)))
        self.bus.attach(FINE_METER, INA226(self._fine_rail))

    def _air(self) -> Air:
        weather = self.weather
        return Air(weather.temperature_c, weather.pressure_hpa, weather.humidity_percent)

    def _fine_rail(self) -> Rail:
        return Rail(self.battery.current_a * FINE_SHUNT_OHM, self.battery.terminal_v)

    def _room(self) -> Air:
        return Air(INDOORS_C, self.weather.pressure_hpa, self.weather.humidity_percent)

    def _vane_v(self, channel: int) -> float:
        if channel == VANE_INPUT:
            return vane_volts(self.weather.wind_direction_deg, NODE_V)
        return NODE_V if channel == SUPPLY_INPUT else 0.0

    def files(self) -> BoardFiles:
        """The kernel's files of the power board, faults included; raises HardwareError if it has none."""
        if isinstance(self.board, AttributeBoard):
            return BoardFiles(self.board, self.bus.faults)
        raise no_such_file(f"a node with the board {self.board.name} has no such file")

    @property
    def keys(self) -> tuple[int, ...]:
        """Keys of the kernel's input layer that the node has."""
        return (KEY_POWER,) if isinstance(self.board, AttributeBoard) else ()

    @property
    def wall_s(self) -> float:
        """True wall time, seconds since 1970."""
        return self._start_s + self.time_s

    @property
    def panel_w(self) -> float:
        """W that the panel could give now."""
        return 0.0 if self.is_covered else panel_power_w(self.weather.poa_w_m2, self.spec.panel_w)

    @property
    def node_w(self) -> float:
        """W at the node's 5 V plug."""
        return self.draw.node_w(self.node, self.levels, self.jobs)

    @property
    def load_w(self) -> float:
        """W that battery and panel give together."""
        return 0.0 if self.is_unplugged else self.draw.battery_w(self.node_w)

    def unplug(self, seconds: float) -> None:
        """Take the board off its battery for so long from now on; 0 plugs it in again."""
        self._unplugged_until_s = self.time_s + seconds

    def cover(self, seconds: float) -> None:
        """Keep the sun off the panel for so long from now on; 0 uncovers it."""
        self._covered_until_s = self.time_s + seconds

    @property
    def is_unplugged(self) -> bool:
        """Whether the board is off its battery now."""
        return self.time_s < self._unplugged_until_s

    @property
    def is_covered(self) -> bool:
        """Whether no sun reaches the panel now, whatever the weather."""
        return self.time_s < self._covered_until_s

    @property
    def lines(self) -> dict[int, bool]:
        """Level of every pin that something drives."""
        return {**self.board.lines(), **self._outputs}

    def advance(self, to_s: float) -> None:
        """Go on to a time, in steps of at most half a second."""
        while self.time_s < to_s - 1e-9:
            self.step(min(LONGEST_STEP_S, to_s - self.time_s))

    def step(self, dt_s: float) -> None:
        """Let at most `LONGEST_STEP_S` pass for everything."""
        self.time_s += dt_s
        self.weather = self.measured.at(self.wall_s)
        self.pulses.step(self.weather, self.rain.rate_mm_h(self.wall_s), dt_s)
        self.battery.step(self.panel_w, self.load_w, dt_s)
        self.board.feed(
            input_v=0.0 if self.is_unplugged else self.battery.terminal_v,
            output_v=RAIL_V,
            output_a=self.node_w / RAIL_V,
            temperature_c=INDOORS_C,
            usb_v=self._usb_v(),
        )
        self.bus.step(dt_s)
        self._follow_rail()

    def _usb_v(self) -> float:
        """Return what a board that charges a cell of its own has at its USB socket: the panel."""
        charges = self.spec.battery.cells == 1 and self.panel_w >= CHARGES_FROM_W
        return USB_V if charges else 0.0

    def _follow_rail(self) -> None:
        if self.board.rail_on == self._rail:
            return
        self._rail = self.board.rail_on
        if self._rail:
            self._plug_in_sensors()
        else:
            self.node_ended(NodeState.OFF)
        self.on_rail(self._rail)

    @property
    def rail_on(self) -> bool:
        """Whether the node has power, as last told by `on_rail`."""
        return self._rail

    def node_ended(self, state: NodeState) -> None:
        """Note that no software drives pins or draws power any more."""
        self.node = state
        self.levels, self.jobs = {}, ()
        for pin in tuple(self._outputs):
            if pin != TXD:
                self.release_line(pin)
        if state is NodeState.OFF:
            self._outputs.pop(TXD, None)

    def set_line(self, pin: int, high: bool) -> None:
        """Drive a pin from the node's side; raises RequestError for a pin that no Pi has."""
        if not 0 <= pin <= 27:
            raise RequestError(f"GPIO{pin} does not exist")
        self._outputs[pin] = high
        self.board.set_line(pin, high)

    def release_line(self, pin: int) -> None:
        """Let go of a pin; what it was wired to sees it fall."""
        if self._outputs.pop(pin, False) and pin != TXD:
            self.board.set_line(pin, high=False)

    def to_dict(self) -> dict[str, Any]:
        """Everything that changes, for a file."""
        return {
            "time_s": self.time_s,
            "start_s": self._start_s,
            "battery": self.battery.to_dict(),
            "power_board": self.board.name,
            "board": self.board.to_dict(),
            "pulses": self.pulses.to_dict(),
            "capacity_wh": self.spec.battery.capacity_wh,
            "unplugged_until_s": self._unplugged_until_s,
            "covered_until_s": self._covered_until_s,
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take up what `to_dict` put down, power board included; raises WorldError if it cannot be used."""
        try:
            kind = board_class(str(data.get("power_board", DEFAULT_BOARD)))
            battery = Battery.from_dict(self.spec.battery, data["battery"])
            board = kind.from_dict(data["board"])
            totals = {int(pin): float(total) for pin, total in data["pulses"].items()}
            self.time_s, self._start_s = float(data["time_s"]), float(data["start_s"])
            self._unplugged_until_s = float(data.get("unplugged_until_s", 0.0))
            self._covered_until_s = float(data.get("covered_until_s", 0.0))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise WorldError(
                f"the saved world cannot be read ({error!r})", hint="start a new one with --fresh"
            ) from error
        self.battery = battery
        self.spec = replace(self.spec, power_board=kind.name)
        self._adopt(board)
        self.pulses = self._pulse_inputs(totals)
        self.weather = self.measured.at(self.wall_s)

    def truth(self) -> dict[str, Any]:
        """What really is, for pages and tests."""
        return {
            "time_utc": datetime.fromtimestamp(self.wall_s, UTC).isoformat(),
            "node": self.node.value,
            "power_board": self.board.name,
            "rail_on": self.board.rail_on,
            "reason": self.board.reason(),
            "board_time_utc": shown.isoformat() if (shown := self.board.clock_utc()) else None,
            "unplugged": self.is_unplugged,
            "covered": self.is_covered,
            "soc": self.battery.soc,
            "stored_wh": self.battery.stored_wh,
            "capacity_wh": self.spec.battery.capacity_wh,
            "battery_v": self.battery.terminal_v,
            "battery_a": self.battery.current_a,
            "panel_w": self.panel_w,
            "accepted_w": self.battery.accepted_w,
            "load_w": self.load_w,
            "node_w": self.node_w,
            "levels": dict(self.levels),
            "jobs": [asdict(job) for job in self.jobs],
            **asdict(self.weather),
            "rain_mm_h": self.rain.rate_mm_h(self.wall_s),
            "rain_is_synthetic": True,
            "weather_loops": self.measured.loops(self.wall_s),
            "eeprom_writes": self.board.eeprom_writes,
            "books": asdict(self.battery.books),
        }


def _rail(current_a: float, bus_v: float) -> Rail:
    return Rail(shunt_v=current_a * SHUNT_OHM, bus_v=bus_v)
