"""Labels come from networks in each of the forms that are known, on the part of the picture that moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgepi_camera.labels.coco import COCO
from edgepi_camera.labels.forms import Form, form_of, found_in
from edgepi_camera.labels.labeller import NetLabeller, open_labeller
from edgepi_camera.labels.net import LabelsError
from edgepi_camera.labels.onnx_file import read_facts, with_shape
from edgepi_camera.model import Box
from edgepi_camera.motion.picture import Bytes
from tests.plugins.camera.labels import tiny_onnx

NAMES = ("red", "blue")


def street(*squares: tuple[int, int, str], height: int = 240, width: int = 320) -> Bytes:
    """Grey, with squares of 40 pixels at x, y."""
    picture = np.full((height, width, 3), 90, np.uint8)
    for x, y, colour in squares:
        picture[y : y + 40, x : x + 40] = (0, 0, 250) if colour == "red" else (250, 0, 0)
    return picture


def box(x: int, y: int, side: int = 40) -> Box:
    return Box(x / 320, y / 240, side / 320, side / 240, track=1)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[bytes], str]:
    def save(data: bytes, name: str = "squares.onnx") -> str:
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return save


Save = Callable[[bytes], str]
MAKERS = {
    Form.YOLO8: tiny_onnx.yolo8,
    Form.YOLO5: tiny_onnx.yolo5,
    Form.SSD: tiny_onnx.ssd,
    Form.PAIR: tiny_onnx.pair,
    Form.LISTED: tiny_onnx.listed,
}


@pytest.mark.parametrize("form", MAKERS, ids=lambda form: form.name)
def test_each_form_finds_what_moves_and_nothing_else(form: Form, saved: Save) -> None:
    names = NAMES if form in {Form.YOLO8, Form.YOLO5} else NAMES[:1]
    labeller = open_labeller(saved(MAKERS[form]()), names)
    assert isinstance(labeller, NetLabeller)
    assert labeller.form is form
    picture = street((40, 60, "red"), (240, 160, "blue"))
    assert [name for name, _ in labeller.look(picture, [box(40, 60)])] == ["red"]
    assert [name for name, _ in labeller.look(picture, [box(140, 180)])] == []  # nothing is there
    if len(names) == 2:
        assert [name for name, _ in labeller.look(picture, [box(240, 160)])] == ["blue"]
        assert {name for name, _ in labeller.look(picture, [])} == {"red", "blue"}


def test_labels_come_best_first_and_once(saved: Save) -> None:
    labeller = open_labeller(saved(tiny_onnx.yolo8()), NAMES)
    picture = street((40, 60, "red"), (120, 60, "red"), (80, 100, "blue"))
    picture[picture[..., 0] == 250] = (160, 0, 0)
    found = labeller.look(picture, [box(40, 60, 120)])
    assert [name for name, _ in found] == ["red", "blue"]
    assert 1.0 >= found[0][1] > found[1][1] >= 0.35


def test_what_stands_beside_the_motion_is_not_named(saved: Save) -> None:
    labeller = open_labeller(saved(tiny_onnx.yolo8()), NAMES)
    picture = street((100, 100, "red"), (150, 100, "blue"))
    assert [name for name, _ in labeller.look(picture, [box(100, 100)])] == ["red"]


def test_names_come_from_the_settings_the_file_beside_or_the_model(saved: Save, tmp_path: Path) -> None:
    model = saved(tiny_onnx.yolo8(names="{0: 'tomato', 1: 'plum'}"))
    picture = street((40, 60, "red"))

    def named(*names: str) -> str:
        return open_labeller(model, names).look(picture, [box(40, 60)])[0][0]

    assert named() == "tomato"
    (tmp_path / "squares.txt").write_text("cherry\nberry\n")
    assert named() == "cherry"
    assert named("red", "blue") == "red"


def test_without_names_those_of_coco_are_taken(saved: Save) -> None:
    labeller = open_labeller(saved(tiny_onnx.yolo8()))
    assert len(COCO) == 80
    assert labeller.look(street((40, 60, "red")), [box(40, 60)])[0][0] == "person"


def test_a_model_for_any_size_is_given_one(saved: Save) -> None:
    data = tiny_onnx.yolo8(size=0)
    assert read_facts(data).shape == (1, 3, 0, 0)
    fixed = with_shape(data, (1, 3, 64, 64))
    assert read_facts(fixed).shape == (1, 3, 64, 64)
    labeller = open_labeller(saved(fixed), NAMES)
    assert labeller.look(street((40, 60, "red")), [box(40, 60)])[0][0] == "red"


def test_facts_of_a_model_are_read() -> None:
    facts = read_facts(tiny_onnx.yolo8(names="{0: 'a', 1: 'b'}", opset=17))
    assert (facts.shape, facts.opset, facts.names) == ((1, 3, 64, 64), 17, ("a", "b"))


@pytest.mark.parametrize("cut", [1, 40, 1000, 2000])
def test_no_model_and_torn_ones_are_told(cut: int, saved: Save, tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="there is no model file"):
        open_labeller(str(tmp_path / "none.onnx"))
    with pytest.raises(LabelsError, match="is no ONNX model"):
        open_labeller(saved(tiny_onnx.yolo8()[:cut]))
    with pytest.raises(LabelsError, match="is no ONNX model"):
        open_labeller(saved(b"hello, I am a text" * cut))


def test_a_model_that_does_not_run_here_is_told(saved: Save) -> None:
    broken = tiny_onnx.yolo8().replace(b"Reshape", b"Unheard")
    with pytest.raises(LabelsError, match=r"cannot be run: .*Unheard"):
        open_labeller(saved(broken), NAMES)


def test_a_model_that_answers_otherwise_is_told_with_what_is_known(saved: Save) -> None:
    with pytest.raises(LabelsError, match=r"1x6x64.* 3 names.*YOLOv8"):
        open_labeller(saved(tiny_onnx.yolo8()), ("only", "three", "names"))


@pytest.mark.parametrize(
    ("shapes", "size", "names", "form"),
    [
        ([(1, 84, 8400)], 640, 0, Form.YOLO8),
        ([(1, 25200, 85)], 640, 0, Form.YOLO5),
        ([(1, 25200, 6)], 640, 1, Form.YOLO5),
        ([(1, 300, 6)], 640, 80, Form.LISTED),
        ([(1, 5, 8400)], 640, 1, Form.YOLO8),
        ([(1, 2125, 112)], 320, 80, Form.NANODET),
        ([(1, 1, 100, 7)], 300, 90, Form.SSD),
        ([(1, 4420, 2), (1, 4420, 4)], 320, 1, Form.PAIR),
        ([(1, 1000)], 224, 0, None),
        ([(1, 32, 80, 80)], 640, 80, None),
    ],
)
def test_forms_are_known_by_their_shapes(
    shapes: list[tuple[int, ...]], size: int, names: int, form: Form | None
) -> None:
    assert form_of(shapes, size, names) is form


def test_nanodets_distances_become_boxes() -> None:
    size, point = 64, 1 * 8 + 2  # row 1, column 2 of the finest cells
    table = np.full((1, 85, 2 + 32), -9.0, np.float32)
    table[..., :2] = 0.0
    table[0, point, 1] = 0.8
    bins = table[0, point, 2:].reshape(4, 8)
    for side, steps in enumerate((1, 1, 2, 3)):
        bins[side, steps] = 9.0
    found = found_in([table], Form.NANODET, size, 0.5)
    assert found.classes.tolist() == [1]
    np.testing.assert_allclose(found.boxes[0], [8, 0, 24, 32], atol=0.01)
