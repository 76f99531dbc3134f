from __future__ import annotations

import pytest

from edgepi.errors import DeviceNotFoundError
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import Reg, WittyPi4
from edgepi.sim.chips.wittypi4_l3v7 import WittyPi4L3V7
from edgepi_wittypi.detection import detect
from edgepi_wittypi.quirks import ANY, quirks_of

CLOCK, MOTION = 0x51, 0x69


class Other:
    """A chip that is no board; it must never be written to."""

    def __init__(self, identity: int) -> None:
        self.identity = identity
        self.written: list[int] = []

    def read(self, register: int) -> int:
        return self.identity if register == 0 else 0

    def write(self, register: int, value: int) -> None:
        self.written.append(register)

    def step(self, dt_s: float) -> None:
        """Nothing happens."""


def powered(board: WittyPi4) -> WittyPi4:
    board.step(1.0)
    return board


@pytest.mark.parametrize(
    ("board", "model"), [(WittyPi4(), "Witty Pi 4"), (WittyPi4L3V7(), "Witty Pi 4 L3V7")]
)
def test_a_board_is_known_by_its_identity(board: WittyPi4, model: str) -> None:
    found = detect(SimulatedBus({0x08: powered(board)}))
    assert (found.model, found.firmware) == (model, "revision 7")


def test_other_chips_at_the_family_s_addresses_are_neither_taken_nor_written_to() -> None:
    clock, motion = Other(0x00), Other(0x68)
    bus = SimulatedBus({CLOCK: clock, MOTION: motion})
    with pytest.raises(DeviceNotFoundError, match="no Witty Pi answers at 0x08, 0x69, 0x51"):
        detect(bus)
    assert clock.written == motion.written == []
    bus.attach(0x08, powered(WittyPi4()))
    assert detect(bus).model == "Witty Pi 4"
    assert clock.written == motion.written == []


def test_finding_a_board_writes_nothing_to_it() -> None:
    board = powered(WittyPi4())
    before = board.to_dict()
    detect(SimulatedBus({0x08: board}))
    assert board.to_dict()["memory"] == before["memory"]


def test_a_board_that_was_moved_is_found_where_it_is_said_to_be() -> None:
    bus = SimulatedBus({0x2A: powered(WittyPi4())})
    with pytest.raises(DeviceNotFoundError):
        detect(bus)
    assert detect(bus, 0x2A).model == "Witty Pi 4"


def test_a_lost_identity_is_told_with_what_to_do() -> None:
    board = powered(WittyPi4())
    board.memory.values[Reg.ID] = 0xFF
    with pytest.raises(DeviceNotFoundError, match="0xff") as caught:
        detect(SimulatedBus({0x08: board, CLOCK: Other(0x00)}))
    assert "flash its firmware" in str(caught.value.hint)


def test_quirks_follow_model_and_firmware() -> None:
    assert not quirks_of(0x26, (6,)).guaranteed_wake
    assert quirks_of(0x26, (7,)).guaranteed_wake
    assert quirks_of(0x37, (7,)).wakes_on_usb
    assert quirks_of(0x99, (1,)) == ANY
