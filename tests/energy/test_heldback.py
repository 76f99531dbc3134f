from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edgepi.energy import Battery, SocEstimate
from edgepi.energy.heldback import held_back
from edgepi.model import Supply

NOW = datetime(2025, 6, 1, 10, 0, tzinfo=UTC)
BATTERY = Battery.of("lifepo4", 154.0)
NEARLY_FULL = SocEstimate(soc=0.98, sd=0.02, source="voltage")
HALF = SocEstimate(soc=0.5, sd=0.05, source="voltage")


def supply(volts: float | None, amperes: float | None = None) -> Supply:
    return Supply(time_utc=NOW, source="test", battery_v=volts, battery_a=amperes)


@pytest.mark.parametrize(
    ("measured", "soc", "answer"),
    [
        (None, NEARLY_FULL, None),
        (supply(None), NEARLY_FULL, None),
        (supply(14.4), NEARLY_FULL, True),
        (supply(14.4, 1.5), NEARLY_FULL, True),
        (supply(14.0, 0.1), NEARLY_FULL, True),
        (supply(14.0, 2.5), NEARLY_FULL, False),
        (supply(13.5, 0.0), NEARLY_FULL, None),
        (supply(13.5, 1.5), NEARLY_FULL, False),
        (supply(13.5, -0.3), NEARLY_FULL, False),
        (supply(14.4, -0.3), NEARLY_FULL, False),
        (supply(13.2), HALF, False),
        (supply(13.2), None, None),
    ],
)
def test_a_charger_holds_back_at_its_voltage_or_when_a_full_battery_takes_little(
    measured: Supply | None, soc: SocEstimate | None, answer: bool | None
) -> None:
    assert held_back(measured, BATTERY, soc) is answer
