from __future__ import annotations

import argparse
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import edgepi
from edgepi.cli import main as frame
from edgepi.cli import plugin_commands
from edgepi.cli.main import COMMANDS, EXIT_CODES, main
from edgepi.errors import ConfigError, EdgePiError, NodeNotRunningError, RequirementMissingError
from edgepi.plugin import Command, CommandContext, CommandEntry, common_arguments


def use(monkeypatch: pytest.MonkeyPatch, act: object) -> None:
    def run(args: argparse.Namespace) -> int:
        return act(args)  # type: ignore[operator,no-any-return]

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--number", type=int, default=0)

    module = SimpleNamespace(add_arguments=add_arguments, run=run)
    monkeypatch.setattr(frame, "_module", lambda _name: module)


def raising(error: BaseException) -> object:
    def act(_args: argparse.Namespace) -> int:
        raise error

    return act


def test_a_command_gets_its_arguments_and_gives_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, lambda args: args.number)
    assert main(["status", "--number", "7"]) == 7


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EdgePiError("no"), 4),
        (RequirementMissingError("no"), 4),
        (NodeNotRunningError(Path("/x")), 3),
        (PermissionError(13, "Permission denied", "/x"), 4),
        (KeyboardInterrupt(), 130),
        (SystemExit(2), 2),
    ],
)
def test_each_kind_of_failure_has_its_exit_code(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, raising(error))
    assert main(["status"]) == code
    assert code in EXIT_CODES


def test_an_error_is_one_line_and_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, raising(EdgePiError("the bus is stuck", hint="check the wires")))
    main(["status"])
    said = capsys.readouterr()
    assert said.err == "edgepi: the bus is stuck\nhint: check the wires\n"
    assert said.out == ""


def test_an_error_of_the_system_names_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, raising(PermissionError(13, "Permission denied", "/etc/x")))
    main(["status"])
    assert capsys.readouterr().err == "edgepi: /etc/x: Permission denied\n"


def test_a_full_disk_is_said_with_what_shows_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, raising(OSError(errno.ENOSPC, "No space left on device")))
    assert main(["status"]) == 4
    assert capsys.readouterr().err == (
        "edgepi: No space left on device\nhint: `df -h` shows which disk is full\n"
    )


def test_findings_are_shown_without_sending_the_reader_to_look_for_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, raising(ConfigError(["a.yaml:1:1: wrong"])))
    assert main(["status"]) == 1
    assert capsys.readouterr().err == "a.yaml:1:1: wrong\n\nedgepi: 1 configuration error\n"


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        main(["status"])


def test_a_mistyped_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chek-config"]) == 2
    assert "did you mean `edgepi check-config`?" in capsys.readouterr().err


def test_an_unknown_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--frobnicate"]) == 2
    assert "unknown option" in capsys.readouterr().err


def test_wrong_arguments_are_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, lambda _args: 0)
    assert main(["status", "--number", "seven"]) == 2


def test_help_lists_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in COMMANDS)
    assert all(meaning in said for meaning in EXIT_CODES.values())


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"edgepi {edgepi.__version__}\n"


def test_a_command_of_a_plugin_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    command = Command("bake", "bake a cake", lambda _parser: None, lambda _args, _context: 5)
    bakery = plugin_commands.PluginCommand("kitchen", command)
    monkeypatch.setattr(plugin_commands, "find", lambda name: bakery if name == "bake" else None)
    assert main(["bake"]) == 5


def test_a_command_of_a_plugin_is_handed_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        action = parser.add_subparsers(dest="what").add_parser("cake")
        common_arguments(action)

    def run(args: argparse.Namespace, context: CommandContext) -> int:
        context.out.json({"plugin": context.plugin, "state": context.state_dir, "json": args.json})
        return 0

    bakery = plugin_commands.PluginCommand("kitchen", Command("bake", "bake", add_arguments, run))
    monkeypatch.setattr(plugin_commands, "find", lambda _name: bakery)
    for words in (
        ["--state-dir", str(tmp_path), "cake", "--json"],
        ["--json", "cake", "--state-dir", str(tmp_path)],
    ):
        assert main(["bake", *words]) == 0
        assert json.loads(capsys.readouterr().out) == {
            "plugin": "kitchen",
            "state": str(tmp_path),
            "json": True,
        }


def test_a_command_of_a_plugin_that_needs_a_node_says_that_none_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(_args: argparse.Namespace, context: CommandContext) -> int:
        context.node.get("status")
        return 0

    bakery = plugin_commands.PluginCommand("kitchen", Command("bake", "bake", lambda _parser: None, run))
    monkeypatch.setattr(plugin_commands, "find", lambda _name: bakery)
    assert main(["bake", "--state-dir", str(tmp_path)]) == 3


def test_help_lists_the_commands_of_plugins(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plugin_commands, "entries", lambda: [CommandEntry("bake", "bake a cake")])
    main(["help"])
    assert "bake          bake a cake" in capsys.readouterr().out


def test_the_frame_loads_nothing_heavy() -> None:
    code = "import sys, edgepi.cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"asyncio", "aiohttp", "yaml", "voluptuous", "pluggy", "sqlite3", "json", "edgepi.plugin"}
    assert not heavy & set(loaded.stdout.split())


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m edgepi --help | true; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (result.stdout.strip(), result.stderr) == ("0", "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_an_old_terminal_cannot_show_becomes_plain(encoding: str) -> None:
    code = (
        "import sys, edgepi.cli.main as m\n"
        "m._dispatch = lambda argv: print('2.4\\xa0W, \\u22120.1 Wh \\u2581\\u2588 \\U0001f31e') or 0\n"
        "sys.exit(m.main([]))"
    )
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, env=env)
    space = b"\xa0" if encoding == "latin-1" else b" "
    assert result.stdout.strip() == b"2.4" + space + b"W, -0.1 Wh .# ?", result.stderr


def leaves(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """List the parsers that have no further subcommands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return [leaf for each in set(action.choices.values()) for leaf in leaves(each)]
    return [parser]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_speaks_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert COMMANDS[name][1:] in " ".join(capsys.readouterr().out.split())
    parser = argparse.ArgumentParser()
    frame._module(name).add_arguments(parser)
    assert all("--json" in leaf.format_help() for leaf in leaves(parser))
