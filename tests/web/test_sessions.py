from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edgepi.web.sessions import MOST_SESSIONS, LoginCodes, Sessions
from edgepi.web.tokens import Scope

NOW = datetime(2025, 6, 1, tzinfo=UTC)

DEEP = b"[" * 200_000


def test_a_session_is_found_again_from_disk_until_it_expires(tmp_path: Path) -> None:
    first, second = Sessions(tmp_path / "s.json"), Sessions(tmp_path / "s.json")
    cookie = first.open(Scope.READ, NOW)
    first.save()
    second.load()
    found = second.find(cookie, NOW + timedelta(days=89))
    assert found is not None
    assert found.scope is Scope.READ
    assert second.find(cookie, NOW + timedelta(days=91)) is None
    assert second.find("another", NOW) is None


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"sessions":[1]}', b'{"sessions":{"a":{}}}', b"\xff", DEEP]
)
def test_a_damaged_file_only_means_logging_in_again(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.json").write_bytes(content)
    sessions = Sessions(tmp_path / "s.json")
    sessions.load()
    assert sessions.find("x", NOW) is None


def test_the_oldest_session_makes_room(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "s.json")
    cookies = [sessions.open(Scope.READ, NOW) for _ in range(MOST_SESSIONS + 1)]
    assert sessions.find(cookies[0], NOW) is None
    assert sessions.find(cookies[1], NOW) is not None


def test_a_code_is_good_once_and_for_a_quarter_of_an_hour() -> None:
    codes = LoginCodes()
    first, second = codes.issue(0.0), codes.issue(0.0)
    assert codes.redeem(first, 899.0)
    assert not codes.redeem(first, 899.0)
    assert not codes.redeem(second, 901.0)
