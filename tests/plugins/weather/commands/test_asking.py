from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edgepi.errors import ConfigError, NotFoundError
from edgepi_weather.commands.asking import instance_of
from tests.commands import context_of


def asked(tmp_path: Path, *stations: str, instance: str | None = None, broken: bool = False) -> str:
    def configs() -> Mapping[str, Any]:
        if broken:
            raise ConfigError("it cannot be read")
        return dict.fromkeys(stations)

    context = context_of("weather", configs, tmp_path)
    return instance_of(argparse.Namespace(instance=instance), context)


def test_the_only_station_need_not_be_named(tmp_path: Path) -> None:
    assert asked(tmp_path, "roof") == "roof"
    assert asked(tmp_path) == "weather"
    assert asked(tmp_path, broken=True) == "weather"


def test_of_several_one_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="several stations") as caught:
        asked(tmp_path, "roof", "cellar")
    assert caught.value.hint == "say which by --instance: roof, cellar"
    assert asked(tmp_path, "roof", "cellar", instance="cellar") == "cellar"


def test_a_station_that_there_is_not_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no station 'rof'") as caught:
        asked(tmp_path, "roof", "cellar", instance="rof")
    assert caught.value.hint == "there are roof, cellar"


@pytest.mark.parametrize("instance", ["../roof", "a/b", ".."])
def test_a_name_is_no_path(tmp_path: Path, instance: str) -> None:
    with pytest.raises(NotFoundError):
        asked(tmp_path, broken=True, instance=instance)


def test_what_a_station_left_behind_can_be_looked_at_when_it_is_gone(tmp_path: Path) -> None:
    (tmp_path / "plugins" / "barn").mkdir(parents=True)
    assert asked(tmp_path, "roof", instance="barn") == "barn"
    assert asked(tmp_path, broken=True, instance="barn") == "barn"
