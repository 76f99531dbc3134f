"""The result store: who may bring a result, what is taken for one, and how it is fetched."""

from __future__ import annotations

import io
import zipfile

import pytest

from edgepi_iexec.chain.model import ZERO_ADDRESS
from edgepi_iexec.pool.model import Stage
from edgepi_iexec.pool.results import ResultStore
from edgepi_iexec.pool.settings import Limits
from edgepi_iexec.pool.store import Store
from edgepi_iexec.protocol import jwt
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.cid import cid_of_bytes
from tests.plugins.iexec.pool.house import RESULT, Hand, House, digest_of, link, packed

COMPUTED = RESULT["computed.json"]
UNKNOWN = "0x" + "11" * 32


async def _revealed(house: House, number: int = 1) -> tuple[Hand, str]:
    """Return a worker that has revealed its task and is to upload the result."""
    hand = await house.hand(number)
    task_id = await house.order()
    assert await hand.ask_until() == task_id
    await hand.compute(task_id)
    await hand.contribute(task_id)
    await house.until_stage(task_id, Stage.CONSENSUS_REACHED)
    await hand.reveal(task_id)
    await house.until_stage(task_id, Stage.RESULT_UPLOADING)
    return hand, task_id


@pytest.fixture
async def uploader(house: House) -> tuple[Hand, str]:
    await house.open(contribute_and_finalize=False)
    return await _revealed(house)


async def test_a_result_is_kept_under_its_name_and_fetched_by_anybody(
    house: House, uploader: tuple[Hand, str]
) -> None:
    hand, task_id = uploader
    token = await hand.upload_token(task_id)
    assert (token.status, token.kind) == (200, "text/plain")
    headers = {"Authorization": token.text}
    assert (await house.call("HEAD", f"/v1/results/{task_id}", headers=headers)).status == 404
    assert (await house.call("GET", f"/v1/results/{task_id}/ipfshash")).status == 404
    said = await hand.bring(task_id, packed())
    name = cid_of_bytes(packed())
    assert (said.status, said.text, said.kind) == (200, f"/ipfs/{name}", "text/plain")
    assert (await house.call("HEAD", f"/v1/results/{task_id}", headers=headers)).status == 204
    assert (await house.call("GET", f"/v1/results/{task_id}/ipfshash")).text == name
    assert house.session is not None
    async with house.session.get(f"{house.url}/ipfs/{name}") as answer:
        assert (answer.status, answer.content_type) == (200, "application/zip")
        assert await answer.read() == packed()
    await house.reopen()
    assert (await house.call("HEAD", f"/ipfs/{name}")).status == 200


async def test_a_result_may_be_brought_again(house: House, uploader: tuple[Hand, str]) -> None:
    hand, task_id = uploader
    first = await hand.bring(task_id, packed())
    again = await hand.bring(task_id, packed())
    assert (again.status, again.text) == (200, first.text)


async def test_only_the_worker_that_was_authorised_gets_a_token(
    house: House, uploader: tuple[Hand, str]
) -> None:
    hand, task_id = uploader
    thief = Hand(house, house.wallet(9))
    given = hand.authorizations[task_id]
    own_hash = authorization_hash(thief.address, task_id, ZERO_ADDRESS)
    own = await thief.chain.sign_personal(own_hash)
    forged = given | {"workerWallet": thief.address, "signature": {"value": own}}
    foreign = given | {"chainTaskId": UNKNOWN}
    for body, signature in ((given, own), (forged, own), (foreign, own), (given, ""), (given, "0x")):
        said = await house.call("POST", "/v1/results/token", json=body, headers={"Authorization": signature})
        assert said.status == 401, body


async def test_a_task_that_is_over_gives_no_token(house: House) -> None:
    await house.open(contribute_and_finalize=False, poll_s=60)
    hand = await house.hand()
    task_id = await house.order(category=0)
    await hand.ask_until()
    await house.let_pass(3001, step_s=100)
    assert (await hand.upload_token(task_id)).status == 401


@pytest.mark.parametrize("token", ["", "nonsense", "Bearer ", "e30.e30.e30"])
async def test_without_a_token_nothing_is_taken(house: House, uploader: tuple[Hand, str], token: str) -> None:
    hand, task_id = uploader
    assert (await hand.bring(task_id, packed(), token)).status == 401
    headers = {"Authorization": token}
    assert (await house.call("HEAD", f"/v1/results/{task_id}", headers=headers)).status == 401


async def test_a_workers_or_forged_token_is_none_for_results(
    house: House, uploader: tuple[Hand, str]
) -> None:
    hand, task_id = uploader
    forged = jwt.issue({"aud": hand.address, "sub": task_id}, b"\0" * 32)
    for token in (hand.token, f"Bearer {hand.token}", forged):
        assert (await hand.bring(task_id, packed(), token)).status == 401


