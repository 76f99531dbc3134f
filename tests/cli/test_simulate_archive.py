from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from edgepi.cli.main import main
from edgepi.cli.simulate import archive
from edgepi.cli.simulate.archive import year_trace
from edgepi.energy.settings import Site
from edgepi.errors import TraceError

SITE = Site(latitude=48.8, longitude=6.9, panel_w=40.0)


@cache
def hours_of(year: int) -> dict[str, Any]:
    start = datetime(year, 1, 1, tzinfo=UTC)
    count = round((datetime(year + 1, 1, 1, tzinfo=UTC) - start) / timedelta(hours=1))
    times = [start + timedelta(hours=i) for i in range(count)]
    return {
        "time": [f"{when:%Y-%m-%dT%H:%M}" for when in times],
        "global_tilted_irradiance": [500.0 if 8 < when.hour <= 16 else 0.0 for when in times],
        "temperature_2m": [5.0] * count,
    }


@dataclass
class Archive:
    """A server that answers as Open-Meteo's archive does."""

    asked: list[dict[str, str]] = field(default_factory=list)
    refusal: str = ""
    garbage: bool = False
    url: str = ""

    def answer(self, path: str) -> tuple[int, bytes]:
        query = {key: values[0] for key, values in parse_qs(urlparse(path).query).items()}
        self.asked.append(query)
        if self.refusal:
            return 400, json.dumps({"error": True, "reason": self.refusal}).encode()
        if self.garbage:
            return 200, b"<html>"
        return 200, json.dumps({"hourly": hours_of(int(query["start_date"][:4]))}).encode()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Archive]:
    double = Archive()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = double.answer(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        double.url = f"http://127.0.0.1:{http.server_port}/v1/archive"
        monkeypatch.setattr(archive, "ARCHIVE", double.url)
        monkeypatch.setattr(archive, "_BETWEEN_S", 0.0)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield double
        http.shutdown()


FETCH = [
    "simulate",
    "--lat",
    "48.8",
    "--lon",
    "6.9",
    "--fetch",
    "--years",
    "2",
    "--policy",
    "thresholds",
    "--json",
]


@pytest.mark.slow
def test_years_are_asked_for_once_and_then_kept(server: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(FETCH) == 0
    first = json.loads(capsys.readouterr().out)
    assert main(FETCH) == 0
    again = json.loads(capsys.readouterr().out)
    assert len(server.asked) == 2
    assert first["weather"]["source"] == "fetched"
    assert first["harvested_wh"] == again["harvested_wh"]
    # 8 hours a day of 500 W/m2 on 40 W at a yield of 0.78.
    assert first["harvested_wh"] / first["days"] == pytest.approx(8 * 500 * 40 * 0.78 / 1000, rel=0.01)


def test_the_question_is_for_the_very_panel(server: Archive) -> None:
    server.refusal = "asked enough"
    main([*FETCH, "--tilt", "60", "--azimuth", "90"])
    asked = server.asked[0]
    # There 0 is south and east is -90.
    assert (asked["tilt"], asked["azimuth"]) == ("60.0", "-90.0")
    assert asked["hourly"] == "global_tilted_irradiance,temperature_2m"
    assert asked["end_date"].endswith("-12-31")


@pytest.mark.parametrize(("azimuth", "theirs"), [(180, "0.0"), (270, "90.0"), (0, "-180.0"), (135, "-45.0")])
def test_azimuths_are_turned(azimuth: float, theirs: str) -> None:
    site = Site(latitude=48.8, longitude=6.9, panel_w=40.0, azimuth_deg=azimuth)
    assert archive._question(site, 2020)["azimuth"] == theirs


def test_a_refusal_is_passed_on(server: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    server.refusal = "Latitude must be in range"
    assert main(FETCH) == 4
    assert "Latitude must be in range" in capsys.readouterr().err


def test_an_answer_that_is_none_says_what_to_do(server: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    server.garbage = True
    assert main(FETCH) == 4
    assert "without --fetch" in capsys.readouterr().err


def test_offline_says_what_to_do(
    server: Archive, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "ARCHIVE", "http://127.0.0.1:9/v1/archive")
    assert main(FETCH) == 4
    said = capsys.readouterr().err
    assert "does not answer" in said
    assert "without --fetch" in said


def test_values_are_means_of_the_hour_before_their_time() -> None:
    trace = year_trace(SITE, {"hourly": hours_of(2021)})
    first_light = next(i for i, watts in enumerate(trace.power_w) if watts > 0.0)
    assert trace.time(first_light).hour == 8
    assert len(trace.temperature_c) == len(trace.power_w) == 8760


@pytest.mark.parametrize("answer", [{}, {"hourly": {}}, {"hourly": {"time": ["x"]}}, {"hourly": None}])
def test_an_answer_of_another_shape_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(TraceError, match="cannot be read"):
        year_trace(SITE, answer)


def test_a_torn_file_in_the_cache_is_asked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "torn.json"
    path.write_text('{"hourly": {')
    assert archive._kept(path) is None
