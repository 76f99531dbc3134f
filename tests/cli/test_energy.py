from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgepi.cli.client import NodeClient
from edgepi.cli.energy_pictures import day_stacks, used_bars
from edgepi.cli.energy_plan import merged
from edgepi.cli.main import main
from edgepi.errors import RequestError

NOW = datetime(2025, 6, 12, 12, 40, tzinfo=UTC)
ACCOUNT: dict[str, Any] = {
    "harvested_wh": 42.0,
    "used_wh": {"node": 20.0, "camera": 6.5, "unexplained": -0.4},
    "total_used_wh": 26.1,
    "stored_wh": 13.0,
    "lost_wh": 2.9,
    "balance_wh": 13.0,
    "gap_wh": 0.0,
    "measured_s": 43_000.0,
    "gap_s": 0.0,
}
NOTHING: dict[str, Any] = {k: {} if k == "used_wh" else 0.0 for k in ACCOUNT}


def step(hour: int, *, awake: bool = True, **runs: str) -> dict[str, Any]:
    start = NOW + timedelta(hours=hour)
    numbers = {"price_points_per_wh": 0.1 * hour, "harvest_w": 5.0, "load_w": 2.5, "stored_wh": 80.0 - hour}
    return {"start_utc": start.isoformat(), "awake": awake, "runs": runs, **numbers}


def energy() -> dict[str, Any]:
    return {
        "supply": {"battery_v": 13.21},
        "soc": {"percent": 62.0, "uncertainty_percent": 2.0, "stored_wh": 95.5, "source": "counted"},
        "harvest_w": 8.1,
        "load_w": 4.3,
        "load_measured": True,
        "guard": {"in_force": "none", "seen": "none", "voltage_v": 13.21, "run_v": 12.4, "commit_v": 12.0},
        "ledger": {
            "today": ACCOUNT,
            "total": ACCOUNT,
            "days": {"2025-06-11": ACCOUNT, "2025-06-12": ACCOUNT},
            "months": {"2025-05": ACCOUNT, "2025-06": ACCOUNT},
        },
        "governor": "price",
        "governor_trouble": None,
        "price_points_per_wh": 0.32,
        "duties": [
            {
                "consumer": "camera",
                "level": "saver",
                "power_w": 0.6,
                "learned": True,
                "sentence": "saver: why",
            }
        ],
        "leases": [],
        "plan": {
            "made_utc": NOW.isoformat(),
            "sleep_utc": (NOW + timedelta(hours=9)).isoformat(),
            "wake_utc": (NOW + timedelta(hours=17)).isoformat(),
            "steps": [step(h, awake=not 9 <= h < 17, camera="saver" if h < 3 else "full") for h in range(24)],
        },
        "insight": {
            "days_learned": 12,
            "clearness_today": 0.7,
            "clear_day_wh": 84.0,
            "harvest_left_wh": 20.0,
            "harvest_tomorrow_wh": 60.0,
            "forecast_source": "Open-Meteo",
            "forecast_sd": 0.15,
            "floor_wh": 15.0,
            "loads": [
                {"part": "camera:full", "stated_w": 1.0, "learned_w": 2.1, "hours": 9.0, "excessive": True}
            ],
        },
        "earnings": {
            "total": {"points": 40.0, "used_wh": 80.0, "jobs": 9, "points_per_wh": 0.5},
            "by_consumer": {"iexec": {"points": 40.0, "used_wh": 80.0, "jobs": 9, "points_per_wh": 0.5}},
            "points_per_rlc": 20.0,
        },
        "co2": {"grid_g_per_kwh": 473.0, "avoided_g_today": 12.3, "avoided_g_total": 4321.0},
        "battery": {
            "chemistry": "lifepo4",
            "capacity_wh": 154.0,
            "advice": ["the battery holds less than it did"],
        },
        "meters": [{"name": "panel", "working": False, "failure": "no answer at 0x40"}],
        "node_sentence": "sleeping tonight",
    }


