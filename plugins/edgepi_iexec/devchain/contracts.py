"""The contracts as the package brings them: interfaces, bytecode, libraries to link, and how to call them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgepi.errors import MarketError
from edgepi_iexec.devchain.rpc import Rpc

__all__ = ["Artifact", "Contract", "Library", "selectors"]

# The way to receive plain money and unknown calls stands among a diamond's selectors too.
RECEIVE, FALLBACK = b"\x00\x00\x00\x00", b"\xff\xff\xff\xff"
Abi = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract; *links* says where in the bytecode (bytes) which library's address belongs."""

    name: str
    abi: Abi
    bytecode: str
    links: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def creation_code(self, libraries: Mapping[str, str], *arguments: Any) -> str:
        """Return what to send to create it; raises MarketError when a library is not there yet."""
        code = self.bytecode.removeprefix("0x")
        for library, places in self.links.items():
            if library not in libraries:
                raise MarketError(f"{self.name} needs the library {library}")
            for place in places:
                address = libraries[library].removeprefix("0x")
                code = code[: place * 2] + address + code[place * 2 + 40 :]
        inputs = next((e["inputs"] for e in self.abi if e["type"] == "constructor"), ())
        return "0x" + code + _encode(inputs, arguments).hex()


class Library:
    """Reads artifacts from the unpacked package; raises MarketError when one is missing."""

    def __init__(self, package: Path) -> None:
        self._package = package
        compiled = (package / "artifacts/contracts").rglob("*.json")
        self._files = {path.stem: path for path in compiled}

    def artifact(self, name: str) -> Artifact:
        """Return what was compiled, or else what was deployed to a public test chain."""
        path = self._files.get(name, self._package / f"deployments/arbitrumSepolia/{name}.json")
        try:
            read = json.loads(path.read_text())
            links = {
                library: [place["start"] for place in places]
                for libraries in read.get("linkReferences", {}).values()
                for library, places in libraries.items()
            }
            return Artifact(name, read.get("abi", ()), read["bytecode"], links)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MarketError(f"the contract {name} cannot be read from the package: {error}") from error


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract at an address."""

    rpc: Rpc
    address: str
    abi: Abi

    def data(self, name: str, *arguments: Any) -> str:
        """Encode a call."""
        from eth_utils.abi import function_abi_to_4byte_selector

        function = self._function(name, len(arguments))
        selector = function_abi_to_4byte_selector(function)  # type: ignore[arg-type]  # JSON, not a TypedDict
        return "0x" + selector.hex() + _encode(function["inputs"], arguments).hex()

    def send(self, sender: str, name: str, *arguments: Any, value_wei: int = 0) -> dict[str, Any]:
        """Send a transaction from an account whose key the node holds; returns its receipt."""
        return self.rpc.send(sender, self.address, self.data(name, *arguments), value_wei=value_wei)

    def call(self, name: str, *arguments: Any) -> Any:
        """Ask; returns the one value, or a tuple of several."""
        from eth_abi.abi import decode

        types = [_type(o) for o in self._function(name, len(arguments))["outputs"]]
        values = decode(types, self.rpc.call(self.address, self.data(name, *arguments)))
        return values[0] if len(values) == 1 else values

    def _function(self, name: str, count: int) -> Mapping[str, Any]:
        for entry in self.abi:
            if entry["type"] == "function" and entry["name"] == name and len(entry["inputs"]) == count:
                return entry
        raise MarketError(f"no function {name} with {count} arguments")


def selectors(abi: Abi) -> dict[bytes, str]:
    """Return the selectors of a facet's functions, and of what takes plain money and unknown calls."""
    from eth_utils.abi import function_abi_to_4byte_selector

    found = {}
    for entry in abi:
        if entry["type"] == "function":
            found[function_abi_to_4byte_selector(entry)] = entry["name"]  # type: ignore[arg-type]
        elif entry["type"] == "receive":
            found[RECEIVE] = "receive"
        elif entry["type"] == "fallback":
            found[FALLBACK] = "fallback"
    return found


def _encode(inputs: Sequence[Mapping[str, Any]], arguments: Sequence[Any]) -> bytes:
    from eth_abi.abi import encode

    return encode([_type(one) for one in inputs], arguments)


def _type(one: Mapping[str, Any]) -> str:
    kind = str(one["type"])
    if not kind.startswith("tuple"):
        return kind
    members = ",".join(_type(member) for member in one["components"])
    return f"({members}){kind.removeprefix('tuple')}"
