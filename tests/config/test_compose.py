from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from edgepi.config.compose import Mapping, compose
from edgepi.config.source import Source
from edgepi.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb:\n\t- 1\n", "3:1: a tab stands in the indentation: use spaces"),
        ("a: b: c", "1:5: not valid YAML: mapping values are not allowed"),
        ("a:\n  b: 1\n c: 2\n", "3:2: not valid YAML while parsing a block mapping"),
        ("a: &x [*x]", "1:8: *x stands inside of what it refers to"),
        ("a: *y", "1:4: *y refers to nothing"),
        ("a\n---\nb", "2:1: holds more than one YAML document"),
        ("[" * 100_000, "1:41: nested deeper than 40 levels"),
        ("- " * 100_000, "1:81: nested deeper than 40 levels"),
        ("a: 'x\n", "2:1: not valid YAML while scanning a quoted scalar"),
        ("a: @x", "1:4: not valid YAML"),
    ],
)
def test_what_is_no_yaml_is_a_finding_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compose(Source.of(Path("f"), text))
    (finding,) = caught.value.findings
    assert str(finding).startswith(f"f:{expected}")


def test_empty_text_has_no_root() -> None:
    assert compose(Source.of(Path("f"), "# only a remark\n")) is None


@pytest.mark.parametrize("text", ["[" * 5000, "- " * 5000, "a: [1", "a: b: c", "a:\n\t- 1\n"])
def test_without_the_c_library_the_same_holds(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepi.config.compose._Loader", yaml.SafeLoader)
    with pytest.raises(ConfigError) as caught:
        compose(Source.of(Path("f"), text))
    assert len(caught.value.findings) == 1
    root = compose(Source.of(Path("f"), "a: {b: 1}\n"))
    assert isinstance(root, Mapping)
    assert (root.pairs[0][1].line, root.pairs[0][1].column) == (0, 3)
