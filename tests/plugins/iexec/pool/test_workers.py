"""What workers are answered: statuses, bodies, text or JSON."""

from __future__ import annotations

import json

import pytest

from edgepi_iexec.chain.model import ZERO_ADDRESS
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.ids import task_id as id_of
from tests.plugins.iexec.pool.house import House

UNKNOWN = "0x" + "11" * 32


async def test_the_version_is_bare_text(house: House) -> None:
    await house.open()
    said = await house.call("GET", "/version")
    assert (said.status, said.text, said.kind) == (200, "9.3.0", "text/plain")


async def test_the_configuration_has_exactly_the_fields_that_strict_workers_take(house: House) -> None:
    pool = await house.open(ask_s=15.0, required_worker_version="9.2.0")
    said = await house.call("GET", "/workers/config")
    assert (said.status, said.kind) == (200, "application/json")
    assert said.json == {
        "workerPoolAddress": house.address,
        "schedulerPublicAddress": house.owner.address,
        "configServerUrl": pool.url,
        "resultRepositoryURL": pool.url,
        "askForReplicatePeriod": 15000,
        "requiredWorkerVersion": "9.2.0",
    }


async def test_workers_are_told_the_chain(house: House) -> None:
    await house.open(block_time_s=2.5)
    said = await house.call("GET", "/config/chain")
    assert said.json == {
        "chainId": 65535,
        "sidechain": True,
        "chainNodeUrl": "http://127.0.0.1:8545",
        "iexecHubContractAddress": "0x" + "ab" * 20,
        "blockTime": "PT2.5S",
    }


async def test_behind_a_proxy_workers_are_told_the_public_address(house: House) -> None:
    await house.open(public_url="https://pool.example/")
    said = await house.call("GET", "/workers/config")
    assert said.json["configServerUrl"] == "https://pool.example"
    assert said.json["resultRepositoryURL"] == "https://pool.example"


async def test_a_ping_answers_the_session_which_changes_with_the_configuration_alone(house: House) -> None:
    await house.open(public_url="https://pool.example")
    hand = await house.hand()
    first = await hand.ping()
    assert (first.status, first.kind) == (200, "text/plain")
    assert first.text
    assert '"' not in first.text
    await house.reopen()
    assert (await hand.ping()).text == first.text
    await house.reopen(ask_s=7.0)
    assert (await hand.ping()).text != first.text


async def test_a_worker_that_registers_is_told_what_the_pool_knows_of_it(house: House) -> None:
    await house.open()
    hand = await house.hand()
    said = await hand.register(cpuNb=4, walletAddress="0x" + "99" * 20)
    assert said.status == 200
    record = said.json
    assert {key: record[key] for key in ("walletAddress", "cpuNb", "maxNbTasks", "memorySize", "os")} == {
        "walletAddress": hand.address,  # the token's, whatever the body says
        "cpuNb": 4,
        "maxNbTasks": 4,
        "memorySize": 8,
        "os": "Linux",
    }
    assert record["participatingChainTaskIds"] == record["computingChainTaskIds"] == []
    assert (await hand.register(cpuNb=4, gpuEnabled=True)).json["maxNbTasks"] == 1


async def test_a_worker_of_an_older_version_may_register(house: House) -> None:
    await house.open()
    hand = await house.hand()
    old = hand.model()
    del old["tdxEnabled"]
    assert (await hand.call("POST", "/workers/register", json=old)).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"cpuNb":"many"}',
        b"{" * 5000,
        b'{"cpuNb":1e400}',
        b"\xff\xfe",
    ],
)
async def test_nonsense_does_not_register(house: House, body: bytes) -> None:
    await house.open()
    hand = await house.hand()
    assert (await hand.call("POST", "/workers/register", data=body)).status == 400


async def test_a_full_pool_takes_no_new_worker_but_keeps_those_it_has(house: House) -> None:
    pool = await house.open()
    limits = house.settings().limits
    hand = await house.hand(1)
    await house.reopen(limits=type(limits)(workers=1))
    assert (await hand.register(cpuNb=2)).status == 200
    with pytest.raises(AssertionError):
        await house.hand(2)
    assert len(house.pool.book.workers) == 1
    assert pool is not house.pool


