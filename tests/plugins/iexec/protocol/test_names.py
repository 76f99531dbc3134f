from __future__ import annotations

import itertools

import pytest

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.causes import ReplicateCause, read_cause
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.reports import ChainReceipt, ComputeLogs, StatusDetails, StatusUpdate
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.protocol.transitions import (
    RECOVERABLE,
    Reception,
    allowed,
    missing_details,
    next_action,
    receive,
)

S = ReplicateStatus
N = NotificationType
ORDER = [
    "CREATED",
    "STARTING",
    "START_FAILED",
    "STARTED",
    "APP_DOWNLOADING",
    "APP_DOWNLOAD_FAILED",
    "APP_DOWNLOADED",
    "DATA_DOWNLOADING",
    "DATA_DOWNLOAD_FAILED",
    "DATA_DOWNLOADED",
    "COMPUTING",
    "COMPUTE_FAILED",
    "COMPUTED",
    "CONTRIBUTING",
    "CONTRIBUTE_FAILED",
    "CONTRIBUTED",
    "REVEALING",
    "REVEAL_FAILED",
    "REVEALED",
    "RESULT_UPLOAD_REQUESTED",
    "RESULT_UPLOADING",
    "RESULT_UPLOAD_FAILED",
    "RESULT_UPLOADED",
    "CONTRIBUTE_AND_FINALIZE_ONGOING",
    "CONTRIBUTE_AND_FINALIZE_FAILED",
    "CONTRIBUTE_AND_FINALIZE_DONE",
    "COMPLETING",
    "COMPLETE_FAILED",
    "COMPLETED",
    "FAILED",
    "ABORTED",
    "RECOVERING",
    "WORKER_LOST",
]
HAPPY = [
    "CREATED",
    "STARTING",
    "STARTED",
    "APP_DOWNLOADING",
    "APP_DOWNLOADED",
    "DATA_DOWNLOADING",
    "DATA_DOWNLOADED",
    "COMPUTING",
    "COMPUTED",
    "CONTRIBUTING",
    "CONTRIBUTED",
    "REVEALING",
    "REVEALED",
    "RESULT_UPLOAD_REQUESTED",
    "RESULT_UPLOADING",
    "RESULT_UPLOADED",
    "COMPLETING",
    "COMPLETED",
]


def test_statuses_stand_in_the_protocols_order() -> None:
    assert [status.value for status in S] == ORDER
    assert [status.rank for status in S] == list(range(len(ORDER)))


def test_each_step_of_a_task_that_goes_well_is_allowed_and_no_way_back() -> None:
    for old, new in itertools.pairwise(map(S, HAPPY)):
        assert allowed(old, new)
        assert not allowed(new, old)
    assert allowed(S.COMPUTED, S.CONTRIBUTE_AND_FINALIZE_ONGOING)
    assert allowed(S.REVEALED, S.COMPLETING)
    assert allowed(S.RESULT_UPLOAD_FAILED, S.COMPLETING)


def test_no_stage_is_skipped() -> None:
    chain = list(map(S, HAPPY))
    for old, new in itertools.combinations(chain, 2):
        direct = chain.index(new) == chain.index(old) + 1
        assert allowed(old, new) == (direct or (old, new) == (S.REVEALED, S.COMPLETING))


def test_a_download_that_failed_may_be_contributed_as_an_error() -> None:
    for old in (S.APP_DOWNLOAD_FAILED, S.DATA_DOWNLOAD_FAILED):
        assert allowed(old, S.CONTRIBUTING)
    assert not allowed(S.COMPUTE_FAILED, S.CONTRIBUTING)


def test_a_lost_worker_may_come_back_to_any_status() -> None:
    assert all(allowed(S.WORKER_LOST, new) for new in S if new is not S.WORKER_LOST)
    assert all(allowed(old, S.WORKER_LOST) for old in S if old not in {S.COMPLETED, S.FAILED, S.WORKER_LOST})
    assert not allowed(S.COMPLETED, S.WORKER_LOST)


def test_what_recovers_may_go_anywhere_but_to_the_start() -> None:
    assert {new for new in S if not allowed(S.RECOVERING, new)} == {S.CREATED, S.STARTING}
    gone = (
        "START_FAILED COMPUTE_FAILED CONTRIBUTE_FAILED REVEAL_FAILED COMPLETE_FAILED COMPLETED FAILED ABORTED"
    )
    assert {old for old in S if not allowed(old, S.RECOVERING)} == set(map(S, gone.split()))
    assert set(S) - RECOVERABLE == set(map(S, gone.split()))


def test_whatever_has_not_been_revealed_may_fail() -> None:
    others = {
        S.CONTRIBUTE_AND_FINALIZE_ONGOING,
        S.CONTRIBUTE_AND_FINALIZE_FAILED,
        S.ABORTED,
        S.WORKER_LOST,
        S.RECOVERING,
    }
    for old in S:
        assert allowed(old, S.FAILED) == (old.rank < S.REVEALED.rank or old in others)


def test_whatever_is_not_final_may_be_aborted() -> None:
    never = {S.COMPLETED, S.FAILED, S.ABORTED}
    assert {old for old in S if not allowed(old, S.ABORTED)} == never
    assert {new for new in S if allowed(S.ABORTED, new)} == {S.COMPLETED, S.FAILED, S.WORKER_LOST}


