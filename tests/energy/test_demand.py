from __future__ import annotations

from edgepi.energy.demand import Step, Want, ladder, thinned, upper_hull


def test_the_envelope_leaves_out_what_no_price_would_choose() -> None:
    assert upper_hull([(0, 0), (1, 1), (2, 4), (3, 4), (4, 5)]) == [(0, 0), (2, 4), (4, 5)]


def test_the_best_points_per_watt_come_first() -> None:
    rungs = ladder(
        [
            Want("job", (Step("run", 4.0, 1.0),), hold_h=1.0),
            Want("camera", (Step("saver", 1.0, 3.0), Step("full", 3.0, 5.0))),
        ],
        idle_w=2.0,
        off_w=0.1,
    )
    assert [round(rung.power_w, 3) for rung in rungs] == [0.1, 3.0, 5.0, 9.0]
    assert [rung.points_per_h for rung in rungs] == [0.0, 3.0, 5.0, 6.0]
    assert rungs[-1].held == {"job": 1.0}
    assert not rungs[0].awake


def test_a_node_that_cannot_be_cut_starts_at_idle() -> None:
    (idle,) = ladder([], idle_w=2.0, off_w=None)
    assert idle.awake
    assert idle.power_w == 2.0


def test_a_level_that_takes_no_power_is_worth_it_first_of_all() -> None:
    wants = [Want("camera", (Step("full", 3.0, 5.0),)), Want("sensor", (Step("full", 0.0, 0.5),))]
    rungs = ladder(wants, idle_w=2.0, off_w=0.1)
    assert rungs[1].picks == {"sensor": "full"}
    assert rungs[1].power_w < 2.001
    assert len(rungs) == 3


def test_of_very_many_rungs_some_will_do_with_the_first_and_the_last() -> None:
    wants = [Want(f"duty-{n}", (Step("full", 1.0, 100.0 - n),)) for n in range(90)]
    rungs = ladder(wants, idle_w=2.0, off_w=0.1)
    few = thinned(rungs, 24)
    assert len(few) == 24
    assert few[0] is rungs[0]
    assert few[-1] is rungs[-1]
    assert thinned(rungs[:5], 24) == rungs[:5]
