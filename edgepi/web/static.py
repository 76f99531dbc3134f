"""The built page, held in memory: a handful of small files."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from edgepi.web.answers import refused

__all__ = ["STATIC_DIR", "StaticFiles"]

STATIC_DIR = Path(__file__).with_name("static")
_NOT_BUILT = (
    "<!doctype html><meta charset=utf-8><title>EdgePi</title>"
    "<h1>The page has not been built</h1><p>The API works. To build the page, run <code>make setup</code>."
)
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    packed: bytes | None
    kind: str
    etag: str
    cache: str


class StaticFiles:
    """Serves the page's files; names under ``assets/`` carry a hash and never change."""

    def __init__(self, directory: Path = STATIC_DIR) -> None:
        self._directory = directory
        self._files: dict[str, _File] = {}

    async def load(self) -> None:
        """Read all files."""
        self._files = await asyncio.to_thread(_read, self._directory)

    def mount(self, app: web.Application) -> None:
        """Add the routes; the page is also there below every address that a browser may have kept."""
        app.router.add_get("/", self._page)
        app.router.add_get("/{path:(?!api/).+}", self._file)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        if "index.html" not in self._files:
            return web.Response(text=_NOT_BUILT, content_type="text/html", status=503)
        return _answer(request, self._files["index.html"])

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = self._files.get(request.match_info["path"])
        if file is None:
            return refused(404, "there is nothing at this address")
        return _answer(request, file)


def _answer(request: web.Request, file: _File) -> web.Response:
    headers = {"ETag": file.etag, "Cache-Control": file.cache, "Vary": "Accept-Encoding"}
    if file.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = file.kind
    if file.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=file.packed, headers=headers)
    return web.Response(body=file.content, headers=headers)


def _read(directory: Path) -> dict[str, _File]:
    files: dict[str, _File] = {}
    for path in sorted(directory.rglob("*")) if directory.is_dir() else ():
        if path.is_file() and path.suffix != ".gz":
            name = path.relative_to(directory).as_posix()
            files[name] = _file(path, _FOREVER if name.startswith("assets/") else "no-cache")
    return files


def _file(path: Path, cache: str) -> _File:
    content = path.read_bytes()
    packed = path.with_name(path.name + ".gz")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind.endswith(("javascript", "json"))
    return _File(
        content=content,
        packed=packed.read_bytes() if packed.is_file() else None,
        kind=f"{kind}; charset=utf-8" if text else kind,
        etag=f'"{hashlib.sha256(content).hexdigest()[:20]}"',
        cache=cache,
    )
