from __future__ import annotations

import pytest

from edgepi.compute.download import Layers
from edgepi.compute.platforms import misfit, parse_name
from edgepi.errors import ImageError

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("reference", "text", "registry"),
    [
        ("app", "app:latest", "docker.io"),
        ("iexechub/python-hello-world:8.0.0", "iexechub/python-hello-world:8.0.0", "docker.io"),
        ("localhost/app", "localhost/app:latest", "localhost"),
        ("127.0.0.1:5000/a/b:x", "127.0.0.1:5000/a/b:x", "127.0.0.1:5000"),
        ("Registry.example.com/a", "Registry.example.com/a:latest", "Registry.example.com"),
        ("HOST/app", "HOST/app:latest", "HOST"),
        ("123/app", "123/app:latest", "docker.io"),
        (f"app:1@{DIGEST}", f"app@{DIGEST}", "docker.io"),
    ],
)
def test_names_are_read(reference: str, text: str, registry: str) -> None:
    name = parse_name(reference)
    assert (name.text, name.registry) == (text, registry)


def test_a_pin_holds_and_must_agree_with_the_name() -> None:
    assert parse_name("app:1", DIGEST).text == f"app@{DIGEST}"
    with pytest.raises(ImageError, match="another digest"):
        parse_name(f"app@{DIGEST}", "sha256:" + "b" * 64)
    with pytest.raises(ImageError, match="no digest"):
        parse_name("app", "sha256:xyz")


@pytest.mark.parametrize(
    "name", ["", "-x", "a b", "UPPER", "a/../b", "a:", "a@b", "a\n", "a?x=1", "http://a/b", "a" * 600]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ImageError):
        parse_name(name)


@pytest.mark.parametrize(
    ("machine", "platforms", "fits"),
    [
        ("x86_64", [("amd64", "")], True),
        ("aarch64", [("amd64", ""), ("arm64", "v8")], True),
        ("aarch64", [("arm", "v7")], False),
        ("armv7l", [("arm", "v6")], True),
        ("armv6l", [("arm", "v7")], False),
        ("x86_64", [], True),
    ],
)
def test_a_variant_must_be_there_for_the_machine(
    machine: str, platforms: list[tuple[str, str]], fits: bool
) -> None:
    listed = [{"os": "linux", "architecture": a, "variant": v} for a, v in platforms]
    listed.append({"os": "unknown", "architecture": "unknown"})
    assert (misfit("app", listed if platforms else [], machine) is None) is fits


def test_the_refusal_names_what_there_is() -> None:
    listed = [{"os": "linux", "architecture": "amd64"}, {"os": "windows", "architecture": "amd64"}]
    error = misfit("app:1", listed, "aarch64")
    assert error is not None
    assert error.message == "app:1 has amd64 and windows/amd64 only, this machine is arm64"


def test_progress_adds_up_the_layers() -> None:
    layers = Layers()
    layers.take({"status": "Downloading", "id": "a", "progressDetail": {"current": 10, "total": 100}})
    layers.take({"status": "Downloading", "id": "b", "progressDetail": {"current": 50, "total": 50}})
    progress = layers.take({"status": "Download complete", "id": "a", "progressDetail": {}})
    assert (progress.done_bytes, progress.total_bytes) == (150, 150)
    assert layers.take({"status": "Already exists", "id": "c"}).total_bytes == 150
