"""What the owner of a worker says in the configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import voluptuous as vol

from edgepi.plugin import ConfigSchema
from edgepi.plugin.fields import Choice, FieldError, Flag, Integer, Number, Text, TimeSpan

__all__ = ["IexecConfig", "RegistryLogin", "config_schema"]

MB = 1024**2
GB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLogin:
    """A login for images that a registry does not give to everybody."""

    registry: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class IexecConfig:
    """Validated keys; addresses are lower-case, *devchain* names the file that a local chain writes.

    What is None comes from the scheduler (*rpc*, *hub*), the instance's own folder (*wallet*) or the
    machine (*memory_mb*: half of it, *cpus*: all).
    """

    pool: str | None = None
    scheduler: str | None = None
    rpc: tuple[str, ...] = ()
    hub: str | None = None
    devchain: Path | None = None
    wallet: Path | None = None
    password: str | None = field(default=None, repr=False)
    password_file: Path | None = None
    docker: str = "unix:///var/run/docker.sock"
    tasks: int = 1
    memory_mb: int | None = None
    cpus: float | None = None
    pids: int = 128
    disk_mb: int = 1024
    images_gb: float = 4.0
    registries: tuple[RegistryLogin, ...] = ()
    network: str = "none"
    writable_apps: tuple[str, ...] = ()
    allow_apps: tuple[str, ...] = ()
    deny_apps: tuple[str, ...] = ()
    allow_requesters: tuple[str, ...] = ()
    deny_requesters: tuple[str, ...] = ()
    allow_datasets: tuple[str, ...] = ()
    deny_datasets: tuple[str, ...] = ()
    categories: tuple[int, ...] = ()
    longest: float = 3600.0
    most_trust: int | None = None
    min_price: float = 0.0
    floor_per_wh: float = 0.0
    rlc_per_coin: float = 4000.0
    gas_price_cap_gwei: float = 22.0
    gas_price_factor: float = 1.3
    confirmations: int = 1
    allow_private_urls: bool = False
    ipfs_gateways: tuple[str, ...] = ("https://ipfs.io",)

    @property
    def disk_bytes(self) -> int:
        """What one job may write."""
        return self.disk_mb * MB

    @property
    def images_bytes(self) -> int:
        """What all images together may take."""
        return int(self.images_gb * GB)


@dataclass(frozen=True, slots=True)
class Address:
    """An account or contract on the chain."""

    def __call__(self, value: object) -> str:
        """Return it lower-case."""
        if isinstance(value, int) and not isinstance(value, bool):
            raise FieldError("expected an address; YAML took it for a number", f'"{value:#042x}"')
        if not isinstance(value, str) or re.fullmatch(r"0[xX][0-9a-fA-F]{40}", value) is None:
            raise FieldError("expected an address: 0x and 40 hexadecimal digits")
        return value.lower()

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"type": "string", "pattern": "^0[xX][0-9a-fA-F]{40}$"}


@dataclass(frozen=True, slots=True)
class Several:
    """One value or a list of them."""

    each: Any

    def __call__(self, value: object) -> tuple[Any, ...]:
        """Return all of them."""
        return tuple(self.each(item) for item in (value if isinstance(value, list) else [value]))

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        one = self.each.json_schema
        return {"anyOf": [one, {"type": "array", "items": one}]}


@dataclass(frozen=True, slots=True)
class File:
    """A path, with ~ for one's own folder."""

    def __call__(self, value: object) -> Path:
        """Return it."""
        return Path(Text(expected="the path of a file")(value)).expanduser()

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"type": "string", "minLength": 1}


URL = Text(r"https?://[^\s?#]+", "an address such as https://host:13000")
REGISTRY = Text(
    r"localhost|docker\.io|[a-z0-9-]+(\.[a-z0-9-]+)*:[0-9]{1,5}|[a-z0-9-]+(\.[a-z0-9-]+)+",
    "a registry as in an image's name, such as registry.example:5000, or docker.io",
)
SOCKET = Text(r"(unix|tcp)://\S+", "an address such as unix:///var/run/docker.sock")

FIELDS = {
    vol.Optional("pool"): Address(),
    vol.Optional("scheduler"): URL,
    vol.Optional("rpc"): Several(URL),
    vol.Optional("hub"): Address(),
    vol.Optional("devchain"): File(),
    vol.Optional("wallet"): File(),
    vol.Optional("password"): Text(empty=True),
    vol.Optional("password_file"): File(),
    vol.Optional("docker"): SOCKET,
    vol.Optional("tasks"): Integer(min=1, max=64),
    vol.Optional("memory_mb"): Integer(min=16, max=1_000_000),
    vol.Optional("cpus"): Number(above=0.0, max=256.0),
    vol.Optional("pids"): Integer(min=4, max=100_000),
    vol.Optional("disk_mb"): Integer(min=1, max=10_000_000),
    vol.Optional("images_gb"): Number(above=0.0, max=100_000.0),
    vol.Optional("registries"): [
        {
            vol.Required("registry"): REGISTRY,
            vol.Required("user"): Text(),
            vol.Required("password"): Text(),
        }
    ],
    vol.Optional("network"): Choice(("none", "internet")),
    vol.Optional("categories"): Several(Integer(min=0, max=1_000_000)),
    vol.Optional("longest"): TimeSpan(min_s=1.0),
    vol.Optional("most_trust"): Integer(min=1, max=1_000_000),
    vol.Optional("min_price"): Number(min=0.0),
    vol.Optional("floor_per_wh"): Number(min=0.0),
    vol.Optional("rlc_per_coin"): Number(min=0.0),
    vol.Optional("gas_price_cap_gwei"): Number(min=0.0),
    vol.Optional("gas_price_factor"): Number(min=1.0, max=10.0),
    vol.Optional("confirmations"): Integer(min=1, max=100),
    vol.Optional("allow_private_urls"): Flag(),
    vol.Optional("ipfs_gateways"): Several(URL),
    **{
        vol.Optional(key): Several(Address())
        for key in (
            "writable_apps",
            *(f"{verb}_{what}" for what in ("apps", "requesters", "datasets") for verb in ("allow", "deny")),
        )
    },
}


def config_schema() -> ConfigSchema[IexecConfig]:
    """Return the keys of a worker."""
    return ConfigSchema(fields=FIELDS, build=_build, secrets=frozenset({"password"}))


def _build(**values: Any) -> IexecConfig:
    logins = tuple(RegistryLogin(**login) for login in values.pop("registries", ()))
    config = IexecConfig(**values, registries=logins)
    names = [login.registry for login in logins]
    if len(set(names)) < len(names):
        raise vol.Invalid("name each registry once", path=["registries"])
    if config.devchain is None:
        for key in ("pool", "scheduler"):
            if getattr(config, key) is None:
                raise vol.Invalid(f"`{key}` is missing: the pool's owner tells it", path=[key])
    if config.password is not None and config.password_file is not None:
        raise vol.Invalid("give `password` or `password_file`, not both", path=["password_file"])
    return config
