from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import voluptuous as vol

from edgepi.config import Report, check
from edgepi.plugin import ConfigSchema
from edgepi.plugin.fields import TimeSpan
from edgepi.testing.catalog import FakeCatalog


@dataclass(frozen=True)
class CameraConfig:
    address: int = 0x10
    interval: float = 60.0
    password: str = ""
    zones: tuple[object, ...] = ()

    def __post_init__(self) -> None:
        if self.interval == 13:
            raise ValueError("13 s is unlucky")


def doubts(config: CameraConfig) -> Iterator[vol.Invalid]:
    if config.interval < 2:
        yield vol.Invalid("this is very often", path=["interval"])
    if config.interval == 1.5:
        raise ZeroDivisionError


CAMERA = ConfigSchema(
    fields={
        vol.Optional("address"): vol.In([0x10, 0x11]),
        vol.Optional("interval"): TimeSpan(min_s=1),
        vol.Optional("password"): str,
        vol.Optional("zones"): [{vol.Required("x"): int, vol.Optional("label"): str}],
    },
    build=CameraConfig,
    secrets=frozenset({"password"}),
    doubts=doubts,
)


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog({"camera": CAMERA, "weather": None})


Check = Callable[..., Report]


@pytest.fixture
def checked(tmp_path: Path, catalog: FakeCatalog) -> Check:
    """Write files, check the first, and return the report."""

    def run(text: str, env: Mapping[str, str] | None = None, **files: str) -> Report:
        for name, content in files.items():
            path = tmp_path / f"{name}.yaml"
            path.write_text(textwrap.dedent(content), encoding="utf-8")
            path.chmod(0o600)
        path = tmp_path / "edgepi.yaml"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return check(path, catalog, env or {})

    return run


@pytest.fixture
def said(checked: Check) -> Callable[..., list[str]]:
    """Check, and return each finding as ``file:line:column message``."""

    def run(text: str, env: Mapping[str, str] | None = None, **files: str) -> list[str]:
        findings = checked(text, env, **files).findings
        return [f"{f.path.name}:{f.line}:{f.column} {f.message}" for f in findings]

    return run
