"""The detector finds everybody who passes, and nobody where nobody is, whatever wind and light do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from edgepi_camera.motion.picture import Picture
from tests.composed import benchmark_module

scenes = benchmark_module("scenes")
scene_truth = benchmark_module("scene_truth")
camera_methods = benchmark_module("camera_methods")
SHORT = {scene.name: scene for scene in benchmark_module("scene_short").short()}


def _planes(frames: list[Any]) -> Iterator[Picture]:
    for frame in frames:
        packed = np.asarray(cv2.cvtColor(frame.picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
        yield camera_methods.unpacked(packed)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_a_visitor_is_found_at_once_and_nothing_else(name: str) -> None:
    frames = list(scenes.compose(SHORT[name]))
    truth = scene_truth.truth_of(SHORT[name], frames)
    score = scene_truth.judge(truth, camera_methods.looked(_planes(frames)))
    assert (score.acts, score.found, score.placed) == (1, 1, 1)
    assert score.start_s[0] <= 0.5
    assert score.quiet > 100
    assert score.false_share <= 0.01
