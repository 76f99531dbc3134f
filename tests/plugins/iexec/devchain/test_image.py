from __future__ import annotations

import hashlib
import io
import json
import tarfile

from edgepi_iexec.devchain.demo.image import docker_archive, make_image

BINARIES = {"amd64": b"x86 program", "arm64": b"arm program"}


def sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def test_an_image_names_a_variant_for_each_architecture_by_its_digest() -> None:
    image = make_image(BINARIES)
    assert image.digest == sha256(image.index)
    listed = json.loads(image.index)["manifests"]
    assert [variant["platform"]["architecture"] for variant in listed] == ["amd64", "arm64"]
    for variant in listed:
        content = image.manifests[variant["digest"]]
        assert (sha256(content), len(content)) == (variant["digest"], variant["size"])
        manifest = json.loads(content)
        for part in (manifest["config"], *manifest["layers"]):
            blob = image.blobs[part["digest"]]
            assert (sha256(blob), len(blob)) == (part["digest"], part["size"])


def test_the_same_binaries_make_the_same_image() -> None:
    assert make_image(BINARIES) == make_image(dict(reversed(BINARIES.items())))
    assert make_image(BINARIES).digest != make_image({"amd64": b"x86 program"}).digest


def test_the_digest_is_the_checksum_on_the_chain() -> None:
    image = make_image(BINARIES)
    assert len(bytes.fromhex(image.checksum[2:])) == 32
    assert image.digest.endswith(image.checksum[2:])


def test_an_archive_for_an_engine_holds_the_program_and_its_name() -> None:
    with tarfile.open(fileobj=io.BytesIO(docker_archive(b"program", "amd64", "demo:1"))) as archive:
        files = {m.name: archive.extractfile(m) for m in archive.getmembers()}
        manifest = json.loads(files["manifest.json"].read())  # type: ignore[union-attr]
        layer = files["layer.tar"].read()  # type: ignore[union-attr]
    assert manifest[0]["RepoTags"] == ["demo:1"]
    with tarfile.open(fileobj=io.BytesIO(layer)) as inner:
        assert {m.name: m.mode for m in inner.getmembers()}["autonomy"] == 0o755
