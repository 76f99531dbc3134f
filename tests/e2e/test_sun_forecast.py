"""A node that asks for the sun: over a real connection, from a server that comes and goes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import Simulated
from .living import blind_demo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

START = datetime(2021, 6, 10, 16, 0, tzinfo=UTC)
BEGIN_S = int(START.timestamp()) - 40 * 3600


class Sky(BaseHTTPRequestHandler):
    """Answers like Open-Meteo, with eight days of one kind."""

    asked: list[dict[str, list[str]]]

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        self.asked.append(asked)
        (variable,) = asked["hourly"]
        sun = [0.0] * 14 + [120.0, 340.0, 550.0, 710.0, 830.0, 890.0, 830.0, 550.0, 340.0, 120.0]
        body = json.dumps(
            {
                "utc_offset_seconds": 0,
                "hourly_units": {"time": "unixtime", variable: "W/m²"},
                "hourly": {"time": [BEGIN_S + 3600 * i for i in range(192)], variable: sun * 8},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it so)
        pass


@pytest.fixture
def sky() -> Iterator[ThreadingHTTPServer]:
    handler = type("OneSky", (Sky,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_forecast_arrives_is_shown_and_outlives_its_server(
    simulate: Callable[..., Simulated], sky: ThreadingHTTPServer, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{sky.server_port}/v1/forecast"
    plugin = f"  openmeteo: {{url: '{url}', interval: 1h}}"
    (tmp_path / "edgepi.yaml").write_text(f"{blind_demo().rstrip()}\n{plugin}\nhttp:\n  port: 0\n")
    node = simulate("--rate", "120", "--start", START.isoformat())

    def forecast() -> dict[str, Any]:
        (known,) = node.client.get("energy")["forecasts"]
        return dict(known)

    node.until("a forecast", lambda: forecast()["counts"])
    asked = sky.RequestHandlerClass.asked[0]  # type: ignore[attr-defined]
    assert (asked["latitude"], asked["tilt"], asked["azimuth"]) == (["39.74"], ["40"], ["0"])
    node.until(
        "it in the governor's own words",
        lambda: "Open-Meteo.com (CC BY 4.0)" in node.client.get("energy")["insight"]["forecast_source"],
    )
    sky.shutdown()
    sky.server_close()
    node.until("the old one marked as old", lambda: "old" in forecast()["source"], patience_s=120)
    energy = node.client.get("energy")
    assert forecast()["counts"]
    assert energy["plan"]["steps"]
    assert energy["governor"] == "price"
    assert "Traceback" not in node.said()
