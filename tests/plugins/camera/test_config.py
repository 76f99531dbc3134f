from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol

from edgepi.errors import RequestError
from edgepi.plugin.fields import FieldError
from edgepi_camera.address import Address, Kind
from edgepi_camera.config import CameraConfig, config_schema
from edgepi_camera.config_fields import Area, Areas, Size, SourceUrl, Zones

CORNER = [[0, 0], [1, 0], [1, 0.4]]


def read(**values: Any) -> CameraConfig:
    schema = config_schema()
    checked = vol.Schema(dict(schema.fields))({"source": "/dev/video0"} | values)
    built: CameraConfig = schema.build(**checked)
    return built


def test_a_source_is_enough() -> None:
    config = read()
    assert config.source.kind is Kind.DEVICE
    assert (config.sensitivity, config.keep.days, config.keep.size) == (50, 14.0, 2_000_000_000)
    assert config.timelapse is None


def test_all_keys_are_understood() -> None:
    config = read(
        source="rtsp://cam/main",
        detect="rtsp://cam/sub",
        user="me",
        password="p@ss/word",
        width=1280,
        height=720,
        fps=10,
        rotate=180,
        options={"rtsp_transport": "udp", "stimeout": 5000000, "low": True},
        sensitivity=70,
        smallest=0.5,
        shortest="500ms",
        zones={"door": CORNER},
        ignore=[CORNER],
        privacy=CORNER,
        before="3s",
        after="8s",
        longest="2min",
        snapshot_every="5min",
        timelapse="1min",
        keep={"days": 3, "size": "500MB", "free": "1GB"},
        folder="/mnt/clips",
        labels={"model": "/m.onnx", "names": ["person", "car"], "wanted": ["person"]},
        power={"snapshot": 0.1, "saver": 1.0, "full": 2.0},
    )
    assert config.source.url == "rtsp://me:p%40ss%2Fword@cam/main"
    assert config.detect is not None
    assert config.detect.url == "rtsp://me:p%40ss%2Fword@cam/sub"
    assert config.options == {"rtsp_transport": "udp", "stimeout": "5000000", "low": "1"}
    assert config.zones[0].polygon == ((0.0, 0.0), (1.0, 0.0), (1.0, 0.4))
    assert config.ignore == config.privacy
    assert (config.keep.size, config.keep.free) == (500_000_000, 1_000_000_000)
    assert (config.timelapse, config.longest) == (60.0, 120.0)


def test_time_lapse_is_off_by_false() -> None:
    assert read(timelapse=False).timelapse is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("/dev/video12", Kind.DEVICE),
        ("/dev/v4l/by-id/usb-046d_C920-video-index0", Kind.DEVICE),
        ("picamera", Kind.PICAMERA),
        ("picamera:1", Kind.PICAMERA),
        ("rtsp://192.168.1.20:554/live?channel=1", Kind.STREAM),
        ("http://[fe80::1]/video", Kind.STREAM),
        ("/srv/films/yard.mp4", Kind.PATH),
        ("./pictures", Kind.PATH),
        ("films/12:30/yard.mp4", Kind.PATH),
        ("./a:b/film.mp4", Kind.PATH),
    ],
)
def test_sources_of_every_kind(text: str, kind: Kind) -> None:
    assert Address(text).kind is kind


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected a device"),
        ("webcam", "expected /dev/video0"),
        ("/dev/sda", "/dev/video0"),
        ("/dev/video/../sda", "/dev/video0"),
        ("ftp://cam/x", "none of rtsp"),
        ("srt://cam:9000", "none of rtsp"),  # FFmpeg as PyAV brings it has none
        ("rtsp://", "such as rtsp://"),
        ("rtsp://cam:99999/x", "such as rtsp://"),
        ("http://cam/a b", "such as http://"),
        ("concat:/srv/a.ts|/etc/passwd", "`concat:` is none of /dev/video0"),
        ("concatf:/srv/list", "`concatf:` is none"),
        ("subfile,,start,0,end,9,,:/etc/passwd", "`subfile,` is none"),
        ("crypto+file:/srv/film.mp4", r"`crypto\+file:` is none"),
        ("data:image/jpeg;base64,/9j/", "`data:` is none"),
        ("async:cache:http://cam/x", "none of rtsp"),
        ("file:/etc/passwd", "`file:` is none"),
        ("file:///etc/passwd", "none of rtsp"),
        ("pipe:/0", "`pipe:` is none"),
        ("a:b/film.mp4", r"`a:` is none .* \./"),
    ],
)
def test_what_is_no_source_is_explained(text: str, says: str) -> None:
    with pytest.raises(FieldError, match=says):
        SourceUrl()(text)


@pytest.mark.parametrize(("text", "meant"), [("video0", "/dev/video0"), ("libcamera", "picamera")])
def test_what_was_meant_is_suggested(text: str, meant: str) -> None:
    with pytest.raises(FieldError) as caught:
        SourceUrl()(text)
    assert caught.value.suggestion == meant


@pytest.mark.parametrize(
    "address",
    [
        Address("rtsp://admin:hunter22@cam:554/a"),
        Address("rtsp://cam:554/a", "admin", "hunter22"),
        Address("http://cam:554/a?user=admin&pwd=hunter22"),
        Address("rtsp://cam:554/a", "admin", "hun/ter@22"),
    ],
)
def test_no_secret_of_an_address_is_ever_shown(address: Address) -> None:
    said = f"{address.url}: 401 from {address.url.partition('://')[2]}; hunter22 hun/ter@22 hun%2Fter%4022"
    hidden = address.hide(said.replace("hunter22 hun/ter@22 hun%2Fter%4022", ""))
    for text in (str(address), repr(address), repr(read()), hidden, repr([address])):
        assert "hunter22" not in text
        assert "ter@22" not in text
        assert "ter%4022" not in text
    assert "cam:554" in str(address)


