from __future__ import annotations

import pytest

from edgepi.errors import ChainError, TransactionError
from edgepi.testing.clock import ManualClock
from edgepi_iexec.chain.model import ZERO_ADDRESS, TaskStatus
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.ids import result_hash, result_seal
from tests.plugins.iexec.fakechain import FakeChain, Ledger, ledger_wallets, reorganise

DIGEST = "0x" + "33" * 32


class Scene:
    def __init__(self, clock: ManualClock) -> None:
        self.ledger = Ledger(clock)
        self.owner, self.worker = ledger_wallets(self.ledger, 2)
        self.pool = self.ledger.create_pool(owner=self.owner.address)
        app = self.ledger.create_app("registry.test/demo:1", owner=self.owner.address)
        self.placed = self.ledger.place(app, pool=self.pool, requester=self.owner.address)
        self.task_id = self.placed.task_ids[0]

    async def contribute(self) -> str:
        digest = authorization_hash(self.worker.address, self.task_id, ZERO_ADDRESS)
        receipt = await self.worker.contribute(
            self.task_id,
            result_hash(self.task_id, DIGEST),
            result_seal(self.worker.address, self.task_id, DIGEST),
            ZERO_ADDRESS,
            await self.owner.sign_personal(digest),
        )
        return receipt.tx_hash


@pytest.fixture
async def scene(manual_clock: ManualClock) -> Scene:
    made = Scene(manual_clock)
    await made.owner.initialize(made.placed.deal_id, 0)
    return made


async def test_an_answer_that_is_lost_is_of_a_transaction_that_is_mined(scene: Scene) -> None:
    scene.worker.faults.lost_answers.add("contribute")
    with pytest.raises(ChainError, match="went away"):
        await scene.contribute()
    assert (await scene.worker.task(scene.task_id)).status is TaskStatus.REVEALING
    assert await scene.contribute() == scene.ledger.state.events[-1].tx_hash
    assert [name for name, _ in scene.ledger.sent].count("contribute") == 1


async def test_what_is_dropped_reaches_no_block(scene: Scene) -> None:
    scene.worker.faults.dropped.add("contribute")
    with pytest.raises(TransactionError, match="dropped"):
        await scene.contribute()
    assert (await scene.worker.task(scene.task_id)).contributors == ()


async def test_a_node_is_away_for_a_while(scene: Scene, manual_clock: ManualClock) -> None:
    scene.worker.faults.down_until_s = manual_clock.monotonic() + 60.0
    with pytest.raises(ChainError):
        await scene.worker.latest_block()
    await manual_clock.advance(60.0)
    await scene.worker.latest_block()


async def test_a_node_that_lags_shows_what_was(scene: Scene) -> None:
    scene.owner.faults.lag = scene.ledger.state.copy()
    await scene.contribute()
    assert (await scene.owner.task(scene.task_id)).status is TaskStatus.ACTIVE
    assert (await scene.worker.task(scene.task_id)).status is TaskStatus.REVEALING


async def test_what_is_reorganised_away_can_happen_again(scene: Scene) -> None:
    mark = scene.ledger.state.copy()
    first = await scene.contribute()
    reorganise(scene.ledger, mark)
    assert (await scene.worker.task(scene.task_id)).status is TaskStatus.ACTIVE
    assert (await scene.worker.account(scene.worker.address)).locked_nrlc == 0
    assert await scene.contribute() != first


async def test_blocks_come_while_nothing_happens(scene: Scene, manual_clock: ManualClock) -> None:
    before = await scene.worker.latest_block()
    await manual_clock.advance(600.0)
    after = await scene.worker.latest_block()
    assert after.number > before.number
    assert (after.time_utc - before.time_utc).total_seconds() == pytest.approx(600.0, abs=1.0)


def test_each_key_is_a_wallet_of_its_own(scene: Scene) -> None:
    first = FakeChain(scene.ledger, "0x" + "01" * 32)
    assert first.address != scene.worker.address
    assert scene.ledger.account(first.address).stake_nrlc == 0
