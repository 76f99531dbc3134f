import json
from pathlib import Path
from typing import Any

import pytest

from edgepi.cli.client import NodeClient
from edgepi.cli.main import main
from edgepi.cli.states import shown_value


def state(value: Any, availability: str = "known", precision: int | None = None) -> dict[str, Any]:
    return {
        "entity_id": "weather.temperature",
        "value": value,
        "availability": availability,
        "precision": precision,
        "unit": "°C",
        "changed_utc": "2025-06-01T12:00:00.000Z",
        "reason": "no answer" if availability == "unavailable" else None,
    }


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (state(21.456, precision=1), "21.5"),
        (state(21.456), "21.456"),
        (state(True), "on"),
        (state("rain"), "rain"),
        (state(None, "unknown"), "unknown"),
        (state(None, "unavailable"), "unavailable"),
    ],
)
def test_values_are_shown_with_their_precision_or_why_there_is_none(
    given: dict[str, Any], shown: str
) -> None:
    assert shown_value(given) == shown


def test_states_are_printed_as_table_and_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    states = [state(21.456, precision=1), state(None, "unavailable")]
    monkeypatch.setattr(NodeClient, "get", lambda *_, **__: states)
    assert main(["states", "--state-dir", str(tmp_path)]) == 0
    table = capsys.readouterr().out
    assert "21.5" in table
    assert "no answer" in table
    assert main(["states", "--json", "--state-dir", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == states


def test_a_pattern_that_fits_nothing_is_a_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NodeClient, "get", lambda *_, **__: [])
    assert main(["states", "moon.*", "--state-dir", str(tmp_path)]) == 1
    assert "no entity fits" in capsys.readouterr().out
