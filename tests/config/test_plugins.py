from __future__ import annotations

from collections.abc import Callable

import pytest

from edgepi.config import PluginSettings, Report
from edgepi.testing.catalog import FakeCatalog

NODE = "node: {name: garden, latitude: 48.85, longitude: 2.35}\n"
Check = Callable[..., Report]
Said = Callable[..., list[str]]


def plugins(report: Report) -> tuple[PluginSettings, ...]:
    assert report.settings is not None, report.findings
    return report.settings.plugins


def test_name_alone_enables_a_plugin_with_its_defaults(checked: Check) -> None:
    (camera,) = plugins(checked(NODE + "plugins:\n  camera:\n"))
    assert (camera.plugin, camera.instance, camera.enabled, camera.importance) == (
        "camera",
        "camera",
        True,
        None,
    )
    assert camera.config.interval == 60.0


def test_list_gives_several_instances(checked: Check) -> None:
    found = plugins(checked(NODE + "plugins:\n  camera: [{name: front}, {name: back, interval: 2min}]\n"))
    assert [(p.plugin, p.instance, p.config.interval) for p in found] == [
        ("camera", "front", 60.0),
        ("camera", "back", 120.0),
    ]


def test_plugin_without_keys_takes_the_common_ones_only(checked: Check, said: Said) -> None:
    (weather,) = plugins(checked(NODE + "plugins: {weather: {name: roof}}\n"))
    assert (weather.instance, weather.config) == ("roof", None)
    assert said(NODE + "plugins: {weather: {bus: 1}}\n") == ["edgepi.yaml:2:21 unknown key 'bus'"]


@pytest.mark.parametrize(("written", "points"), [("vital", 50.0), ("high", 5.0), ("low", 0.5), ("3.5", 3.5)])
def test_importance_is_a_word_or_points_per_hour(checked: Check, written: str, points: float) -> None:
    (camera,) = plugins(checked(NODE + f"plugins: {{camera: {{importance: {written}}}}}\n"))
    assert camera.importance == points


def test_readings_take_correction_and_limits(checked: Check) -> None:
    (camera,) = plugins(
        checked(
            NODE + "plugins: {camera: {readings: {t: {offset: -0.5, scale: 2, min: -30, max: 60}, u: }}}\n"
        )
    )
    reading = camera.readings["t"]
    assert (reading.offset, reading.scale, reading.min, reading.max) == (-0.5, 2.0, -30.0, 60.0)
    assert camera.readings["u"].scale == 1.0


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[{name: a}, {name: a}]", "2:38 the instance name 'a' is taken (line 2 of edgepi.yaml)"),
        ("[{name: a}, {}]", "2:31 each 'camera' in a list needs a `name`"),
        ("[null]", "2:20 expected the keys of plugin 'camera'"),
        ("false", "2:19 expected the keys of plugin 'camera'"),
        ("{enabled: yes}", "2:29 expected true or false"),
        ("{name: Front Door}", "2:26 expected a short name of lower-case letters, digits and _"),
        ("{importance: hihg}", "2:32 'hihg' is not one of vital, high, normal, low"),
        ("{importance: -1}", "2:32 -1 is out of range: it must be 0 to 1000000"),
        ("{readings: {t: {min: 2, max: 1}}}", "2:34 min must be less than max"),
        ("{readings: {t: {scale: 0}}}", "2:34 a scale of 0 makes every value the same"),
        ("{interval: 13s}", "2:11 camera: 13 s is unlucky"),
        ("{zones: 1}", "2:27 expected a list (lines that begin with `- `)"),
        ("{password: 1234567}", "2:30 expected a text"),
    ],
)
def test_mistake_in_an_instance_is_said_where_it_stands(said: Said, written: str, expected: str) -> None:
    assert said(NODE + f"plugins: {{camera: {written}}}\n") == [f"edgepi.yaml:{expected}"]


def test_what_a_plugin_doubts_is_a_warning_at_its_place(checked: Check) -> None:
    report = checked("node: {name: x, latitude: 1, longitude: 1}\nplugins:\n  camera:\n    interval: 1s\n")
    (finding,) = report.findings
    assert (finding.severity, finding.line, finding.message) == ("warning", 4, "this is very often")
    assert report.settings is not None
    assert report.settings.warnings == (finding,)
    assert [plugin.config.interval for plugin in report.settings.plugins if plugin.config] == [1.0]


def test_a_plugin_that_fails_over_its_doubts_is_told(said: Said) -> None:
    findings = "\n".join(said(NODE + "plugins: {camera: {interval: 1.5s}}"))
    assert "'camera' itself failed on its configuration: ZeroDivisionError" in findings


def test_name_that_another_plugin_took_is_refused(said: Said) -> None:
    assert said(NODE + "plugins:\n  camera:\n  weather: {name: camera}\n") == [
        "edgepi.yaml:4:19 the instance name 'camera' is taken (line 3 of edgepi.yaml)"
    ]


def test_value_outside_a_choice_suggests_the_nearest(checked: Check) -> None:
    assert checked(NODE + "plugins: {camera: {importance: hihg}}\n").findings[0].suggestion == "high"


def test_disabled_plugin_is_neither_checked_nor_imported(checked: Check, catalog: FakeCatalog) -> None:
    found = plugins(
        checked(NODE + "plugins:\n  camera: {enabled: false, nonsense: 1}\n  absent: {enabled: false}\n")
    )
    assert [(p.plugin, p.enabled, p.config) for p in found] == [
        ("camera", False, None),
        ("absent", False, None),
    ]
    assert catalog.asked == []


def test_plugin_is_asked_once_for_all_instances(checked: Check, catalog: FakeCatalog) -> None:
    checked(NODE + "plugins: {camera: [{name: a}, {name: b}, {name: c, enabled: false}]}\n")
    assert catalog.asked == ["camera"]


def test_common_mistake_in_a_plugin_that_is_not_installed_is_also_said(said: Said) -> None:
    found = said(NODE + "plugins: {absent: {importance: hihg}}\n")
    assert [line.split()[0] for line in found] == ["edgepi.yaml:2:11", "edgepi.yaml:2:32"]
