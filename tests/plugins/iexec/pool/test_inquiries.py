"""What requesters are told: tasks, logs for the one who paid, where the scheduler is, figures."""

from __future__ import annotations

from typing import Any

import pytest

from edgepi_iexec.pool.model import Stage
from edgepi_iexec.protocol.logs import LogsAuthorization, challenge_digest
from tests.plugins.iexec.fakechain import FakeChain
from tests.plugins.iexec.pool.house import CHAIN_ID, House

UNKNOWN = "0x" + "11" * 32


async def _reader(house: House, wallet: FakeChain) -> dict[str, str]:
    """Return the header of somebody who proves its address."""
    said = await house.call("GET", f"/tasks/logs/challenge?address={wallet.address}&chainId={CHAIN_ID}")
    document = said.json
    types = {"Challenge": document["types"]["Challenge"]}
    signature = await wallet.sign_typed(document["domain"], types, document["message"])
    digest = challenge_digest(document["message"]["challenge"], CHAIN_ID)
    shown = LogsAuthorization("0x" + digest.hex(), signature, wallet.address)
    return {"Authorization": shown.header()}


async def test_the_challenge_for_logs_is_the_document_that_the_sdk_signs(house: House) -> None:
    await house.open()
    said = await house.call("GET", f"/tasks/logs/challenge?address={house.requester.address}")
    document = said.json
    challenge = document["message"].pop("challenge")
    assert challenge
    assert document == {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
            ],
            "Challenge": [{"name": "challenge", "type": "string"}],
        },
        "primaryType": "Challenge",
        "domain": {"name": "iExec Core", "version": "1", "chainId": CHAIN_ID},
        "message": {},
    }


async def test_a_task_is_told_with_its_replicates(house: House) -> None:
    await house.open(contribute_and_finalize=False)
    hand = await house.hand()
    task_id = await house.order(params='{"iexec_args":"100 7"}')
    await hand.ask()
    await hand.compute(task_id)
    await hand.contribute(task_id)
    await house.until_stage(task_id, Stage.CONSENSUS_REACHED)
    said = await house.call("GET", f"/tasks/{task_id}")
    task = said.json
    assert task["chainTaskId"] == task_id
    assert task["currentStatus"] == "CONSENSUS_REACHED"
    assert task["commandLine"] == "100 7"
    assert task["dappName"] == "registry.test/demo:1"
    assert task["consensus"] == house.ledger.task(task_id).consensus
    assert [each["status"] for each in task["dateStatusList"]][:3] == [
        "RECEIVED",
        "INITIALIZING",
        "INITIALIZED",
    ]
    (replicate,) = task["replicates"]
    assert (replicate["walletAddress"], replicate["currentStatus"]) == (hand.address, "CONTRIBUTED")
    assert replicate["appExitCode"] == 0
    one = await house.call("GET", f"/tasks/{task_id}/replicates/{hand.address}")
    assert one.json == replicate


async def test_a_task_is_told_long_after_its_end(house: House) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    await hand.compute(task_id)
    await hand.at_once(task_id)
    await house.until_stage(task_id, Stage.COMPLETED)
    await hand.complete(task_id)
    await house.until(lambda: house.stage(task_id) is None)
    await house.reopen()
    task = (await house.call("GET", f"/tasks/{task_id}")).json
    assert task["currentStatus"] == "COMPLETED"
    assert task["resultLink"] == house.ledger.task(task_id).results.decode()


@pytest.mark.parametrize(
    "path",
    [
        f"/tasks/{UNKNOWN}",
        "/tasks/nonsense",
        "/tasks/%2e%2e",
        f"/tasks/{UNKNOWN}/replicates/0x{'22' * 20}",
        f"/v1/results/{UNKNOWN}/ipfshash",
        f"/{CHAIN_ID}/workerpools/0x{'22' * 20}",
    ],
)
async def test_what_is_not_there_is_404(house: House, path: str) -> None:
    await house.open()
    assert (await house.call("GET", path)).status == 404


async def _computed(house: House) -> tuple[str, Any]:
    await house.open(contribute_and_finalize=False)
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    await hand.compute(task_id, stdout="3.14159 \N{GREEK SMALL LETTER PI}")
    return task_id, hand


async def test_the_requester_reads_the_logs_of_its_task(house: House) -> None:
    task_id, hand = await _computed(house)
    header = await _reader(house, house.requester)
    said = await house.call("GET", f"/tasks/{task_id}/logs", headers=header)
    expected = {
        "chainTaskId": task_id,
        "computeLogsList": [
            {"walletAddress": hand.address, "stdout": "3.14159 \N{GREEK SMALL LETTER PI}", "stderr": ""}
        ],
    }
    assert (said.status, said.json) == (200, expected)
    path = f"/tasks/{task_id}/replicates/{hand.address}/logs"
    assert (await house.call("GET", path, headers=header)).status == 200


async def test_nobody_else_reads_them(house: House) -> None:
    task_id, hand = await _computed(house)
    path = f"/tasks/{task_id}/logs"
    stranger = await _reader(house, house.wallet(41))
    assert (await house.call("GET", path, headers=stranger)).status == 403
    proof = (await _reader(house, house.requester))["Authorization"]
    digest, signature, address = proof.split("_")
    foreign = (await _reader(house, house.wallet(41)))["Authorization"].split("_")
    for shown in (
        "",
        "nonsense",
        f"{digest}_{signature}",
        f"{digest}_{foreign[1]}_{address}",
        f"{foreign[0]}_{foreign[1]}_{address}",
        f"{'0x' + '00' * 32}_{signature}_{address}",
        f"Bearer {hand.token}",
        "_" * 5000,
    ):
        assert (await house.call("GET", path, headers={"Authorization": shown})).status == 401, shown
    assert (await house.call("GET", path)).status == 401


async def test_the_proof_for_logs_gets_old(house: House) -> None:
    task_id, _ = await _computed(house)
    header = await _reader(house, house.requester)
    await house.let_pass(3601, step_s=300)
    assert (await house.call("GET", f"/tasks/{task_id}/logs", headers=header)).status == 401


async def test_logs_of_a_task_that_nobody_knows_are_404(house: House) -> None:
    await house.open()
    header = await _reader(house, house.requester)
    assert (await house.call("GET", f"/tasks/{UNKNOWN}/logs", headers=header)).status == 404


async def test_of_endless_logs_the_end_is_kept(house: House) -> None:
    await house.open(contribute_and_finalize=False)
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    await hand.compute(task_id, stdout="x" * 150_000 + "the end")
    header = await _reader(house, house.requester)
    said = await house.call("GET", f"/tasks/{task_id}/logs", headers=header)
    stdout = said.json["computeLogsList"][0]["stdout"]
    assert len(stdout) == 100_000
    assert stdout.endswith("the end")


async def test_the_compass_points_here(house: House) -> None:
    pool = await house.open()
    for address in (house.address, "0x" + house.address[2:].upper()):
        said = await house.call("GET", f"/{CHAIN_ID}/workerpools/{address}")
        assert (said.status, said.json) == (200, {"apiUrl": pool.url})


async def test_figures_count_who_is_there_and_what_is_done(house: House) -> None:
    await house.open()
    await house.hand(1, cpuNb=3)
    hand = await house.hand(2)
    await house.order()
    await hand.ask()
    await house.let_pass(6)
    figures = (await house.call("GET", "/metrics")).json
    assert figures["aliveWorkers"] == 2
    assert (figures["aliveTotalCpu"], figures["aliveAvailableCpu"]) == (4, 3)
    assert (figures["openTasks"], figures["completedTasks"]) == (1, 0)
