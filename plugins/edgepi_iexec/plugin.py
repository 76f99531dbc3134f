"""Hooks of the iExec plugin."""

from __future__ import annotations

from edgepi.plugin import ConfigSchema, hookimpl
from edgepi_iexec import config
from edgepi_iexec.config import IexecConfig

__all__ = ["config_schema"]


@hookimpl
def config_schema() -> ConfigSchema[IexecConfig]:
    """Keys: the pool, the wallet, what a job may use, whom the owner works for and for how much."""
    return config.config_schema()
