"""The tasks of the demo pay enough for its node to go on with them, and not only where energy is spilled."""

from __future__ import annotations

import argparse

import pytest
import yaml

from edgepi.energy.battery import Battery, Board
from edgepi.sim.build import demo_config
from edgepi_iexec.chain.model import Resource
from edgepi_iexec.commands import run
from edgepi_iexec.devchain.service import Demand
from edgepi_iexec.worker.learning import WATTS_PER_CPU, Ended, Learned
from edgepi_iexec.worker.worth import Market, worth_of
from tests.docs.pages import ROOT, text_of
from tests.plugins.iexec.worker.deals import POOL, deal

PRICE = Demand(image="demo:1", checksum="").price_nrlc
POINTS_PER_RLC = 10.0
XS_S = 3600.0  # in a world
SEEN = 5
"""Tasks that a full battery's morning brings at least."""


def keeping_up(config: str) -> float:
    """Points that a Wh is worth at most to a node in winter: it keeps the node and all its sensors up."""
    node = yaml.load(config, yaml.BaseLoader)
    sensors = 5.0 + 0.5 * (len(node["plugins"]["ina219"]) + 1)  # one high, the others low
    battery = Battery.of(
        node["energy"]["battery"]["chemistry"], float(node["energy"]["battery"]["capacity_wh"])
    )
    return sensors / Board(model=node["energy"]["board"]["model"]).idle_w / battery.facts.efficiency


@pytest.mark.parametrize("task_wh", [0.18, 0.4])  # measured, and on a machine that takes twice as long
def test_a_task_is_worth_more_than_keeping_the_node_up_once_some_were_seen(task_wh: float) -> None:
    jobs = yaml.load((ROOT / "plugins/edgepi_iexec/devchain/demo.yaml").read_text(), yaml.BaseLoader)
    learned = Learned(start_w=WATTS_PER_CPU * float(jobs["iexec"]["cpus"]))
    for _ in range(SEEN):
        learned.book(Ended(app="demo", category=0, energy_wh=task_wh, run_s=600.0, done=True, promised=True))
    offered = deal(
        workerpool=Resource(POOL, POOL, PRICE), worker_stake_nrlc=PRICE * 30 // 100, scheduler_reward_ratio=1
    )
    worth = worth_of(offered, Market(), learned, nrlc_per_wei=0.0)
    points = worth.net_nrlc / 1e9 * POINTS_PER_RLC
    assert points / learned.need(0, XS_S, "demo").energy_wh > keeping_up(demo_config().read_text())


def test_an_order_of_ones_own_pays_the_same() -> None:
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    assert parser.get_default("price") * 1e9 == PRICE
    assert text_of("tutorial/first-paid-task.md").count(f'`"{PRICE / 1e9:g} RLC"`') == 2
