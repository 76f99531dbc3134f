from __future__ import annotations

import json
import math
from typing import Any

import pytest

from edgepi_iexec.worker.learning import Ended, Learned, Need


def ended(**changes: Any) -> Ended:
    given = {"app": "0xa", "category": 0, "energy_wh": 0.1, "run_s": 60.0, "done": True, "promised": True}
    return Ended(**{**given, **changes})


def learned(*jobs: Ended) -> Learned:
    made = Learned(start_w=7.0)
    for job in jobs:
        made.book(job)
    return made


def test_it_begins_with_full_load_for_the_whole_time_of_the_category() -> None:
    assert learned().need(0, 3600.0, "0xa") == Need(7.0, 3600.0)


def test_it_comes_down_with_each_job_that_took_less_but_not_at_once() -> None:
    needs = [learned(*[ended()] * count).need(0, 300.0, "0xa").energy_wh for count in (0, 1, 3, 20)]
    assert needs == sorted(needs, reverse=True)
    assert needs[1] > 0.2
    assert needs[3] == pytest.approx(0.115, rel=0.15)


def test_an_app_is_told_apart_from_others_of_its_category() -> None:
    made = learned(*[ended(), ended(app="0xb", energy_wh=0.5, run_s=280.0)] * 10)
    assert made.need(0, 300.0, "0xa").energy_wh < made.need(0, 300.0).energy_wh
    assert made.need(0, 300.0, "0xnew") == made.need(0, 300.0)


def test_a_single_odd_job_moves_little() -> None:
    usual = learned(*[ended()] * 19)
    odd = learned(*[ended()] * 19, ended(energy_wh=1e9, run_s=1e5))
    assert odd.need(0, 300.0).energy_wh == pytest.approx(usual.need(0, 300.0).energy_wh, rel=0.05)


def test_an_unknown_category_goes_by_the_power_that_was_seen() -> None:
    made = learned(*[ended(energy_wh=3.0, run_s=3600.0)] * 18)
    assert made.need(4, 3600.0).energy_wh == pytest.approx(3.4)


@pytest.mark.parametrize(
    "job", [ended(run_s=0.0), ended(energy_wh=math.nan), ended(run_s=math.inf), ended(energy_wh=-1.0)]
)
def test_what_cannot_be_tells_nothing_of_energy(job: Ended) -> None:
    assert learned(job).need(0, 300.0, "0xa") == learned().need(0, 300.0, "0xa")


def test_a_job_that_failed_tells_of_luck_but_not_of_energy() -> None:
    made = learned(ended(done=False, promised=False))
    assert made.need(0, 300.0, "0xa") == learned().need(0, 300.0, "0xa")
    assert made.done_share < learned().done_share


def test_the_risk_of_a_stake_is_learned() -> None:
    assert learned().loss_share == pytest.approx(0.01)
    assert learned(*[ended()] * 20).loss_share == pytest.approx(0.005)
    assert learned(ended(done=False, lost=True)).loss_share > 0.05


def test_pay_is_the_middle_of_what_was_on_offer() -> None:
    made = learned()
    for nrlc in (1.0, 2.0, 3.0, 1e12, -5.0):
        made.saw_pay(nrlc, 1.0)
    made.saw_pay(9.0, 0.0)
    assert made.nrlc_per_wh == 2.0


def test_it_outlives_a_restart() -> None:
    made = learned(*[ended(run_s=float(second)) for second in range(1, 40)])
    made.saw_pay(5.0, 1.0)
    assert made.saw_category(3, 60.0)
    assert not made.saw_category(3, 60.0)
    again = Learned.from_json(json.loads(json.dumps(made.to_json())), start_w=7.0)
    assert again.to_json() == made.to_json()
    assert again.need(0, 300.0, "0xa") == made.need(0, 300.0, "0xa")
    assert again.categories == {3: 60.0}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"jobs": {"app 1": [[1.0]]}, "pay": [], "times": {}, "luck": [0, 0, 0, 0]},
        {"jobs": {"app 1": [[1.0, 0.0]]}, "pay": [], "times": {}, "luck": [0, 0, 0, 0]},
        {"jobs": {}, "pay": ["nan"], "times": {}, "luck": [0, 0, 0, 0]},
        {"jobs": {}, "pay": [], "times": {}, "luck": [1]},
        {"jobs": [], "pay": [], "times": {}, "luck": [0, 0, 0, -1]},
    ],
)
def test_what_was_not_written_by_it_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        Learned.from_json(data, start_w=7.0)


def test_it_does_not_grow_without_end() -> None:
    made = learned(*[ended(app=f"0x{number}") for number in range(500)] + [ended()] * 50)
    assert len(made.to_json()["jobs"]) <= 201
    assert all(len(kept) <= 20 for kept in made.to_json()["jobs"].values())
