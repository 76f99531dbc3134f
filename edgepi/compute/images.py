"""Images: had within a time and a quota, fit for this machine; only those pulled here are ever removed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgepi.clock import Clock
from edgepi.compute.download import Layers, Login, inspect_remote, pulling
from edgepi.compute.engine import Engine
from edgepi.compute.model import Image, PullProgress
from edgepi.compute.platforms import Name, misfit, parse_name
from edgepi.errors import EngineError, ImageError, UnfitImageError
from edgepi.files import atomic_write

__all__ = ["Images", "PulledImage"]

OnProgress = Callable[[PullProgress], None]


@dataclass(frozen=True, slots=True)
class PulledImage:
    """An image that this node pulled; *used* counts up, the smallest was used longest ago."""

    image_id: str
    references: tuple[str, ...]
    size_bytes: int
    used: int


class Images:
    """The images of an engine, with a record in *folder* of those that this node pulled.

    *quota_bytes* is for those; the least recently used go first. *logins* are by registry.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        log: logging.Logger,
        *,
        folder: Path,
        quota_bytes: int,
        logins: Mapping[str, Login] | None = None,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._log = log
        self._file = folder / "images.json"
        self._quota_bytes = quota_bytes
        self._logins = dict(logins or {})
        self._lock = asyncio.Lock()

    async def pull(
        self,
        reference: str,
        *,
        timeout_s: float,
        on_progress: OnProgress | None = None,
        digest: str | None = None,
    ) -> Image:
        """Have an image, from here or from its registry; a download is abandoned after *timeout_s*.

        Raises:
            ImageError: no such image, none for this machine (asked before the download), too large, too slow.
            EngineError: the engine cannot be reached.
        """
        name = parse_name(reference, digest)
        machine = str((await self._engine.call(lambda client: client.api.info()))["Architecture"])
        async with self._lock:
            found = await self._engine.call(lambda client: _inspect(client, name.text))
            if found is None:
                found = await self._within(timeout_s, name, self._download(name, machine, on_progress))
            self._check(name, found, machine)
            image = _image(name, found)
            await self._used(image.image_id)
        return image

    async def pulled(self) -> tuple[PulledImage, ...]:
        """The images that this node pulled, the least recently used first."""
        return tuple(sorted(await asyncio.to_thread(self._read), key=lambda image: image.used))

    async def _within(self, timeout_s: float, name: Name, work: Any) -> dict[str, Any]:
        """Run *work* for so many of the clock's seconds at most."""
        task, timer = asyncio.ensure_future(work), asyncio.ensure_future(self._clock.sleep(timeout_s))
        try:
            await asyncio.wait((task, timer), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                result: dict[str, Any] = task.result()
                return result
        finally:
            for one in (task, timer):
                one.cancel()
            await asyncio.gather(task, timer, return_exceptions=True)
        raise UnfitImageError(
            f"{name.text} was not here after {timeout_s:g} s, so its download was abandoned",
            hint="a faster network, a smaller image, or pull it by hand: docker pull",
        )

    async def _download(self, name: Name, machine: str, on_progress: OnProgress | None) -> dict[str, Any]:
        login = self._logins.get(name.registry)
        platforms, _ = await inspect_remote(self._engine.base_url, name.text, login=login)
        if (error := misfit(name.text, platforms, machine)) is not None:
            raise error
        before = await self._engine.call(_all_ids)
        await self._stream(name, login, on_progress)
        found = await self._engine.call(lambda client: _inspect(client, name.text))
        if found is None:
            raise ImageError(f"{name.text} is not here after its download")
        if found["Id"] not in before:
            await self._remember(_image(name, found))
        if found["Size"] > self._quota_bytes:
            await self._remove_ours(found["Id"])
            raise self._too_large(name, found["Size"])
        await self._make_room(0, keep=found["Id"])
        return found

    async def _stream(self, name: Name, login: Login | None, on_progress: OnProgress | None) -> None:
        layers = Layers()
        async with contextlib.aclosing(pulling(self._engine.base_url, name.text, login=login)) as messages:
            known = 0
            async for message in messages:
                progress = layers.take(message)
                if progress.total_bytes > self._quota_bytes:
                    raise self._too_large(name, progress.total_bytes)
                if progress.total_bytes > known:
                    known = progress.total_bytes
                    await self._make_room(known)
                if on_progress is not None:
                    on_progress(progress)

    def _too_large(self, name: Name, size_bytes: int) -> ImageError:
        size_mb, most_mb = size_bytes / 1e6, self._quota_bytes / 1e6
        return UnfitImageError(
            f"{name.text} has {size_mb:.0f} MB or more, all images may have {most_mb:.0f} MB",
            hint="raise the quota for images in the configuration",
        )

    def _check(self, name: Name, found: Mapping[str, Any], machine: str) -> None:
        """Refuse an image that is here but does not run here; the engine holds it to its digest."""
        platform = {
            "os": found["Os"],
            "architecture": found["Architecture"],
            "variant": found.get("Variant") or "",
        }
        if (error := misfit(name.text, [platform], machine)) is not None:
            raise error

    async def _make_room(self, coming_bytes: int, *, keep: str = "") -> None:
        """Remove what was used longest ago until *coming_bytes* more are within the quota."""
        images = await self.pulled()
        total = sum(image.size_bytes for image in images) + coming_bytes
        for image in images:
            if total <= self._quota_bytes:
                return
            if image.image_id != keep and await self._remove_ours(image.image_id):
                self._log.info("removed the image %s to make room", image.references[0])
                total -= image.size_bytes

    async def _remove_ours(self, image_id: str) -> bool:
        """Remove an image that was pulled here; whether it is gone. One that a container uses stays."""
        known = {image.image_id: image for image in await self.pulled()}
        if image_id not in known:
            return False
        try:
            gone = await self._engine.call(lambda client: _remove(client, known[image_id].references))
        except EngineError as error:
            self._log.warning("the image %s cannot be removed: %s", image_id, error)
            return False
        if gone:
            del known[image_id]
            await asyncio.to_thread(self._write, list(known.values()))
        return gone

    async def _remember(self, image: Image) -> None:
        def add() -> None:
            known = {one.image_id: one for one in self._read()}
            references = known[image.image_id].references if image.image_id in known else ()
            merged = tuple(dict.fromkeys((*references, image.reference)))
            known[image.image_id] = PulledImage(
                image.image_id, merged, image.size_bytes, _next(known.values())
            )
            self._write(list(known.values()))

        await asyncio.to_thread(add)

    async def _used(self, image_id: str) -> None:
        def note() -> None:
            known = self._read()
            if all(one.image_id != image_id for one in known):
                return
            latest = _next(known)
            self._write(
                [
                    PulledImage(one.image_id, one.references, one.size_bytes, latest)
                    if one.image_id == image_id
                    else one
                    for one in known
                ]
            )

        await asyncio.to_thread(note)

    def _read(self) -> list[PulledImage]:
        try:
            kept = json.loads(self._file.read_text())
            return [PulledImage(**{**one, "references": tuple(one["references"])}) for one in kept]
        except (OSError, ValueError, TypeError, KeyError):
            return []

    def _write(self, images: list[PulledImage]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(self._file, json.dumps([asdict(image) for image in images], indent=1))


def _next(images: Any) -> int:
    return max((image.used for image in images), default=0) + 1


def _image(name: Name, found: Mapping[str, Any]) -> Image:
    listed = [text.partition("@")[2] for text in found.get("RepoDigests") or ()]
    digest = name.digest or (listed[0] if listed else None)
    return Image(name.text, found["Id"], digest, int(found["Size"]))


def _inspect(client: Any, reference: str) -> dict[str, Any] | None:
    from docker import errors

    try:
        found: dict[str, Any] = client.api.inspect_image(reference)
    except errors.NotFound:
        return None
    return found


def _all_ids(client: Any) -> set[str]:
    return {image["Id"] for image in client.api.images(all=True)}


def _remove(client: Any, references: tuple[str, ...]) -> bool:
    """Take our names off an image, with which it goes unless it has others; whether that was done."""
    from docker import errors

    for reference in references:
        try:
            client.api.remove_image(reference, force=False, noprune=False)
        except errors.NotFound:
            continue
        except errors.APIError as error:
            if error.status_code == 409:  # a container uses it
                return False
            raise
    return True
