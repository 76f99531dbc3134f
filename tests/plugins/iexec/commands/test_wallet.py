from __future__ import annotations

import argparse
import getpass
import io
import json
import logging
import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from blockbuster import BlockBuster

from edgepi.clock import Clock, SystemClock
from edgepi.errors import ConfigError, EdgePiError, MarketError, WalletError
from edgepi.plugin import CommandContext
from edgepi.runtime.child import Child
from edgepi_iexec.commands import deposit, moving, purse, wallet, withdraw
from edgepi_iexec.commands.purse import amount
from edgepi_iexec.config import IexecConfig
from edgepi_iexec.devchain.local import LocalChain
from edgepi_iexec.wallet.keystore import import_key, save, unlock
from tests.commands import context_of

KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
POOL = "0x" + "50" * 20


class Shown:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.data: Any = None

    def line(self, text: str = "") -> None:
        self.lines.append(text)

    def json(self, data: Any) -> None:
        self.data = data

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        raise NotImplementedError

    def progress(self, text: str) -> None:
        pass

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class Bench:
    """A user at a terminal, or not; *configs* is what the configuration says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = Shown()
        self.configs: Mapping[str, IexecConfig] | EdgePiError = {}
        self.password_file = folder / "password"
        self.password_file.write_text("word\n")

    @property
    def file(self) -> Path:
        return self.folder / "node" / "plugins" / "iexec" / "wallet.json"

    def _configs(self) -> Mapping[str, Any]:
        if isinstance(self.configs, EdgePiError):
            raise self.configs
        return self.configs

    def run(self, module: ModuleType, *arguments: object) -> int:
        @asynccontextmanager
        async def clock() -> AsyncIterator[Clock]:
            yield SystemClock()

        def child(clock: Clock) -> Any:
            return partial(Child, clock=clock, log=logging.getLogger("test"))

        context = CommandContext(
            plugin="iexec",
            environ={},
            state_dir=self.folder / "mine",
            out=self.out,
            node=None,  # type: ignore[arg-type]  # nothing here asks the node
            node_dir=lambda: self.folder / "node",
            configs=self._configs,
            clock=clock,
            child=child,
        )
        parser = argparse.ArgumentParser()
        parser.set_defaults(config=None, state_dir=None, json=False)
        module.add_arguments(parser)
        return int(module.run(parser.parse_args([str(each) for each in arguments]), context))

    def wallet(self, *arguments: object) -> int:
        return self.run(wallet, *arguments)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what lets a user type these things at a terminal."""

    def say(*answers: str) -> None:
        left = iter(answers)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(getpass, "getpass", lambda _: next(left))

    return say


def test_a_new_wallet_is_made_where_the_worker_looks_for_it(bench: Bench) -> None:
    assert bench.wallet("new", "--password-file", bench.password_file) == 0
    made = bench.file.read_text()
    address = unlock(made, "word").address.lower()
    assert f"wallet {address}, in {bench.file}" in bench.out.text
    assert "keep a copy" in bench.out.text
    assert stat.S_IMODE(bench.file.stat().st_mode) == 0o600


def test_a_program_is_told_address_and_file(bench: Bench) -> None:
    bench.wallet("new", "--password-file", bench.password_file, "--json")
    assert bench.out.data["file"] == bench.file
    assert bench.out.data["address"] == unlock(bench.file.read_text(), "word").address.lower()
    assert bench.out.lines == []


def test_a_password_is_typed_twice(bench: Bench, typed: Callable[..., None]) -> None:
    typed("mine", "mine")
    assert bench.wallet("new") == 0
    unlock(bench.file.read_text(), "mine")


def test_passwords_that_differ_make_no_wallet(bench: Bench, typed: Callable[..., None]) -> None:
    typed("mine", "mime")
    with pytest.raises(WalletError, match="differ"):
        bench.wallet("new")
    assert not bench.file.exists()


