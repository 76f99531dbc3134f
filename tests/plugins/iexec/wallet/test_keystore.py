from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from edgepi.errors import WalletError
from edgepi_iexec.wallet import keystore
from edgepi_iexec.wallet.keystore import create, import_key, read_password, save, unlock

KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
# The example of the keystore format's own definition.
FOREIGN = {
    "crypto": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
        "kdf": "pbkdf2",
        "kdfparams": {
            "c": 262144,
            "dklen": 32,
            "prf": "hmac-sha256",
            "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
        },
        "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
    },
    "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version": 3,
}
FOREIGN_KEY = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystore, "SCRYPT_N", 2)


def test_a_new_wallet_opens_with_its_password_alone() -> None:
    made = create("word")
    address = "0x" + json.loads(made)["address"]
    assert unlock(made, "word").address.lower() == address
    with pytest.raises(WalletError, match="does not open"):
        unlock(made, "Word")


def test_two_new_wallets_differ() -> None:
    assert json.loads(create("word"))["address"] != json.loads(create("word"))["address"]


@pytest.mark.parametrize("text", [KEY, KEY[2:], KEY.upper().replace("0X", "0x"), f"  {KEY}\n"])
def test_a_key_is_imported(text: str) -> None:
    made = import_key(text, "word")
    assert "0x" + json.loads(made)["address"] == ADDRESS
    assert KEY[2:] not in made
    assert "0x" + unlock(made, "word").key.hex().removeprefix("0x") == KEY


def test_the_file_of_another_program_is_imported_and_made_light() -> None:
    made = import_key(json.dumps(FOREIGN), "mine", file_password="testpassword")
    assert unlock(made, "mine").key.hex().removeprefix("0x") == FOREIGN_KEY
    assert json.loads(made)["crypto"]["kdf"] == "scrypt"


def test_the_same_password_opens_what_is_imported_if_no_other_is_named() -> None:
    assert json.loads(import_key(create("word"), "word"))["version"] == 3


@pytest.mark.parametrize("number", ["00" * 32, "ff" * 32])
def test_a_number_that_is_no_key_is_not_quoted(number: str) -> None:
    with pytest.raises(WalletError, match="no private key") as caught:
        import_key(number, "word")
    assert number not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize("text", ["", "{}", "[]", "5", "null", "not JSON", '{"crypto": 5}', "[" * 100_000])
def test_what_is_no_wallet_is_an_error(text: str) -> None:
    with pytest.raises(WalletError, match="no wallet"):
        unlock(text, "word")


@pytest.mark.parametrize("changes", [{"n": 2**30}, {"r": 2**20}, {"p": 10**6}])
def test_a_file_that_wants_endless_work_is_refused(changes: dict[str, int]) -> None:
    made = json.loads(create("word"))
    made["crypto"]["kdfparams"].update(changes)
    with pytest.raises(WalletError, match="more work"):
        unlock(json.dumps(made), "word")


def test_a_file_is_its_owners_alone_and_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "wallet.json"
    save(path, create("word"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    before = path.read_text()
    with pytest.raises(WalletError, match="already"):
        save(path, create("word"))
    assert path.read_text() == before
    save(path, create("word"), replace=True)
    assert path.read_text() != before


def test_what_root_writes_belongs_to_whom_the_folder_belongs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[Path, int] = {}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, uid, _: given.update({path: uid}))
    path = tmp_path / "plugins" / "iexec" / "wallet.json"
    save(path, create("word"))
    assert given == dict.fromkeys((path.parent, path.parent.parent, path), tmp_path.stat().st_uid)


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WalletError, match="cannot be written"):
        save(tmp_path / "file" / "wallet.json", "{}")


@pytest.mark.parametrize("content", ["a word\n", "a word\r\n", "a word"])
def test_a_password_file_may_end_its_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "password"
    path.write_bytes(content.encode())
    assert read_password(path) == "a word"


def test_a_password_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WalletError, match="no password"):
        read_password(tmp_path / "none")
