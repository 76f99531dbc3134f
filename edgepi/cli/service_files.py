"""The texts of the systemd unit and of the polkit rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "GROUPS",
    "POLKIT_PATH",
    "SERVICE",
    "UNIT_PATH",
    "USER",
    "ServiceOptions",
    "polkit_rule",
    "unit",
]

SERVICE = "edgepi.service"
USER = "edgepi"
GROUPS = ("i2c", "gpio", "input", "video", "render", "dialout")
UNIT_PATH = Path("/etc/systemd/system") / SERVICE
POLKIT_PATH = Path("/etc/polkit-1/rules.d/50-edgepi.rules")
WATCHDOG_PATH = Path("/etc/systemd/system.conf.d/50-edgepi-watchdog.conf")
WATCHDOG = """\
# Has the machine's own watchdog restart a system that froze; a power board sees to that only if it has one.
[Manager]
RuntimeWatchdogSec=30s
"""

_UNIT = """\
[Unit]
Description=EdgePi, a node that lives on a solar panel
After=network.target time-sync.target
StartLimitIntervalSec=10min
StartLimitBurst=10

[Service]
Type=notify
NotifyAccess=main
# A Pi 5 that is its own power board: the node sets its clock and alarm.
ExecStartPre=-+/bin/sh -c 'cd /sys/class/rtc/rtc0 && grep -q ^rpi-rtc name && \\
    chgrp {user} wakealarm /dev/rtc0 && chmod g+w wakealarm && chmod g+r /dev/rtc0'
ExecStart={program} run --config {config}
User={user}
Group={user}
SupplementaryGroups={groups}
UMask=0077
Environment=PYTHONUNBUFFERED=1
WorkingDirectory=%S/edgepi

# The node feeds the watchdog only while its timers advance.
WatchdogSec=60
TimeoutStartSec=120
TimeoutStopSec=90
KillMode=mixed
Restart=on-failure
RestartForceExitStatus=100
RestartSec=5

ConfigurationDirectory=edgepi
StateDirectory=edgepi
StateDirectoryMode=0750
CacheDirectory=edgepi
RuntimeDirectory=edgepi

# Setting the clock from a power board's clock is the one privilege that a node needs.
AmbientCapabilities=CAP_SYS_TIME
CapabilityBoundingSet=CAP_SYS_TIME
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ReadWritePaths=-/sys/class/rtc/rtc0
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service @clock
SystemCallErrorNumber=EPERM

# Buses, pins, serial lines, cameras, the board's keys and its clock; nothing else below /dev.
DevicePolicy=closed
{devices}

[Install]
WantedBy=multi-user.target
"""

_DEVICES = ("i2c", "gpiochip", "ttyS", "ttyAMA", "ttyUSB", "ttyACM", "video4linux", "media", "dma_heap")
_READ = ("input", "rtc")

_POLKIT = """\
// Lets the node switch this machine off, which is how it saves energy; a power board switches it on again.
polkit.addRule(function(action, subject) {{
    var halts = [
        "org.freedesktop.login1.power-off",
        "org.freedesktop.login1.power-off-multiple-sessions",
        "org.freedesktop.login1.power-off-ignore-inhibit"
    ];
    if (subject.user == "{user}" && halts.indexOf(action.id) >= 0) {{
        return polkit.Result.YES;
    }}
}});
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """What differs from one installation to the next; *groups* must exist on the machine."""

    program: Path
    config: Path
    user: str = USER
    groups: Sequence[str] = ()


def unit(options: ServiceOptions) -> str:
    """Return the systemd unit."""
    return _UNIT.format(
        program=options.program,
        config=options.config,
        user=options.user,
        groups=" ".join(options.groups),
        devices="\n".join(
            [f"DeviceAllow=char-{kind} rw" for kind in _DEVICES] + [f"DeviceAllow=char-{k} r" for k in _READ]
        ),
    )


def polkit_rule(user: str) -> str:
    """Return the rule that gives *user* the right to power the machine off."""
    return _POLKIT.format(user=user)