def test_without_a_terminal_a_file_must_tell_the_password(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(WalletError, match="--password-file"):
        bench.wallet("new")


def test_no_wallet_is_ever_replaced(bench: Bench) -> None:
    bench.wallet("new", "--password-file", bench.password_file)
    before = bench.file.read_text()
    for arguments in (["new"], ["import", bench.password_file]):
        with pytest.raises(WalletError, match="already"):
            bench.wallet(*arguments, "--password-file", bench.password_file)
    assert bench.file.read_text() == before


@pytest.mark.parametrize(
    ("values", "file"), [({"wallet": Path("/of/the/owner.json")}, "/of/the/owner.json"), ({}, None)]
)
def test_the_configuration_says_where(bench: Bench, values: dict[str, Any], file: str | None) -> None:
    bench.configs = {"solar": IexecConfig(pool=POOL, scheduler="http://pool.test", **values)}
    args = argparse.Namespace(instance=None, wallet=None)
    found = purse.find_place(args, _context(bench)).wallet
    assert found == Path(file or bench.folder / "node" / "plugins" / "solar" / "wallet.json")


def _context(bench: Bench) -> Any:
    return context_of("iexec", bench._configs, bench.folder / "node")


def test_which_of_several_workers_must_be_said(bench: Bench) -> None:
    config = IexecConfig(pool=POOL, scheduler="http://pool.test")
    bench.configs = {"one": config, "two": config}
    with pytest.raises(MarketError, match="one, two"):
        bench.wallet("new", "--password-file", bench.password_file)
    with pytest.raises(MarketError, match="no worker three"):
        bench.wallet("new", "--password-file", bench.password_file, "--instance", "three")
    assert bench.wallet("new", "--password-file", bench.password_file, "--instance", "two") == 0
    assert (bench.folder / "node/plugins/two/wallet.json").exists()


def test_a_wallet_comes_before_its_configuration(bench: Bench) -> None:
    bench.configs = ConfigError(["no secret `iexec_wallet`"])
    assert bench.wallet("new", "--password-file", bench.password_file) == 0
    assert "configuration does not say where" in bench.out.text


def test_a_key_is_imported_from_a_file(bench: Bench) -> None:
    source = bench.folder / "key"
    source.write_text(KEY + "\n")
    assert bench.wallet("import", source, "--password-file", bench.password_file) == 0
    assert ADDRESS in bench.out.text
    assert KEY[2:] not in bench.out.text + bench.file.read_text()


def test_a_key_is_imported_from_a_pipe(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(KEY))
    bench.wallet("import", "-", "--password-file", bench.password_file)
    assert ADDRESS in bench.out.text


def test_another_programs_file_is_imported_with_its_own_password(bench: Bench) -> None:
    source, opens = bench.folder / "theirs.json", bench.folder / "their-password"
    source.write_text(import_key(KEY, "theirs"))
    opens.write_text("theirs")
    with pytest.raises(WalletError, match="does not open"):
        bench.wallet("import", source, "--password-file", bench.password_file)
    bench.wallet("import", source, "--password-file", bench.password_file, "--source-password-file", opens)
    unlock(bench.file.read_text(), "word")


@pytest.mark.parametrize("content", [b"\xff", b"nonsense", b""])
def test_what_cannot_be_imported_is_an_error(bench: Bench, content: bytes) -> None:
    source = bench.folder / "source"
    source.write_bytes(content)
    with pytest.raises(WalletError):
        bench.wallet("import", source, "--password-file", bench.password_file)
    assert not bench.file.exists()


def test_without_a_chain_the_address_is_shown_all_the_same(bench: Bench) -> None:
    save(bench.file, import_key(KEY, "word"))
    assert bench.wallet("show") == 1
    assert ADDRESS in bench.out.text
    assert "--rpc" in bench.out.text
    bench.wallet("show", "--json")
    assert (bench.out.data["address"], bench.out.data["stake_rlc"]) == (ADDRESS, None)


def test_where_there_is_no_wallet_it_says_how_to_make_one(bench: Bench) -> None:
    with pytest.raises(WalletError, match="wallet new"):
        bench.wallet("show")


@pytest.mark.parametrize(("text", "nrlc"), [("1", 10**9), ("2.5", 25 * 10**8), ("0.000000001", 1)])
def test_an_amount_is_exact(text: str, nrlc: int) -> None:
    assert amount(text) == nrlc


@pytest.mark.parametrize(
    "text", ["0", "-1", "0.0000000001", "nan", "inf", "1e30", "", "five", "1,5", "9" * 400]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="nine decimals"):
        amount(text)


@dataclass
class Bank:
    """A chain, as far as money goes into it and out of it."""

    chain: int
    hub: str = "0x" + "66" * 20
    address: str = ADDRESS
    moved: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, *_: object) -> AsyncIterator[Bank]:
        yield self

    async def chain_id(self) -> int:
        return self.chain

    async def deposit(self, _: int) -> Any:
        self.moved.append("in")
        return SimpleNamespace(tx_hash="0x1", block_number=1)

    async def withdraw(self, _: int) -> Any:
        self.moved.append("out")
        return SimpleNamespace(tx_hash="0x2", block_number=2)

    async def account(self, _: str) -> Any:
        return SimpleNamespace(stake_nrlc=0)

    async def rlc_balance(self, _: str) -> int:
        return 0


