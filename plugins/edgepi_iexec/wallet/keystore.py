"""Wallet files: keystore version 3, as every Ethereum program reads and writes them. Everything blocks."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from edgepi.errors import ProtocolError, WalletError
from edgepi.files import atomic_write
from edgepi_iexec.protocol.reading import parse_json

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

__all__ = ["create", "import_key", "read_password", "save", "unlock"]

# scrypt's n: what `geth --lightkdf` uses. The full 262144 wants 256 MB, which a Pi Zero has not.
SCRYPT_N, SCRYPT_P = 4096, 6
MOST_BYTES = 512 * 1024**2
LIGHTER = "import it on a larger machine with `edgepi iexec wallet import`, which makes a lighter file"
_NO_WALLET = (
    *(LookupError, TypeError, AttributeError, RecursionError, NotImplementedError),
    ProtocolError,
)
_KEY = re.compile(r"(?:0[xX])?[0-9a-fA-F]{64}")


def create(password: str) -> str:
    """Return the file of a new wallet, as text."""
    return _encrypt(cast("LocalAccount", _accounts().create()), password)


def import_key(text: str, password: str, *, file_password: str | None = None) -> str:
    """Return the file of a wallet that exists: from its private key, or from another keystore file.

    Raises:
        WalletError: it is neither, or *file_password* does not open it.
    """
    given = text.strip()
    if _KEY.fullmatch(given):
        try:
            account = _accounts().from_key(given)
        except Exception:  # noqa: BLE001 (zero or too large: errors of several kinds, which quote the key)
            raise WalletError("this number is no private key") from None
        return _encrypt(account, password)
    account = unlock(given, file_password if file_password is not None else password)
    return _encrypt(account, password)


def _encrypt(account: LocalAccount, password: str) -> str:
    from eth_keyfile.keyfile import create_keyfile_json

    made: dict[str, Any] = create_keyfile_json(
        bytes(account.key), password.encode(), kdf="scrypt", iterations=SCRYPT_N, salt_size=16
    )
    return json.dumps({**made, "address": account.address.lower().removeprefix("0x")})


def unlock(keystore: str, password: str) -> LocalAccount:
    """Return the account of a wallet's file; raises WalletError, which never quotes key or password."""
    from eth_account import Account

    try:
        read = parse_json(keystore, "the file")
        _affordable(read)
        return cast("LocalAccount", Account.from_key(Account.decrypt(read, password)))
    except (
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        ProtocolError,
        NotImplementedError,
    ):
        problem, hint = "this file is no wallet", "a keystore file of version 3 is JSON with an `address`"
    except ValueError:
        problem, hint = "the wallet does not open with this password", "see `password` and `password_file`"
    except MemoryError:
        problem, hint = "this machine has not enough memory to open the wallet", LIGHTER
    raise WalletError(problem, hint=hint) from None


def _affordable(read: dict[str, Any]) -> None:
    """Refuse a file whose key derivation would take more than any honest program makes it take."""
    crypto = {name.lower(): value for name, value in read.items()}["crypto"]
    terms = crypto["kdfparams"]
    n, r, p, c = (int(terms.get(name, 0)) for name in "nrpc")
    if 128 * n * r > MOST_BYTES or max(r, p) > 64 or c > 10_000_000:
        raise WalletError("the wallet's file asks for more work than any should", hint=LIGHTER)


def _accounts() -> Any:
    """Import what knows keys, and undo that it lifts the limit at which deep nesting ends in an error."""
    limit = sys.getrecursionlimit()
    try:
        from eth_account import Account
    finally:
        sys.setrecursionlimit(limit)
    return Account


def save(path: Path, keystore: str, *, replace: bool = False) -> None:
    """Write a wallet's file, readable by its owner alone, so that it is never torn; raises WalletError.

    What root writes belongs to whom the folder belongs: a service's own user, perhaps.
    """
    if path.exists() and not replace:
        raise WalletError(f"{path} is a wallet already", hint="move it away first: its key may hold money")
    try:
        missing = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        atomic_write(path, keystore + "\n", 0o600)
        if os.geteuid() == 0:
            whose = (missing[-1].parent if missing else path.parent).stat()
            for each in (*missing, path):
                os.chown(each, whose.st_uid, whose.st_gid)
    except OSError as error:
        raise WalletError(f"{path} cannot be written: {error.strerror or error}") from error


def read_password(path: Path) -> str:
    """Return the password that a file holds, without the end of its line; raises WalletError."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise WalletError(
            f"no password can be read from {path}: {getattr(error, 'strerror', None) or 'it is no text'}"
        ) from error
