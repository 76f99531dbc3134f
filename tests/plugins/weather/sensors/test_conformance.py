from __future__ import annotations

from collections.abc import Callable

import pytest

from edgepi.testing.conformance import SensorConformance
from edgepi_weather.sensors import AirSensor, RainSensor, VaneSensor, WindSensor
from tests.plugins.weather.conftest import Kit


class TestAirSensor(SensorConformance):
    @pytest.fixture
    def make(self, kit: Kit) -> Callable[[], AirSensor]:
        kit.bus.detach(0x48)
        return kit.air


class TestVaneSensor(SensorConformance):
    @pytest.fixture
    def make(self, kit: Kit) -> Callable[[], VaneSensor]:
        kit.bus.detach(0x76)
        return kit.vane


class TestWindSensor(SensorConformance):
    lacks = frozenset({"bus"})

    @pytest.fixture
    def make(self, kit: Kit) -> Callable[[], WindSensor]:
        for address in (0x48, 0x76):
            kit.bus.detach(address)
        return kit.wind


class TestRainSensor(SensorConformance):
    lacks = frozenset({"bus"})

    @pytest.fixture
    def make(self, kit: Kit) -> Callable[[], RainSensor]:
        for address in (0x48, 0x76):
            kit.bus.detach(address)
        return kit.rain
