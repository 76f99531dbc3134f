from __future__ import annotations

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol import base, hashing, ids, login, tags
from edgepi_iexec.protocol.authorization import authorization_hash

KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # of anvil, known to everybody
WORKER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
TASK, DIGEST = "0x" + "11" * 32, "0x" + "33" * 32
CHALLENGE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def test_login_signs_the_challenge_with_its_quirk() -> None:
    assert login.web3j_hex(CHALLENGE).hex() == "aaec9fffafbfbfefdaffcf9fdfefefeffbfaeffdef7f"
    digest = login.challenge_digest(CHALLENGE)
    assert digest.hex() == "9b14960129a8496d2b19b8efaaa80a9ccba4311ec789b7d246ad1bb70136d6be"
    assert Account.unsafe_sign_hash(digest, KEY).signature.hex() == (
        "54934bd8c4148caa84f7938c889e6729197fccc07f77caad9d5b46871ffe0336"
        "0b2a79966248d66c3a4d9726e74001ecaf71b8fd964c4d77deba9c5f3ec316f81c"
    )


def test_the_quirk_takes_hexadecimal_for_what_it_is_and_an_odd_character_for_a_byte() -> None:
    assert login.web3j_hex("0xfF01") == b"\xff\x01"
    assert login.web3j_hex("f01") == b"\x0f\x01"
    assert login.web3j_hex("=") == b"\xff"
    assert login.web3j_hex("") == b""
    assert login.web3j_hex("==") == bytes([(-17) & 0xFF])


PAYS_A_THIEF = "df8080825208" + "94" + "d00d" * 10 + "8180" + "80"
BURNS_ALL = "8080839fbc10" + "80" + "88ffffffffffffff00"


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "\N{FULLWIDTH DIGIT ONE}" * 2,
        "A" * 2000,
        CHALLENGE[:-2] + "=",
        PAYS_A_THIEF,
        "0x" + PAYS_A_THIEF,
        "d5" + BURNS_ALL + "840000000=",
        "01d4" + BURNS_ALL + "8300000=",
    ],
)
def test_what_is_no_challenge_is_not_signed(challenge: str) -> None:
    with pytest.raises(ProtocolError):
        login.challenge_digest(challenge)


def test_an_authorisation_has_the_hash_and_signature_of_the_vectors() -> None:
    digest = authorization_hash(WORKER, TASK)
    assert digest.hex() == "ff8eda06d9564bfe219c37089112837f3d85f39a105acad35d11f05f6f41c510"
    assert Account.sign_message(encode_defunct(digest), KEY).signature.hex() == (
        "f4545720970dfd3bd67bc4ea2f2d6dd4abed751de65d17fe52828381c8a36c69"
        "12d31ff68ada86fd511af4ffe7f6db5aee98a4a57b2c4de1d0868e1374ce51d21c"
    )


def test_tasks_and_results_have_the_names_of_the_vectors() -> None:
    assert (
        ids.task_id("0x" + "22" * 32, 3)
        == "0x63797c266708da7935c8ea1ff0d61e11a23c252b9fe5dcf328f9421521a63397"
    )
    assert (
        ids.result_hash(TASK, DIGEST) == "0x31fdeffd72961407e7bbd04322bc3a67ad8adeb826f07a13e86fc791fe86f8a2"
    )
    assert (
        ids.result_seal(WORKER, TASK, DIGEST)
        == "0x6029abfe300be3d75ca650375796ff7713ae1d6a156455d80566fe4b9fa6a635"
    )


def test_capitals_in_an_address_change_nothing() -> None:
    assert ids.result_seal(WORKER.upper().replace("0X", "0x"), TASK, DIGEST) == ids.result_seal(
        WORKER, TASK, DIGEST
    )


def test_a_deal_is_named_by_its_request_and_what_was_taken_of_it_before() -> None:
    assert ids.deal_id(TASK, 5) == "0x" + keccak(bytes.fromhex(TASK[2:]) + (5).to_bytes(32)).hex()


@given(st.binary(max_size=300))
def test_keccak_agrees_with_another_implementation(data: bytes) -> None:
    assert hashing.keccak256(data) == keccak(data)


@pytest.mark.parametrize(
    "text", ["", "0x", "0x1", "11" * 32, "0x" + "11" * 31, "0x" + "gg" * 32, None, 5, "0x" + "11" * 33]
)
def test_what_is_no_hash_is_refused(text: object) -> None:
    with pytest.raises(ProtocolError):
        hashing.hash_bytes(text)


@pytest.mark.parametrize("index", [-1, 1 << 256])
def test_no_task_has_a_number_that_the_chain_cannot_hold(index: int) -> None:
    with pytest.raises(ProtocolError):
        ids.task_id(TASK, index)


@given(st.binary(max_size=40))
def test_base58_comes_back(data: bytes) -> None:
    assert base.base58_decode(base.base58_encode(data)) == data


def test_base58_is_the_known_one() -> None:
    assert base.base58_encode(b"Hello World!") == "2NEpo7TZRRrLZSi2U"
    with pytest.raises(ProtocolError):
        base.base58_decode("0OIl")


@pytest.mark.parametrize(
    ("bits", "tee", "gpu"),
    [
        (0, False, False),
        (1, True, False),
        (3, True, False),
        (9, True, False),
        (0x100, False, True),
        (0x10, False, False),
    ],
)
def test_tags_say_what_a_machine_needs(bits: int, tee: bool, gpu: bool) -> None:
    tag = tags.tag_text(bits)
    assert len(tag) == 66
    assert (tags.needs_tee(tag), tags.needs_gpu(tag)) == (tee, gpu)


def test_a_pool_covers_what_it_has_all_bits_of() -> None:
    assert tags.covers(tags.tag_text(0x109), tags.tag_text(0x100), tags.tag_text(9))
    assert not tags.covers(tags.tag_text(0x100), tags.tag_text(0x100), tags.tag_text(1))