async def test_a_task_is_handed_out_with_an_authorisation_that_the_contracts_take(house: House) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    said = await hand.asked()
    assert (said.status, said.kind) == (200, "application/json")
    assert said.json.keys() == {"workerpoolAuthorization", "smsUrl"}
    assert said.json["smsUrl"] is None
    given = said.json["workerpoolAuthorization"]
    assert given.keys() == {
        "chainTaskId",
        "dealId",
        "taskIndex",
        "workerWallet",
        "enclaveChallenge",
        "signature",
    }
    assert given["chainTaskId"] == task_id == id_of(given["dealId"], given["taskIndex"])
    assert given["workerWallet"] == hand.address == hand.address.lower()
    assert given["enclaveChallenge"] == ZERO_ADDRESS
    digest = authorization_hash(hand.address, task_id, ZERO_ADDRESS)
    signer = await house.owner.recover_personal(digest, given["signature"]["value"])
    assert signer == house.owner.address


async def test_nothing_to_do_is_204_without_a_body(house: House) -> None:
    await house.open()
    hand = await house.hand()
    said = await hand.asked()
    assert (said.status, said.text) == (204, "")


@pytest.mark.parametrize("block", ["0", "-1", "", "x", "1e3", "9" * 40, "%00"])
async def test_a_worker_without_a_block_gets_nothing(house: House, block: str) -> None:
    await house.open()
    hand = await house.hand()
    await house.order()
    assert (await hand.call("GET", f"/replicates/available?blockNumber={block}")).status == 204


async def test_who_asks_too_often_gets_nothing(house: House) -> None:
    await house.open()
    hand = await house.hand()
    assert (await hand.asked()).status == 204
    task_id = await house.order()
    assert (await hand.asked()).status == 204
    await house.let_pass(4.5)
    assert await hand.ask() == task_id


async def test_who_has_not_registered_gets_nothing(house: House) -> None:
    await house.open()
    hand = await house.hand()
    await house.order()
    del house.pool.book.workers[hand.address]
    assert (await hand.asked()).status == 204


async def test_who_has_no_gas_or_no_stake_gets_nothing(house: House) -> None:
    await house.open(sidechain=False)
    dry, poor, able = [await house.hand(number) for number in (1, 2, 3)]
    house.ledger.balances_wei[dry.address] = 1
    await poor.chain.withdraw(1000 * 10**9)
    task_id = await house.order()
    assert await dry.ask() is None
    assert await poor.ask() is None
    assert await able.ask() == task_id


async def test_what_runs_only_in_an_enclave_or_on_a_gpu_is_not_given_to_others(house: House) -> None:
    await house.open()
    plain, gpu = await house.hand(1, teeEnabled=True), await house.hand(2, gpuEnabled=True)
    task_id = await house.order(tag=f"0x{0x100:064x}")
    assert await plain.ask() is None
    assert await gpu.ask() == task_id


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("STARTING", (200, "PLEASE_CONTINUE")),
        ("CREATED", (208, "PLEASE_WAIT")),
        ("STARTED", (202, "PLEASE_ABORT")),
        ("COMPLETED", (202, "PLEASE_ABORT")),
        ("CONTRIBUTED", (202, "PLEASE_ABORT")),
        ("CONTRIBUTE_FAILED", (202, "PLEASE_ABORT")),
        ("RESULT_UPLOAD_REQUESTED", (202, "PLEASE_ABORT")),
        ("FAILED", (202, "PLEASE_ABORT")),
        ("WORKER_LOST", (202, "PLEASE_ABORT")),
        ("RECOVERING", (202, "PLEASE_ABORT")),
        ("ABORTED", (200, "PLEASE_WAIT")),
    ],
)
async def test_a_report_of_who_was_just_given_a_task(
    house: House, status: str, answer: tuple[int, str]
) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    assert await hand.say(task_id, status) == answer