@pytest.mark.parametrize(
    ("chain", "own", "arguments", "goes"),
    [
        (42161, {}, (), False),
        (42161, {"hub": "0x" + "66" * 20}, (), True),
        (42161, {}, ("--hub", "0x" + "66" * 20), True),
        (31337, {}, (), True),
    ],
)
def test_real_money_goes_to_no_contract_that_only_the_scheduler_names(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    *,
    chain: int,
    own: dict[str, str],
    arguments: tuple[str, ...],
    goes: bool,
) -> None:
    bank = Bank(chain)
    monkeypatch.setattr(moving, "open_chain", bank.open)
    bench.configs = {"iexec": IexecConfig(pool=POOL, scheduler="http://pool.test", **own)}  # type: ignore[arg-type]  # of any key
    secret = ("--password-file", bench.password_file)
    if not goes:
        with pytest.raises(WalletError, match=r"nothing is deposited: .* set `hub`"):
            bench.run(deposit, 1, *arguments, *secret)
    else:
        bench.run(deposit, 1, *arguments, *secret)
    bench.run(withdraw, 1, *arguments, *secret)
    assert bank.moved == (["in", "out"] if goes else ["out"])


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_money_goes_in_and_out_by_command(
    bench: Bench, devchain: LocalChain, blocking_calls: BlockBuster
) -> None:
    there, account = devchain.deployment, devchain.deployment.workers[0]
    save(bench.file, import_key(account.private_key, "word"))
    chain = ("--rpc", there.rpc_url, "--hub", there.hub, "--json")
    secret = ("--password-file", bench.password_file)

    assert bench.wallet("show", *chain, "--price", 5000) == 0
    before = bench.out.data
    assert before["address"] == account.address
    (advice,) = before["advice"]
    assert "1 task at a time: 1500 RLC of stake needed, 1000 are free" in advice
    assert bench.run(withdraw, 2.5, *chain, *secret) == 0
    assert bench.out.data["stake_rlc"] == pytest.approx(before["stake_rlc"] - 2.5)
    assert bench.run(deposit, 1, *chain, *secret) == 0
    assert bench.out.data["stake_rlc"] == pytest.approx(before["stake_rlc"] - 1.5)
    assert bench.out.data["wallet_rlc"] == pytest.approx(before["wallet_rlc"] + 1.5)
    with pytest.raises(WalletError, match="are free in the hub"):
        bench.run(withdraw, 1_000_000, *chain, *secret)
    wrong = bench.folder / "wrong"
    wrong.write_text("wrong")
    with pytest.raises(WalletError, match="does not open"):
        bench.run(deposit, 1, *chain, "--password-file", wrong)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_local_chain_says_itself_where_it_is(bench: Bench, devchain: LocalChain) -> None:
    record = bench.folder / "chain" / "devchain.json"
    record.parent.mkdir()
    devchain.deployment.save(record)
    account = devchain.deployment.workers[1]
    save(record.parent / "worker-1.json", import_key(account.private_key, ""))
    bench.configs = {"iexec": IexecConfig(devchain=record)}
    assert bench.wallet("show", "--json") == 0
    assert bench.out.data["address"] == account.address
    assert bench.run(withdraw, 1, "--json") == 0  # its wallet has no password
    assert json.dumps(bench.out.data)
