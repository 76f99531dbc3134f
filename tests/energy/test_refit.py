"""What a governor remembers of another node than the one it finds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from edgepi.energy import Battery, Panel
from edgepi.energy.engine import Engine
from edgepi.energy.priced import PricedGovernor
from edgepi.energy.refit import fitted, stamp
from edgepi.energy.settings import EngineSettings, Site, Store
from tests.energy.conftest import build_situation
from tests.energy.lived import House

QUICK = EngineSettings(first_sweeps=5, levels=30)
HERE, STORE = Site(latitude=45.0, longitude=179.9, panel_w=30.0), Store(capacity_wh=154.0)
MEMORY = {"envelope": [[0.02, None]], "seen": [1.0, None], "worth": [[1.0]], "clearness": [0.5], "day": "x"}


def fit(**changes: float) -> Any:
    site = replace(HERE, **{k: v for k, v in changes.items() if k != "capacity_wh"})
    store = replace(STORE, **{k: v for k, v in changes.items() if k == "capacity_wh"})
    return fitted(MEMORY, json.loads(json.dumps(stamp(HERE, STORE))), site, store)


def test_the_same_node_takes_up_everything() -> None:
    assert fit() == fit(longitude=-179.9) == fit(tilt_deg=37.0) == MEMORY


def test_elsewhere_nothing_holds() -> None:
    assert fit(latitude=47.0) == fit(longitude=178.0) == {}


def test_another_panel_gives_in_proportion() -> None:
    changed = fit(panel_w=60.0)
    assert changed["envelope"] == [[0.04, None]]
    assert changed["seen"] == [2.0, None]
    assert changed["clearness"] == [0.5]


def test_a_panel_that_was_turned_begins_anew_with_the_same_weather() -> None:
    changed = fit(azimuth_deg=90.0)
    assert changed["envelope"] == changed["seen"] == []
    assert changed["clearness"] == [0.5]


def test_in_another_battery_energy_is_priced_from_the_start() -> None:
    assert fit(capacity_wh=308.0)["worth"] == []
    assert fit(capacity_wh=308.0)["envelope"] == MEMORY["envelope"]


@pytest.mark.parametrize("made_with", [None, 3, {}, {"latitude": "x"}, {"latitude": float("nan")}])
def test_a_memory_that_says_not_what_it_was_made_with_is_taken_as_it_is(made_with: Any) -> None:
    assert fitted(MEMORY, made_with, HERE, STORE) is MEMORY


def test_a_governor_settles_its_price_for_a_battery_that_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(
        start=datetime(2025, 3, 20, 6, tzinfo=UTC),
        sun_w=lambda when: 15.0 if 8 <= when.hour < 16 else 0.0,
        governor=PricedGovernor(QUICK, planning="never"),
    )
    house.live(80.0, 1800.0)
    assert house.situation is not None
    memory = json.loads(json.dumps(house.governor.memory()))
    known: list[float] = []
    settled = Engine.begin_day

    def noted(self: Engine, *args: Any, **kwargs: Any) -> None:
        known.append(sum(map(len, self.memory()["worth"])))
        settled(self, *args, **kwargs)

    monkeypatch.setattr(Engine, "begin_day", noted)
    for battery, knows in ((house.battery, True), (Battery.of("lifepo4", 2 * 154.0), False)):
        fresh = PricedGovernor(QUICK, planning="never")
        fresh.recall(memory)
        fresh.decide(replace(house.situation, battery=battery))
        assert bool(known[-1]) is knows


def test_a_day_whose_thought_failed_is_thought_over_again(monkeypatch: pytest.MonkeyPatch) -> None:
    governor = PricedGovernor(QUICK, planning="never")
    today = build_situation(0.6, harvest_w=5.0, panel=Panel())
    governor.prepare(today)
    tomorrow = replace(today, now_utc=today.now_utc.replace(day=2), monotonic_s=today.monotonic_s + 86400.0)
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "begin_day", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            governor.prepare(tomorrow)
    assert governor.due(tomorrow)
    governor.prepare(tomorrow)
    assert not governor.due(tomorrow)
