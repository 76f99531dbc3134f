from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol import models, notifications, reading, records, reports, uploading
from edgepi_iexec.protocol.statuses import ReplicateStatus

WORKER, TASK, DEAL = "0x" + "ab" * 20, "0x" + "11" * 32, "0x" + "22" * 32
AUTHORIZATION = models.WorkerpoolAuthorization(
    worker=WORKER, task_id=TASK, deal_id=DEAL, task_index=3, signature="0x" + "cd" * 65
)
AUTHORIZATION_JSON = {
    "chainTaskId": TASK,
    "dealId": DEAL,
    "taskIndex": 3,
    "workerWallet": WORKER,
    "enclaveChallenge": "0x" + "00" * 20,
    "signature": {"value": "0x" + "cd" * 65},
}
CONFIGURATION_JSON = {
    "workerPoolAddress": WORKER,
    "schedulerPublicAddress": WORKER,
    "configServerUrl": "http://pool",
    "resultRepositoryURL": "http://pool/results",
    "askForReplicatePeriod": 15000,
    "requiredWorkerVersion": "9.2.0",
}
READERS: list[Callable[[Any], Any]] = [
    models.PublicConfiguration.from_json,
    models.ChainConfiguration.from_json,
    models.WorkerModel.from_json,
    models.WorkerpoolAuthorization.from_json,
    models.ReplicateTaskSummary.from_json,
    reports.StatusUpdate.from_json,
    reports.StatusDetails.from_json,
    reports.ChainReceipt.from_json,
    reports.ComputeLogs.from_json,
    notifications.TaskNotification.from_json,
    notifications.NotificationExtra.from_json,
    uploading.ResultModel.from_json,
    records.TaskLogs.from_json,
]


def test_the_pools_configuration_has_exactly_its_fields() -> None:
    found = models.PublicConfiguration.from_json(CONFIGURATION_JSON, strict=True)
    assert found.ask_for_replicate_period == 15_000
    assert found.to_json() == CONFIGURATION_JSON


def test_the_chains_configuration_speaks_iso_durations() -> None:
    said = {
        "chainId": 134,
        "sidechain": True,
        "chainNodeUrl": "http://node",
        "iexecHubContractAddress": WORKER,
        "blockTime": "PT5S",
    }
    assert models.ChainConfiguration.from_json(said).to_json() == said
    for text, seconds in (("PT0.25S", 0.25), ("PT1M30S", 90.0), ("PT1H", 3600.0)):
        found = models.ChainConfiguration.from_json(said | {"blockTime": text})
        assert found.block_time_s == seconds
        assert models.ChainConfiguration.from_json(found.to_json()) == found
    for text in ("5", "PT", "P", "PT0S", "PT5X", "PT99H"):
        with pytest.raises(ProtocolError):
            models.ChainConfiguration.from_json(said | {"blockTime": text})


def test_a_worker_says_exactly_what_the_protocol_asks() -> None:
    worker = models.WorkerModel(
        name="pi", wallet_address=WORKER, os="Linux", cpu="aarch64", cpu_nb=2, memory_size=4
    )
    assert worker.to_json() == {
        "name": "pi",
        "walletAddress": WORKER,
        "os": "Linux",
        "cpu": "aarch64",
        "cpuNb": 2,
        "memorySize": 4,
        "gpuEnabled": False,
        "teeEnabled": False,
        "tdxEnabled": False,
    }
    assert models.WorkerModel.from_json(worker.to_json()) == worker
    old = {key: value for key, value in worker.to_json().items() if key != "tdxEnabled"}
    assert models.WorkerModel.from_json(old) == worker


def test_a_registration_is_answered_with_the_workers_record() -> None:
    worker = models.WorkerModel(
        name="pi", wallet_address=WORKER, os="Linux", cpu="aarch64", cpu_nb=2, memory_size=4
    )
    at = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
    said = records.WorkerRecord(worker=worker, computing=[TASK], last_alive_utc=at).to_json()
    assert list(said) == [
        "id",
        "name",
        "walletAddress",
        "os",
        "cpu",
        "cpuNb",
        "maxNbTasks",
        "memorySize",
        "gpuEnabled",
        "teeEnabled",
        "tdxEnabled",
        "participatingChainTaskIds",
        "computingChainTaskIds",
        "lastAliveDate",
        "lastReplicateDemandDate",
    ]
    assert (said["maxNbTasks"], said["lastAliveDate"]) == (2, "2026-01-02T03:04:05.678+00:00")


