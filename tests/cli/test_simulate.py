from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edgepi.cli.main import main

KEYS = {
    "iot_availability",
    "compute_hours",
    "compute_hours_started",
    "unplanned_cuts",
    "spilled_wh",
    "harvested_wh",
    "battery_cycles",
    "boots",
    "decisions_cpu_s",
}


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Six days of plain sun at the Greenwich meridian."""
    start, lines = datetime(2021, 6, 1, tzinfo=UTC), ["time_utc,poa_w_m2"]
    for half_hour in range(6 * 48):
        when = start + timedelta(minutes=30 * half_hour)
        height = math.sin((when.hour + when.minute / 60 - 6) / 12 * math.pi)
        lines.append(f"{when:%Y-%m-%dT%H:%M:%SZ},{max(0.0, 900.0 * height):.1f}")
    path = tmp_path / "trace.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("policy", ["price", "thresholds", "always-on"])
def test_a_policy_lives_the_trace_and_scripts_find_every_figure(
    trace: Path, policy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "--trace", str(trace), "--policy", policy, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) >= KEYS
    assert figures["iot_availability"] == pytest.approx(1.0, abs=0.01)
    # 900 W/m2 at noon is 900 * 24 / pi Wh/m2 a day; 40 W at a yield of 0.78 make 214.5 Wh of it.
    assert figures["harvested_wh"] == pytest.approx(6 * 214.5, rel=0.01)
    assert 0 < figures["spilled_wh"] < figures["harvested_wh"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello\nworld\n", "no column of times"),
        (b"\xa4\xff\x00", "is no CSV in UTF-8"),
        (b"time_utc,poa\n2021-01-01T00:00:00Z,0\n2021-01-01T00:30:00Z,0\n", "at least two are needed"),
        (b"time_utc,poa\nyesterday,1\n", "trace.csv:2: Invalid isoformat"),
    ],
)
def test_a_file_that_is_no_trace_gets_one_clear_line(
    tmp_path: Path, content: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "trace.csv"
    path.write_bytes(content)
    assert main(["simulate", "--trace", str(path)]) == 4
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
