from __future__ import annotations

import pytest

from edgepi.errors import RequestError
from edgepi.sim.timekeeper import TimeKeeper


class Real:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def real() -> Real:
    return Real()


@pytest.fixture
def keeper(real: Real) -> TimeKeeper:
    return TimeKeeper(real, monotonic_s=50.0, wall_s=2_000_000.0, rate=60.0)


def test_sixty_world_seconds_go_by_in_one(keeper: TimeKeeper, real: Real) -> None:
    real.now_s += 1.0
    assert keeper.monotonic_s == pytest.approx(110.0)
    assert keeper.wall_s == pytest.approx(2_000_060.0)


def test_any_reason_slows_the_world_until_the_last_is_taken_back(keeper: TimeKeeper) -> None:
    keeper.slow("one")
    keeper.slow("other")
    keeper.release("one")
    assert keeper.rate == 1.0
    assert keeper.reasons == ("other",)
    keeper.release("other")
    assert keeper.rate == 60.0


def test_time_does_not_jump_when_the_rate_changes(keeper: TimeKeeper, real: Real) -> None:
    real.now_s += 2.0
    before = keeper.monotonic_s, keeper.wall_s
    keeper.slow("boot")
    assert (keeper.monotonic_s, keeper.wall_s) == pytest.approx(before)
    real.now_s += 2.0
    assert keeper.monotonic_s == pytest.approx(before[0] + 2.0)


def test_a_rate_asked_for_while_slow_waits_for_its_turn(keeper: TimeKeeper) -> None:
    keeper.slow("boot")
    keeper.ask(120.0)
    assert keeper.rate == 1.0
    keeper.release("boot")
    assert keeper.rate == 120.0


def test_a_rate_below_one_is_not_raised_by_a_reason(keeper: TimeKeeper) -> None:
    keeper.ask(0.5)
    keeper.slow("boot")
    assert keeper.rate == 0.5


@pytest.mark.parametrize("rate", [0.0, -1.0, 1e9, float("nan")])
def test_an_impossible_rate_is_refused(keeper: TimeKeeper, rate: float) -> None:
    with pytest.raises(RequestError):
        keeper.ask(rate)
    assert keeper.rate == 60.0


def test_setting_the_nodes_clock_leaves_the_truth_alone(keeper: TimeKeeper) -> None:
    keeper.set_node_wall(5_000_000.0)
    assert keeper.wall_s == pytest.approx(2_000_000.0)
    assert keeper.node_scale.wall_s == pytest.approx(5_000_000.0)
    keeper.step_node_wall(-3600.0)
    assert keeper.node_wall_s == pytest.approx(4_996_400.0)


def test_every_change_is_told_and_nothing_else(keeper: TimeKeeper) -> None:
    told: list[float] = []
    keeper.on_change = lambda: told.append(keeper.rate)
    keeper.slow("boot")
    keeper.slow("boot")
    keeper.release("never given")
    keeper.release("boot")
    keeper.set_node_wall(1.0)
    assert told == [1.0, 60.0, 60.0]
