import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar
from yarl import URL

from edgepi.web.tokens import TokenStore
from tests.web.conftest import Served

JSON = {"Content-Type": "application/json"}


async def get(served: Served, path: str, **options: Any) -> int:
    async with served.browser.get(served.url(path), **options) as response:
        return response.status


async def test_only_health_and_the_empty_page_are_open(served: Served) -> None:
    assert await get(served, "/api/v1/health") == 200
    closed = ["status", "states", "states/weather.temperature", "history?entity=a", "decisions", "plugins"]
    closed += ["events", "openapi.json", "power/status", "plugins/weather/x"]
    assert {path: await get(served, f"/api/v1/{path}") for path in closed} == dict.fromkeys(closed, 401)


async def test_the_unix_socket_asks_for_nothing_and_is_private(served: Served) -> None:
    async with served.local.get("/api/v1/status") as response:
        assert response.status == 200
    assert (served.state_dir / "api.sock").stat().st_mode & 0o777 == 0o600


async def test_a_link_logs_in_once(served: Served) -> None:
    link = served.server.login_link()
    async with served.browser.get(link, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/")
        cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert await get(served, "/api/v1/status") == 200
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as other:
        async with other.get(link, allow_redirects=False) as response:
            assert response.headers["Location"] == "/#expired"
        async with other.get(served.url("/api/v1/status")) as response:
            assert response.status == 401


async def test_a_link_expires_in_real_time(served: Served) -> None:
    old, young = served.server.login_link(), served.server.login_link()
    await served.real.advance(14 * 60)
    async with served.browser.get(young, allow_redirects=False) as response:
        assert response.headers["Location"] == "/"
    await served.real.advance(2 * 60)
    async with served.browser.get(old, allow_redirects=False) as response:
        assert response.headers["Location"] == "/#expired"


async def test_sessions_outlive_a_restart_and_end_at_logout(served: Served) -> None:
    await served.log_in()
    port = served.server.port
    await served.server.stop()
    object.__setattr__(served.server._settings, "port", port)
    await served.server.start()
    assert await get(served, "/api/v1/status") == 200
    origin = {"Origin": served.url("")}
    async with served.browser.post(served.url("/api/v1/logout"), json={}, headers=origin) as response:
        assert response.status == 200
    assert await get(served, "/api/v1/status") == 401


async def test_what_is_kept_on_disk_opens_nothing(served: Served) -> None:
    await served.log_in()
    headers = await served.token()
    cookie = served.browser.cookie_jar.filter_cookies(URL(served.url("/")))["edgepi_session"].value
    for name, secret in (("sessions.json", cookie), ("tokens.json", headers["Authorization"].split()[1])):
        path = served.state_dir / name
        assert secret not in path.read_text()
        assert path.stat().st_mode & 0o777 == 0o600


async def test_a_read_token_may_look_but_not_change(served: Served) -> None:
    headers = await served.token("read")
    assert await get(served, "/api/v1/status", headers=headers) == 200
    async with served.browser.post(served.url("/api/v1/power/off"), json={}, headers=headers) as response:
        assert response.status == 403
    assert served.node.power is not None
    assert served.node.power.off_reason is None


async def test_a_control_token_may_change(served: Served) -> None:
    headers = await served.token("control")
    async with served.browser.post(served.url("/api/v1/power/off"), json={}, headers=headers) as response:
        assert response.status == 200
    assert served.node.power is not None
    assert served.node.power.off_reason


async def test_a_revoked_token_ends_at_once_with_its_sessions(served: Served) -> None:
    headers = await served.token("read")
    token = headers["Authorization"].split()[1]
    async with served.browser.post(served.url("/api/v1/login"), json={"token": token}) as response:
        assert response.status == 200
    assert await get(served, "/api/v1/status") == 200
    await asyncio.to_thread(TokenStore(served.state_dir / "tokens.json").revoke, "read-token")
    await served.real.advance(5)
    assert await get(served, "/api/v1/status", headers=headers) == 403
    assert await get(served, "/api/v1/status") == 401


async def test_guessing_is_slowed_down_even_for_the_right_token(served: Served) -> None:
    good = await served.token("read")
    bad = {"Authorization": "Bearer edgepi_wrong"}
    statuses = [await get(served, "/api/v1/status", headers=bad) for _ in range(8)]
    assert statuses == [403] * 6 + [429] * 2
    assert await get(served, "/api/v1/status", headers=good) == 429
    await served.real.advance(10)
    assert await get(served, "/api/v1/status", headers=good) == 200


async def test_throttling_leaves_those_alone_who_are_logged_in(served: Served) -> None:
    await served.log_in()
    for _ in range(8):
        await get(served, "/api/v1/status", headers={"Authorization": "Bearer x"})
    assert await get(served, "/api/v1/status") == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", ""])
async def test_a_name_pointed_at_this_machine_is_refused(served: Served, host: str) -> None:
    assert await get(served, "/api/v1/health", headers={"Host": host}) == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:99", "[::1]:8321", "LOCALHOST:1"])
async def test_this_machine_s_own_names_are_taken(served: Served, host: str) -> None:
    assert await get(served, "/api/v1/health", headers={"Host": host}) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
async def test_foreign_pages_cannot_use_a_session(served: Served, headers: dict[str, str]) -> None:
    await served.log_in()
    async with served.browser.post(served.url("/api/v1/power/off"), json={}, headers=headers) as response:
        assert response.status == 403
    assert served.node.power is not None
    assert served.node.power.off_reason is None


async def test_a_form_cannot_post(served: Served) -> None:
    await served.log_in()
    headers = {"Origin": served.url(""), "Content-Type": "text/plain"}
    async with served.browser.post(served.url("/api/v1/power/off"), data="{}", headers=headers) as response:
        assert response.status == 415


async def test_the_page_itself_may_post(served: Served) -> None:
    await served.log_in()
    headers = {"Origin": served.url(""), "Sec-Fetch-Site": "same-origin"}
    async with served.browser.post(served.url("/api/v1/power/off"), json={}, headers=headers) as response:
        assert response.status == 200


async def test_foreign_pages_cannot_open_the_websocket(served: Served) -> None:
    await served.log_in()
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Origin": "http://evil.example"}
    assert await get(served, "/api/v1/events", headers=upgrade) == 403


async def test_every_answer_carries_a_strict_policy(served: Served) -> None:
    async with served.browser.get(served.url("/")) as response:
        policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    async with served.browser.get(served.url("/api/v1/nothing")) as response:
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_login_links_are_made_on_the_socket_alone(served: Served) -> None:
    await served.log_in()
    origin = {"Origin": served.url("")}
    async with served.browser.post(served.url("/api/v1/login-links"), json={}, headers=origin) as response:
        assert response.status in {404, 405}
    async with served.local.post("/api/v1/login-links", data=json.dumps({}), headers=JSON) as response:
        link = (await response.json())["data"]["url"]
    async with served.browser.get(link, allow_redirects=False) as response:
        assert response.headers["Location"] == "/"


async def test_the_first_token_is_shown_once(served: Served) -> None:
    secret = await served.server.first_token()
    assert secret
    await served.real.advance(5)
    assert await get(served, "/api/v1/status", headers={"Authorization": f"Bearer {secret}"}) == 200
    assert await served.server.first_token() is None


async def test_a_damaged_token_file_closes_the_door_and_is_said(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    headers = await served.token()
    (served.state_dir / "tokens.json").write_text("{")
    await served.real.advance(5)
    assert await get(served, "/api/v1/status", headers=headers) == 403
    assert "tokens.json" in caplog.text
