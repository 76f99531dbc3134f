"""Real traffic with its ground truth, with the settings that everybody starts with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepi_camera.model import MotionSettings
from edgepi_camera.motion.detector import Detector
from edgepi_camera.motion.picture import Picture

FPS = 25
FIRST_LABELLED = 470
MOVES, STANDS, SHADOW = 255, 0, 50
LEAST_F = 0.80
MOST_FALSE = 0.01


def pictures(clip: Path) -> Iterator[Picture]:
    capture = cv2.VideoCapture(str(clip))
    while True:
        more, picture = capture.read()
        if not more:
            return
        packed = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
        rows = picture.shape[0]
        u, v = packed[rows:].reshape(2, rows // 2, -1)
        yield Picture(packed[:rows], u, v)


@pytest.mark.measured
def test_pixels_of_real_traffic_are_found_with_the_usual_settings(measured_data: Path) -> None:
    with np.load(measured_data / "video/highway-gt.npz") as kept:
        labels = kept["labels"]
    detector = Detector(MotionSettings())
    hits = misses = false = 0
    for k, picture in enumerate(pictures(measured_data / "video/highway.avi")):
        detector.see(picture, k / FPS)
        if k < FIRST_LABELLED:
            continue
        mask = cv2.resize(detector.mask().astype(np.uint8), (320, 240), interpolation=cv2.INTER_NEAREST) > 0
        moves = labels[k] == MOVES
        other = (labels[k] == STANDS) | (labels[k] == SHADOW)
        hits += int((mask & moves).sum())
        misses += int((~mask & moves).sum())
        false += int((mask & other).sum())
    assert 2 * hits / (2 * hits + misses + false) >= LEAST_F


@pytest.mark.measured
def test_real_leaves_seen_from_near_are_seldom_taken_for_things(measured_data: Path) -> None:
    detector = Detector(MotionSettings())
    said = []
    for k, whole in enumerate(pictures(measured_data / "video/highway.avi")):
        if k % 3 == 0:
            leaves = cv2.resize(whole.luma[:70, :110], (320, 204), interpolation=cv2.INTER_CUBIC)
            sight = detector.see(Picture(np.asarray(leaves, np.uint8)), k / FPS)
            said.append(sight.moving)
    assert sum(said) <= MOST_FALSE * len(said)
