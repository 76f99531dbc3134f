from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol import jwt, logs

SECRET = b"s" * 32
CLAIMS = {"sub": "0x" + "11" * 20, "aud": "iExec Scheduler v9.3.0", "iat": 1000, "exp": 4600}
# RFC 7515, appendix A.1: somebody else's token, with somebody else's spaces in it
RFC_TOKEN = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
RFC_KEY = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"


def encoded(found: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(found).encode()).rstrip(b"=").decode()


def forged(header: Any, claims: Any, secret: bytes = SECRET) -> str:
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{jwt._base64(jwt._signature(signed, secret))}"


def test_the_token_of_the_standard_is_verified() -> None:
    key = base64.urlsafe_b64decode(RFC_KEY + "==")
    assert jwt.verify(RFC_TOKEN, key, now_s=1_300_819_379)["iss"] == "joe"
    with pytest.raises(ProtocolError, match="over"):
        jwt.verify(RFC_TOKEN, key, now_s=1_300_819_380)


def test_a_token_says_what_was_put_into_it_until_it_is_over() -> None:
    token = jwt.issue(CLAIMS, SECRET)
    assert jwt.verify(token, SECRET, audience="iExec Scheduler v9.3.0", now_s=4599) == CLAIMS
    with pytest.raises(ProtocolError, match="over"):
        jwt.verify(token, SECRET, now_s=4600)
    with pytest.raises(ProtocolError, match="over"):
        jwt.verify(token, SECRET)  # whoever says no time must not be let in for ever


def test_a_token_without_an_end_has_none() -> None:
    assert jwt.verify(jwt.issue({"aud": "0x11"}, SECRET), SECRET, audience="0x11") == {"aud": "0x11"}


def test_tokens_for_or_by_others_are_refused() -> None:
    token = jwt.issue(CLAIMS, SECRET)
    with pytest.raises(ProtocolError, match="somebody else"):
        jwt.verify(token, SECRET, audience="another", now_s=0)
    with pytest.raises(ProtocolError, match="not signed"):
        jwt.verify(token, b"t" * 32, now_s=0)
    head, _, signature = token.split(".")
    other = encoded(CLAIMS | {"sub": "0x" + "22" * 20})
    with pytest.raises(ProtocolError, match="not signed"):
        jwt.verify(f"{head}.{other}.{signature}", SECRET, now_s=0)


def test_no_other_text_is_the_same_token() -> None:
    token = jwt.issue(CLAIMS, SECRET)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    with pytest.raises(ProtocolError):
        jwt.verify(token[:-1] + alphabet[last ^ 1], SECRET, now_s=0)


@pytest.mark.parametrize(
    "token",
    [
        forged({"alg": "none"}, CLAIMS),
        forged({"alg": "HS512"}, CLAIMS),
        forged({}, CLAIMS),
        forged([], CLAIMS),
        forged({"alg": "HS256"}, []),
        forged({"alg": "HS256"}, {"exp": "soon"}),
        forged({"alg": "HS256"}, {"exp": True}),
        encoded({"alg": "none"}) + "." + encoded(CLAIMS) + ".",
        "",
        "..",
        "a.b.c",
        "a" * 10_000,
    ],
)
def test_forged_tokens_are_refused(token: str) -> None:
    with pytest.raises(ProtocolError):
        jwt.verify(token, SECRET, now_s=0)


@given(st.text(max_size=60) | st.text("eyJ0-_.", max_size=60))
def test_no_text_is_a_token_by_chance(token: str) -> None:
    with pytest.raises(ProtocolError):
        jwt.verify(token, SECRET, now_s=0)


@given(st.binary(min_size=1, max_size=40), st.binary(min_size=1, max_size=40))
def test_signed_nonsense_is_refused(head: bytes, body: bytes) -> None:
    signed = f"{jwt._base64(head)}.{jwt._base64(body)}"
    with pytest.raises(ProtocolError):
        jwt.verify(f"{signed}.{jwt._base64(jwt._signature(signed, SECRET))}", SECRET, now_s=0)


def test_a_requester_signs_the_challenge_that_wallets_show() -> None:
    document = logs.challenge_document("abc", 134)
    assert document["domain"] == {"name": "iExec Core", "version": "1", "chainId": 134}
    signable = encode_typed_data(full_message=document)
    assert _hash_eip191_message(signable) == logs.challenge_digest("abc", 134)
    account = Account.from_key("0x" + "11" * 32)
    said = logs.LogsAuthorization(
        "0x" + logs.challenge_digest("abc", 134).hex(),
        "0x" + account.sign_message(signable).signature.hex(),
        account.address.lower(),
    )
    assert logs.LogsAuthorization.parse(said.header()) == said


@pytest.mark.parametrize(
    "header", ["", "Bearer x", "0x11_0x22_0x33", "a" * 1000, f"0x{'11' * 32}_0x{'22' * 65}"]
)
def test_what_does_not_prove_a_requester_is_refused(header: str) -> None:
    with pytest.raises(ProtocolError):
        logs.LogsAuthorization.parse(header)
