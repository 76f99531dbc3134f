"""The stages before the chain: start, download of app and data, compute."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edgepi.compute.model import BoxedJob, ExitReason, Outcome
from edgepi.errors import (
    ChainError,
    ComputeError,
    EngineError,
    ImageError,
    PeerError,
    ProtocolError,
    UnfitImageError,
)
from edgepi_iexec.chain.model import ZERO_ADDRESS
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.params import DealParams, input_file_name
from edgepi_iexec.protocol.reports import ComputeLogs
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.checks import Terms, cannot_contribute
from edgepi_iexec.worker.container import (
    INPUTS_AT,
    OUTPUTS_AT,
    app_digest,
    environment,
    pull_timeout_s,
    uses_dataset,
)
from edgepi_iexec.worker.inputs import BAD_CHECKSUM, UnfetchedError, sources
from edgepi_iexec.worker.listening import backed_off
from edgepi_iexec.worker.parts import Box, Wanted
from edgepi_iexec.worker.taskbook import StageEnd

if TYPE_CHECKING:
    from edgepi_iexec.worker.life import TaskLife

__all__ = ["compute", "download_app", "download_data", "start"]

_S = ReplicateStatus
_C = ReplicateCause
Next = NotificationType | None

MAX_RUNS = 2
MAX_LOG = 100_000
ENGINE_TRIES = 5
_CUT_OFF = frozenset({ExitReason.LOST, ExitReason.UNWALLED})


async def start(life: TaskLife) -> Next:
    """Look whether this task can be contributed to at all."""
    await life.desk.peers.hearing.listen(life.state.task_id)
    if not life.resumed:  # a scheduler that recovers a task does not hear of its start again
        await life.begin(_S.STARTING)
    if (cause := await _obstacle(life)) is not None:
        return await life.failed(_S.START_FAILED, cause)
    terms = await life.agreed()
    try:
        DealParams.parse(terms.deal.params).check_standard()
    except ProtocolError as error:
        return await life.failed(_S.START_FAILED, _C.TASK_DESCRIPTION_INVALID, error.message)
    return await life.done(_S.STARTED)


async def _obstacle(life: TaskLife) -> ReplicateCause | None:
    """The first reason why going on would be in vain; the chain's node may be down for a while."""
    if life.state.authorization is None:
        return _C.WORKERPOOL_AUTHORIZATION_NOT_FOUND
    try:
        seen = await life.see_patiently()
        terms = await life.patiently(life.agreed)
    except ChainError:
        return _C.CHAIN_UNREACHABLE
    return cannot_contribute(seen, terms.deal, life.state.authorization)


async def download_app(life: TaskLife) -> Next:
    """Have the image here, the one that the chain pins if it pins one."""
    await life.lease.permitted()
    await life.begin(_S.APP_DOWNLOADING)
    if (cause := await _obstacle(life)) is not None:
        return await life.failed(_S.APP_DOWNLOAD_FAILED, cause)
    terms = await life.agreed()
    try:
        async with life.desk.pulling:
            image = await (await life.desk.boxes()).pull(
                terms.app.image,
                timeout_s=pull_timeout_s(terms.category.time_ref_s),
                digest=app_digest(terms.app.checksum),
            )
    except UnfitImageError as error:
        # Another worker could run it: a failure of this machine's own is not contributed as a result.
        raise StageEnd(_C.ABORTED_BY_WORKER, error.message) from error
    except ImageError as error:
        return await _error_result(life, _S.APP_DOWNLOAD_FAILED, _C.APP_IMAGE_DOWNLOAD_FAILED, error.message)
    except ComputeError as error:
        raise StageEnd(_C.ABORTED_BY_WORKER, error.message) from error
    return await life.done(_S.APP_DOWNLOADED, image=image)


async def _error_result(life: TaskLife, status: ReplicateStatus, cause: ReplicateCause, why: str) -> Next:
    """Make the failure itself the result, as the protocol wants it: all workers can agree on it."""
    terms = await life.agreed()
    if terms.deal.callback != ZERO_ADDRESS:
        return await life.failed(status, cause, why)
    result = await life.folder.write_error(status, cause)
    return await life.failed(status, cause, why, digest=result.digest)


async def download_data(life: TaskLife) -> Next:
    """Have the dataset and the input files here."""
    await life.lease.permitted()
    await life.begin(_S.DATA_DOWNLOADING)
    if (cause := await _obstacle(life)) is not None:
        return await life.failed(_S.DATA_DOWNLOAD_FAILED, cause)
    terms = await life.agreed()
    await life.folder.prepare()
    try:
        await _fetch_dataset(life, terms)
    except UnfetchedError as error:
        raise StageEnd(_C.ABORTED_BY_WORKER, error.message) from error
    except (PeerError, ProtocolError) as error:
        bad = error.cause == BAD_CHECKSUM if isinstance(error, ProtocolError) else False
        cause = _C.DATASET_FILE_BAD_CHECKSUM if bad else _C.DATASET_FILE_DOWNLOAD_FAILED
        return await _error_result(life, _S.DATA_DOWNLOAD_FAILED, cause, error.message)
    try:
        for url in DealParams.parse(terms.deal.params).input_files:
            await life.desk.peers.store.fetch(Wanted(url, life.folder.inputs / input_file_name(url)))
    except UnfetchedError as error:
        raise StageEnd(_C.ABORTED_BY_WORKER, error.message) from error
    except (PeerError, ProtocolError) as error:
        return await _error_result(
            life, _S.DATA_DOWNLOAD_FAILED, _C.INPUT_FILES_DOWNLOAD_FAILED, error.message
        )
    return await life.done(_S.DATA_DOWNLOADED)


