"""What the SDK cannot do: ask and download through the engine, and give up at any moment."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp

from edgepi.compute.model import PullProgress
from edgepi.errors import EngineError, ImageError, UnfitImageError

__all__ = ["Layers", "Login", "inspect_remote", "pulling"]


@dataclass(frozen=True, slots=True)
class Login:
    """What a private registry asks for."""

    username: str
    password: str = field(repr=False)


@dataclass(slots=True)
class Layers:
    """Adds up the layers of a download from the engine's messages."""

    done: dict[str, int] = field(default_factory=dict)
    total: dict[str, int] = field(default_factory=dict)

    def take(self, message: Mapping[str, Any]) -> PullProgress:
        """Take one message over and say how far it all is."""
        layer, status = str(message.get("id", "")), str(message.get("status", ""))
        detail = message.get("progressDetail") or {}
        if status == "Downloading" and detail.get("total"):
            self.done[layer], self.total[layer] = int(detail["current"]), int(detail["total"])
        elif status in {"Download complete", "Pull complete"} and layer in self.total:
            self.done[layer] = self.total[layer]
        done, total = sum(self.done.values()), sum(self.total.values())
        return PullProgress(done, total, f"{status.lower()}: {done / 1e6:.1f} of {total / 1e6:.1f} MB")


async def inspect_remote(
    base_url: str, reference: str, *, login: Login | None = None
) -> tuple[tuple[dict[str, str], ...], str]:
    """Ask the registry, through the engine, for an image's platforms and digest; nothing is downloaded.

    Raises:
        ImageError: the registry does not have it, or does not give it.
        EngineError: the engine cannot be reached.
    """
    async with _request(base_url, "GET", f"/distribution/{reference}/json", login) as answer:
        if answer.status != 200:
            raise _refused(reference, await answer.text(), login)
        found = await answer.json()
    return tuple(found.get("Platforms") or ()), str(found["Descriptor"]["digest"])


async def pulling(
    base_url: str, reference: str, *, login: Login | None = None
) -> AsyncGenerator[Mapping[str, Any], None]:
    """Download an image and yield the engine's messages; closing it early abandons the download.

    Raises:
        ImageError: it cannot be had.
        EngineError: the engine cannot be reached.
    """
    path = f"/images/create?fromImage={quote(reference, safe='')}"
    async with _request(base_url, "POST", path, login) as answer:
        if answer.status != 200:
            raise _refused(reference, await answer.text(), login)
        async for line in answer.content:
            message = json.loads(line)
            if said := message.get("error"):
                raise _refused(reference, str(said), login)
            yield message


@contextlib.asynccontextmanager
async def _request(
    base_url: str, method: str, path: str, login: Login | None
) -> AsyncIterator[aiohttp.ClientResponse]:
    headers = {"X-Registry-Auth": _encoded(login)} if login else {}
    connector = (
        aiohttp.UnixConnector(base_url.removeprefix("unix://")) if base_url.startswith("unix://") else None
    )
    host = "http://engine" if connector else base_url.replace("tcp://", "http://")
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, read_bufsize=2**20) as session,
            session.request(method, f"{host}{path}", headers=headers) as answer,
        ):
            yield answer
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise EngineError(
            f"the container engine broke off: {error}", hint="sudo systemctl status docker"
        ) from error


def _encoded(login: Login) -> str:
    text = json.dumps({"username": login.username, "password": login.password})
    return base64.urlsafe_b64encode(text.encode()).decode()


_LOGIN = ("unauthorized", "denied", "credentials", "authentication")
_FOR_ALL = ("not found", "unknown", "invalid", *_LOGIN)
"""What a registry says of an image to whoever asks; all else, as no network, is this machine's."""


def _refused(reference: str, body: str, login: Login | None) -> ImageError:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        body = json.loads(body)["message"]
    said = body.lower()
    about_login = any(word in said for word in _LOGIN)
    own = not any(word in said for word in _FOR_ALL) or (about_login and login is not None)
    kind = UnfitImageError if own else ImageError
    hint = _hint_of_login(login) if about_login else _hint(said)
    return kind(f"{reference} cannot be had: {body.strip()[:300]}", hint=hint)


def _hint_of_login(login: Login | None) -> str:
    if login is None:
        return "if it is private, give the registry's login in the configuration"
    return "look at the registry's login in the configuration, and at what it may read"


def _hint(said: str) -> str | None:
    if "no space" in said:
        return "make room on the disk of the container engine: docker system df"
    if "not found" in said or "manifest unknown" in said:
        return "look at its name and tag, or digest"
    if "dial" in said or "timeout" in said or "no such host" in said:
        return "is this machine on the network, and the registry there?"
    return None
