import gzip
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from edgepi.web.static import StaticFiles


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets" / "page-1.js").write_text("1")
    (tmp_path / "assets" / "page-1.js.gz").write_bytes(gzip.compress(b"1"))
    return tmp_path


async def client(directory: Path) -> TestClient[web.Request, web.Application]:
    files = StaticFiles(directory)
    await files.load()
    app = web.Application()
    files.mount(app)
    return TestClient(TestServer(app), auto_decompress=False)


async def test_assets_are_packed_and_kept_for_ever(built: Path) -> None:
    async with await client(built) as page:
        response = await page.get("/assets/page-1.js", headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(await response.read()) == b"1"
        assert "immutable" in response.headers["Cache-Control"]
        assert response.content_type == "text/javascript"
        plain = await page.get("/assets/page-1.js", headers={"Accept-Encoding": "identity"})
        assert await plain.read() == b"1"


async def test_the_page_is_asked_for_each_time_but_sent_only_when_new(built: Path) -> None:
    async with await client(built) as page:
        first = await page.get("/")
        assert first.headers["Cache-Control"] == "no-cache"
        again = await page.get("/", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status, await again.read()) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/../secret", "/%2e%2e/secret", "/assets", "/assets/page-1.js.gz", "/nothing"]
)
async def test_nothing_else_is_served(built: Path, path: str) -> None:
    (built.parent / "secret").write_text("x")
    async with await client(built) as page:
        assert (await page.get(path)).status == 404


async def test_a_page_that_was_not_built_says_so(tmp_path: Path) -> None:
    async with await client(tmp_path / "none") as page:
        response = await page.get("/")
        assert response.status == 503
        assert "not been built" in await response.text()