def test_reports_are_taken_told_again_or_refused() -> None:
    assert receive(S.CREATED, S.STARTING) is Reception.ACCEPTED
    assert receive(S.STARTING, S.STARTING) is Reception.ALREADY_REPORTED
    assert receive(S.STARTING, S.COMPUTED) is Reception.REFUSED
    assert receive(None, S.STARTING) is Reception.REFUSED
    assert (Reception.ACCEPTED.value, Reception.ALREADY_REPORTED.value, Reception.REFUSED.value) == (
        200,
        208,
        202,
    )


@pytest.mark.parametrize("failed", [S.CONTRIBUTE_FAILED, S.REVEAL_FAILED])
def test_what_the_chain_knows_better_is_never_accepted(failed: ReplicateStatus) -> None:
    assert all(receive(old, failed) is Reception.REFUSED for old in S if old is not failed)


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (S.STARTED, N.PLEASE_DOWNLOAD_APP),
        (S.APP_DOWNLOADED, N.PLEASE_DOWNLOAD_DATA),
        (S.DATA_DOWNLOADED, N.PLEASE_COMPUTE),
        (S.COMPUTED, N.PLEASE_CONTRIBUTE),
        *((status, N.PLEASE_WAIT) for status in (S.CONTRIBUTED, S.REVEALED, S.RESULT_UPLOADED, S.COMPLETED)),
        (S.CONTRIBUTE_AND_FINALIZE_DONE, N.PLEASE_WAIT),
        *(
            (S(name), N.PLEASE_CONTINUE)
            for name in ORDER
            if name.endswith(("ING", "ONGOING")) and name != "RECOVERING"
        ),
        *((S(name), N.PLEASE_ABORT) for name in ORDER if name.endswith("FAILED")),
    ],
)
def test_each_status_has_its_next_action(status: ReplicateStatus, action: NotificationType) -> None:
    assert next_action(status) is action


def test_trust_one_may_contribute_and_finalize_at_once() -> None:
    assert next_action(S.COMPUTED, contribute_and_finalize=True) is N.PLEASE_CONTRIBUTE_AND_FINALIZE


def test_only_some_failed_downloads_become_results() -> None:
    good = {
        (S.APP_DOWNLOAD_FAILED, "APP_IMAGE_DOWNLOAD_FAILED"),
        (S.DATA_DOWNLOAD_FAILED, "DATASET_FILE_DOWNLOAD_FAILED"),
        (S.DATA_DOWNLOAD_FAILED, "DATASET_FILE_BAD_CHECKSUM"),
        (S.DATA_DOWNLOAD_FAILED, "INPUT_FILES_DOWNLOAD_FAILED"),
    }
    failures = [status for status in S if status.failure]
    found = {
        (status, cause.value)
        for status, cause in itertools.product(failures, ReplicateCause)
        if next_action(status, cause) is N.PLEASE_CONTRIBUTE
    }
    assert found == good


def test_details_that_are_missing_are_named() -> None:
    def missing(
        status: ReplicateStatus, details: StatusDetails | None = None, *, callback: bool = False
    ) -> set[str]:
        return set(missing_details(StatusUpdate(status=status, details=details), callback=callback))

    receipt = ChainReceipt(7, "0x" + "11" * 32)
    assert missing(S.CONTRIBUTED) == {"chainReceipt"} == missing(S.REVEALED)
    assert missing(S.CONTRIBUTED, StatusDetails(chain_receipt=receipt)) == set()
    assert missing(S.RESULT_UPLOADED) == {"resultLink"}
    assert missing(S.RESULT_UPLOADED, callback=True) == {"resultLink", "chainCallbackData"}
    assert missing(S.CONTRIBUTE_AND_FINALIZE_DONE) == {"chainReceipt", "resultLink"}
    assert missing(S.COMPUTED, StatusDetails(compute_logs=ComputeLogs("0x" + "11" * 20))) == {"exitCode"}
    assert (
        missing(S.COMPUTED, StatusDetails(compute_logs=ComputeLogs("0x" + "11" * 20), exit_code=0)) == set()
    )
    assert missing(S.ABORTED) == {"cause"} == missing(S.COMPUTE_FAILED)
    assert missing(S.COMPUTING) == set()


def test_causes_have_the_protocols_names() -> None:
    for name in (
        "CHAIN_UNREACHABLE",
        "POST_COMPUTE_TOO_LONG_RESULT_FILE_NAME",
        "TRUST_NOT_1",
        "ABORTED_BY_WORKER",
    ):
        assert ReplicateCause(name).value == name
    counts = {
        prefix: sum(cause.startswith(prefix) for cause in ReplicateCause)
        for prefix in ("PRE_", "POST_", "TEE_S")
    }
    assert counts == {"PRE_": 25, "POST_": 20, "TEE_S": 23}
    assert all(cause.name == cause.value for cause in ReplicateCause)


def test_a_cause_of_another_version_survives_reading() -> None:
    assert read_cause("WORKER_ON_FIRE") == "WORKER_ON_FIRE"
    assert read_cause("OUT_OF_GAS") is ReplicateCause.OUT_OF_GAS
    assert ReplicateCause.of("WORKER_ON_FIRE") is ReplicateCause.UNKNOWN


@pytest.mark.parametrize("found", ["", "no", "A" * 200, "OUT OF GAS", 3, None, ["UNKNOWN"]])
def test_what_is_no_cause_is_refused(found: object) -> None:
    with pytest.raises(ProtocolError):
        read_cause(found)
