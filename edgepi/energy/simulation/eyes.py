"""A simulated node that knows only what a real one does: nothing while it is off."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from edgepi.energy.battery import Battery
from edgepi.energy.simulation.plant import Plant
from edgepi.energy.simulation.policies import Governed
from edgepi.energy.simulation.trace import Trace
from edgepi.energy.simulation.year import View, Wish
from edgepi.model import WakePlan

__all__ = ["NodeEyes"]

_FULL = 0.999


class NodeEyes:
    """Asks a governor only while the node is on, wakes it when its own plan says, and hides the rest.

    Off, it measures no harvest; with a full battery only what load and battery take. It is switched
    on at the time that the plan set, or when the battery stands at the plan's recovery voltage. A
    governor that sends it to sleep again at once has spent the energy of a boot.
    """

    def __init__(self, governed: Governed, plant: Plant, trace: Trace) -> None:
        self._governed, self._plant, self._trace = governed, plant, trace
        self._battery = Battery.of(plant.chemistry, plant.battery_wh)
        self._wake: WakePlan | None = None
        self._asked = True

    def decide(self, view: View) -> Wish:
        """Choose for one step."""
        if not view.awake and not self._switched_on(view):
            self._asked = False
            return Wish()
        wish = self._governed.decide(self._seen(view))
        self._asked = True
        self._wake = self._governed.sleep.wake if self._governed.sleep else None
        asleep = not (wish.loads or wish.job)
        return replace(wish, looked=True) if asleep and not view.awake else wish

    def _switched_on(self, view: View) -> bool:
        plan = self._wake
        if plan is None:
            # The board has cut, and switches on again by itself.
            return view.energy_wh >= self._plant.restart * self._plant.battery_wh
        soon = self._trace.time(view.index) + timedelta(hours=self._trace.step_h / 2)
        return soon >= plan.wake_utc or (plan.recovery_v is not None and self._volts(view) >= plan.recovery_v)

    def _volts(self, view: View) -> float:
        rest_v = self._battery.rest_v(view.energy_wh / self._plant.battery_wh)
        return rest_v + view.battery_w / max(rest_v, 1e-6) * self._battery.resistance_ohm

    def _seen(self, view: View) -> View:
        """What the node measured in the step before."""
        if not self._asked:
            return replace(view, harvest_w=None)
        if view.harvest_w is None or view.energy_wh < _FULL * self._plant.store.top_wh:
            return view
        taken_w = min(view.harvest_w, view.load_w + max(0.0, view.battery_w))
        return replace(view, harvest_w=taken_w, curtailed=taken_w < view.harvest_w)
