"""Reads from an ONNX file what OpenCV does not tell: size of the input, names of the classes (onnx.proto)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["ModelFacts", "read_facts", "with_shape"]

# Field numbers of onnx.proto.
MODEL_GRAPH, MODEL_OPSET, MODEL_METADATA = 7, 8, 14
GRAPH_INITIALIZER, GRAPH_INPUT = 5, 11
OPSET_DOMAIN, OPSET_VERSION = 1, 2
NAME, TENSOR_NAME, TYPE, TENSOR, SHAPE, DIMENSION, SIZE = 1, 8, 2, 1, 2, 1, 1
KEY, VALUE = 1, 2

Fields = Iterator[tuple[int, int | memoryview]]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """*shape* of the first input, 0 where it is free; *names* by class, empty if the file tells none.

    *size* is that of the pictures it was trained with, 0 if the file tells none.
    """

    shape: tuple[int, ...]
    opset: int
    names: tuple[str, ...] = ()
    size: int = 0


def read_facts(data: bytes) -> ModelFacts:
    """Read them; raises ValueError if *data* is no ONNX model."""
    shape: tuple[int, ...] | None = None
    opset, metadata = 0, {}
    try:
        for number, value in _fields(memoryview(data)):
            if number == MODEL_GRAPH and isinstance(value, memoryview):
                shape = _first_input(value)
            elif number == MODEL_OPSET and isinstance(value, memoryview):
                opset = max(opset, _opset(value))
            elif number == MODEL_METADATA and isinstance(value, memoryview):
                pair = dict(_fields(value))
                metadata[_text(pair.get(KEY))] = _text(pair.get(VALUE))
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError("it is torn") from error
    if shape is None:
        raise ValueError("it has no graph with an input")
    return ModelFacts(shape, opset, _names(metadata.get("names", "")), _size(metadata.get("imgsz", "")))


def with_shape(data: bytes, shape: tuple[int, ...]) -> bytes:
    """The same model for inputs of this shape only: OpenCV wants to know it beforehand."""
    sizes = b"".join(_field(DIMENSION, b"\x08" + _number(size)) for size in shape)
    kind = _field(TYPE, _field(TENSOR, b"\x08\x01" + _field(SHAPE, sizes)))  # 1: float32

    def graph(value: memoryview) -> bytes:
        stored = {
            _text(part)
            for number, tensor in _fields(value)
            if number == GRAPH_INITIALIZER and isinstance(tensor, memoryview)
            for key, part in _fields(tensor)
            if key == TENSOR_NAME
        }
        return b"".join(
            _field(number, _field(NAME, name.encode()) + kind)
            if number == GRAPH_INPUT and isinstance(part, memoryview) and (name := _name(part)) not in stored
            else _field(number, part)
            for number, part in _fields(value)
        )

    return b"".join(
        _field(number, graph(value) if number == MODEL_GRAPH and isinstance(value, memoryview) else value)
        for number, value in _fields(memoryview(data))
    )


def _field(number: int, value: int | bytes | memoryview) -> bytes:
    if isinstance(value, int):
        return _number(number << 3) + _number(value)
    return _number(number << 3 | 2) + _number(len(value)) + bytes(value)


def _number(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*parts, value))


def _name(value: memoryview) -> str:
    return next((_text(part) for key, part in _fields(value) if key == NAME), "")


def _size(text: str) -> int:
    """What Ultralytics writes: ``[320, 320]``."""
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    return max(numbers, default=0)


def _opset(value: memoryview) -> int:
    fields = dict(_fields(value))
    version = fields.get(OPSET_VERSION, 0)
    return version if isinstance(version, int) and not _text(fields.get(OPSET_DOMAIN)) else 0


def _first_input(graph: memoryview) -> tuple[int, ...] | None:
    inputs: dict[str, tuple[int, ...]] = {}
    stored: set[str] = set()
    for number, value in _fields(graph):
        if number == GRAPH_INPUT and isinstance(value, memoryview):
            inputs[_name(value)] = _shape(value)
        elif number == GRAPH_INITIALIZER and isinstance(value, memoryview):
            stored.update(_text(part) for key, part in _fields(value) if key == TENSOR_NAME)
    return next((shape for name, shape in inputs.items() if name not in stored), None)


def _shape(value: memoryview) -> tuple[int, ...]:
    for number in (TYPE, TENSOR, SHAPE):
        found = next((part for key, part in _fields(value) if key == number), None)
        if not isinstance(found, memoryview):
            return ()
        value = found
    dimensions = [
        dict(_fields(part)) for key, part in _fields(value) if key == DIMENSION and not isinstance(part, int)
    ]
    return tuple(size if isinstance(size := each.get(SIZE, 0), int) else 0 for each in dimensions)


def _names(text: str) -> tuple[str, ...]:
    """What Ultralytics writes: ``{0: 'person', 1: 'bicycle'}``."""
    try:
        found = ast.literal_eval(text) if text else {}
    except (ValueError, SyntaxError):
        return ()
    if not isinstance(found, dict) or sorted(found) != list(range(len(found))):
        return ()
    return tuple(str(found[number]) for number in range(len(found)))


def _text(value: int | memoryview | None) -> str:
    return bytes(value).decode() if isinstance(value, memoryview) else ""


def _fields(data: memoryview) -> Fields:
    """Walk through one message of Protocol Buffers: numbers as int, everything else as bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield number, value
        elif kind in {1, 5}:
            size = 8 if kind == 1 else 4
            yield number, data[at : at + size]
            at += size
        elif kind == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError("it is torn")
            yield number, data[at : at + size]
            at += size
        else:
            raise ValueError("it is no ONNX model")


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("it is no ONNX model")
