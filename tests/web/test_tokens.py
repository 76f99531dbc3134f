import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edgepi.errors import AccessError, NotFoundError, RequestError
from edgepi.web.tokens import Scope, TokenStore, hashed

NOW = datetime(2025, 6, 1, tzinfo=UTC)


def test_a_secret_is_shown_once_and_kept_as_hash(tmp_path: Path) -> None:
    path = tmp_path / "state" / "tokens.json"
    secret = TokenStore(path).create("phone", Scope.READ, now_utc=NOW)
    kept = path.read_text()
    assert secret not in kept
    assert hashed(secret) in kept
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_process_s_changes_are_noticed(tmp_path: Path) -> None:
    node, command = TokenStore(tmp_path / "tokens.json"), TokenStore(tmp_path / "tokens.json")
    secret = command.create("phone", Scope.CONTROL, now_utc=NOW)
    assert node.find(secret) is None
    node.refresh()
    found = node.find(secret)
    assert found is not None
    assert (found.name, found.scope, found.created_utc) == ("phone", Scope.CONTROL, NOW)
    command.revoke("phone")
    node.refresh()
    assert node.find(secret) is None


def test_names_are_unique_and_printable(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    store.create("phone", Scope.READ, now_utc=NOW)
    for name in ("phone", "", "a\nb", "x" * 61):
        with pytest.raises(RequestError):
            store.create(name, Scope.READ, now_utc=NOW)
    with pytest.raises(NotFoundError):
        store.revoke("laptop")
    assert [t.name for t in store.tokens] == ["phone"]


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"tokens":[{"name":"a"}]}', '{"tokens":[{"scope":"all"}]}', "\xff", "[" * 200_000]
)
def test_a_damaged_file_is_said_and_lets_nobody_in(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokens.json"
    store = TokenStore(path)
    secret = store.create("phone", Scope.READ, now_utc=NOW)
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(AccessError, match="cannot be read"):
        store.refresh()
    assert store.find(secret) is None


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    def work(prefix: str) -> None:
        store = TokenStore(tmp_path / "tokens.json")
        for number in range(10):
            store.create(f"{prefix}{number}", Scope.READ, now_utc=NOW)

    threads = [threading.Thread(target=work, args=(p,)) for p in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads((tmp_path / "tokens.json").read_text())["tokens"]) == 30


def test_control_allows_reading_but_not_the_other_way() -> None:
    assert Scope.CONTROL.allows(Scope.READ)
    assert not Scope.READ.allows(Scope.CONTROL)
