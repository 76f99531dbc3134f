from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from edgepi.errors import ConfigError, NotFoundError
from edgepi.plugin import Command, CommandContext, instance_argument
from tests import commands

ACTION = """
def add_arguments(parser):
    parser.add_argument("--far", action="store_true")

def run(args, context):
    return {code} + args.far
"""


def context_of(*instances: str, broken: bool = False) -> CommandContext:
    def configs() -> Mapping[str, Any]:
        if broken:
            raise ConfigError(["it cannot be read"])
        return dict.fromkeys(instances)

    return commands.context_of("pond", configs, Path("/node"))


@pytest.fixture
def swim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[argparse.ArgumentParser]:
    """The parser of a command whose actions are modules; *command* of its defaults is the command."""
    package = tmp_path / "throwaway_swims"
    package.mkdir()
    for code, module in enumerate(("__init__", "dive", "come_up", "import_")):
        (package / f"{module}.py").write_text(ACTION.format(code=code * 10))
    monkeypatch.syspath_prepend(str(tmp_path))
    texts = {"dive": "go down", "come-up": "go up again", "import": "bring a fish"}
    command = Command.of_actions("swim", "what fish do", texts, "throwaway_swims")
    parser = argparse.ArgumentParser(prog="edgepi swim")
    command.add_arguments(parser)
    parser.set_defaults(command=command)
    yield parser
    for name in [name for name in sys.modules if name.startswith("throwaway_swims")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("typed", "code"), [(["dive"], 10), (["dive", "--far"], 11), (["come-up"], 20), (["import", "--far"], 31)]
)
def test_each_action_is_a_module(swim: argparse.ArgumentParser, typed: list[str], code: int) -> None:
    args = swim.parse_args(typed)
    assert args.command.run(args, context_of()) == code


def test_help_says_what_the_actions_do(
    swim: argparse.ArgumentParser, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "go up again" in swim.format_help()
    with pytest.raises(SystemExit):
        swim.parse_args(["come-up", "--help"])
    assert "Go up again." in capsys.readouterr().out


@pytest.mark.parametrize("typed", [[], ["fly"]])
def test_an_action_must_be_named(
    swim: argparse.ArgumentParser, typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        swim.parse_args(typed)
    assert caught.value.code == 2
    assert "ACTION" in capsys.readouterr().err


def test_the_only_instance_need_not_be_named() -> None:
    assert context_of("upper").instance(None, "pond") == "upper"
    assert context_of().instance(None, "pond") == "pond"
    assert context_of(broken=True).instance(None, "pond") == "pond"


def test_of_several_instances_one_must_be_named() -> None:
    context = context_of("upper", "lower")
    assert context.instance("lower", "pond") == "lower"
    with pytest.raises(NotFoundError, match="there are several ponds") as caught:
        context.instance(None, "pond", " by --instance")
    assert caught.value.hint == "say which by --instance: upper, lower"


@pytest.mark.parametrize(
    ("instances", "hint"),
    [((), "there is pond"), (("upper",), "there is upper"), (("upper", "lower"), "there are upper, lower")],
)
def test_an_instance_that_there_is_not_is_told(instances: tuple[str, ...], hint: str) -> None:
    with pytest.raises(NotFoundError, match="there is no pond 'uper'") as caught:
        context_of(*instances).instance("uper", "pond")
    assert caught.value.hint == hint


def test_the_folder_of_an_instance_is_that_of_the_node() -> None:
    assert context_of("upper").folder_of("upper") == Path("/node/plugins/upper")


def test_an_instance_is_named_by_an_option() -> None:
    parser = argparse.ArgumentParser()
    instance_argument(parser, "pond")
    assert parser.parse_args(["--instance", "upper"]).instance == "upper"
    assert parser.parse_args([]).instance is None
    assert "which pond; left out: the only one" in " ".join(parser.format_help().split())
