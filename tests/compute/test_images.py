from __future__ import annotations

import logging
import re
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgepi.clock import SystemClock
from edgepi.compute.download import Login
from edgepi.compute.engine import Engine
from edgepi.compute.images import Images
from edgepi.compute.model import PullProgress
from edgepi.errors import ImageError, UnfitImageError
from tests.engine import ARCHITECTURE, FOREIGN_ARCHITECTURE, Registry, TestImage, load_image, running_registry

pytestmark = pytest.mark.slow

MIB = 1024**2
LOG = logging.getLogger("test")


@pytest.fixture
async def engine(docker_engine: str) -> AsyncIterator[Engine]:
    made = Engine(docker_engine)
    yield made
    await made.call(_remove_all)
    await made.close()


def _remove_all(client: Any) -> None:
    for image in client.api.images():
        client.api.remove_image(image["Id"], force=True)


def images(engine: Engine, folder: Path, *, quota_bytes: int = 100 * MIB, **more: Any) -> Images:
    return Images(engine, SystemClock(), LOG, folder=folder, quota_bytes=quota_bytes, **more)


def filled(name: str, size: int = MIB, **more: Any) -> TestImage:
    content = (name.encode() * size)[:size]
    return TestImage(files={f"{name}.bin": content}, busybox=False, **more)


async def local(engine: Engine) -> set[str]:
    listed = await engine.call(lambda client: client.api.images())
    return {tag.rpartition("/")[2] for image in listed for tag in image["RepoTags"] or ()}


async def test_an_image_is_pulled_once_and_then_used_without_its_registry(
    engine: Engine, tmp_path: Path
) -> None:
    seen: list[PullProgress] = []
    with running_registry() as registry:
        reference = registry.push("app", filled("a"))
        digest = registry.digest("app")
        own = images(engine, tmp_path)
        image = await own.pull(reference, timeout_s=30, on_progress=seen.append)
        assert image.digest == digest
        assert image.size_bytes >= MIB
        pinned = await own.pull(reference, timeout_s=30, digest=digest)
        assert pinned.image_id == image.image_id
        assert pinned.digest == digest
        with pytest.raises(ImageError, match="cannot be had") as missing:
            await own.pull(reference.replace("app", "other"), timeout_s=30)
        assert not isinstance(missing.value, UnfitImageError)
    assert seen
    assert seen[-1].done_bytes == seen[-1].total_bytes
    assert (await own.pull(reference, timeout_s=30)).image_id == image.image_id
    with pytest.raises(UnfitImageError, match="cannot be had"):  # elsewhere the network may be up
        await own.pull(reference.replace("app", "other"), timeout_s=30)


async def test_an_image_for_other_machines_is_refused_before_its_download(
    engine: Engine, docker_registry: Registry, tmp_path: Path
) -> None:
    reference = docker_registry.push("foreign", filled("f", architecture=FOREIGN_ARCHITECTURE))
    with pytest.raises(ImageError, match=f"has {FOREIGN_ARCHITECTURE} only, this machine is {ARCHITECTURE}"):
        await images(engine, tmp_path).pull(reference, timeout_s=30)
    assert await local(engine) == set()
    await engine.call(
        lambda client: load_image(client, "here:1", filled("f", architecture=FOREIGN_ARCHITECTURE))
    )
    with pytest.raises(ImageError, match="only, this machine is"):
        await images(engine, tmp_path).pull("here:1", timeout_s=30)


async def test_of_several_variants_the_own_one_is_taken(
    engine: Engine, docker_registry: Registry, tmp_path: Path
) -> None:
    reference = docker_registry.push(
        "both", filled("x", architecture=FOREIGN_ARCHITECTURE), filled("y", architecture=ARCHITECTURE)
    )
    image = await images(engine, tmp_path).pull(
        reference, timeout_s=30, digest=docker_registry.digest("both")
    )
    found = await engine.call(lambda client: client.api.inspect_image(image.image_id))
    assert found["Architecture"] == ARCHITECTURE


async def test_another_digest_than_the_pinned_one_is_not_taken(
    engine: Engine, docker_registry: Registry, tmp_path: Path
) -> None:
    reference = docker_registry.push("moved", filled("m"))
    first = docker_registry.digest("moved")
    docker_registry.push("moved", filled("n"))
    own = images(engine, tmp_path)
    image = await own.pull(reference, timeout_s=30, digest=first)
    assert image.digest == first
    assert (await own.pull(reference, timeout_s=30)).image_id != image.image_id
    with pytest.raises(ImageError):
        await own.pull(reference, timeout_s=30, digest="sha256:" + "0" * 64)


