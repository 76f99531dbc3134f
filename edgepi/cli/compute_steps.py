"""What installing and removing the walls around jobs does, step by step, so that it can be shown first."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from ipaddress import IPv4Network
from pathlib import Path

from edgepi.cli.service_steps import Step, remove_step, run_step, systemctl_step, write_step
from edgepi.compute.firewall import RULES_PATH, TABLE, UNIT_NAME, UNIT_PATH, rules, unit
from edgepi.errors import SandboxError

__all__ = ["boots_with_systemd", "find_nft", "install_steps", "remove_steps"]


def find_nft(path: str | None = None) -> Path:
    """Return where nft is.

    Raises:
        SandboxError: it is not installed.
    """
    found = shutil.which("nft", path=path) or shutil.which("nft", path="/usr/sbin:/sbin")
    if not found:
        raise SandboxError("there is no nft on this machine", hint="sudo apt install nftables")
    return Path(found)


def boots_with_systemd(root: Path) -> bool:
    """Say whether systemd is what starts this machine's services."""
    return (root / "run/systemd/system").is_dir()


def install_steps(more: Sequence[IPv4Network], nft: Path, root: Path, *, systemd: bool) -> list[Step]:
    """List the steps to install; the rules are then in force, and after every boot where systemd is."""
    steps = [write_step(root, RULES_PATH, rules(more))]
    if systemd:
        steps.append(write_step(root, UNIT_PATH, unit(nft)))
    if root != Path("/"):
        return steps
    if systemd:
        return [
            *steps,
            systemctl_step("daemon-reload"),
            systemctl_step("enable", UNIT_NAME),
            systemctl_step("restart", UNIT_NAME),
        ]
    return [*steps, run_step([str(nft), "-f", str(RULES_PATH)])]


def remove_steps(nft: Path | None, root: Path, *, systemd: bool) -> list[Step]:
    """List the steps to remove; without nft there are no rules to take out."""
    steps = [remove_step(root, UNIT_PATH), remove_step(root, RULES_PATH)]
    if root != Path("/"):
        return steps
    if systemd:
        steps = [
            systemctl_step("disable", "--now", UNIT_NAME, may_fail=True),
            *steps,
            systemctl_step("daemon-reload"),
        ]
    if nft:
        steps.append(run_step([str(nft), "delete", "table", "inet", TABLE], may_fail=True))
    return steps
