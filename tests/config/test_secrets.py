from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgepi.config import Report
from edgepi.testing.catalog import FakeCatalog

NODE = "node: {name: garden, latitude: 48.85, longitude: 2.35}\n"
CAMERA = NODE + "plugins: {camera: {password: !secret camera}}\n"
Check = Callable[..., Report]
Said = Callable[..., list[str]]


def password(report: Report) -> object:
    assert report.settings is not None, report.findings
    return report.settings.plugins[0].config.password


def test_secret_comes_from_the_file_beside(checked: Check) -> None:
    assert password(checked(CAMERA, secrets="camera: hunter2\n")) == "hunter2"


def test_secret_comes_from_the_nearest_file_above_that_has_it(checked: Check, tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("camera: above\nother: far\n")
    folder = tmp_path / "sub"
    folder.mkdir()
    (folder / "secrets.yaml").write_text("other: near\n")
    (folder / "more.yaml").write_text("name: !secret other\npassword: !secret camera\n")
    report = checked(NODE + "plugins: {camera: !include sub/more.yaml}\n")
    assert report.settings is not None
    assert (report.settings.plugins[0].instance, password(report)) == ("near", "above")


def test_secret_comes_from_the_credentials_of_the_service_first(checked: Check, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "camera").write_text("1234567\n")
    report = checked(CAMERA, {"CREDENTIALS_DIRECTORY": str(tmp_path / "run")}, secrets="camera: file\n")
    assert password(report) == "1234567"


def test_name_that_leads_out_of_the_credentials_is_no_secret(said: Said, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "camera").write_text("x")
    found = said(CAMERA.replace("camera}", "../camera}"), {"CREDENTIALS_DIRECTORY": str(tmp_path / "run")})
    assert "there is no secret '../camera'" in found[0]


def test_unknown_secret_is_one_finding_with_a_suggestion(checked: Check) -> None:
    report = checked(NODE.replace("48.85", "!secret lattitude"), secrets="latitude: 1\n")
    (finding,) = report.findings
    assert (finding.line, finding.column, finding.suggestion) == (1, 32, "latitude")
    assert finding.message.startswith("there is no secret 'lattitude'")


def test_file_that_others_can_read_is_a_warning(checked: Check, tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("camera: hunter2\n")
    (tmp_path / "secrets.yaml").chmod(0o644)
    report = checked(CAMERA)
    assert [(f.severity, f.path.name, f.line) for f in report.findings] == [("warning", "secrets.yaml", 1)]
    assert report.settings is not None
    assert report.settings.warnings == report.findings
    (tmp_path / "secrets.yaml").chmod(0o640)
    assert checked(CAMERA).findings == ()


def test_mistakes_in_the_secrets_file_are_findings_that_show_no_line(checked: Check) -> None:
    report = checked(CAMERA, secrets="camera: hunter2\ncamera: hunter3\nb: [1]\n")
    assert [(f.path.name, f.line, f.excerpt) for f in report.findings] == [
        ("secrets.yaml", 2, ""),
        ("secrets.yaml", 3, ""),
    ]
    unknown, malformed = checked(CAMERA, secrets="hunter2\n").findings
    assert unknown.message == "there is no secret 'camera' in secrets.yaml beside this file or above it"
    assert (malformed.message, malformed.excerpt) == ("expected lines of the form NAME: VALUE", "")


def test_finding_never_shows_a_secret_value(checked: Check, catalog: FakeCatalog) -> None:
    report = checked(
        NODE
        + "http: {port: !secret word}\nlogging: {level: !secret word}\n"
        + "plugins: {camera: {password: hunter3, x: 1}}\n",
        secrets="word: hunter2\n",
    )
    shown = "".join(f.render() for f in report.findings)
    assert "hunter" not in shown
    assert len(report.findings) == 3


@pytest.mark.parametrize("login", ["bob:hunter2@", "bob:hun/ter2#@", "bob:hun ter2@", ":hunter2@"])
def test_the_password_of_an_address_is_not_shown_with_the_line_that_is_wrong(
    checked: Check, login: str
) -> None:
    report = checked(NODE.replace("latitude: 48.85", f"latitude: 'rtsp://{login}host/x'"))
    (finding,) = report.findings
    assert "ter2" not in finding.excerpt
    assert "host/x" in finding.excerpt
    assert finding.excerpt[finding.column - 1 :].startswith("'rtsp://")