async def test_a_report_is_answered_with_json_in_quotes(house: House) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    said = await hand.call("POST", f"/replicates/{task_id}/updateStatus", json={"status": "STARTING"})
    assert (said.text, said.kind) == ('"PLEASE_CONTINUE"', "application/json")
    again = await hand.call("POST", f"/replicates/{task_id}/updateStatus", json={"status": "STARTING"})
    assert (again.status, again.text) == (208, '"PLEASE_WAIT"')
    unknown = await hand.call("POST", f"/replicates/{UNKNOWN}/updateStatus", json={"status": "STARTING"})
    assert (unknown.status, unknown.text) == (202, '"PLEASE_ABORT"')


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"status":7}',
        b'{"status":"SLEEPING"}',
        b'{"status":"STARTING","details":7}',
        b"[" * 9000,
    ],
)
async def test_a_report_that_is_none_is_refused_and_changes_nothing(house: House, body: bytes) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    said = await hand.call("POST", f"/replicates/{task_id}/updateStatus", data=body)
    assert said.status == 400
    assert house.share(task_id, hand).status == "CREATED"


async def test_fields_that_nobody_knows_are_passed_over_in_a_report(house: House) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    body = {"status": "STARTING", "success": True, "modifier": "WORKER", "date": 7, "more": [1]}
    said = await hand.call("POST", f"/replicates/{task_id}/updateStatus", json=body)
    assert said.status == 200


async def test_nobody_reports_for_another(house: House) -> None:
    await house.open()
    hand, other = await house.hand(1), await house.hand(2)
    task_id = await house.order()
    await hand.ask()
    assert await other.say(task_id, "ABORTED", cause="ABORTED_BY_WORKER") == (202, "PLEASE_ABORT")
    assert house.share(task_id, hand).status == "CREATED"


@pytest.mark.parametrize(
    ("cause", "following"),
    [("APP_IMAGE_DOWNLOAD_FAILED", "PLEASE_CONTRIBUTE"), ("STAKE_TOO_LOW", "PLEASE_ABORT")],
)
async def test_what_follows_a_failed_download_is_told_by_its_cause(
    house: House, cause: str, following: str
) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    for status in ("STARTING", "STARTED", "APP_DOWNLOADING"):
        await hand.say(task_id, status)
    assert await hand.say(task_id, "APP_DOWNLOAD_FAILED", cause=cause) == (200, following)


async def test_a_report_that_cannot_be_written_is_answered_503_and_heard_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    house.fill_disk(monkeypatch)
    assert (await hand.say(task_id, "STARTING"))[0] == 503
    assert (await hand.say(task_id, "STARTING"))[0] == 503
    monkeypatch.undo()
    assert (await hand.say(task_id, "STARTING"))[0] in {200, 208}
    await house.reopen()
    assert house.share(task_id, hand).status == "STARTING"


async def test_an_authorisation_that_cannot_be_written_is_not_handed_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    house.fill_disk(monkeypatch)
    assert (await hand.asked()).status == 503
    monkeypatch.undo()
    await house.let_pass(5)
    listed = [each["chainTaskId"] for each in await hand.interrupted()]
    assert listed in ([task_id], [])
    if not listed:
        assert await hand.ask() == task_id


async def test_a_worker_that_comes_back_is_told_what_to_do_with_its_authorisation(house: House) -> None:
    await house.open(contribute_and_finalize=False)
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    await hand.compute(task_id)
    (said,) = await hand.interrupted()
    assert said["chainTaskId"] == task_id
    assert said["workersAddress"] == [hand.address]
    assert said["taskNotificationType"] == "PLEASE_CONTRIBUTE"
    assert said["taskNotificationExtra"]["workerpoolAuthorization"] == hand.authorizations[task_id]
    assert said.keys() == {"chainTaskId", "workersAddress", "taskNotificationType", "taskNotificationExtra"}
    assert house.share(task_id, hand).status == "RECOVERING"
    assert (await hand.contribute(task_id))[0] == 200


async def test_a_worker_without_work_has_nothing_to_recover(house: House) -> None:
    await house.open()
    hand = await house.hand()
    assert await hand.interrupted() == []
    assert json.loads((await hand.call("GET", "/workers/computing")).text) == []
