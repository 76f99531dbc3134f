"""A Docker Engine and a registry of the tests' own, and small images that need no network.

Import the fixtures where they are used: ``from tests.engine import docker_engine, docker_registry``.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "tools" / "docker-engine"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
FOREIGN_ARCHITECTURE = "arm64" if ARCHITECTURE == "amd64" else "amd64"
LINKS = """
sh cat chmod cp dd echo env false head id ln ls mkdir mkfifo mknod mount mv nc printf ps rm sleep su tail
touch true wget yes
"""


@contextlib.contextmanager
def running_engine(*options: str, prefix: Sequence[str] = ()) -> Iterator[str]:
    """Run an engine and give its URL; *options* are dockerd's, *prefix* goes before the command line.

    ``prefix=("nsenter", "--net=/run/netns/NAME")`` has it live in another network namespace.
    """
    folder = Path(tempfile.mkdtemp(prefix="edgepi-engine-", dir="/tmp"))
    start = [
        *prefix,
        sys.executable,
        str(TOOL),
        "start",
        str(folder),
        "--while",
        str(os.getpid()),
        "--",
        *options,
    ]
    try:
        done = subprocess.run(start, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        yield done.stdout.strip()
    finally:
        subprocess.run([*prefix, sys.executable, str(TOOL), "remove", str(folder)], timeout=60, check=False)


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[str]:
    """The base URL of an engine of this test session's own; it makes no bridge and no packet filter rules."""
    with running_engine() as url:
        yield url


@dataclass(frozen=True)
class Registry:
    """A real registry on the loopback interface; images are put there without an engine."""

    address: str
    storage: Path
    login: str = ""  # as `user:password`, of one that asks for it

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def push(self, name: str, *images: TestImage) -> str:
        """Store an image, or several variants under an index; return the reference with its tag."""
        manifests = [self._push_variant(name, image) for image in images]
        body, media_type = manifests[0] if len(manifests) == 1 else _index(manifests, images)
        self._put(f"/v2/{name}/manifests/latest", body, media_type)
        return f"{self.address}/{name}:latest"

    def digest(self, name: str) -> str:
        """Return the digest of what the tag ``latest`` names."""
        request = urllib.request.Request(f"{self.url}/v2/{name}/manifests/latest", method="HEAD")
        request.add_header("Accept", f"{_INDEX_TYPE}, {_MANIFEST_TYPE}")
        with self._ask(request) as answer:
            return str(answer.headers["Docker-Content-Digest"])

    def _push_variant(self, name: str, image: TestImage) -> tuple[bytes, str]:
        config, layer = image.config(), image.layer()
        self._put_blob(name, config)
        self._put_blob(name, layer)
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST_TYPE,
            "config": _descriptor(config, "application/vnd.docker.container.image.v1+json"),
            "layers": [_descriptor(layer, "application/vnd.docker.image.rootfs.diff.tar")],
        }
        body = json.dumps(manifest).encode()
        self._put(f"/v2/{name}/manifests/{_digest(body)}", body, _MANIFEST_TYPE)
        return body, _MANIFEST_TYPE

    def _put_blob(self, name: str, blob: bytes) -> None:
        request = urllib.request.Request(f"{self.url}/v2/{name}/blobs/uploads/", method="POST", data=b"")
        with self._ask(request) as answer:
            place = answer.headers["Location"]
        join = "&" if "?" in place else "?"
        self._put(f"{place}{join}digest={_digest(blob)}", blob, "application/octet-stream")

    def _put(self, path: str, body: bytes, media_type: str) -> None:
        url = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(url, method="PUT", data=body, headers={"Content-Type": media_type})
        with self._ask(request):
            pass

    def _ask(self, request: urllib.request.Request) -> Any:
        if self.login:
            request.add_header("Authorization", f"Basic {base64.b64encode(self.login.encode()).decode()}")
        return urllib.request.urlopen(request, timeout=10)