def test_an_authorisation_goes_and_comes_back() -> None:
    assert AUTHORIZATION.to_json() == AUTHORIZATION_JSON
    assert models.WorkerpoolAuthorization.from_json(AUTHORIZATION_JSON, strict=True) == AUTHORIZATION


def test_an_authorisation_of_version_8_has_no_deal_and_goes_on_without() -> None:
    old = {key: AUTHORIZATION_JSON[key] for key in AUTHORIZATION_JSON if key not in {"dealId", "taskIndex"}}
    found = models.WorkerpoolAuthorization.from_json(old)
    assert (found.deal_id, found.task_index) == ("", 0)
    assert found.to_json() == old


def test_addresses_are_lower_case_whatever_was_sent() -> None:
    found = models.WorkerpoolAuthorization.from_json(AUTHORIZATION_JSON | {"workerWallet": "0x" + "AB" * 20})
    assert found.worker == WORKER


def test_a_summary_for_a_standard_task_names_no_sms() -> None:
    summary = models.ReplicateTaskSummary(AUTHORIZATION)
    assert summary.to_json() == {"workerpoolAuthorization": AUTHORIZATION_JSON, "smsUrl": None}
    assert models.ReplicateTaskSummary.from_json(summary.to_json(), strict=True) == summary


def test_a_status_says_everything_that_the_protocol_has_room_for() -> None:
    update = reports.StatusUpdate(
        status=ReplicateStatus.COMPUTE_FAILED,
        details=reports.StatusDetails(
            chain_receipt=reports.ChainReceipt(5, TASK),
            cause="APP_COMPUTE_FAILED",
            compute_logs=reports.ComputeLogs(WORKER, "out", "err"),
            exit_code=137,
        ),
    )
    assert update.to_json() == {
        "status": "COMPUTE_FAILED",
        "modifier": None,
        "date": None,
        "details": {
            "chainReceipt": {"blockNumber": 5, "txHash": TASK},
            "resultLink": None,
            "chainCallbackData": None,
            "errorMessage": None,
            "cause": "APP_COMPUTE_FAILED",
            "computeLogs": {"walletAddress": WORKER, "stdout": "out", "stderr": "err"},
            "exitCode": 137,
            "teeSessionGenerationError": None,
        },
    }
    assert reports.StatusUpdate.from_json(update.to_json()) == update


def test_a_status_is_read_whatever_else_it_says() -> None:
    said = {"status": "STARTED", "success": True, "details": {"success": True, "cause": "NEW_IN_VERSION_12"}}
    found = reports.StatusUpdate.from_json(said)
    assert found.details is not None
    assert found.details.cause == "NEW_IN_VERSION_12"


def test_only_the_end_of_long_logs_is_kept() -> None:
    logs = reports.ComputeLogs(WORKER, "a" * 50 + "b" * 100_000, "c")
    assert logs.to_json()["stdout"] == "b" * 100_000
    found = reports.ComputeLogs.from_json({"walletAddress": WORKER, "stdout": "a" + "b" * 100_000})
    assert found.stdout == "b" * 100_000


def test_a_notification_has_exactly_its_fields_and_no_cause_at_the_top() -> None:
    said = notifications.TaskNotification(
        task_id=TASK,
        type=notifications.NotificationType.PLEASE_ABORT,
        workers=(WORKER,),
        extra=notifications.NotificationExtra(abort_cause=notifications.TaskAbortCause.CONSENSUS_REACHED),
    )
    expected = {
        "chainTaskId": TASK,
        "workersAddress": [WORKER],
        "taskNotificationType": "PLEASE_ABORT",
        "taskNotificationExtra": {
            "workerpoolAuthorization": None,
            "smsUrl": None,
            "blockNumber": 0,
            "taskAbortCause": "CONSENSUS_REACHED",
        },
    }
    assert said.to_json() == expected
    assert notifications.TaskNotification.from_json(expected, strict=True) == said


