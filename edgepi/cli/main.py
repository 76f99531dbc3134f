"""``edgepi COMMAND``: finds the command, imports only that, and turns errors into exit codes."""

from __future__ import annotations

import argparse
import codecs
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

from edgepi import __version__
from edgepi.errors import ConfigError, EdgePiError, NodeNotRunningError

if TYPE_CHECKING:
    from edgepi.cli.plugin_commands import PluginCommand

__all__ = ["COMMANDS", "EXIT_CODES", "main"]

COMMANDS = {
    "init": "find chips, ask a few questions, write a commented edgepi.yaml",
    "run": "run the node",
    "check-config": "say what is wrong in a configuration file",
    "schema": "print the JSON Schema of the configuration, for editors",
    "plugins": "list plugins, say what one offers, start a new one",
    "states": "show what the node knows now",
    "history": "show what an entity was over time",
    "status": "show how the node is",
    "power": "show the power board, sleep, wake",
    "energy": "show what becomes of the energy and why; write a report",
    "sim": "run the node in a simulated world: sun, battery, chips",
    "simulate": "say what a panel and a battery would do through a measured year",
    "token": "make, list and revoke tokens for the page and the API",
    "doctor": "check this machine and say what to do",
    "compute": "show what runs jobs, and wall off those that use the internet",
    "service": "install EdgePi as a system service",
}

EXIT_CODES = {
    0: "done",
    1: "problems were found",
    2: "wrong usage",
    3: "no node is running",
    4: "failed; the message says why",
    130: "interrupted",
}


_PLAIN = {
    **dict.fromkeys("\u00a0\u202f", " "),
    **dict.fromkeys("\u2013\u2212", "-"),
    **dict.fromkeys("\u201c\u201d", '"'),
    **{chr(0x2581 + n): "._:-=+*#"[n] for n in range(8)},
}


class _CommandModule(Protocol):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...
    def run(self, args: argparse.Namespace) -> int: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    _write_what_can_be_written()
    try:
        code = _dispatch(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except KeyboardInterrupt:
        return 130
    except (EdgePiError, OSError) as error:
        return _report(error)
    return code


def _write_what_can_be_written() -> None:
    """A terminal or file that is not UTF-8 gets the nearest plain character, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower().replace("-", "") != "utf8":
            codecs.register_error("edgepi-plain", _plainer)
            stream.reconfigure(errors="edgepi-plain")


def _plainer(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(char, "?") for char in error.object[error.start : error.end]), error.end


def _report(error: EdgePiError | OSError) -> int:
    if isinstance(error, ConfigError):
        return _report_findings(error)
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(error, EdgePiError):
        return _fail(error, 3 if isinstance(error, NodeNotRunningError) else 4)
    if error.errno is None:
        raise error
    hint = "`df -h` shows which disk is full" if error.errno == errno.ENOSPC else None
    return _fail(EdgePiError(_os_sentence(error), hint=hint), 4)


def _report_findings(error: ConfigError) -> int:
    from edgepi.config.findings import Finding

    for finding in error.findings:
        print(finding.render() if isinstance(finding, Finding) else finding, end="\n\n", file=sys.stderr)
    return _fail(EdgePiError(error.message, hint=None if error.findings else error.hint), 1)


def _dispatch(argv: list[str]) -> int:
    if not argv or argv[0] in {"-h", "--help", "help"}:
        print(_help())
        return 0 if argv else 2
    if argv[0] in {"-V", "--version"}:
        print(f"edgepi {__version__}")
        return 0
    name, *rest = argv
    command = _module(name) if name in COMMANDS else _plugin_command(name)
    if command is None:
        return _unknown(name)
    parser = argparse.ArgumentParser(prog=f"edgepi {name}", description=_description(name, command))
    command.add_arguments(parser)
    return command.run(parser.parse_args(rest))


def _module(name: str) -> _CommandModule:
    return cast("_CommandModule", importlib.import_module(f"edgepi.cli.{name.replace('-', '_')}"))


def _plugin_command(name: str) -> PluginCommand | None:
    if name.startswith("-"):
        return None
    from edgepi.cli import plugin_commands

    return plugin_commands.find(name)


def _description(name: str, command: _CommandModule | PluginCommand) -> str:
    text: str = COMMANDS.get(name) or getattr(command, "help", "") or ""
    return text[:1].upper() + text[1:] + "."


def _unknown(name: str) -> int:
    from difflib import get_close_matches

    kind = "option" if name.startswith("-") else "command"
    close = get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean `edgepi {close[0]}`?" if close else "`edgepi --help` lists the commands"
    return _fail(EdgePiError(f"unknown {kind} {name!r}", hint=hint), 2)


def _help() -> str:
    from edgepi.cli import plugin_commands

    lines = ["usage: edgepi COMMAND [--help] ...", "       edgepi --version", "", "commands:"]
    lines += [f"  {name:13} {text}" for name, text in COMMANDS.items()]
    if entries := plugin_commands.entries():
        lines += ["", "commands of plugins:"]
        lines += [f"  {entry.name:13} {entry.help}" for entry in entries]
    lines += ["", "every command takes --json; exit codes:"]
    return "\n".join(lines + [f"  {code:3} {meaning}" for code, meaning in EXIT_CODES.items()])


def _fail(error: EdgePiError, code: int) -> int:
    from edgepi.cli.output import print_error

    print_error(error)
    return code


def _os_sentence(error: OSError) -> str:
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else what


if __name__ == "__main__":
    sys.exit(main())