@dataclass(frozen=True)
class TestImage:
    """What a small image is made of: busybox at ``/bin``, more files, and how it starts."""

    __test__ = False

    command: tuple[str, ...] = ("/bin/true",)
    entrypoint: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    user: str = ""
    environment: tuple[str, ...] = ("PATH=/bin",)
    architecture: str = ARCHITECTURE
    busybox: bool = True
    setuid: bool = False
    volumes: tuple[str, ...] = ()

    def layer(self) -> bytes:
        """Return its only layer, an uncompressed tar; the same bytes each time."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name in ("bin", "etc", "tmp", "in", "out"):
                archive.addfile(_entry(name, tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755))
            if self.busybox:
                _add_file(archive, "bin/busybox", busybox(), 0o4755 if self.setuid else 0o755)
                for applet in LINKS.split():
                    link = _entry(f"bin/{applet}", tarfile.SYMTYPE, 0o777)
                    link.linkname = "busybox"
                    archive.addfile(link)
            for name, content in self.files.items():
                _add_file(archive, name, content, 0o755)
        return buffer.getvalue()

    def config(self) -> bytes:
        """Return its configuration, as a registry keeps it."""
        started: dict[str, Any] = {
            "Cmd": list(self.command),
            "Entrypoint": list(self.entrypoint) or None,
            "Env": list(self.environment),
            "User": self.user,
            "Volumes": {place: {} for place in self.volumes} or None,
        }
        return json.dumps(
            {
                "architecture": self.architecture,
                "os": "linux",
                "config": started,
                "rootfs": {"type": "layers", "diff_ids": [_digest(self.layer())]},
                "history": [],
            }
        ).encode()

    def archive(self, tag: str) -> bytes:
        """Return it as ``docker load`` takes it."""
        buffer = io.BytesIO()
        listed = [{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            _add_file(archive, "config.json", self.config(), 0o644)
            _add_file(archive, "layer.tar", self.layer(), 0o644)
            _add_file(archive, "manifest.json", json.dumps(listed).encode(), 0o644)
        return buffer.getvalue()


def load_image(client: Any, tag: str, image: TestImage) -> str:
    """Put an image straight into an engine (a client of the SDK) and return its reference."""
    client.images.load(image.archive(tag))
    return tag


def shell(script: str, **more: Any) -> TestImage:
    """An image that runs a shell script."""
    return TestImage(command=("/bin/sh", "-c", script), **more)


def busybox() -> bytes:
    """Return the static program that is a whole small system (Debian: busybox-static)."""
    found = shutil.which("busybox")
    assert found, "busybox is missing: sudo apt-get install busybox-static"
    return Path(found).read_bytes()


@pytest.fixture(scope="session")
def docker_registry() -> Iterator[Registry]:
    """A registry of this test session's own (Debian: docker-registry)."""
    with running_registry() as registry:
        yield registry


@contextlib.contextmanager
def running_registry(extra: str = "") -> Iterator[Registry]:
    """Run a registry on a free port of the loopback interface; *extra* is added to its configuration."""
    program = shutil.which("docker-registry")
    assert program, "docker-registry is missing: sudo apt-get install docker-registry"
    folder = Path(tempfile.mkdtemp(prefix="edgepi-registry-"))
    try:
        for _ in range(5):  # another program may take the port first
            address = f"127.0.0.1:{_free_port()}"
            (folder / "config.yml").write_text(
                f"version: 0.1\nlog: {{level: warn}}\nhttp: {{addr: '{address}'}}\n"
                f"storage: {{filesystem: {{rootdirectory: '{folder}/data'}}}}\n{extra}"
            )
            with (folder / "log").open("w") as log:
                process = subprocess.Popen([program, "serve", folder / "config.yml"], stdout=log, stderr=log)
            try:
                if _answers(process, f"http://{address}/v2/"):
                    yield Registry(address, folder / "data")
                    return
            finally:
                process.terminate()
                process.wait(timeout=10)
        pytest.fail((folder / "log").read_text()[-2000:])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_INDEX_TYPE = "application/vnd.docker.distribution.manifest.list.v2+json"


def _index(manifests: list[tuple[bytes, str]], images: Sequence[TestImage]) -> tuple[bytes, str]:
    entries = [
        {**_descriptor(body, kind), "platform": {"architecture": image.architecture, "os": "linux"}}
        for (body, kind), image in zip(manifests, images, strict=True)
    ]
    return json.dumps(
        {"schemaVersion": 2, "mediaType": _INDEX_TYPE, "manifests": entries}
    ).encode(), _INDEX_TYPE


def _descriptor(blob: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "size": len(blob), "digest": _digest(blob)}


def _digest(blob: bytes) -> str:
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = kind, mode
    return entry


def _add_file(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = _entry(name, tarfile.REGTYPE, mode)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    until = time.monotonic() + 15
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except urllib.error.HTTPError:
            return True  # asks for a password: it is there
        except OSError:
            time.sleep(0.05)
    return False
