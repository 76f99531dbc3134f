"""Container images made of one file, from scratch, in plain Python: the same bytes for the same binaries."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["INDEX", "MANIFEST", "Image", "docker_archive", "make_image"]

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
PROGRAM = "autonomy"


@dataclass(frozen=True, slots=True)
class Image:
    """What a registry serves: *blobs* and *manifests* by digest; *digest* names all variants together."""

    digest: str
    blobs: Mapping[str, bytes]
    manifests: Mapping[str, bytes]
    index: bytes

    @property
    def checksum(self) -> str:
        """The digest as an app's checksum on the chain: 32 bytes as 0x text."""
        return "0x" + self.digest.removeprefix("sha256:")


def make_image(binaries: Mapping[str, bytes]) -> Image:
    """Make an image with a variant for each architecture (amd64, arm64)."""
    blobs: dict[str, bytes] = {}
    manifests: dict[str, bytes] = {}
    variants = []
    for architecture, binary in sorted(binaries.items()):
        tar = _layer(binary)
        config, layer = _config(architecture, tar), gzip.compress(tar, mtime=0)
        blobs |= {_digest(config): config, _digest(layer): layer}
        manifest = _json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": _described(CONFIG, config),
                "layers": [_described(LAYER, layer)],
            }
        )
        manifests[_digest(manifest)] = manifest
        target = {"platform": {"architecture": architecture, "os": "linux"}}
        variants.append(_described(MANIFEST, manifest) | target)
    index = _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": variants})
    return Image(_digest(index), blobs, manifests, index)


def docker_archive(binary: bytes, architecture: str, reference: str) -> bytes:
    """Return one variant as `docker load` takes it, to have it in an engine without any registry."""
    tar = _layer(binary)
    config = _config(architecture, tar)
    name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": [reference], "Layers": ["layer.tar"]}]
    return _tar({name: (config, 0o644), "layer.tar": (tar, 0o644), "manifest.json": (_json(manifest), 0o644)})


def _layer(binary: bytes) -> bytes:
    folders = {"iexec_in/": (b"", 0o755), "iexec_out/": (b"", 0o755)}  # to mount on, below a read-only root
    return _tar(folders | {PROGRAM: (binary, 0o755)})


def _config(architecture: str, tar: bytes) -> bytes:
    return _json(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Entrypoint": [f"/{PROGRAM}"], "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [_digest(tar)]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "edgepi"}],
            "created": "1970-01-01T00:00:00Z",
        }
    )


def _tar(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, (content, mode) in files.items():
            member = tarfile.TarInfo(name.rstrip("/"))
            member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def _described(kind: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "size": len(content), "digest": _digest(content)}


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
