"""Hardhat's node, for machines that anvil is not made for: slower, larger, and begun anew at each start."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edgepi.errors import MarketError
from edgepi_iexec.devchain.chain import ChainOptions
from edgepi_iexec.devchain.fetch import GET_NODE, npm_folder
from edgepi_iexec.devchain.rpc import Rpc

__all__ = ["Hardhat"]

MAIN = "node_modules/hardhat/internal/cli/bootstrap.js"
CONFIG = "hardhat.config.js"


@dataclass(frozen=True, slots=True)
class Hardhat:
    """Hardhat's node, as installed into *installed*."""

    installed: Path
    keeps_state: bool = False

    def hold_time(self, rpc: Rpc) -> None:
        """Nothing: between blocks its time goes on by itself, and is set right at each tick."""

    def command(self, options: ChainOptions, port: int, folder: Path) -> Sequence[str]:
        """Return the command line; raises MarketError without Node. Writes its configuration."""
        tools = npm_folder()
        if tools is None:
            raise MarketError("Node is needed for the local chain", hint=GET_NODE)
        (folder / CONFIG).write_text(f"module.exports = {json.dumps(_config(options), indent=1)};\n")
        modules = folder / "node_modules"  # it insists on being installed where it runs
        modules.unlink(missing_ok=True)
        modules.symlink_to(self.installed.resolve() / "node_modules")
        return (
            *("/usr/bin/env", f"HOME={folder}", "HARDHAT_DISABLE_TELEMETRY_PROMPT=true"),
            *(str(tools / "node"), str(self.installed.resolve() / MAIN)),
            *("node", "--hostname", "127.0.0.1", "--port", str(port)),
        )


def _config(options: ChainOptions) -> dict[str, object]:
    network = {
        "chainId": options.chain_id,
        "accounts": {"count": 20},
        "hardfork": "cancun",
        "allowBlocksWithSameTimestamp": True,
        "initialDate": datetime.fromtimestamp(options.begin_s, UTC).isoformat(),
        "blockGasLimit": 30_000_000,
        "loggingEnabled": False,
    }
    free = {"gasPrice": 0, "initialBaseFeePerGas": 0} if options.free_gas else {}
    return {"solidity": "0.8.21", "networks": {"hardhat": network | free}}
