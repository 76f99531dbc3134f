from __future__ import annotations

from random import Random

import pytest

from edgepi.energy.forecast import ForecastTrust, Outlook, forecast_chain
from edgepi.energy.settings import EngineSettings

EVEN = [[1 / 3] * 3] * 3
CENTRES = (0.1, 0.5, 0.9)


def test_a_biased_forecast_is_corrected_after_some_weeks() -> None:
    random, trust = Random(1), ForecastTrust(EngineSettings())
    for day in range(40):
        truth = random.uniform(0.1, 1.0)
        trust.issue(day, [1.2 * truth + random.gauss(0.0, 0.03)])
        trust.learn(day, truth)
    (outlook,) = trust.issue(40, [1.2 * 0.5])
    assert outlook is not None
    assert outlook.clearness == pytest.approx(0.5, abs=0.05)


def test_a_worthless_forecast_is_given_a_wide_spread() -> None:
    random, trust = Random(2), ForecastTrust(EngineSettings())
    for day in range(40):
        trust.issue(day, [random.uniform(0.1, 1.0)])
        trust.learn(day, random.uniform(0.1, 1.0))
    (outlook,) = trust.issue(40, [0.9])
    assert outlook is not None
    assert outlook.sd > 0.25


def test_without_a_forecast_the_chain_is_the_plain_one() -> None:
    matrix = [[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]]
    (today,) = forecast_chain(matrix, CENTRES, [], 0.08)
    assert today[0] == pytest.approx(matrix[0])


def test_a_dull_tomorrow_speaks_back_to_today() -> None:
    sticky = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]
    today, tomorrow = forecast_chain(sticky, CENTRES, [None, Outlook(0.1, 0.1)], 0.08)
    assert today[1][0] > sticky[1][0]
    assert tomorrow[1][0] > 0.8
