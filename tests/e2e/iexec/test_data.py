"""Deals with data: a dataset, input files, a callback; and several tasks at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from .market import Scene, script

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

DAYS = b"70\n30\n10\n"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Say nothing."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with the data."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "days.txt").write_bytes(DAYS)
    (folder / "more.txt").write_bytes(b"1000\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


COUNT = "cat /iexec_in/$IEXEC_DATASET_FILENAME >/iexec_out/result.txt"


async def test_a_dataset_comes_as_its_checksum_says(scene: Scene, files: str) -> None:
    checksum = "0x" + hashlib.sha256(DAYS).hexdigest()
    dataset = await scene.act(scene.market.create_dataset, f"{files}/days.txt", checksum)
    app = await scene.app("count", script(COUNT))
    await scene.worker()
    placed = await scene.place(app, dataset=dataset)
    (state,) = await scene.completed(*placed.task_ids)
    assert (await scene.result(state))["result.txt"] == DAYS


async def test_what_differs_from_its_checksum_is_not_computed_on_and_said_so(
    scene: Scene, files: str
) -> None:
    dataset = await scene.act(scene.market.create_dataset, f"{files}/days.txt", "0x" + "11" * 32)
    app = await scene.app("count", script(COUNT))
    await scene.worker()
    placed = await scene.place(app, dataset=dataset)
    (state,) = await scene.completed(*placed.task_ids)
    result = await scene.result(state)
    assert set(result) == {"computed.json", "error.txt"}
    assert b"DATASET_FILE_BAD_CHECKSUM" in result["error.txt"]
    assert await scene.cause(placed.task_ids[0], "DATA_DOWNLOAD_FAILED") == "DATASET_FILE_BAD_CHECKSUM"


async def test_input_files_are_there_by_their_names(scene: Scene, files: str) -> None:
    text = (
        "cat /iexec_in/$IEXEC_INPUT_FILE_NAME_1 /iexec_in/$IEXEC_INPUT_FILE_NAME_2 >/iexec_out/result.txt;"
        "echo $IEXEC_INPUT_FILES_NUMBER $(ls /iexec_in | wc -l) >>/iexec_out/result.txt"
    )
    app = await scene.app("join", script(text.replace("$(ls /iexec_in | wc -l)", "")))
    await scene.worker()
    urls = [f"{files}/days.txt", f"{files}/more.txt"]
    placed = await scene.place(app, params={"iexec_input_files": urls})
    (state,) = await scene.completed(*placed.task_ids)
    assert (await scene.result(state))["result.txt"] == DAYS + b"1000\n2\n"


async def test_an_input_file_that_is_not_there_is_the_result(scene: Scene, files: str) -> None:
    app = await scene.app("join", script("true"))
    await scene.worker()
    placed = await scene.place(app, params={"iexec_input_files": [f"{files}/none.txt"]})
    (state,) = await scene.completed(*placed.task_ids)
    assert b"INPUT_FILES_DOWNLOAD_FAILED" in (await scene.result(state))["error.txt"]


async def test_a_contract_is_called_back(scene: Scene) -> None:
    data = "0x" + "07" * 32
    image = script(f"""echo '{{"callback-data":"{data}"}}' >/iexec_out/computed.json; exit 0""")
    app = await scene.app("oracle", image)
    callback = await scene.act(scene.market.create_callback)
    await scene.worker()
    placed = await scene.place(app, callback=callback)
    (state,) = await scene.completed(*placed.task_ids)
    assert "0x" + bytes(state["resultsCallback"]).hex() == data
    assert b'"ethereum"' in bytes(state["results"])
    heard = await scene.act(scene.market.called_back, callback, placed.task_ids[0])
    assert heard == "0x" + bytes(state["resultDigest"]).hex()


async def test_two_tasks_run_at_once(scene: Scene) -> None:
    app = await scene.app("slow", script("sleep 3; echo $IEXEC_TASK_INDEX >/iexec_out/result.txt"))
    before = await scene.stake("worker-1")
    backend = await scene.worker(tasks=2)
    placed = await scene.place(app, volume=2)

    def both() -> bool:
        assert backend.worker is not None
        return [each.status.value for each in backend.worker.tasks] == ["COMPUTING"] * 2

    await scene.until("two containers run", both)
    states = await scene.completed(*placed.task_ids)
    texts = [(await scene.result(each))["result.txt"] for each in states]
    assert texts == [b"0\n", b"1\n"]
    assert (await scene.stake("worker-1"))[0] - before[0] == 2 * 990
