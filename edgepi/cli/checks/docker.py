"""The container engine that compute plugins need would box their jobs."""

from __future__ import annotations

import asyncio
import os

from edgepi.cli.checks.base import Result, Surroundings
from edgepi.compute.engine import Engine
from edgepi.compute.survey import Survey, survey
from edgepi.errors import ComputeError

__all__ = ["check", "judge"]

NAME = "containers"
SOCKET = "var/run/docker.sock"


def check(machine: Surroundings) -> Result:
    """Ask Docker, if it is there, what it would enforce, and try the walls around jobs."""
    socket = machine.root / SOCKET
    if not socket.exists():
        return Result(NAME, "ok", "no Docker here; only plugins that compute for others need it")
    if not os.access(socket, os.R_OK | os.W_OK):
        return Result(
            NAME,
            "warn",
            "this user may not use Docker, so no job can run",
            "sudo usermod -aG docker $USER, then log in again; "
            "for the service: sudo edgepi service install --group docker",
        )
    try:
        return judge(asyncio.run(_look(f"unix://{socket}")))
    except ComputeError as error:
        return Result(NAME, "warn", error.message, error.hint or "sudo systemctl status docker")


def judge(found: Survey) -> Result:
    """Decide: jobs must be limited; walls that were never installed are a choice, broken ones are not."""
    text = f"Docker {found.version}"
    if not found.limits.ok:
        return Result(
            NAME, "warn", f"{text}, but no job will run: {found.limits.sentence}", found.limits.hint
        )
    if found.walls.ok:
        return Result(NAME, "ok", f"{text}; {found.limits.sentence}; {found.walls.sentence}")
    if not found.walls_wanted:
        return Result(NAME, "ok", f"{text}; {found.limits.sentence}; jobs have no network")
    return Result(NAME, "warn", f"{text}; {found.walls.sentence}", found.walls.hint)


async def _look(url: str) -> Survey:
    engine = Engine(url)
    try:
        return await survey(engine)
    finally:
        await engine.close()