def test_a_config_shows_no_password() -> None:
    config = read(source="rtsp://cam/a", user="me", password="hunter22")
    assert "hunter22" not in repr(config)
    assert config_schema().secrets == {"password"}


@pytest.mark.parametrize(
    ("corners", "says"),
    [
        ("left", "at least 3 corners"),
        ([[0, 0], [1, 1]], "at least 3 corners"),
        ([[0, 0]] * 65, "at most 64"),
        ([[0, 0], [0.5, 0.5], [1, 1]], "one line"),
        ([[0, 0], [1, 0], [1, 1.1]], "corner 3 is outside"),
        ([[0, 0], [1, 0], [640, 480]], "corner 3 is outside"),
        ([[0, 0], [1, 0], [-0.1, 1]], "corner 3 is outside"),
        ([[0, 0], [1, 0], [1]], "corner 3 must be two"),
        ([[0, 0], [1, 0], ["1", 1]], "corner 3 must be two"),
        ([[0, 0], [1, 0], [float("nan"), 1]], "corner 3 must be two"),
        ([[0, 0], [1, 0], [True, 1]], "corner 3 must be two"),
    ],
)
def test_what_is_no_area_is_explained(corners: object, says: str) -> None:
    with pytest.raises(FieldError, match=says):
        Area()(corners)


def test_a_wrong_area_is_found_by_its_place() -> None:
    with pytest.raises(FieldError) as caught:
        Zones()({"door": CORNER, "gate": [[0, 0]]})
    assert caught.value.path == ["gate"]
    with pytest.raises(FieldError) as caught:
        Areas()([CORNER, [[0, 0]]])
    assert caught.value.path == [1]


def test_all_mistakes_in_zones_and_areas_are_told_each_with_its_place() -> None:
    with pytest.raises(vol.MultipleInvalid) as caught:
        read(
            zones={"door": [[0, 0], [2, 0], [1, "x"]], "Gate 1": CORNER, "path": CORNER, "road": [[0, 0]]},
            ignore=[CORNER, [[0, 0]], "x"],
        )
    assert [(*map(str, each.path), each.error_message.split(":")[0]) for each in caught.value.errors] == [
        ("zones", "door", "1", "corner 2 is outside the picture"),
        ("zones", "door", "2", "corner 3 must be two numbers"),
        ("zones", "Gate 1", "zone 'Gate 1'"),
        ("zones", "road", "an area needs at least 3 corners, such as [[0, 0], [1, 0], [1, 0.4]]"),
        ("ignore", "1", "an area needs at least 3 corners, such as [[0, 0], [1, 0], [1, 0.4]]"),
        ("ignore", "2", "an area needs at least 3 corners, such as [[0, 0], [1, 0], [1, 0.4]]"),
    ]


@pytest.mark.parametrize("name", ["Front Door", "", "x" * 40, "../x", "5"])
def test_zones_have_names_that_entities_can_carry(name: str) -> None:
    with pytest.raises(FieldError, match="a name is made of"):
        Zones()({name: CORNER})


@pytest.mark.parametrize(
    ("written", "size"),
    [("2GB", 2 * 10**9), ("500 mb", 5 * 10**8), ("1.5GB", 15 * 10**8), (12345678, 12345678)],
)
def test_sizes(written: object, size: int) -> None:
    assert Size()(written) == size


@pytest.mark.parametrize(
    ("written", "meant"), [("2G", "2GB"), ("2 GiB", "2GB"), ("lots", None), (True, None)]
)
def test_what_is_no_size_is_explained(written: object, meant: str | None) -> None:
    with pytest.raises(FieldError, match="such as 500MB") as caught:
        Size()(written)
    assert caught.value.suggestion == meant


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"password": "x"}, ["password"]),
        ({"width": 640}, ["width"]),
        ({"height": 480}, ["height"]),
        ({"longest": "5s"}, ["longest"]),
        ({"detect": "rtsp://cam/sub"}, ["detect"]),
        ({"source": "rtsp://cam/main", "detect": "/etc/passwd"}, ["detect"]),
        ({"power": {"saver": 3.0, "full": 2.0}}, ["power", "full"]),
        ({"keep": {"size": "1MB"}}, ["keep", "size"]),
        ({"rotate": 45}, ["rotate"]),
        ({"sensitivity": 0}, ["sensitivity"]),
        ({"labels": {}}, ["labels", "model"]),
        ({"options": {"a": [1]}}, ["options"]),
        ({"folder": "clips"}, ["folder"]),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_stands(values: dict[str, Any], path: list[str]) -> None:
    with pytest.raises(vol.Invalid) as caught:
        read(**values)
    assert [str(part) for part in caught.value.path] == path


def test_files_that_are_not_there_are_doubted(tmp_path: Path) -> None:
    (tmp_path / "there.onnx").touch()

    def doubted(**values: Any) -> list[tuple[list[Any], str]]:
        return [(each.path, each.error_message) for each in config_schema().doubts(read(**values))]

    assert doubted() == doubted(labels={"model": "hog"}) == []
    assert doubted(labels={"model": f"{tmp_path}/there.onnx"}, source=str(tmp_path)) == []
    assert doubted(labels={"model": f"{tmp_path}/not.onnx"}, source=f"{tmp_path}/film.mp4") == [
        (["source"], f"there is no {tmp_path}/film.mp4"),
        (
            ["labels", "model"],
            f"there is no model file {tmp_path}/not.onnx: put one there, or say `model: hog`",
        ),
    ]
    assert doubted(labels={"model": "/x\0"})[0][0] == ["labels", "model"]


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(RequestError):
        Address("nothing")
