from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgepi.config import Report, load
from edgepi.errors import ConfigError, RequirementMissingError
from edgepi.plugin import ConfigSchema
from edgepi.testing.catalog import FakeCatalog

NODE = "node: {name: garden, latitude: 48.85, longitude: 2.35}\n"
Check = Callable[..., Report]
Said = Callable[..., list[str]]


def test_small_file_becomes_settings_with_every_default(checked: Check) -> None:
    settings = checked(NODE).settings
    assert settings is not None
    assert (settings.node.name, settings.node.latitude, settings.node.time_zone) == ("garden", 48.85, "UTC")
    assert settings.energy.battery.capacity_wh == 154.0
    assert settings.recorder.keep_raw_days == 30.0
    assert settings.http.host == "127.0.0.1"
    assert settings.plugins == ()


def test_every_core_key_reaches_its_field(checked: Check) -> None:
    settings = checked("""\
        node: {name: n, latitude: -1, longitude: 2, elevation: 35, time_zone: Europe/Paris}
        energy:
          battery: {chemistry: li-ion, capacity_wh: 50, series_cells: 3}
          panel: {peak_w: 20, tilt: 30, azimuth: 90}
          board: {model: pi5, idle_w: 3.5}
          guards: {run_v: 11.5, commit_v: 11}
          points_per_rlc: 4
          allow_halt: true
          interval: 5s
        recorder:
          commit_interval: 1min
          keep_raw: 1d 12h
          keep_five_minutes: forever
          keep_hours: 52w
          exclude: ["*.rssi"]
          keep: {"*.wind": 90d}
        http: {enabled: false, host: 0.0.0.0, port: 80}
        logging: {level: debug, levels: {edgepi.bus: error}}
        """).settings
    assert settings is not None
    energy, recorder = settings.energy, settings.recorder
    assert (settings.node.elevation_m, settings.node.time_zone) == (35.0, "Europe/Paris")
    assert (energy.battery.chemistry, energy.battery.capacity_wh, energy.battery.series_cells) == (
        "li-ion",
        50.0,
        3,
    )
    assert (energy.panel.peak_w, energy.panel.tilt_deg, energy.panel.azimuth_deg) == (20.0, 30.0, 90.0)
    assert (settings.node.panel_tilt_deg, settings.node.panel_azimuth_deg) == (30.0, 90.0)
    assert (energy.board.model, energy.board.idle_w, energy.board.boot_wh) == ("pi5", 3.5, 0.07)
    assert (energy.guards.run_v, energy.guards.commit_v) == (11.5, 11.0)
    assert (energy.points_per_rlc, energy.allow_halt, energy.interval_s) == (4.0, True, 5.0)
    assert (recorder.commit_interval_s, recorder.keep_raw_days) == (60.0, 1.5)
    assert (recorder.keep_five_minutes_days, recorder.keep_hours_days) == (None, 364.0)
    assert (recorder.exclude, dict(recorder.keep_days)) == (("*.rssi",), {"*.wind": 90.0})
    assert (settings.http.enabled, settings.http.host, settings.http.port) == (False, "0.0.0.0", 80)
    assert (settings.logging.level, dict(settings.logging.levels)) == ("debug", {"edgepi.bus": "error"})


def test_sections_without_a_value_take_their_defaults(checked: Check) -> None:
    settings = checked(NODE + "energy:\n  battery:\nrecorder:\nplugins:\n").settings
    assert settings is not None
    assert settings.energy.battery.chemistry == "lifepo4"


