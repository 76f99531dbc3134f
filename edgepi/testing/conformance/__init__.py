"""What EdgePi expects of each kind of plugin object, as tests to inherit.

Write a class, name it ``Test...``, and give it the fixture ``make``, a function that builds a fresh
object on working (simulated) hardware::

    class TestMySensor(SensorConformance):
        @pytest.fixture
        def make(self, plugin_context, simulated_bus):
            simulated_bus.attach(0x40, MyChip())
            return lambda: MySensor(plugin_context(MyConfig()))

An object without a chip on ``simulated_bus`` says ``lacks = frozenset({"bus"})``, a board without alarm or
clock adds ``wake`` or ``clock``: the tests of that are left out, and one test sees to it that no more is.
"""

from edgepi.testing.conformance.compute import ComputeBackendConformance
from edgepi.testing.conformance.duty import DutyConformance
from edgepi.testing.conformance.forecast import SunForecasterConformance
from edgepi.testing.conformance.meter import SupplyMeterConformance
from edgepi.testing.conformance.notifier import NotifierConformance
from edgepi.testing.conformance.power import PowerControllerConformance
from edgepi.testing.conformance.sensor import SensorConformance

__all__ = [
    "ComputeBackendConformance",
    "DutyConformance",
    "NotifierConformance",
    "PowerControllerConformance",
    "SensorConformance",
    "SunForecasterConformance",
    "SupplyMeterConformance",
]
