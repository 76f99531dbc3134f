"""Networks of a few kilobytes that find red and blue squares, written as ONNX by hand (onnx.proto).

Each answers for 64 cells of 8 x 8 pixels how red (class 0) and how blue (class 1) they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["CELLS", "SIDE", "SIZE", "listed", "pair", "ssd", "yolo5", "yolo8"]

SIZE, SIDE = 64, 8
CELLS = (SIZE // SIDE) ** 2
FLOAT, INT64 = 1, 7


def number(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def field(key: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return number(key << 3) + number(value)
    value = value.encode() if isinstance(value, str) else value
    return number(key << 3 | 2) + number(len(value)) + value


def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> bytes:
    parts = [field(1, name) for name in inputs] + [field(2, output), field(3, output), field(4, kind)]
    for name, value in attributes.items():
        if isinstance(value, int):
            parts.append(field(5, field(1, name) + field(3, value) + field(20, 2)))
        else:
            ints = b"".join(field(8, each) for each in value)
            parts.append(field(5, field(1, name) + ints + field(20, 7)))
    return b"".join(parts)


def tensor(name: str, values: Any) -> bytes:
    kind = INT64 if values.dtype == np.int64 else FLOAT
    dims = b"".join(field(1, size) for size in values.shape)
    return dims + field(2, kind) + field(8, name) + field(9, values.tobytes())


def info(name: str, shape: tuple[int, ...]) -> bytes:
    sizes = b"".join(field(1, field(1, size) if size else field(2, "free")) for size in shape)
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, sizes)))


def model(
    nodes: list[bytes],
    tensors: dict[str, Any],
    outputs: dict[str, tuple[int, ...]],
    *,
    size: int = SIZE,
    names: str = "",
    opset: int = 12,
) -> bytes:
    graph = b"".join(field(1, each) for each in nodes) + field(2, "squares")
    graph += b"".join(field(5, tensor(name, values)) for name, values in tensors.items())
    graph += field(11, info("picture", (1, 3, size, size)))
    graph += b"".join(field(12, info(name, shape)) for name, shape in outputs.items())
    metadata = field(14, field(1, "names") + field(2, names)) if names else b""
    return field(1, 7) + field(7, graph) + field(8, field(2, opset)) + metadata


def _scores() -> tuple[list[bytes], dict[str, Any]]:
    """Nodes that make ``scores`` of 1 x 2 x CELLS."""
    weights = np.full((2, 3, SIDE, SIDE), -0.5 / SIDE**2, np.float32)
    weights[0, 0], weights[1, 2] = 1 / SIDE**2, 1 / SIDE**2  # red comes first
    nodes = [
        node("Conv", ["picture", "weights"], "cells", kernel_shape=[SIDE, SIDE], strides=[SIDE, SIDE]),
        node("Reshape", ["cells", "flat"], "scores"),
    ]
    return nodes, {"weights": weights, "flat": np.array([1, 2, CELLS], np.int64)}


def _corners() -> Any:
    y, x = np.mgrid[0:SIZE:SIDE, 0:SIZE:SIDE].astype(np.float32)
    return np.stack([x.ravel(), y.ravel(), x.ravel() + SIDE, y.ravel() + SIDE], axis=1)


def _centres() -> Any:
    corners = _corners()
    return np.concatenate([corners[:, :2] + SIDE / 2, np.full((CELLS, 2), SIDE, np.float32)], axis=1)


def yolo8(**settings: Any) -> bytes:
    nodes, tensors = _scores()
    tensors["boxes"] = np.ascontiguousarray(_centres().T[None])
    nodes.append(node("Concat", ["boxes", "scores"], "answer", axis=1))
    return model(nodes, tensors, {"answer": (1, 6, CELLS)}, **settings)


def yolo5(**settings: Any) -> bytes:
    nodes, tensors = _scores()
    tensors["boxes"] = np.concatenate([_centres(), np.full((CELLS, 1), 0.9, np.float32)], axis=1)[None]
    nodes += [
        node("Transpose", ["scores"], "turned", perm=[0, 2, 1]),
        node("Concat", ["boxes", "turned"], "answer", axis=2),
    ]
    return model(nodes, tensors, {"answer": (1, CELLS, 7)}, **settings)


def _rows(before: Any, after: Any, shape: tuple[int, ...]) -> bytes:
    """One class only: red."""
    nodes, tensors = _scores()
    tensors |= {"weights": tensors["weights"][:1], "flat": np.array([1, CELLS, 1], np.int64)}
    parts = {"before": before[None], "after": after[None]}
    tensors |= {name: part for name, part in parts.items() if part.size}
    order = [name for name in ("before", "scores", "after") if name == "scores" or parts[name].size]
    nodes.append(node("Concat", order, "rows", axis=2))
    tensors["shape"] = np.array(shape, np.int64)
    nodes.append(node("Reshape", ["rows", "shape"], "answer"))
    return model(nodes, tensors, {"answer": shape})


def ssd() -> bytes:
    numbers = np.tile(np.array([[0, 1]], np.float32), (CELLS, 1))
    return _rows(numbers, _corners() / SIZE, (1, 1, CELLS, 7))


def listed() -> bytes:
    return _rows(_corners(), np.zeros((CELLS, 1), np.float32), (1, CELLS, 6))


def pair() -> bytes:
    nodes, tensors = _scores()
    tensors |= {
        "corners": (_corners() / SIZE)[None],
        "nothing": np.zeros((1, 1, 1), np.float32),
        "background": np.full((1, CELLS, 1), 0.1, np.float32),
        "flat": np.array([1, CELLS, 1], np.int64),
        "weights": tensors["weights"][:1],
    }
    nodes += [
        node("Mul", ["scores", "nothing"], "still"),
        node("Add", ["corners", "still"], "boxes"),
        node("Concat", ["background", "scores"], "kinds", axis=2),
    ]
    return model(nodes, tensors, {"boxes": (1, CELLS, 4), "kinds": (1, CELLS, 2)})
