from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgepi.errors import ContractError, PluginError
from edgepi.runtime import dispatch
from edgepi.runtime.discovery import discover
from edgepi.runtime.loading import LoadedPlugin

MakeDist = Callable[..., str]
Loaded = Callable[[str], LoadedPlugin]

SENSOR = """
class Thermometer(Sensor):
    def describe(self): return []
    async def read(self): return []
"""


@pytest.fixture
def loaded(make_dist: MakeDist, site: Path) -> Loaded:
    def make(code: str) -> LoadedPlugin:
        name = make_dist("subject", SENSOR + code)
        return discover(path=[str(site)]).load(name)

    return make


def test_a_hook_that_is_left_out_declares_nothing(loaded: Loaded) -> None:
    assert dispatch.call(loaded(""), "sensors", context=None) == ()


@pytest.mark.parametrize("arguments", ["", "context"])
def test_a_hook_takes_the_arguments_that_it_wants(loaded: Loaded, arguments: str) -> None:
    plugin = loaded(f"@hookimpl\ndef sensors({arguments}): return [Thermometer()]\n")
    (sensor,) = dispatch.call(plugin, "sensors", context=object())
    assert type(sensor).__name__ == "Thermometer"


def test_a_hook_may_be_a_generator(loaded: Loaded) -> None:
    plugin = loaded("@hookimpl\ndef sensors():\n    yield Thermometer()\n    yield Thermometer()\n")
    assert len(dispatch.call(plugin, "sensors", context=None)) == 2


def test_a_hook_that_returns_none_declares_nothing(loaded: Loaded) -> None:
    assert dispatch.call(loaded("@hookimpl\ndef sensors(): pass\n"), "sensors", context=None) == ()


@pytest.mark.parametrize(
    "body", ["raise KeyError('x')", "raise SystemExit(2)", "yield Thermometer(); raise OSError('late')"]
)
def test_what_a_hook_raises_is_a_plugin_error(loaded: Loaded, body: str) -> None:
    plugin = loaded(f"@hookimpl\ndef sensors(): {body}\n")
    with pytest.raises(PluginError, match="hook 'sensors' raised"):
        dispatch.call(plugin, "sensors", context=None)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return [42]", "must give Sensor, not int"),
        ("return [Thermometer]", "instances, not classes"),
        ("return Thermometer()", "return a list"),
        ("return 'abc'", "return a list"),
    ],
)
def test_a_wrong_answer_breaks_the_contract(loaded: Loaded, body: str, said: str) -> None:
    plugin = loaded(f"@hookimpl\ndef sensors(): {body}\n")
    with pytest.raises(ContractError, match=said):
        dispatch.call(plugin, "sensors", context=None)


def test_an_asynchronous_hook_breaks_the_contract(loaded: Loaded) -> None:
    plugin = loaded("@hookimpl\nasync def sensors(): return []\n")
    with pytest.raises(ContractError, match="asynchronous"):
        dispatch.call(plugin, "sensors", context=None)


def test_a_slow_hook_is_named(loaded: Loaded, caplog: pytest.LogCaptureFixture) -> None:
    plugin = loaded("@hookimpl\ndef sensors(): return []\n")
    moments = iter([0.0, 0.25])
    dispatch.call(plugin, "sensors", stopwatch=lambda: next(moments), context=None)
    assert "'subject': its hook 'sensors' held up the node for 0.25 s" in caplog.text