async def _fetch_dataset(life: TaskLife, terms: Terms) -> None:
    address = terms.deal.dataset.pointer
    if address == ZERO_ADDRESS:
        return
    dataset = await life.patiently(lambda: life.desk.chain.dataset(address))
    if not uses_dataset(dataset):
        return
    last: PeerError | ProtocolError | None = None
    for url in sources(dataset.location, life.desk.settings.ipfs_gateways):
        try:
            await life.desk.peers.store.fetch(Wanted(url, life.folder.inputs / address, dataset.checksum))
        except (PeerError, ProtocolError) as error:
            last = last if isinstance(last, UnfetchedError) else error
        else:
            return
    if last is not None:
        raise last


async def compute(life: TaskLife) -> Next:
    """Run the container, or take over the one of an earlier life, and make its output a result."""
    await life.lease.permitted()
    found = await _left_running(life)
    await life.begin(_S.COMPUTING)
    if (cause := await _obstacle(life)) is not None:
        return await life.failed(_S.COMPUTE_FAILED, cause)
    try:
        outcome = await _run(life, found)
    except ComputeError as error:  # no room or no wall here: another machine may have them
        raise StageEnd(_C.ABORTED_BY_WORKER, error.message) from error
    logs = ComputeLogs(life.desk.me, outcome.stdout[-MAX_LOG:], outcome.stderr[-MAX_LOG:])
    await life.desk.parts.journal.write_logs(life.state.task_id, logs.stdout, logs.stderr)
    answer = await _judged(life, outcome, logs)
    life.tidy()
    return answer


async def _left_running(life: TaskLife) -> Box | None:
    if not life.resumed or not life.state.runs:
        return None
    try:
        return await (await life.desk.boxes()).find(life.state.task_id)
    except ComputeError as error:
        life.desk.log.warning("task %s: its container cannot be found: %s", life.state.task_id, error)
        return None


async def _run(life: TaskLife, box: Box | None) -> Outcome:
    while True:
        if box is None:
            box = await _begin(life)
        life.box = box
        try:
            await life.heed_pause()
            outcome = await box.wait()
        finally:
            life.box = None
        if outcome.reason not in _CUT_OFF or life.state.runs >= MAX_RUNS:
            return outcome
        box = None


async def _begin(life: TaskLife) -> Box:
    if life.state.runs:
        await (await life.desk.boxes()).remove(life.state.task_id)
    await life.folder.prepare()
    await life.folder.empty_outputs()
    job = await _job(life)
    await life.save(runs=life.state.runs + 1)
    attempt = 0
    while True:
        try:
            return await (await life.desk.boxes()).run(job)
        except EngineError:
            attempt += 1
            if attempt >= ENGINE_TRIES:
                raise
            await life.desk.clock.sleep(backed_off(attempt - 1, 1.0, 30.0))


async def _job(life: TaskLife) -> BoxedJob:
    terms, state, settings = await life.agreed(), life.state, life.desk.settings
    params = DealParams.parse(terms.deal.params)
    if state.image is None:
        raise ComputeError("the image of the app is not here")
    return BoxedJob(
        job_id=state.task_id,
        image=state.image,
        limits=replace(settings.limits, time_s=float(terms.category.time_ref_s)),
        command=params.command or None,
        environment=environment(state.task_id, state.index, terms.deal, params),
        inputs=life.folder.inputs,
        inputs_at=INPUTS_AT,
        outputs=life.folder.outputs,
        outputs_at=OUTPUTS_AT,
        network=settings.network,
        writable_root=terms.app.address in settings.writable_apps,
    )


async def _judged(life: TaskLife, outcome: Outcome, logs: ComputeLogs) -> Next:
    """Tell what came of the container; what it left is a result only if it says so itself."""
    code = outcome.exit_code
    if outcome.reason in {*_CUT_OFF, ExitReason.KILLED}:  # nobody's fault that another worker would share
        raise StageEnd(_C.ABORTED_BY_WORKER, outcome.sentence)
    if not outcome.ok:
        timed_out = outcome.reason is ExitReason.TIMED_OUT
        cause = _C.APP_COMPUTE_TIMEOUT if timed_out else _C.APP_COMPUTE_FAILED
        return await life.failed(_S.COMPUTE_FAILED, cause, outcome.sentence, exit_code=code, logs=logs)
    terms = await life.agreed()
    try:
        result = await life.folder.finish(outcome, callback=terms.deal.callback != ZERO_ADDRESS)
    except ProtocolError as error:
        cause = _C.of(error.cause or _C.POST_COMPUTE_FAILED_UNKNOWN_ISSUE.value)
        return await life.failed(_S.COMPUTE_FAILED, cause, error.message, exit_code=code, logs=logs)
    except OSError as error:
        cause = _C.POST_COMPUTE_OUT_FOLDER_ZIP_FAILED
        return await life.failed(_S.COMPUTE_FAILED, cause, str(error)[:200], exit_code=code, logs=logs)
    return await life.done(
        _S.COMPUTED,
        digest=result.digest,
        callback_data=result.callback_data,
        exit_code=code,
        run_s=outcome.run_s,
        logs=logs,
    )