async def test_what_was_used_longest_ago_goes_first_and_only_what_was_pulled_here(
    engine: Engine, docker_registry: Registry, tmp_path: Path
) -> None:
    await engine.call(lambda client: load_image(client, "theirs:1", filled("t", 8 * MIB)))
    own = images(engine, tmp_path, quota_bytes=7 * MIB)
    one, two, three = (docker_registry.push(f"q{n}", filled(f"q{n}", 3 * MIB)) for n in (1, 2, 3))
    for reference in (one, two, one):
        await own.pull(reference, timeout_s=30)
    await images(engine, tmp_path, quota_bytes=7 * MIB).pull(three, timeout_s=30)
    assert await local(engine) == {"theirs:1", "q1:latest", "q3:latest"}
    assert [image.references[0].rpartition("/")[2] for image in await own.pulled()] == [
        "q1:latest",
        "q3:latest",
    ]


async def test_an_image_in_use_is_not_removed_for_room(
    engine: Engine, docker_registry: Registry, tmp_path: Path
) -> None:
    own = images(engine, tmp_path, quota_bytes=4 * MIB)
    used = docker_registry.push("used", filled("u", 3 * MIB))
    await own.pull(used, timeout_s=30)
    made = await engine.call(lambda client: client.api.create_container(used, ["/x"]))
    await own.pull(docker_registry.push("next", filled("v", 3 * MIB)), timeout_s=30)
    assert "used:latest" in await local(engine)
    await engine.call(lambda client: client.api.remove_container(made["Id"]))


async def test_an_image_beyond_the_quota_is_given_up(
    engine: Engine, docker_registry: Registry, tmp_path: Path
) -> None:
    reference = docker_registry.push("huge", filled("h", 20 * MIB))
    with pytest.raises(ImageError, match="all images may have"):
        await images(engine, tmp_path, quota_bytes=5 * MIB).pull(reference, timeout_s=30)
    assert await local(engine) == set()


async def test_a_registry_that_never_answers_is_abandoned(
    engine: Engine, tmp_path: Path, silent: str
) -> None:
    with pytest.raises(ImageError, match="was not here after"):
        await images(engine, tmp_path).pull(f"{silent}/app", timeout_s=0.5)


async def test_a_private_registry_wants_its_login(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    passwords = tmp_path / "htpasswd"
    passwords.write_text("sun:" + BCRYPT_OF_SHINE + "\n")
    extra = f"auth: {{htpasswd: {{realm: test, path: '{passwords}'}}}}\n"
    with running_registry(extra) as started:
        registry = replace(started, login="sun:shine")
        reference = registry.push("app", filled("a"))
        foreign = registry.push("foreign", filled("f", architecture=FOREIGN_ARCHITECTURE))
        with pytest.raises(ImageError) as refused:
            await images(engine, tmp_path).pull(reference, timeout_s=30)
        assert "login" in (refused.value.hint or "")
        wrong = {registry.address: Login("sun", "moonlight")}
        with pytest.raises(UnfitImageError, match="cannot be had") as own:  # another machine has a right one
            await images(engine, tmp_path, logins=wrong).pull(reference, timeout_s=30)
        logins = {registry.address: Login("sun", "shine")}
        with pytest.raises(UnfitImageError, match=f"has {FOREIGN_ARCHITECTURE}") as misfit:
            await images(engine, tmp_path, logins=logins).pull(foreign, timeout_s=30)
        assert await local(engine) == set()
        await images(engine, tmp_path, logins=logins).pull(reference, timeout_s=30)
        assert await local(engine) == {"app:latest"}
    told = f"{caplog.text} {refused.value} {own.value} {misfit.value} {logins} {wrong}"
    assert not {"shine", "moonlight"} & set(re.findall(r"\w+", told))


@pytest.mark.parametrize(
    "name", ["", "--privileged", "a b", "A/B", "../x", "x@sha256:1", "x:" + "t" * 200, "y" * 600]
)
async def test_a_name_that_is_none_never_reaches_the_engine(
    engine: Engine, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ImageError, match="is no"):
        await images(engine, tmp_path).pull(name, timeout_s=1)


@pytest.fixture
def silent() -> Iterator[str]:
    """An address where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for one in taken:
            one.close()


BCRYPT_OF_SHINE = "$2b$04$5AVA99VTCF1SOMbGLly36.RkYeZf38USI2zsW4Vui1/BQEd7opQjy"
