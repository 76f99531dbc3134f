from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
START = datetime(2021, 6, 1, tzinfo=UTC)
Rows = list[tuple[str, str]]


def rows_of(days: int = 6, stamp: str = "%Y-%m-%dT%H:%M:%SZ") -> Rows:
    """Plain sun at the Greenwich meridian, 900 W/m2 at noon."""
    found = []
    for half_hour in range(days * 48):
        when = START + timedelta(minutes=30 * half_hour)
        height = math.sin((when.hour + when.minute / 60 - 6) / 12 * math.pi)
        found.append((f"{when:{stamp}}", f"{max(0.0, 900.0 * height):.1f}"))
    return found


def write(path: Path, rows: Rows, *, header: str = "time_utc,poa_w_m2", mark: str = ",") -> Path:
    lines = [header, *(f"{when}{mark}{value}" for when, value in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return write(tmp_path / "trace.csv", rows_of())


Capture = pytest.CaptureFixture[str]


def figures(capsys: Capture, *options: object) -> dict[str, Any]:
    assert main(["simulate", "--json", *map(str, options)]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def failure(capsys: Capture, *options: object) -> tuple[int, str]:
    code = main(["simulate", *map(str, options)])
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return code, said


@pytest.mark.parametrize("policy", ["price", "thresholds", "always-on", "clairvoyant"])
def test_a_policy_lives_the_trace_and_scripts_find_every_figure(
    trace: Path, policy: str, capsys: Capture
) -> None:
    if policy == "clairvoyant":
        pytest.importorskip("numpy")
    found = figures(capsys, "--trace", trace, "--policy", policy)
    assert set(found) >= KEYS
    assert found["iot_availability"] == pytest.approx(1.0, abs=0.01)
    # 900 W/m2 at noon is 900 * 24 / pi Wh/m2 a day; 40 W at a yield of 0.78 make 214.5 Wh of it.
    assert found["harvested_wh"] == pytest.approx(6 * 214.5, rel=0.01)
    assert 0 < found["spilled_wh"] < found["harvested_wh"]


def test_what_is_not_given_is_the_node_of_the_benchmarks(trace: Path, capsys: Capture) -> None:
    node = figures(capsys, "--trace", trace, "--policy", "thresholds")["node"]
    assert (node["panel_w"], node["battery_wh"], node["chemistry"]) == (40.0, 154.0, "lifepo4")
    assert (node["idle_w"], node["standby_w"]) == (0.12, 0.12)
    assert node["loads"] == {"iot": [{"level": "full", "power_w": 3.5556, "points_per_h": 5.0}]}
    assert node["job"] == {"power_w": 3.7778, "points_per_h": 1.0, "hours": 1.0, "pausable": False}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello\nworld\n", "no column of times"),
        (b"\xa4\xff\x00", "is no CSV in UTF-8"),
        (b"time_utc,poa\n2021-01-01T00:00:00Z,0\n2021-01-01T00:30:00Z,0\n", "at least two are needed"),
        (b"time_utc,poa\nyesterday,1\n", "trace.csv:2: Invalid isoformat"),
        (b"time_utc,poa\n2021-01-01T00:00:00Z,1e300\n", "beyond belief"),
        (b"time_utc,poa\n2021-01-01T00:00:00Z,n/a\n", "'n/a' is no number"),
        (b"time_utc\n2021-01-01T00:00:00Z\n", "no column"),
        (
            b"time_utc,poa\n1021-01-01T00:00Z,1\n2021-06-01T00:00Z,1\n2021-06-01T00:05Z,1\n",
            "an hour is the most",
        ),
    ],
)
def test_a_file_that_is_no_trace_gets_one_clear_line(
    tmp_path: Path, content: bytes, message: str, capsys: Capture
) -> None:
    path = tmp_path / "trace.csv"
    path.write_bytes(content)
    code, said = failure(capsys, "--trace", path)
    assert (code, message in said) == (4, True), said
    assert said.count("\n") <= 2


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ("--panel-w 0", 2, "0 cannot be meant: 0.01 to 100000 W"),
        ("--panel-w nan", 2, "'nan' is no number"),
        ("--panel-w 1e9", 2, "cannot be meant"),
        ("--battery-wh -3", 2, "cannot be meant"),
        ("--battery-wh inf", 2, "is no number"),
        ("--days 0.5", 2, "1 to 36600 days"),
        ("--step 7", 2, "do not divide a day"),
        ("--step 0", 2, "cannot be meant"),
        ("--start tomorrow", 2, "write 2024-03-01"),
        ("--start 1999-01-01", 4, "it lasts from 2021-06-01"),
        ("--start 2021-06-06T20:00", 4, "a day at least"),
        ("--lat 91", 2, "-90 to 90 degrees"),
        ("--load iot", 2, "is not NAME=W"),
        ("--load a=1 --load a=2", 4, "two loads have one name"),
        ("--job 1:interruptible", 2, "is not 'pausable'"),
        ("--forecast noisy", 4, "not understood"),
        ("--forecast noisy:0.1:2:3", 4, "not understood"),
        ("--forecast rain", 4, "no column 'rain'"),
        ("--column rain", 4, "there are: poa_w_m2"),
        ("--temperature-column t", 4, "no column 't'"),
        ("--battery-temp outside", 4, "--temperature-column"),
        ("--climate-kwh-m2 1100", 4, "not with --trace"),
        ("--page /dev/full --policy thresholds", 4, "No space left"),
        ("--page /no/such/folder/page.html", 4, "there is no folder"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_line(
    trace: Path, options: str, code: int, message: str, capsys: Capture
) -> None:
    found, said = failure(capsys, "--trace", trace, *options.split())
    assert (found, message in said) == (code, True), said


def test_without_trace_and_place_it_says_what_to_give(capsys: Capture) -> None:
    code, said = failure(capsys)
    assert code == 4
    assert "--lat and --lon" in said


def test_semicolons_commas_byte_order_and_any_order_of_lines_are_taken(
    tmp_path: Path, trace: Path, capsys: Capture
) -> None:
    rows = [(when, value.replace(".", ",")) for when, value in rows_of()]
    random.Random(1).shuffle(rows)
    other = write(tmp_path / "other.csv", rows, header="\ufefftime;poa_w_m2", mark=";")
    found = [figures(capsys, "--trace", path, "--policy", "thresholds") for path in (trace, other)]
    assert {**found[0], "decisions_cpu_s": 0} == {**found[1], "decisions_cpu_s": 0}


@pytest.mark.parametrize(
    ("factor", "word"), [(0.0, "never rises above zero"), (0.001, "kW"), (10.0, "--peak-w")]
)
def test_odd_light_is_pointed_out(tmp_path: Path, factor: float, word: str, capsys: Capture) -> None:
    rows = [(when, f"{float(value) * factor:.4f}") for when, value in rows_of()]
    path = write(tmp_path / "odd.csv", rows)
    found = figures(capsys, "--trace", path, "--policy", "thresholds")
    assert any(word in note for note in found["notes"])


def test_an_hour_that_comes_twice_is_counted_and_named(tmp_path: Path, capsys: Capture) -> None:
    rows = rows_of(stamp="%Y-%m-%d %H:%M")
    path = write(tmp_path / "summer.csv", rows[:100] + rows[98:])
    found = figures(capsys, "--trace", path, "--policy", "thresholds")
    assert found["gaps"]["doubled"] == 2
    assert any("summer time" in note for note in found["notes"])


def test_gaps_are_filled_counted_and_printed(tmp_path: Path, capsys: Capture) -> None:
    rows = [row for i, row in enumerate(rows_of()) if not (70 <= i < 73 or 116 <= i < 126)]
    rows[30] = (rows[30][0], "-9999")
    path = write(tmp_path / "holes.csv", rows)
    found = figures(capsys, "--trace", path, "--policy", "thresholds")
    assert (found["gaps"]["bridged"], found["gaps"]["copied"]) == (4, 10)
    assert found["harvested_wh"] == pytest.approx(6 * 214.5, rel=0.02)
    main(["simulate", "--trace", str(path), "--policy", "thresholds"])
    assert "4 interpolated over up to 2 h, 10 copied from the day before" in capsys.readouterr().out


def test_people_get_sentences_and_tables_with_units(trace: Path, capsys: Capture) -> None:
    assert main(["simulate", "--trace", str(trace), "--policy", "thresholds", "--compare", "--sizing"]) == 0
    said = capsys.readouterr().out
    assert "With 40 W and 154 Wh, duty iot runs 100 % of the 6 days." in said
    assert "Wh a day" in said
    assert "policies" in said
    assert "60 W and 154 Wh" in said
    assert "{" not in said


def test_compare_and_sizing_are_in_the_json(trace: Path, capsys: Capture) -> None:
    pytest.importorskip("numpy")
    found = figures(capsys, "--trace", trace, "--compare", "--sizing", "--policy", "thresholds", "--days", 3)
    assert set(found["policies"]) == {"price", "thresholds", "always-on", "clairvoyant"}
    sizes = {(row["panel_w"], row["battery_wh"]): row["harvested_wh"] for row in found["sizing"]}
    assert sizes[60.0, 154.0] == pytest.approx(1.5 * sizes[40.0, 154.0], rel=1e-3)


def test_frost_in_the_trace_keeps_the_battery_from_charging(tmp_path: Path, capsys: Capture) -> None:
    rows = [(when, f"{value},-4") for when, value in rows_of()]
    path = write(tmp_path / "frost.csv", rows, header="time_utc,poa,air_c")
    options = ("--trace", path, "--policy", "thresholds", "--temperature-column", "air_c")
    inside, outside = (figures(capsys, *options, "--battery-temp", where) for where in ("none", "outside"))
    assert inside["cold_wh"] == 0.0
    assert outside["cold_wh"] > 500.0
    assert outside["iot_availability"] < inside["iot_availability"]


def test_a_clairvoyant_without_numpy_says_what_to_install(
    trace: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    code, said = failure(capsys, "--trace", trace, "--policy", "clairvoyant")
    assert code == 4
    assert "pip install" in said


@pytest.mark.slow
def test_years_of_a_place_are_drawn_and_give_chances(capsys: Capture, tmp_path: Path) -> None:
    page = tmp_path / "december.html"
    options = ("--lat", 48.8, "--years", 3, "--policy", "thresholds", "--page", page)
    found = figures(capsys, *options)
    assert set(found) >= KEYS
    assert found["weather"]["source"] == "climate"
    assert len(found["weather"]["stations"]) >= 3
    assert len(found["years"]) == 3
    odds = found["probabilities"]
    assert odds["darkest_month"]["month"] == "December"
    assert 0.0 <= odds["iot_availability"]["p10"] <= odds["iot_availability"]["p90"] <= 1.0
    assert 0.0 <= odds["unplanned_cut"] <= 1.0
    mean = sum(year["iot_availability"] for year in found["years"]) / 3
    assert found["iot_availability"] == pytest.approx(mean, abs=1e-5)
    assert found["battery_outside"]["iot_availability"] <= found["battery_inside"]["iot_availability"]
    assert page.read_text().count("<svg") > 3


def test_one_year_is_not_told_as_many(capsys: Capture) -> None:
    options = ("--lat", 48.0, "--lon", 7.85, "--years", 1, "--days", 5, "--policy", "thresholds")
    assert main(["simulate", *map(str, options)]) == 0
    said = capsys.readouterr().out
    assert "1 drawn year of 5 days" in said
    assert "first 1" not in said


def test_jobs_can_be_left_out_and_what_is_assumed_is_said(capsys: Capture) -> None:
    options = ("--lat", 48.0, "--lon", 7.85, "--years", 1, "--days", 5, "--policy", "thresholds")
    found = figures(capsys, *options)
    (note,) = [words for words in found["notes"] if words.startswith("assumed")]
    assert "its duty iot 3.2 W" in note
    assert "jobs of 3.4 W" in note
    found = figures(capsys, *options, "--compute-w", 0, "--load", "camera=2.5")
    (note,) = [words for words in found["notes"] if words.startswith("assumed")]
    assert "duty" not in note
    assert "jobs" not in note
    assert found["node"]["job"] is None
    assert found["compute_hours"] == 0.0
    assert not any("jobs" in words for words in found["sentences"])


@pytest.mark.slow
def test_a_year_that_ends_in_the_next_one_has_one_whole_january(capsys: Capture) -> None:
    found = figures(capsys, "--lat", 48.0, "--lon", 7.85, "--years", 2, "--policy", "thresholds")
    days = {row["month"]: row["days"] for row in found["months"]}
    assert days["01"] == pytest.approx(31.0, abs=1.0)
    assert sum(row["harvested_wh"] for row in found["months"]) == pytest.approx(
        found["harvested_wh"], rel=1e-3
    )
    assert sum(row["compute_hours_started"] for row in found["months"]) == pytest.approx(
        found["compute_hours_started"], rel=1e-3
    )


@pytest.mark.slow
def test_the_south_has_its_dark_month_in_june(capsys: Capture) -> None:
    found = figures(capsys, "--lat", -33.9, "--lon", 151, "--years", 1, "--policy", "thresholds")
    assert found["weather"]["mirrored"]
    months = {row["month"][-2:]: row["harvested_wh"] for row in found["months"]}
    assert months["06"] < months["12"]


@pytest.mark.slow
def test_a_dark_polar_winter_gets_a_plain_answer(capsys: Capture) -> None:
    options = ("--lat", 80, "--years", 1, "--start", "2025-11-15", "--days", 40, "--policy", "thresholds")
    found = figures(capsys, *options)
    assert found["harvested_wh"] == 0.0
    assert found["unplanned_cuts"] == 0
    assert any("70 degrees" in note for note in found["notes"])


CONFIG = """\
node: {name: roof, latitude: 39.7, longitude: -105.2}
energy:
  panel: {peak_w: 30}
  battery: {capacity_wh: 80, chemistry: li-ion}
  board: {idle_w: 1.5}
plugins:
  weather: {importance: high}
"""


def test_panel_battery_board_site_and_duties_come_from_a_configuration(
    trace: Path, tmp_path: Path, capsys: Capture
) -> None:
    config = tmp_path / "edgepi.yaml"
    config.write_text(CONFIG)
    options = ("--config", config, "--trace", trace, "--policy", "thresholds")
    found = figures(capsys, *options)
    node = found["node"]
    assert (node["panel_w"], node["battery_wh"], node["chemistry"]) == (30.0, 80.0, "li-ion")
    assert node["idle_w"] == 1.5
    assert [level["level"] for level in node["loads"]["weather"]] == ["saver", "full"]
    assert node["loads"]["weather"][-1]["points_per_h"] == 5.0
    assert node["job"] is None
    assert found["site"]["latitude"] == 39.7
    assert not list(tmp_path.glob("plugins"))
    overridden = figures(capsys, *options, "--battery-wh", 100, "--compute-w", 4, "--lat", 10)
    assert overridden["node"]["battery_wh"] == 100.0
    assert overridden["node"]["job"] is not None
    assert overridden["site"]["latitude"] == 10.0


def test_a_configuration_with_nothing_to_do_says_so(trace: Path, tmp_path: Path, capsys: Capture) -> None:
    config = tmp_path / "edgepi.yaml"
    config.write_text("node: {name: roof, latitude: 39.7, longitude: -105.2}\n")
    code, said = failure(capsys, "--config", config, "--trace", trace)
    assert code == 4
    assert "nothing to do" in said


@pytest.mark.parametrize("seed", range(60))
def test_no_nonsense_ever_ends_in_a_traceback(seed: int, tmp_path: Path, capsys: Capture) -> None:
    dice = random.Random(seed)
    lines = [",".join(row) for row in rows_of(2)]
    for _ in range(dice.randint(1, 12)):
        at = dice.randrange(len(lines))
        lines[at] = dice.choice(
            [
                "",
                ",",
                lines[at][: dice.randrange(1 + len(lines[at]))],
                lines[at] + ",7,8",
                lines[at].replace("2021", dice.choice(["1021", "9999", "20210", ""])),
                lines[at].replace("Z", dice.choice(["", "+14:00", "+99:00", "z"])),
                f"{lines[at].split(',')[0]},{dice.choice(['-1e9', 'inf', '1e7', 'x', '1_0', '0x1f', '٣'])}",
                "".join(chr(dice.randrange(32, 0x3000)) for _ in range(30)),
            ]
        )
    path = tmp_path / "trace.csv"
    path.write_text("\n".join(["time_utc,poa", *lines]) + "\n")
    assert main(["simulate", "--trace", str(path), "--policy", "always-on", "--json"]) in {0, 4}
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_ends_it_and_all_its_processes_without_a_word() -> None:
    command = [sys.executable, "-m", "edgepi.cli.main", "simulate", "--lat", "48", "--years", "8"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        time.sleep(6.0)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=40)
    assert process.returncode == 130
    assert (out, err) == ("", "")


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor needs no helpers")
def test_helpers_end_with_a_killed_parent(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    command = [
        sys.executable,
        "-m",
        "edgepi",
        "simulate",
        "--lat",
        "48",
        "--years",
        "30",
        "--page",
        str(page),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as parent:
        children: list[str] = []
        while len(children) < 3:
            assert parent.poll() is None
            children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
            time.sleep(0.05)
        time.sleep(1.0)
        parent.kill()
    for _ in range(300):
        if not any(Path(f"/proc/{child}").exists() for child in children):
            break
        time.sleep(0.1)
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    assert list(tmp_path.iterdir()) == []
