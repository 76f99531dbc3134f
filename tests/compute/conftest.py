"""The engine and the registry that the tests of this folder share."""

from __future__ import annotations

from tests.engine import docker_engine, docker_registry

__all__ = ["docker_engine", "docker_registry"]
