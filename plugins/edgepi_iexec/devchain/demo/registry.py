"""Brings an image to where engines fetch images: serves it on loopback, or pushes it to a registry."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, web
from yarl import URL

from edgepi.errors import PeerError
from edgepi_iexec.devchain.demo.image import INDEX, MANIFEST, Image

__all__ = ["ImageServer", "push"]

TIMEOUT = ClientTimeout(total=60.0)


class ImageServer:
    """A registry of one image, read-only, on loopback: engines fetch from there without TLS by default."""

    def __init__(self, image: Image, name: str = "edgepi/demo", tag: str = "1") -> None:
        self.image = image
        self._name = name
        self._tag = tag
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def reference(self) -> str:
        """What to pull."""
        return f"127.0.0.1:{self._port}/{self._name}:{self._tag}"

    async def start(self, port: int = 0) -> str:
        """Serve at *port* (0: a free one) and return what to pull; raises PeerError when it is taken."""
        app = web.Application()
        app.router.add_get("/v2/", self._hello)
        app.router.add_get(f"/v2/{self._name}/manifests/{{reference}}", self._manifest)
        app.router.add_get(f"/v2/{self._name}/blobs/{{digest}}", self._blob)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        try:
            await site.start()
        except OSError as error:
            await self.stop()
            raise PeerError(f"the demo image cannot be served at port {port}: {error}") from error
        self._port = self._runner.addresses[0][1]
        return self.reference

    async def stop(self) -> None:
        """Serve it no longer."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _hello(self, _: web.Request) -> web.Response:
        return web.json_response({}, headers={"Docker-Distribution-Api-Version": "registry/2.0"})

    async def _manifest(self, request: web.Request) -> web.Response:
        asked = request.match_info["reference"]
        if asked in (self._tag, self.image.digest):
            return _content(self.image.digest, self.image.index, INDEX)
        return _of(self.image.manifests, asked, MANIFEST)

    async def _blob(self, request: web.Request) -> web.Response:
        return _of(self.image.blobs, request.match_info["digest"], "application/octet-stream")


def _of(contents: Mapping[str, bytes], digest: str, kind: str) -> web.Response:
    if digest not in contents:
        errors = [{"code": "MANIFEST_UNKNOWN", "message": "there is none"}]
        return web.json_response({"errors": errors}, status=404)
    return _content(digest, contents[digest], kind)


def _content(digest: str, content: bytes, kind: str) -> web.Response:
    headers = {"Docker-Content-Digest": digest, "Docker-Distribution-Api-Version": "registry/2.0"}
    return web.Response(body=content, content_type=kind, headers=headers)


async def push(image: Image, registry_url: str, name: str, tag: str, session: ClientSession) -> str:
    """Push every variant to a registry (``http://host:port``) under one tag; returns the digest to pin.

    Raises:
        PeerError: the registry cannot be reached or refuses.
    """
    base = f"{registry_url.rstrip('/')}/v2/{name}"
    try:
        for digest, blob in image.blobs.items():
            await _push_blob(session, registry_url, base, digest, blob)
        for digest, manifest in image.manifests.items():
            await _push_manifest(session, f"{base}/manifests/{digest}", manifest, MANIFEST)
        await _push_manifest(session, f"{base}/manifests/{tag}", image.index, INDEX)
    except (ClientError, TimeoutError) as error:
        raise PeerError(f"the registry {registry_url} cannot be reached: {error}") from error
    return image.digest


async def _push_blob(session: ClientSession, registry_url: str, base: str, digest: str, blob: bytes) -> None:
    async with session.head(f"{base}/blobs/{digest}", timeout=TIMEOUT) as there:
        if there.status == 200:
            return
    async with session.post(f"{base}/blobs/uploads/", timeout=TIMEOUT) as begun:
        await _require(begun, 202)
        place = begun.headers.get("Location", "")
    if place.startswith("/"):
        place = registry_url.rstrip("/") + place
    joined = URL(f"{place}{'&' if '?' in place else '?'}digest={digest}", encoded=True)
    headers = {"Content-Type": "application/octet-stream"}
    async with session.put(joined, data=blob, headers=headers, timeout=TIMEOUT) as done:
        await _require(done, 201)


async def _push_manifest(session: ClientSession, url: str, content: bytes, kind: str) -> None:
    async with session.put(url, data=content, headers={"Content-Type": kind}, timeout=TIMEOUT) as done:
        await _require(done, 201)


async def _require(answer: ClientResponse, status: int) -> None:
    if answer.status != status:
        said = (await answer.text())[:200]
        raise PeerError(f"the registry answered {answer.status} to {answer.method} {answer.url.path}: {said}")
