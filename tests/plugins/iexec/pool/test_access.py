"""Who may speak to a pool: the list, challenges, tokens."""

from __future__ import annotations

import base64

import pytest

from edgepi_iexec.protocol import jwt
from edgepi_iexec.protocol.login import challenge_digest
from tests.plugins.iexec.pool.house import Hand, House

STRANGER = "0x" + "77" * 20
DOORS = (
    ("POST", "/workers/ping"),
    ("POST", "/workers/register"),
    ("GET", "/workers/computing"),
    ("GET", "/replicates/available?blockNumber=1"),
    ("GET", "/replicates/interrupted?blockNumber=1"),
    ("POST", f"/replicates/0x{'11' * 32}/updateStatus"),
)


def _changed(token: str) -> str:
    head, claims, signature = token.split(".")
    return f"{head}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


async def test_a_challenge_is_the_base64_of_32_bytes_as_bare_text(house: House) -> None:
    await house.open()
    said = await house.call("GET", f"/workers/challenge?walletAddress={STRANGER}")
    assert (said.status, said.kind) == (200, "text/plain")
    assert len(base64.b64decode(said.text, validate=True)) == 32


@pytest.mark.parametrize("wallet", ["", "0x12", STRANGER[2:], STRANGER + "0", "../etc/passwd"])
async def test_what_is_no_wallet_gets_no_challenge(house: House, wallet: str) -> None:
    await house.open()
    assert (await house.call("GET", f"/workers/challenge?walletAddress={wallet}")).status == 400


async def test_who_is_not_on_the_list_is_sent_away(house: House) -> None:
    listed = house.wallet(1).address
    await house.open(whitelist=frozenset({listed}))
    assert (await house.hand(1)).token
    refused = await house.call("GET", f"/workers/challenge?walletAddress={STRANGER}")
    assert refused.status == 401
    hand = Hand(house, house.wallet(2))
    body = {
        "value": await hand.chain.sign_raw(challenge_digest("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))
    }
    said = await house.call("POST", f"/workers/login?walletAddress={hand.address}", json=body)
    assert said.status == 401


async def test_a_wallet_taken_off_the_list_is_out_with_its_token(house: House) -> None:
    await house.open()
    hand = await house.hand(1)
    await house.reopen(whitelist=frozenset({STRANGER}))
    assert (await hand.ping()).status == 401


async def test_a_wallet_in_capital_letters_is_the_same(house: House) -> None:
    await house.open()
    hand = Hand(house, house.wallet(1))
    loud = "0x" + hand.address[2:].upper()
    challenge = (await house.call("GET", f"/workers/challenge?walletAddress={loud}")).text
    value = await hand.chain.sign_raw(challenge_digest(challenge))
    said = await house.call("POST", f"/workers/login?walletAddress={loud}", json={"value": value})
    hand.token = said.text
    assert (said.status, said.kind) == (200, "text/plain")
    assert (await hand.ping()).status == 200


async def test_a_signature_works_once(house: House) -> None:
    await house.open()
    hand = Hand(house, house.wallet(1))
    body = {"value": await hand.signed_challenge()}
    path = f"/workers/login?walletAddress={hand.address}"
    assert (await house.call("POST", path, json=body)).status == 200
    assert (await house.call("POST", path, json=body)).status == 401


async def test_a_challenge_gets_old(house: House) -> None:
    await house.open()
    hand = Hand(house, house.wallet(1))
    body = {"value": await hand.signed_challenge()}
    await house.let_pass(601, step_s=50)
    said = await house.call("POST", f"/workers/login?walletAddress={hand.address}", json=body)
    assert said.status == 401


async def test_a_flood_of_challenges_spoils_nobodys_login_and_takes_no_memory(house: House) -> None:
    await house.open()
    hand = Hand(house, house.wallet(1))
    body = {"value": await hand.signed_challenge()}
    for number in range(200):
        wallet = hand.address if number % 2 else f"0x{number:040x}"
        assert (await house.call("GET", f"/workers/challenge?walletAddress={wallet}")).status == 200
    said = await house.call("POST", f"/workers/login?walletAddress={hand.address}", json=body)
    assert said.status == 200


async def test_another_wallets_signature_is_refused(house: House) -> None:
    await house.open()
    hand, thief = Hand(house, house.wallet(1)), Hand(house, house.wallet(2))
    challenge = await house.call("GET", f"/workers/challenge?walletAddress={hand.address}")
    value = await thief.chain.sign_raw(challenge_digest(challenge.text))
    said = await house.call("POST", f"/workers/login?walletAddress={hand.address}", json={"value": value})
    assert said.status == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'"0x00"', 400),
        (b"{}", 400),
        (b'{"value":7}', 400),
        (b'{"value":"0x"}', 401),
        (b'{"value":"0x' + b"00" * 65 + b'"}', 401),
        (b'{"value":"0x' + b"ff" * 65 + b'"}', 401),
        (b"[" * 100_000, 400),
        (b'{"value":"' + b"f" * 20_000 + b'"}', 400),
    ],
    ids=["empty", "list", "text", "nothing in it", "number", "short", "zeros", "ones", "deep", "long"],
)
async def test_nonsense_does_not_log_in(house: House, body: bytes, status: int) -> None:
    await house.open()
    said = await house.call("POST", f"/workers/login?walletAddress={STRANGER}", data=body)
    assert said.status == status


@pytest.mark.parametrize(("method", "path"), DOORS)
async def test_without_a_token_every_door_of_the_workers_is_shut(
    house: House, method: str, path: str
) -> None:
    await house.open()
    hand = await house.hand()
    secret = b"\0" * 32
    forged = {"sub": hand.address, "aud": "iExec Scheduler v9.3.0", "exp": 4_000_000_000}
    tokens = [
        "",
        "Bearer ",
        "Bearer nonsense",
        f"Bearer {_changed(hand.token)}",
        f"Bearer {jwt.issue(forged, secret)}",
        f"Basic {hand.token}",
        hand.token,
        f"Bearer {'a' * 5000}",
    ]
    for token in tokens:
        said = await house.call(method, path, headers={"Authorization": token})
        assert said.status == 401, token
    assert (await house.call(method, path)).status == 401


async def test_the_same_token_is_given_while_it_lasts_and_it_ends_after_an_hour(house: House) -> None:
    await house.open(poll_s=60)
    hand = await house.hand()
    first = hand.token
    assert (await hand.login()).text == first
    await house.let_pass(3590, step_s=300)
    assert (await hand.ping()).status == 200
    await house.let_pass(20, step_s=10)
    assert (await hand.ping()).status == 401
    await hand.login()
    assert hand.token != first
    assert (await hand.ping()).status == 200


async def test_a_token_outlives_a_restart_but_not_another_pools_secret(house: House) -> None:
    await house.open()
    hand = await house.hand()
    await house.reopen()
    assert (await hand.ping()).status == 200
    await house.reopen(state_dir=house.folder.parent / "other")
    assert (await hand.ping()).status == 401


async def test_a_token_of_the_result_store_opens_no_door_of_the_workers(house: House) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    assert await hand.ask() == task_id
    hand.token = (await hand.upload_token(task_id)).text
    assert (await hand.ping()).status == 401
