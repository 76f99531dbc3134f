from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from edgepi_weather.commands.main import command
from edgepi_weather.uploads.queue import FILE, Queue
from edgepi_weather.uploads.report import Report
from edgepi_weather.uploads.service import Rule
from tests.commands import context_of
from tests.plugins.weather.commands.test_records import Node, Shown

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
RULE = Rule(every_s=300.0, stale_s=86400.0, most=100)


def run(tmp_path: Path, *, json: bool = False) -> Shown:
    out = Shown()
    context = context_of("weather", lambda: {"roof": None}, tmp_path, node=Node(), out=out)
    made = command()
    parser = argparse.ArgumentParser()
    made.add_arguments(parser)
    assert made.run(parser.parse_args(["uploads"], argparse.Namespace(json=json)), context) == 0
    return out


def test_it_says_what_waits_and_what_is_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "plugins" / "roof"
    folder.mkdir(parents=True)
    queue = Queue(folder / FILE)
    report = Report(at_utc=NOON, temperature=1.0)
    queue.put("cwop", report, RULE)
    queue.failed("cwop", report, "nobody answers", NOON, keep=True)
    assert run(tmp_path).text.splitlines() == [
        "network | waiting | last sent (UTC) | sent | dropped | trouble",
        "CWOP | 1 | never | 0 | 0 | nobody answers",
    ]
    assert run(tmp_path, json=True).data["cwop"] == queue.standing("cwop")


def test_without_uploads_it_says_what_to_do(tmp_path: Path) -> None:
    assert "`uploads:`" in run(tmp_path).text
