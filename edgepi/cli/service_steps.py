"""What installing and uninstalling the service does, step by step, so that it can be shown first."""

from __future__ import annotations

import grp
import pwd
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgepi.cli.service_files import (
    GROUPS,
    POLKIT_PATH,
    SERVICE,
    UNIT_PATH,
    WATCHDOG,
    WATCHDOG_PATH,
    ServiceOptions,
    polkit_rule,
    unit,
)
from edgepi.errors import EdgePiError

__all__ = [
    "Step",
    "install_steps",
    "present_groups",
    "remove_step",
    "run_step",
    "systemctl_step",
    "uninstall_steps",
    "write_step",
]

SECRETS_NAME = "secrets.yaml"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do and what it is called."""

    text: str
    do: Callable[[], object]


def present_groups(more: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the groups for hardware that this machine has, and *more*; systemd refuses unknown ones.

    Raises:
        EdgePiError: one of *more* does not exist.
    """
    known = {entry.gr_name for entry in grp.getgrall()}
    for name in more:
        if name not in known:
            raise EdgePiError(f"there is no group {name!r}", hint=f"sudo groupadd --system {name}")
    return tuple(dict.fromkeys([*(name for name in GROUPS if name in known), *more]))


def install_steps(options: ServiceOptions, config: Path | None, root: Path, *, start: bool) -> list[Step]:
    """List the steps to install; *config* is copied to where the service looks for it."""
    steps = [_make_user(options.user)] if root == Path("/") and not _user_exists(options.user) else []
    if config:
        steps += _config_steps(options, config, root)
    steps += [
        write_step(root, UNIT_PATH, unit(options)),
        write_step(root, POLKIT_PATH, polkit_rule(options.user)),
        write_step(root, WATCHDOG_PATH, WATCHDOG),
    ]
    if root == Path("/"):
        steps.append(systemctl_step("daemon-reexec"))  # reads units and the watchdog's setting
        steps.append(systemctl_step("enable", SERVICE))
        if start:
            steps.append(systemctl_step("restart", SERVICE))
    return steps


def uninstall_steps(root: Path) -> list[Step]:
    """List the steps to uninstall; configuration, state and user stay."""
    steps = []
    if root == Path("/"):
        steps.append(systemctl_step("disable", "--now", SERVICE, may_fail=True))
    steps += [remove_step(root, path) for path in (UNIT_PATH, POLKIT_PATH, WATCHDOG_PATH)]
    if root == Path("/"):
        steps.append(systemctl_step("daemon-reexec"))
    return steps


def _user_exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _make_user(user: str) -> Step:
    command = ["useradd", "--system", "--user-group", "--home-dir", "/var/lib/edgepi", "--shell"]
    return run_step([*command, "/usr/sbin/nologin", user])


def _config_steps(options: ServiceOptions, config: Path, root: Path) -> list[Step]:
    target = options.config
    steps = [_copy(config, root, target, options.user)]
    secrets = config.parent / SECRETS_NAME
    if secrets.is_file():
        steps.append(_copy(secrets, root, target.with_name(SECRETS_NAME), options.user))
    return steps


def _copy(source: Path, root: Path, target: Path, user: str) -> Step:
    def do() -> None:
        place = _inside(root, target)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
        place.chmod(0o640)
        if root == Path("/"):
            shutil.chown(place, group=user)

    return Step(f"copy {source} to {_inside(root, target)}", do)


def write_step(root: Path, path: Path, text: str) -> Step:
    """Return the step that writes a file that all may read."""
    place = _inside(root, path)

    def do() -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        place.chmod(0o644)

    return Step(f"write {place}", do)


def remove_step(root: Path, path: Path) -> Step:
    """Return the step that removes a file, if it is there."""
    place = _inside(root, path)
    return Step(f"remove {place}", lambda: place.unlink(missing_ok=True))


def systemctl_step(*words: str, may_fail: bool = False) -> Step:
    """Return the step that runs systemctl."""
    return run_step(["systemctl", *words], may_fail=may_fail)


def run_step(command: list[str], *, may_fail: bool = False) -> Step:
    """Return the step that runs *command*; what went wrong is said with its last line."""

    def do() -> None:
        try:
            result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (steps of our own)
        except FileNotFoundError as error:
            raise EdgePiError(
                f"{command[0]} is not there", hint="this needs a system with systemd"
            ) from error
        if result.returncode and not may_fail:
            said = result.stderr.strip().splitlines()
            raise EdgePiError(f"`{' '.join(command)}` failed: {said[-1] if said else result.returncode}")

    return Step(f"run `{' '.join(command)}`", do)


def _inside(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")
