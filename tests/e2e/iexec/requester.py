"""A requester, a developer and a pool's owner who use the real SDK's command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgepi_iexec.devchain.deployment import Deployment
from tests.foreign import Foreign

from .crew import quick_keystore

__all__ = ["SdkUser"]

NAME = "local"
PASSWORD = "secret"


class SdkUser:
    """A folder in which ``iexec`` is typed; every method blocks."""

    def __init__(self, foreign: Foreign, package: str, folder: Path, there: Deployment, url: str) -> None:
        self._foreign = foreign
        self._package = package
        self._there = there
        self.folder = folder
        self.id = str(there.chain_id)
        for role in ("developer", "pool", "requester"):
            self._write(f"keys/{role}.json", json.loads(quick_keystore(there.account(role), PASSWORD)))
        self("init", "--skip-wallet", "--force")
        chain: dict[str, Any] = {
            "id": self.id,
            "host": there.rpc_url,
            "hub": there.hub,
            "ipfsGateway": url,
            "compass": url,
        }
        if there.native:
            chain |= {"native": True, "useGas": False, "resultProxy": url}
        self._write("chain.json", {"default": NAME, "chains": {NAME: chain}})
        self._write("iexec.json", {"description": "", "license": "", "author": "", "social": {}, "order": {}})

    def __call__(self, *arguments: str, by: str = "") -> Any:
        """Type a command, as the owner of a wallet if one is named, and return what it answers."""
        wallet = (
            "--keystoredir",
            str(self.folder / "keys"),
            "--wallet-file",
            f"{by}.json",
            "--password",
            PASSWORD,
        )
        return self._foreign.run(self._package, *arguments, *(wallet if by else ()), cwd=self.folder)

    def deploy_app(self, image: str, checksum: str) -> str:
        """Register an app and return its address."""
        owner = self._there.account("developer").address
        app = {"owner": owner, "name": "demo", "type": "DOCKER", "multiaddr": image, "checksum": checksum}
        self._edit("iexec.json", app=app)
        return str(self("app", "deploy", by="developer")["address"])

    def order(self, pool: str, params: dict[str, Any], *, category: int = 0, price: int = 1000) -> str:
        """Sign all orders for the app that was deployed, match them and return the deal."""
        self._edit("deployed.json", workerpool={self.id: pool})
        self("order", "init", "--app", "--workerpool", "--request", by="requester")
        orders = self._read("iexec.json")["order"]
        for order in orders.values():
            order["tag"] = []
        orders["workerpoolorder"] |= {"workerpoolprice": price, "category": category}
        orders["requestorder"] |= {
            "app": orders["apporder"]["app"],
            "workerpool": pool,
            "workerpoolmaxprice": price,
            "category": category,
            "params": params,
        }
        self._edit("iexec.json", order=orders)
        for kind, role in (("app", "developer"), ("workerpool", "pool"), ("request", "requester")):
            self("order", "sign", f"--{kind}", "--skip-preflight-check", "--force", by=role)
        filled = self("order", "fill", "--skip-preflight-check", "--force", by="requester")
        return str(filled["dealid"])

    def task_of(self, deal_id: str) -> str:
        """Return the first task of a deal, as the SDK names it."""
        shown = self("deal", "show", deal_id)
        return str(shown["deal"]["tasks"][0])

    def download(self, task_id: str, name: str) -> Path:
        """Download a task's result."""
        self("task", "show", task_id, "--download", name, by="requester")
        return self.folder / f"{name}.zip"

    def debug(self, task_id: str) -> dict[str, Any]:
        """Ask the pool for what happened, and for the app's logs."""
        return dict(self("task", "debug", task_id, "--logs", by="requester"))

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def _write(self, name: str, content: dict[str, Any]) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2))

    def _edit(self, name: str, **changes: Any) -> None:
        self._write(name, self._read(name) | changes)