class Node:
    """Answers like a running node whose history begins *hours* ago."""

    def __init__(self, hours: int = 60) -> None:
        self.energy = energy()
        self.hours = hours
        self.sentences = ["At 14:40 the battery holds 95 Wh.", "Nothing waits & all is <well>."]

    def get(self, path: str, **query: Any) -> Any:
        if path == "history":
            return self._history(**query)
        return {
            "energy": self.energy,
            "energy/explain": {"sentences": self.sentences},
            "decisions": [
                {"time_utc": NOW.isoformat(), "subject": "camera", "sentence": f"saver: price {n}"}
                for n in range(3)
            ],
            "status": {
                "node": {"name": "garden", "time_zone": "Europe/Berlin"},
                "time_utc": NOW.isoformat(),
                "version": "0.1.0",
                "simulated": False,
                "notes": ["a note"],
            },
        }[path]

    def _history(self, *, entity: str, start: str, end: str, tier: str) -> list[dict[str, Any]]:
        if self.hours == 0:
            raise RequestError(f"no history of {entity}")
        assert datetime.fromisoformat(start) < datetime.fromisoformat(end) == NOW
        step_s = {"5min": 300, "hour": 3600}[tier]
        first = NOW.timestamp() - self.hours * 3600
        times = [first + n * step_s for n in range(self.hours * 3600 // step_s)]
        # The node was off from the tenth hour to the sixteenth.
        times = [t for t in times if not 36_000 <= t - first < 57_600]
        return [{"entity_id": entity, "unit": "%", "times_s": times, "values": [50.0] * len(times)}]


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Node:
    double = Node()
    monkeypatch.setattr(NodeClient, "get", lambda _self, path, **query: double.get(path, **query))
    return double


@pytest.fixture
def run(node: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str]:
        code = main(["energy", *arguments, "--state-dir", str(tmp_path)])
        return code, capsys.readouterr().out.replace("\u00a0", " ")

    return call


def test_status_is_one_screen_with_every_number_that_counts(run: Run) -> None:
    code, shown = run("status")
    assert code == 0
    for part in (
        "62 % (give or take 2), 96 Wh of 154 Wh, 13.21 V",
        "sun 8.1 W, load 4.3 W (measured)",
        "0.32 points for a stored Wh (governor: price)",
        "run 12.40 V, commit 12.00 V",
        "camera  saver  0.60 W  learned   saver: why",
        "today: harvested 42 Wh, used 26.1 Wh (node 20.0 Wh, camera 6.5 Wh, unexplained \u22120.40 Wh)",
        "panel: no answer at 0x40",
        "camera at full draws 2.1 W, not the stated 1.0 W",
        "the battery holds less than it did",
        "a note",
    ):
        assert part in shown
    assert len(shown.splitlines()) <= 24


def test_status_of_a_node_that_knows_nothing_yet(run: Run, node: Node) -> None:
    node.energy |= {
        "supply": None,
        "soc": None,
        "harvest_w": None,
        "load_w": None,
        "duties": [],
        "meters": [],
    }
    node.energy |= {"price_points_per_wh": None, "insight": {}, "battery": {}, "guard": None}
    node.energy["ledger"] = {"today": NOTHING, "total": NOTHING, "days": {}, "months": {}}
    code, shown = run("status")
    assert code == 0
    assert "not measured" in shown
    assert "None" not in shown


def test_the_plan_is_merged_where_nothing_changes_and_ends_with_the_sleep(run: Run, node: Node) -> None:
    code, shown = run("plan")
    assert code == 0
    rows = [line for line in shown.splitlines() if "awake" in line or "asleep" in line]
    assert rows[0].startswith("Thu 12 Jun 14:40  awake   camera saver")
    assert sum(" asleep " in row for row in rows) == 3
    assert "asleep from Thu 12 Jun 23:40 until Fri 13 Jun 07:40" in rows[-1]
    assert [line.split()[0] for line in shown.splitlines()[1:3]] == ["battery", "price"]
    assert sum(len(group) for group in merged(node.energy["plan"]["steps"], UTC)) == 24


def test_a_governor_that_does_not_think_ahead_has_no_table(run: Run, node: Node) -> None:
    node.energy["plan"] = {"made_utc": None, "sleep_utc": None, "wake_utc": None, "steps": []}
    assert run("plan") == (0, "nothing is planned ahead\n")
    node.energy["plan"]["wake_utc"] = NOW.isoformat()
    assert run("plan") == (0, "nothing is planned ahead: next wake Thu 12 Jun 14:40\n")


def test_explain_prints_the_sentences(run: Run, node: Node) -> None:
    code, shown = run("explain")
    assert (code, shown.splitlines()) == (0, node.sentences)


def test_json_is_what_the_node_said(run: Run, node: Node) -> None:
    assert json.loads(run("status", "--json")[1]) == node.energy
    assert json.loads(run("plan", "--json")[1]) == node.energy["plan"]
    assert json.loads(run("explain", "--json")[1]) == {"sentences": node.sentences}
    report = json.loads(run("report", "--json")[1])
    assert report["energy"] == node.energy
    assert set(report["courses"]) >= {"energy.battery_soc", "energy.price"}


def test_the_report_is_one_page_with_all_that_was_asked_for(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    code, shown = run("report", "--out", str(out), "--days", "2")
    assert (code, shown) == (0, f"written to {out}\n")
    page = out.read_text(encoding="utf-8").replace("\u00a0", " ")
    for part in (
        "Energy of garden",
        "Thu 12 Jun 2025, 14:40 (Europe/Berlin)",
        "Nothing waits &amp; all is &lt;well&gt;.",
        "The last 2 days",
        "the node was off",
        "kept in reserve, 10 %",
        "Day by day",
        "Month by month",
        "against 473 g per kWh from the grid",
        "4.3 kg",
        "2.0 RLC",
        "What jobs earned",
        "camera at full",
        "Open-Meteo",
        "Awake for 54 hours of 60 hours, 90 %.",
    ):
        assert part in page, part
    assert page.count("camera saver: price") == 1
    assert len(page) < 200_000


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "page.html"
    out.write_text("the old one")
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("os.fsync", lambda _file: (_ for _ in ()).throw(full))
    assert run("report", "--out", str(out))[0] == 4
    assert out.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("place", ["", "nowhere/page.html"])
def test_a_place_that_takes_no_file_is_said_in_a_line(run: Run, tmp_path: Path, place: str) -> None:
    assert run("report", "--out", str(tmp_path / place))[0] == 4


@pytest.mark.parametrize("hours", [0, 1])
def test_a_node_just_installed_has_a_page_too(run: Run, node: Node, hours: int, tmp_path: Path) -> None:
    node.hours = hours
    node.energy |= {"soc": None, "insight": {}, "earnings": {}, "co2": {}, "battery": {}, "plan": None}
    few = deepcopy(ACCOUNT) if hours else NOTHING
    node.energy["ledger"] = {
        "today": few,
        "total": few,
        "days": {"2025-06-12": few} if hours else {},
        "months": {},
    }
    out = tmp_path / "page.html"
    assert run("report", "--out", str(out))[0] == 0
    page = out.read_text(encoding="utf-8")
    assert "None" not in page
    assert "nan" not in page
    assert ("Nothing is known yet." in page) == (hours == 0)
    assert ("Nothing was measured in this time" in page) == (hours == 0)


def test_a_consumer_has_one_colour_in_all_pictures(node: Node) -> None:
    ledger = node.energy["ledger"] | {"total": ACCOUNT | {"used_wh": {f"c{n}": 9.0 - n for n in range(8)}}}
    ledger["days"] = {"2025-06-12": ACCOUNT | {"used_wh": {"c3": 5.0, "c0": 1.0, "c7": 2.0, "c6": 1.0}}}
    stacked = {series.name: series.tone for series in day_stacks(ledger).series}
    assert {name: stacked[name] for name in ("c0", "c3", "others")} == {
        "c0": "tone0",
        "c3": "tone3",
        "others": "tone5",
    }
    bars = {bar.name: bar.tone for bar in used_bars(ledger["days"]["2025-06-12"], ledger, "t").bars}
    assert {name: bars[name] for name in ("c0", "c3")} == {"c0": "tone0", "c3": "tone3"}


def test_the_page_can_go_to_standard_output_and_to_the_browser(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert run("report", "--out", "-")[1].startswith("<!doctype html>")
    monkeypatch.chdir(tmp_path)
    assert run("report", "--open")[1] == "written to edgepi-energy.html\n"
    assert opened == [(tmp_path / "edgepi-energy.html").as_uri()]


@pytest.mark.parametrize("days", ["0", "367", "x", "1.5", "-3"])
def test_days_that_are_none_are_refused(run: Run, days: str) -> None:
    assert run("report", f"--days={days}")[0] == 2


def test_without_a_node_the_answer_is_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["energy", "status", "--state-dir", str(tmp_path)]) == 3
    assert "no node is running" in capsys.readouterr().err


def test_pictures_are_loaded_by_the_report_alone() -> None:
    code = "import sys, edgepi.cli.energy, edgepi.energy; print(*(m for m in sys.modules if 'report' in m))"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "edgepi" not in shown.stdout
