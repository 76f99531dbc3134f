from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol

from edgepi.config import check, masked
from edgepi.testing.catalog import FakeCatalog
from edgepi_iexec.config import IexecConfig, config_schema
from edgepi_iexec.worker.policy import OwnersPolicy

POOL = {"pool": "0x" + "1" * 40, "scheduler": "http://pool.test"}


def built(**keys: Any) -> IexecConfig:
    schema = config_schema()
    return schema.build(**vol.Schema(dict(schema.fields))({**POOL, **keys}))


@pytest.mark.parametrize(("written", "numbers"), [(0, {0}), ([0, 3], {0, 3}), ([], set())])
def test_the_owner_names_one_category_or_several(written: Any, numbers: set[int]) -> None:
    assert OwnersPolicy.of(built(categories=written)).categories == numbers


def test_without_a_word_any_category_and_any_trust_will_do() -> None:
    policy = OwnersPolicy.of(built())
    assert (policy.categories, policy.most_trust) == (frozenset(), None)


@pytest.mark.parametrize("wrong", [{"categories": -1}, {"categories": ["XS"]}, {"most_trust": 0}])
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        built(**wrong)


REGISTRY = {"registry": "registry.example:5000", "user": "sun", "password": "shine1"}


def test_each_registry_has_its_login() -> None:
    (login,) = built(registries=[REGISTRY]).registries
    assert (login.registry, login.user, login.password) == ("registry.example:5000", "sun", "shine1")


@pytest.mark.parametrize(
    "wrong",
    [
        [{**REGISTRY, "registry": "https://registry.example"}],
        [{**REGISTRY, "registry": "registry.example/folder"}],
        [{**REGISTRY, "registry": "example"}],  # an image named example/app is Docker Hub's
        [{"registry": "docker.io", "user": "sun"}],
        [REGISTRY, REGISTRY],
    ],
)
def test_a_login_that_would_serve_no_image_is_refused(wrong: list[dict[str, str]]) -> None:
    with pytest.raises(vol.Invalid):
        built(registries=wrong)


def test_passwords_are_nowhere_shown(tmp_path: Path) -> None:
    path = tmp_path / "edgepi.yaml"
    path.write_text(
        "node: {name: garden, latitude: 48.85, longitude: 2.35}\nplugins:\n  iexec:\n"
        f"    pool: '{POOL['pool']}'\n    scheduler: {POOL['scheduler']}\n    password: moonlight\n"
        "    registries:\n    - {registry: docker.io, user: sun, password: shine1}\n"
    )
    settings = check(path, FakeCatalog({"iexec": config_schema()}), {}).settings
    assert settings is not None
    (plugin,) = settings.plugins
    assert plugin.config.registries[0].password == "shine1"
    shown = json.dumps(masked(settings)) + repr(plugin.config)
    assert "docker.io" in shown
    assert "shine1" not in shown
    assert "moonlight" not in shown
    assert {"shine1", "moonlight"} <= settings.secrets  # what the log's filter masks
