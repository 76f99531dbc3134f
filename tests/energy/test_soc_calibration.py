"""Whether the charge is known as well as the estimator says, over months on a cell of another make."""

from __future__ import annotations

import pytest

from edgepi.energy.battery import CHEMISTRIES
from edgepi.energy.simulation.lifetime import SENSES, live, score

# Root mean square error that must be kept: (voltage, with load, with current, a board's own, mixture).
KEPT = {
    "lifepo4": (0.13, 0.09, 0.03, 0.05, 0.10),
    "li-ion": (0.03, 0.03, 0.02, 0.05, 0.08),
    "lead-acid": (0.07, 0.06, 0.04, 0.05, 0.10),
}


@pytest.mark.parametrize(
    "sense",
    [
        sense if sense in {"voltage", "mixture"} else pytest.param(sense, marks=pytest.mark.slow)
        for sense in SENSES
    ],
)
@pytest.mark.parametrize(
    "chemistry",
    [
        name if name == "lifepo4" else pytest.param(name, marks=pytest.mark.slow)
        for name in sorted(CHEMISTRIES)
    ],
)
def test_the_truth_lies_within_two_standard_deviations(chemistry: str, sense: str) -> None:
    for seed, gain, offset_a in ((1, 0.03, 0.01), (2, -0.03, -0.01)):
        rms, inside = score(live(chemistry, sense, days=45, seed=seed, gain=gain, offset_a=offset_a))
        assert inside >= 0.9
        assert rms <= KEPT[chemistry][SENSES.index(sense)]