async def test_a_token_is_for_its_task_alone(house: House) -> None:
    await house.open(contribute_and_finalize=False)
    first, one = await _revealed(house, 1)
    await first.upload(one)
    second, two = await _revealed(house, 2)
    token = (await second.upload_token(two)).text
    assert (await second.bring(one, packed(), token)).status in {400, 401}


async def test_who_has_not_revealed_may_not_bring_a_result(house: House) -> None:
    await house.open(contribute_and_finalize=False)
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    assert (await hand.bring(task_id, packed())).status == 400
    await hand.compute(task_id)
    await hand.contribute(task_id)
    assert (await hand.bring(task_id, packed())).status == 400


async def test_another_result_than_was_contributed_is_refused(
    house: House, uploader: tuple[Hand, str]
) -> None:
    hand, task_id = uploader
    other = packed({"computed.json": COMPUTED, "result.txt": b"3.2\n"})
    assert (await hand.bring(task_id, other)).status == 400
    assert await hand.say(task_id, "RESULT_UPLOADED", resultLink=link("/ipfs/" + cid_of_bytes(other)))
    assert house.share(task_id, hand).status != "RESULT_UPLOADED"


def _bomb() -> bytes:
    return packed({"computed.json": COMPUTED, "result.txt": RESULT["result.txt"], "zeros": bytes(40 << 20)})


def _escape(name: str) -> bytes:
    return packed({"computed.json": COMPUTED, "result.txt": RESULT["result.txt"], name: b"out"})


def _many() -> bytes:
    return packed({**RESULT} | {f"file {number}": b"" for number in range(300)})


def _linked() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in RESULT.items():
            archive.writestr(name, content)
        entry = zipfile.ZipInfo("secret")
        entry.create_system, entry.external_attr = 3, 0o120777 << 16
        archive.writestr(entry, "/etc/shadow")
    return out.getvalue()