def test_all_errors_are_reported_at_once_in_file_order_with_suggestions(checked: Check) -> None:
    report = checked("""\
        node:
          name: garden
          latitud: 48.85
          longitude: 200
        energy:
          battery: {chemistry: lifepo5, capacity_wh: many}
          pannel: {}
        recorder: {keep_raw: 30}
        plugins:
          camera:
            adress: 0x10
            readings: {t: {ofset: 1, scale: x}}
            zones: [{x: a}, {y: 1}, {x: 3}]
          whether:
        """)
    assert [(f.line, f.column, f.message, f.suggestion) for f in report.findings] == [
        (3, 3, "unknown key 'latitud'", "latitude"),
        (4, 14, "200 is out of range: it must be -180 to 180", None),
        (6, 24, "'lifepo5' is not one of lifepo4, li-ion, lead-acid", "lifepo4"),
        (6, 46, "expected a number", None),
        (7, 3, "unknown key 'pannel'", "panel"),
        (8, 22, "30s is out of range: it must be 1h or more", "30d"),
        (11, 5, "unknown key 'adress'", "address"),
        (12, 20, "unknown key 'ofset'", "offset"),
        (12, 37, "expected a number", None),
        (13, 17, "expected a whole number", None),
        (13, 21, "the key 'x' is missing", None),
        (13, 22, "unknown key 'y'", None),
        (14, 3, report.findings[-1].message, "weather"),
    ]
    assert report.findings[-1].message.startswith("no plugin 'whether' is installed")
    assert "pip install edgepi-whether" in report.findings[-1].message
    assert report.settings is None
    assert report.findings[0].excerpt == "  latitud: 48.85"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "edgepi.yaml:1:1 the file is empty: it needs at least the section `node`"),
        ("# nothing\n", "edgepi.yaml:1:1 the file is empty: it needs at least the section `node`"),
        ("- a\n", "edgepi.yaml:1:1 expected sections such as `node:` and `plugins:`"),
        ("plugins: {}\n", "edgepi.yaml:1:1 the section `node` is missing"),
        (NODE + "nodes: 1\n", "edgepi.yaml:2:1 unknown section 'nodes'"),
        (NODE + "energy: []\n", "edgepi.yaml:2:9 expected a mapping (lines of `key: value`)"),
        (NODE + "plugins: 3\n", "edgepi.yaml:2:10 expected a mapping from plugin names to their keys"),
        ("node:\n", "edgepi.yaml:1:1 the key 'latitude' is missing"),
        (
            NODE + "energy: {guards: {run_v: 1, commit_v: 2}}\n",
            "edgepi.yaml:2:18 commit_v must not be above run_v",
        ),
        (NODE + "node: {}\n", "edgepi.yaml:2:1 the key 'node' is there twice (first in line 1)"),
    ],
)
def test_wrong_shape_is_said_where_it_stands(said: Said, text: str, expected: str) -> None:
    assert said(text)[0] == expected


def test_time_zone_is_checked(checked: Check) -> None:
    finding = checked("node: {name: n, latitude: 1, longitude: 2, time_zone: Europe/Pariss}").findings[0]
    assert (finding.message, finding.suggestion) == ("'Europe/Pariss' is no time zone", "Europe/Paris")


def test_load_raises_with_every_finding(tmp_path: Path, catalog: FakeCatalog) -> None:
    path = tmp_path / "edgepi.yaml"
    path.write_text("node: {name: 1}\nhtp: 1\n")
    with pytest.raises(ConfigError) as caught:
        load(path, catalog, {})
    assert len(caught.value.findings) == 4
    assert caught.value.path == path


def test_missing_file_is_a_finding(tmp_path: Path, catalog: FakeCatalog) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "none.yaml", catalog, {})
    assert [str(f) for f in caught.value.findings] == [f"{tmp_path}/none.yaml:1:1: there is no such file"]


@pytest.mark.parametrize("said", ["smbus2 is missing", "plugin 'weather': smbus2 is missing"])
def test_plugin_that_cannot_be_imported_says_what_to_do(tmp_path: Path, said: str) -> None:
    broken = RequirementMissingError(said, hint="pip install 'edgepi[weather]'")
    path = tmp_path / "edgepi.yaml"
    path.write_text(NODE + "plugins: {weather: {a: 1}, other: }\n")
    with pytest.raises(ConfigError) as caught:
        load(path, FakeCatalog({"weather": broken, "other": SystemExit(3)}), {})
    first, second = map(str, caught.value.findings)
    assert first.endswith(
        "2:11: plugin 'weather' cannot be used: smbus2 is missing (pip install 'edgepi[weather]')"
    )
    assert second.endswith("2:28: plugin 'other' itself failed on its configuration: SystemExit: 3")


def test_check_that_raises_anything_is_contained(tmp_path: Path) -> None:
    def explode(value: object) -> object:
        raise RuntimeError(f"boom {value}")

    schema: ConfigSchema[object] = ConfigSchema(fields={"a": explode}, build=dict)
    path = tmp_path / "edgepi.yaml"
    path.write_text(NODE + "plugins: {p: {a: 1}}\n")
    with pytest.raises(ConfigError) as caught:
        load(path, FakeCatalog({"p": schema}), {})
    assert "plugin 'p' itself failed on its configuration: RuntimeError: boom 1" in str(
        caught.value.findings[0]
    )
