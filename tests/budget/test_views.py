"""What the API shows of energy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from edgepi.config.settings import EnergySettings
from edgepi.model import LeaseState, Offer
from edgepi.testing.clock import settle
from edgepi.testing.power import FakeDuty
from edgepi.web.api.shapes import ENERGY
from edgepi.web.wire import plain

from .conftest import Bench

KINDS: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def check(value: Any, shape: Mapping[str, Any], where: str = "energy") -> None:
    """Hold a value to the part of JSON Schema that the API uses."""
    kinds = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    assert any(isinstance(value, KINDS[kind]) for kind in kinds), (where, value, kinds)
    if isinstance(value, dict):
        for key, inner in shape.get("properties", {}).items():
            assert key in value, f"{where}.{key} is missing"
            check(value[key], inner, f"{where}.{key}")
        if more := shape.get("additionalProperties"):
            for key, item in value.items():
                check(item, more, f"{where}.{key}")
    if isinstance(value, list) and "items" in shape:
        for item in value:
            check(item, shape["items"], f"{where}[]")


async def started(bench: Bench, **values: float) -> None:
    bench.meter.values |= {"battery_percent": 95.0, "battery_a": 0.5, "input_w": 12.0, **values}
    bench.budget.add_meter(bench.meter, "meter")
    bench.budget.add_controller(bench.board, "board")
    bench.budget.add_duty(FakeDuty(), "camera")
    await bench.budget.start()
    await settle()
    await bench.pass_time(600.0)


async def finished(bench: Bench, offer: Offer) -> None:
    handle = await bench.budget.offer(offer)
    await bench.pass_time(20.0)
    assert handle.lease.state is LeaseState.GRANTED
    await handle.started()
    await bench.pass_time(3600.0)
    await handle.finished()


async def test_the_report_is_what_the_document_says(bench: Bench, make_offer: Callable[..., Offer]) -> None:
    await started(bench)
    await finished(bench, make_offer())
    await bench.pass_time(60.0)
    report = plain(bench.budget.views.report())
    check(report, ENERGY)
    assert set(ENERGY["properties"]) >= set(report)
    json.dumps(report, allow_nan=False)


async def test_finished_jobs_are_booked_and_outlive_a_restart(
    bench: Bench, make_offer: Callable[..., Offer]
) -> None:
    await started(bench)
    await finished(bench, make_offer())
    handle = await bench.budget.offer(make_offer("job-2"))
    await bench.pass_time(20.0)
    await handle.give_back("changed its mind")
    total = bench.budget.views.report()["earnings"]["total"]
    assert (total["points"], total["jobs"]) == (1.0, 1)
    assert total["used_wh"] == pytest.approx(3.0, rel=0.01)
    await bench.budget.stop()
    bench.budget = bench.build()
    await bench.budget.start()
    earnings = bench.budget.views.report()["earnings"]
    assert earnings["total"] == total
    assert earnings["by_consumer"] == {"iexec": total}
    assert list(earnings["months"]) == ["2025-06"]


async def test_what_the_grid_would_have_emitted_follows_from_what_was_used(bench: Bench) -> None:
    bench.settings = EnergySettings(grid_co2_g_per_kwh=500.0)
    bench.budget = bench.build()
    await started(bench)
    await bench.pass_time(3600.0, step_s=60.0)
    report = bench.budget.views.report()
    used_wh = report["ledger"]["total"]["total_used_wh"]
    assert used_wh > 2.0
    assert report["co2"]["avoided_g_total"] == pytest.approx(used_wh / 2)


async def test_the_status_stays_short_after_weeks(bench: Bench) -> None:
    await started(bench)
    for _ in range(40):
        bench.clock.step_wall(86400.0)
        await bench.pass_time(20.0)
    short, full = bench.budget.status(), bench.budget.views.report()
    assert short["plan"]["steps"] == []
    assert set(short["ledger"]) == {"today", "total"}
    assert len(json.dumps(plain(short))) < 4_000
    assert len(full["ledger"]["days"]) == 35


async def test_reasons_come_as_sentences(bench: Bench) -> None:
    assert bench.budget.views.explain() == ("nothing is decided yet: the first readings are awaited",)
    await started(bench)
    said = await asyncio.to_thread(bench.budget.views.explain)
    assert said
    assert all(said)