HOSTILE = {
    "empty": b"",
    "no zip": b"PK nothing",
    "cut": packed()[:-10],
    "no computed.json": packed({"result.txt": b"3\n"}),
    "computed.json leads out": packed(
        {**RESULT} | {"computed.json": b'{"deterministic-output-path":"/iexec_out/../../etc/passwd"}'}
    ),
    "computed.json is deep": packed({**RESULT} | {"computed.json": b"[" * 50_000}),
    "a bomb": _bomb(),
    "leads out": _escape("../../outside"),
    "leads to the root": _escape("/etc/cron.d/x"),
    "too many files": _many(),
    "a link": _linked(),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_what_is_no_honest_result_is_refused_and_leaves_nothing(house: House, kind: str) -> None:
    limits = Limits(unpacked_bytes=32 << 20, unpacked_files=200)
    await house.open(contribute_and_finalize=False, limits=limits)
    hand, task_id = await _revealed(house)
    said = await hand.bring(task_id, HOSTILE[kind])
    assert said.status == 400
    left = [path for folder in ("results", "incoming") for path in (house.folder / folder).iterdir()]
    assert left == []
    assert not list(house.folder.parent.rglob("outside"))
    assert (await hand.bring(task_id, packed())).status == 200


async def test_an_upload_that_is_too_large_is_refused_before_it_is_kept(house: House) -> None:
    await house.open(contribute_and_finalize=False, limits=Limits(result_bytes=10_000))
    hand, task_id = await _revealed(house)
    large = packed({"computed.json": COMPUTED, "result.txt": bytes(range(256)) * 4000})
    stored = io.BytesIO(large)
    assert len(stored.getvalue()) < 100_000
    noise = b"".join(bytes([n * n % 251, n % 253]) for n in range(20_000))
    said = await hand.bring(task_id, packed({"computed.json": COMPUTED, "result.txt": noise}))
    assert said.status == 400
    assert list((house.folder / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"zip":7}', b'{"chainTaskId":"0x","zip":""}', b"[" * 100_000, b"\xff" * 100]
)
async def test_a_body_that_is_none_is_refused(house: House, uploader: tuple[Hand, str], body: bytes) -> None:
    hand, task_id = uploader
    token = (await hand.upload_token(task_id)).text
    said = await house.call("POST", "/v1/results", data=body, headers={"Authorization": token})
    assert said.status == 400


@pytest.mark.parametrize(
    "name", ["nothing", "..", "%2e%2e%2fpool.db", "..%2f..%2fetc%2fpasswd", "Qm" + "1" * 43, "Qm" + "1" * 44]
)
async def test_nothing_else_of_the_disk_can_be_fetched(
    house: House, uploader: tuple[Hand, str], name: str
) -> None:
    assert (await house.call("GET", f"/ipfs/{name}")).status == 404
    assert uploader


async def test_results_of_tasks_that_ended_make_room_but_others_stay(house: House) -> None:
    size = len(packed())
    await house.open(contribute_and_finalize=False, limits=Limits(results_quota_bytes=int(size * 1.5)))
    first, one = await _revealed(house, 1)
    await first.upload(one)
    await house.until_stage(one, Stage.COMPLETED)
    other_bytes = b"2.71828\n"
    second = await house.hand(2)
    two = await house.order()
    assert await second.ask_until() == two
    await second.compute(two)
    await second.contribute(two, other_bytes)
    await house.until_stage(two, Stage.CONSENSUS_REACHED)
    await second.reveal(two, other_bytes)
    await house.until_stage(two, Stage.RESULT_UPLOADING)
    await second.upload(two, packed({"computed.json": COMPUTED, "result.txt": other_bytes}))
    assert (await house.call("GET", f"/v1/results/{one}/ipfshash")).status == 404
    assert (await house.call("GET", f"/v1/results/{two}/ipfshash")).status == 200
    assert len(list((house.folder / "results").iterdir())) == 1


async def test_a_full_store_refuses_rather_than_lose_what_is_still_wanted(house: House) -> None:
    await house.open(contribute_and_finalize=False, limits=Limits(results_quota_bytes=10))
    hand, task_id = await _revealed(house)
    assert (await hand.bring(task_id, packed())).status == 400
    assert list((house.folder / "incoming").iterdir()) == []


async def test_a_result_that_comes_before_its_proof_is_taken_with_trust_1_alone(house: House) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    assert (await hand.bring(task_id, packed())).status == 200
    assert (await house.call("GET", f"/v1/results/{task_id}/ipfshash")).status == 404
    other = await house.hand(2)
    trusted = await house.order(trust=3)
    assert await other.ask_until() == trusted
    assert (await other.bring(trusted, packed())).status == 400


async def test_what_was_cut_off_by_a_power_cut_is_tidied_away(house: House) -> None:
    await house.open()
    await house.pool.stop()
    (house.folder / "incoming" / "half").write_bytes(b"PK")
    (house.folder / "results" / "Qmhalf").write_bytes(b"PK")
    await house.open()
    assert list((house.folder / "incoming").iterdir()) == []
    assert list((house.folder / "results").iterdir()) == []


async def test_the_pool_says_itself_where_a_result_is_whatever_else_its_worker_wrote(
    house: House, uploader: tuple[Hand, str]
) -> None:
    hand, task_id = uploader
    await hand.say(task_id, "RESULT_UPLOADING")
    place = (await hand.bring(task_id, packed())).text
    said = f'{{"location":"{place}","storage":"nowhere","extra":"<script>"}}'
    assert (await hand.say(task_id, "RESULT_UPLOADED", resultLink=said))[0] == 200
    await house.until_stage(task_id, Stage.COMPLETED)
    written = house.ledger.task(task_id).results.decode()
    assert written == f'{{ "storage": "ipfs", "location": "{place}" }}'


async def test_a_link_to_nothing_is_not_believed(house: House, uploader: tuple[Hand, str]) -> None:
    hand, task_id = uploader
    await hand.say(task_id, "RESULT_UPLOADING")
    lies = ("", "{", "[]", link("/ipfs/Qm" + "1" * 44), link("/ipfs/../pool.db"), "x" * 5000)
    for said in lies:
        assert (await hand.say(task_id, "RESULT_UPLOADED", resultLink=said))[0] in {202, 400}
    assert await hand.say(task_id, "RESULT_UPLOADED") == (202, "PLEASE_ABORT")
    assert digest_of() == house.ledger.task(task_id).result_digest


async def test_the_same_result_of_two_tasks_is_kept_until_both_are_dropped(house: House) -> None:
    settings = house.settings(results_days=1)
    settings.state_dir.mkdir()
    store = Store(settings.state_dir / "pool.db")
    await store.open()
    results = ResultStore(settings, store, house.clock)
    await results.open()
    name = cid_of_bytes(packed())
    for task_id in (UNKNOWN, "0x" + "22" * 32):
        draft = results.incoming / "draft"
        draft.write_bytes(packed())
        kept = await results.add(draft, task_id, house.requester.address, digest_of(), verified=True)
        assert kept.cid == name
        await house.clock.advance(50_000)
    assert results.used_bytes == len(packed())
    await results.sweep()
    assert results.verified(UNKNOWN) is None
    assert (results.folder / name).is_file()
    await house.clock.advance(50_000)
    await results.sweep()
    assert not (results.folder / name).exists()
    assert results.used_bytes == 0
    await store.close()