def test_real_schedulers_say_a_cause_at_the_top_which_only_lenient_reading_takes() -> None:
    said = {
        "chainTaskId": TASK,
        "workersAddress": [],
        "taskNotificationType": "PLEASE_WAIT",
        "taskAbortCause": "UNKNOWN",
    }
    assert notifications.TaskNotification.from_json(said).extra is None
    with pytest.raises(ProtocolError, match="taskAbortCause"):
        notifications.TaskNotification.from_json(said, strict=True)


@pytest.mark.parametrize(
    ("workers", "mine"), [([], True), ([WORKER], True), (["0x" + "cc" * 20], False), (None, False)]
)
def test_an_empty_list_means_everybody_and_none_nobody(workers: list[str] | None, mine: bool) -> None:
    said = {"chainTaskId": TASK, "workersAddress": workers, "taskNotificationType": "PLEASE_COMPLETE"}
    found = notifications.TaskNotification.from_json(said)
    assert found.concerns(WORKER) is mine
    assert found.to_json()["workersAddress"] == workers


def test_there_are_twelve_kinds_of_notification() -> None:
    names = (
        "CONTINUE WAIT START DOWNLOAD_APP DOWNLOAD_DATA COMPUTE CONTRIBUTE REVEAL UPLOAD "
        "CONTRIBUTE_AND_FINALIZE COMPLETE ABORT"
    )
    assert {one.value for one in notifications.NotificationType} == {
        f"PLEASE_{name}" for name in names.split()
    }


def test_a_cause_of_another_version_is_unknown_but_strict_reading_refuses_it() -> None:
    said = {"taskAbortCause": "MOON", "blockNumber": 1}
    found = notifications.NotificationExtra.from_json(said)
    assert found.abort_cause is notifications.TaskAbortCause.UNKNOWN
    with pytest.raises(ProtocolError):
        notifications.NotificationExtra.from_json(said, strict=True)


def test_strict_reading_refuses_what_nobody_knows() -> None:
    with pytest.raises(ProtocolError, match="moon"):
        models.PublicConfiguration.from_json(CONFIGURATION_JSON | {"moon": 1}, strict=True)
    models.PublicConfiguration.from_json(CONFIGURATION_JSON | {"moon": 1})
    with pytest.raises(ProtocolError):
        models.ReplicateTaskSummary.from_json(
            {"workerpoolAuthorization": AUTHORIZATION_JSON | {"moon": 1}}, strict=True
        )


def test_a_result_is_uploaded_with_the_rest_empty() -> None:
    result = models.ResultModel(task_id=TASK, zip=b"PK", deterministic_hash=DEAL)
    assert result.to_json() == {
        "chainTaskId": TASK,
        "dealId": "0x" + "00" * 32,
        "taskIndex": 0,
        "image": "",
        "cmd": "",
        "zip": "UEs=",
        "deterministHash": DEAL,
        "enclaveSignature": "0x" + "00" * 65,
    }
    assert models.ResultModel.from_json(result.to_json()) == result


@pytest.mark.parametrize("zipped", ["UEs", "U Es=", "\u00e9" * 4, 5, None, "A" * 4000])
def test_a_result_that_is_no_base64_or_too_large_is_refused(zipped: object) -> None:
    with pytest.raises(ProtocolError):
        models.ResultModel.from_json({"chainTaskId": TASK, "zip": zipped}, max_zip_bytes=1000)


