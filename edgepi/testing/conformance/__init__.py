"""What EdgePi expects of each kind of plugin object, as tests to inherit.

Write a class, name it ``Test...``, and give it the fixture ``make``, a function that builds a fresh
object on working (simulated) hardware::

    class TestMySensor(SensorConformance):
        @pytest.fixture
        def make(self, plugin_context, simulated_bus):
            simulated_bus.attach(0x40, MyChip())
            return lambda: MySensor(plugin_context(MyConfig()))

A test of what an object does not promise passes: one that breaks the bus where no chip is attached to
``simulated_bus``, one of a board's alarm where the board has none.
"""

from edgepi.testing.conformance.compute import ComputeBackendConformance
from edgepi.testing.conformance.duty import DutyConformance
from edgepi.testing.conformance.notifier import NotifierConformance
from edgepi.testing.conformance.power import PowerControllerConformance, SupplyMeterConformance
from edgepi.testing.conformance.sensor import SensorConformance

__all__ = [
    "ComputeBackendConformance",
    "DutyConformance",
    "NotifierConformance",
    "PowerControllerConformance",
    "SensorConformance",
    "SupplyMeterConformance",
]
