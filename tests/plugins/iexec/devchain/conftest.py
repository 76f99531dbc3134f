"""The engine and the registry that the demo image is tried on."""

from __future__ import annotations

from tests.engine import docker_engine, docker_registry

__all__ = ["docker_engine", "docker_registry"]