def test_a_task_is_shown_with_the_fields_that_the_sdk_looks_for() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    share = records.ReplicateModel(
        link="http://pool/r",
        task_id=TASK,
        wallet=WORKER,
        status=ReplicateStatus.COMPUTED,
        history=[records.StatusEntry(ReplicateStatus.COMPUTED, at)],
    )
    task = records.TaskModel(
        task_id=TASK,
        replicates=[share],
        max_execution_time_ms=300_000,
        tag=DEAL,
        dapp_name="registry/app:1",
        command_line="",
        initialization_block_number=4,
        status="RUNNING",
        trust=1,
        final_deadline_utc=at,
        history=[
            records.TaskStatusEntry(at, "RECEIVED"),
            records.TaskStatusEntry(at, "INITIALIZED", 4, TASK),
        ],
    ).to_json()
    assert list(task) == [
        "chainTaskId",
        "replicates",
        "maxExecutionTime",
        "tag",
        "dappType",
        "dappName",
        "commandLine",
        "initializationBlockNumber",
        "currentStatus",
        "trust",
        "uploadingWorkerWalletAddress",
        "consensus",
        "contributionDeadline",
        "revealDeadline",
        "finalDeadline",
        "resultLink",
        "chainCallbackData",
        "dateStatusList",
    ]
    assert list(task["replicates"][0]) == [
        "self",
        "chainTaskId",
        "walletAddress",
        "currentStatus",
        "statusUpdateList",
        "resultLink",
        "chainCallbackData",
        "contributionHash",
        "appLogs",
        "appExitCode",
        "teeSessionGenerationError",
    ]
    assert task["replicates"][0]["statusUpdateList"] == [
        {"status": "COMPUTED", "date": "2026-01-01T00:00:00.000+00:00", "cause": None}
    ]
    assert [one["chainReceipt"] for one in task["dateStatusList"]] == [
        None,
        {"blockNumber": 4, "txHash": TASK},
    ]


def test_logs_go_to_their_requester_and_come_back() -> None:
    logs = records.TaskLogs(TASK, (reports.ComputeLogs(WORKER, "out", ""),))
    said = logs.to_json()
    assert said == {
        "chainTaskId": TASK,
        "computeLogsList": [{"walletAddress": WORKER, "stdout": "out", "stderr": ""}],
    }
    assert records.TaskLogs.from_json(said) == logs


OTHER_KEYS = """workersAddress taskNotificationType taskNotificationExtra blockNumber taskAbortCause smsUrl
status details workerpoolAuthorization chainReceipt txHash cause computeLogs exitCode walletAddress stdout
blockTime chainId iexecHubContractAddress sidechain zip computeLogsList cpuNb value"""
KEYS = sorted({*CONFIGURATION_JSON, *AUTHORIZATION_JSON, *OTHER_KEYS.split()})
SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=12)
    | st.sampled_from([TASK, WORKER, "0x", "STARTED", "PLEASE_WAIT", "PT5S", "\ud800", 10**400])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(JSON, st.sampled_from(READERS))
def test_whatever_is_read_is_understood_or_refused(found: object, read: Callable[[Any], Any]) -> None:
    try:
        made = read(found)
    except ProtocolError:
        return
    if hasattr(made, "to_json"):
        assert read(made.to_json()) == made
        json.dumps(made.to_json()).encode()


@given(st.sampled_from(sorted(CONFIGURATION_JSON)), JSON)
def test_one_wrong_value_is_never_more_than_refused(key: str, value: object) -> None:
    with suppress(ProtocolError):
        found = models.PublicConfiguration.from_json(CONFIGURATION_JSON | {key: value})
        assert found.ask_for_replicate_period > 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        "[" * 40 + "]" * 40,
        '{"a":' * 40 + "1" + "}" * 40,
        "9" * 5000,
        "1e999",
        "NaN",
        "-Infinity",
        '"\\ud800"',
        '{"\\ud800":1}',
        b"\xff\xfe",
        b'"\xff"',
        "[" + "1," * 600_000 + "1]",
    ],
)
def test_json_that_is_none_or_hostile_is_refused(text: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        reading.parse_json(text, "it")


def test_json_is_read_as_it_is() -> None:
    assert reading.parse_json('{"a":[1,2.5,"\\u00e9",null,true]}', "it") == {"a": [1, 2.5, "é", None, True]}


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_text_is_json_or_refused(text: str | bytes) -> None:
    with suppress(ProtocolError):
        reading.parse_json(text, "it")
