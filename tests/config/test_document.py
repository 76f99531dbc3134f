from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgepi.config import Report
from edgepi.config.document import MAX_VALUES, read_document
from edgepi.errors import ConfigError

NODE = "node: {name: garden, latitude: 48.85, longitude: 2.35}\n"
Check = Callable[..., Report]
Said = Callable[..., list[str]]


def data(path: Path, text: str, env: dict[str, str] | None = None) -> object:
    path.write_text(text, encoding="utf-8")
    document = read_document(path, env or {})
    assert document.findings == ()
    return document.data


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "edgepi.yaml"


def test_scalars_mean_what_yaml_1_2_says(path: Path) -> None:
    text = "[yes, off, true, null, ~, 010, 0x76, 0o17, 1e3, 12:30, '1', !!str 5, 2026-11-22, .5, 1e999, -3]"
    assert data(path, text) == [
        *("yes", "off", True, None, None, 10, 0x76, 15, 1000.0),
        *("12:30", "1", "5", "2026-11-22", 0.5, "1e999", -3),
    ]


def test_keys_are_always_texts(path: Path) -> None:
    assert data(path, "1: a\ntrue: b\n") == {"1": "a", "true": "b"}


def test_anchors_and_merges(path: Path) -> None:
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [*a, {z: 4}]}\n"
    assert data(path, text) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 2, "z": 4}}


def test_every_value_keeps_its_place(path: Path) -> None:
    path.write_text("a:\n  - 1\n  - b: 2\n    c:\n", encoding="utf-8")
    document = read_document(path, {})
    value = document.place(("a", 1, "b"))
    key = document.place(("a", 1, "b"), key=True)
    assert ((value.line, value.column), (key.line, key.column)) == ((2, 7), (2, 4))
    empty, beyond = document.place(("a", 1, "c")), document.place(("a", 1, "c", "d", 5))
    assert (empty.line, empty.column) == (3, 4)
    assert beyond == empty


def test_environment_gives_values_and_defaults(path: Path) -> None:
    text = "[!env_var PORT, !env_var NONE 3.5, !env_var NONE a b, !env_var TEXT]"
    assert data(path, text, {"PORT": "80", "TEXT": '"123"'}) == [80, 3.5, "a b", "123"]


def test_environment_without_value_or_default_is_a_finding(said: Said) -> None:
    assert said(NODE + "http: {port: !env_var PORT}\n") == [
        "edgepi.yaml:2:14 the environment variable 'PORT' is not set, and no default is given"
    ]


def test_include_brings_a_section_and_its_own_positions(checked: Check, said: Said) -> None:
    main = NODE + "recorder: !include more.yaml\n"
    settings = checked(main, more="# kept\nkeep_raw: 2d\n").settings
    assert settings is not None
    assert settings.recorder.keep_raw_days == 2.0
    assert said(main, more="# kept\n\nkeep_row: 2d\n") == ["more.yaml:3:1 unknown key 'keep_row'"]
    assert said(main, more="a: [\n")[0].startswith("more.yaml:2:1 not valid YAML")


def test_finding_of_an_included_file_follows_those_of_the_file_itself(said: Said) -> None:
    found = said("recorder: !include more.yaml\nlog: 1\n" + NODE, more="a: 1\nb: 2\n")
    assert [line.split()[0] for line in found] == ["edgepi.yaml:2:1", "more.yaml:1:1", "more.yaml:2:1"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("edgepi.yaml", "the file includes itself"),
        ("none.yaml", "there is no such file"),
        ("../other.yaml", "lies outside of"),
        ("/etc/hostname", "lies outside of"),
        ("secrets.yaml", "use !secret NAME for one of its values"),
        (".", "there is no such file"),
    ],
)
def test_include_that_cannot_be_is_a_finding(said: Said, name: str, reason: str) -> None:
    (found,) = said(NODE + f"http: !include {name}\n", secrets="a: b\n")
    assert found.startswith(f"edgepi.yaml:2:7 !include {name}: {reason}")


def test_include_through_a_link_to_outside_is_refused(said: Said, tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to("/etc/hostname")
    (found,) = said(NODE + "http: !include link.yaml\n")
    assert "lies outside of" in found


def test_includes_in_a_ring_are_refused(said: Said) -> None:
    found = said(NODE + "http: !include a.yaml\n", a="x: !include b.yaml\n", b="y: !include a.yaml\n")
    assert "b.yaml:1:4 !include a.yaml: the file includes itself" in found


def test_unknown_tag_and_odd_keys_are_findings(said: Said) -> None:
    found = said(NODE + "http: {port: !secrt x, [a]: 1}\nlogging: !!python/object:os.system {}\n")
    assert found[:3] == [
        "edgepi.yaml:2:14 unknown tag !secrt",
        "edgepi.yaml:2:24 a key must be a plain word",
        "edgepi.yaml:3:10 unknown tag !!python/object:os.system",
    ]


def test_aliases_that_multiply_are_stopped(path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_document(path, {})
    assert f"more than {MAX_VALUES} values" in str(caught.value.findings[0])


def test_aliases_that_deepen_are_stopped(path: Path) -> None:
    lines = ["a0: &a0 [" + "[" * 20 + "]" * 20 + "]"]
    lines += [f"a{i}: &a{i} {'[' * 20}*a{i - 1}{']' * 20}" for i in range(1, 4)]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_document(path, {})
    assert "too deep" in str(caught.value.findings[0])
