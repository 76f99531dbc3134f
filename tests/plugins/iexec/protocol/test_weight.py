from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import edgepi_iexec.protocol

HEAVY = "web3 eth_account eth_utils eth_hash eth_abi docker aiohttp coincurve Crypto sqlite3 asyncio"


def test_the_protocol_loads_nothing_heavy() -> None:
    names = [path.stem for path in Path(edgepi_iexec.protocol.__file__).parent.glob("*.py")]
    modules = ",".join(f"edgepi_iexec.protocol.{name}" for name in names if name != "__init__")
    program = f"import {modules}, sys; print(*sorted(set({HEAVY.split()!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
