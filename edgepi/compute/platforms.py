"""Names of images and of machines: what fits what; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edgepi.errors import ImageError, UnfitImageError

__all__ = ["Name", "machine_platform", "misfit", "parse_name"]

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?)"
_NAME = re.compile(
    rf"(?P<repository>(?:{_HOST}/)?{_PART}(?:/{_PART})*)(?::(?P<tag>\w[\w.-]{{0,127}}))?(?:@(?P<digest>.+))?",
    re.ASCII,
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_LONGEST = 512

_MACHINES = {
    "x86_64": ("amd64", ""),
    "amd64": ("amd64", ""),
    "aarch64": ("arm64", "v8"),
    "arm64": ("arm64", "v8"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "riscv64": ("riscv64", ""),
}


@dataclass(frozen=True, slots=True)
class Name:
    """An image's name, whole: by its digest if it has one, else by its tag."""

    repository: str
    tag: str
    digest: str | None

    @property
    def text(self) -> str:
        """The name as the engine takes it."""
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"

    @property
    def registry(self) -> str:
        """The registry that it comes from."""
        first, slash, _ = self.repository.partition("/")
        # As the engine reads it, so that no login goes to another host.
        named = bool(slash) and (
            "." in first or ":" in first or first == "localhost" or first != first.lower()
        )
        return first if named else "docker.io"


def parse_name(reference: str, digest: str | None = None) -> Name:
    """Read an image's name, pinned to *digest* if that is given; raises ImageError."""
    found = _NAME.fullmatch(reference) if len(reference) <= _LONGEST else None
    if found is None:
        raise ImageError(f"{reference[:100]!r} is no name of an image")
    named = found["digest"]
    for pin in (named, digest):
        if pin is not None and not _DIGEST.fullmatch(pin):
            raise ImageError(f"{pin[:100]!r} is no digest of an image", hint="it is sha256: and 64 digits")
    if named and digest and named != digest:
        raise ImageError(f"{reference} names another digest than the one it is pinned to, {digest}")
    return Name(found["repository"], found["tag"] or "latest", digest or named)


def machine_platform(machine: str) -> tuple[str, str]:
    """Return architecture and variant as images name them, of what the engine calls this machine."""
    return _MACHINES.get(machine, (machine, ""))


def misfit(reference: str, platforms: Iterable[Mapping[str, str]], machine: str) -> ImageError | None:
    """Return why an image does not run on this machine, naming what variants there are; None if it does."""
    own = machine_platform(machine)
    # Attestations are listed as variants for an unknown system.
    found = [p for p in platforms if p.get("os") != "unknown"]
    if not found or any(_runs(p, own) for p in found):
        return None
    names = sorted({_named(p) for p in found})
    return UnfitImageError(
        f"{reference} has {' and '.join(names)} only, this machine is {'/'.join(filter(None, (own[0],)))}",
        hint=f"ask its makers for a variant for linux/{own[0]}",
    )


def _runs(platform: Mapping[str, str], own: tuple[str, str]) -> bool:
    architecture, variant = own
    if platform.get("os", "linux") != "linux" or platform.get("architecture") != architecture:
        return False
    wanted = platform.get("variant", "")
    return architecture != "arm" or not wanted or wanted <= variant


def _named(platform: Mapping[str, str]) -> str:
    system = platform.get("os", "linux")
    words = [platform.get("architecture", "?"), platform.get("variant", "")]
    return "/".join(filter(None, ([system] if system != "linux" else []) + words))
