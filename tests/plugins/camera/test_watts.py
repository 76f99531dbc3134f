from __future__ import annotations

import itertools

import pytest

from edgepi_camera.address import Address
from edgepi_camera.config import CameraConfig, PowerConfig
from edgepi_camera.watts import levels_of

CONFIGS = [
    CameraConfig(source=Address("picamera")),
    CameraConfig(source=Address("/dev/video0")),
    CameraConfig(source=Address("rtsp://cam/a")),
    CameraConfig(source=Address("/srv/film.mp4")),
    CameraConfig(source=Address("picamera"), snapshot_every=10.0),
    CameraConfig(source=Address("rtsp://cam/a"), power=PowerConfig(snapshot=0.01, saver=2.0, full=2.1)),
    CameraConfig(source=Address("rtsp://cam/a"), power=PowerConfig(full=0.05)),
    CameraConfig(source=Address("picamera"), power=PowerConfig(saver=3.0)),
]


@pytest.mark.parametrize("config", CONFIGS)
def test_power_and_worth_rise_from_level_to_level(config: CameraConfig) -> None:
    levels = levels_of(config)
    assert [level.name for level in levels] == ["off", "snapshot", "saver", "full"]
    for low, high in itertools.pairwise(levels):
        assert low.power_w <= high.power_w
        assert low.points_per_h <= high.points_per_h
    assert levels[1].points_per_h > 0.0


@pytest.mark.parametrize("config", CONFIGS[:6])
def test_each_level_is_best_at_some_price_of_energy(config: CameraConfig) -> None:
    levels = levels_of(config)
    prices = [10.0 ** (exponent / 50.0) for exponent in range(-150, 200)]
    chosen = {
        max(levels, key=lambda level: level.points_per_h - price * level.power_w).name for price in prices
    }
    assert chosen == {"off", "snapshot", "saver", "full"}


def test_a_still_now_and_then_is_worth_little_and_saver_most() -> None:
    _, snapshot, saver, full = levels_of(CameraConfig(source=Address("picamera")))
    assert snapshot.points_per_h < 0.2 * full.points_per_h
    assert saver.points_per_h >= 0.8 * full.points_per_h


def test_a_camera_with_a_supply_of_its_own_costs_only_what_it_makes_the_computer_do() -> None:
    own = levels_of(CameraConfig(source=Address("rtsp://cam/a")))
    module = levels_of(CameraConfig(source=Address("picamera")))
    assert module[-1].power_w - own[-1].power_w == pytest.approx(1.25)


def test_the_owner_knows_better() -> None:
    config = CameraConfig(source=Address("picamera"), power=PowerConfig(snapshot=0.2, saver=0.9, full=1.1))
    assert [level.power_w for level in levels_of(config)] == [0.0, 0.2, 0.9, 1.1]
