"""Past copies of a plane, and what is unlike most of them."""

from __future__ import annotations

import numpy as np
import pytest

from edgepi_camera.motion.samples import SAMPLES, Samples

SIZE = (40, 60)
EVERYWHERE = np.full(SIZE, 255, np.uint8)


def agreeing(copies: list[np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """How many lie within, counted the slow way."""
    return np.asarray(sum(((copy >= low) & (copy <= high)).astype(np.int64) for copy in copies))


@pytest.mark.parametrize("spread", [2, 6, 30, 120])
def test_what_is_unlike_is_the_same_however_much_of_it_there_is(spread: int) -> None:
    rng = np.random.default_rng(13)
    copies = [rng.integers(128 - spread, 128 + spread, SIZE).astype(np.uint8) for _ in range(SAMPLES)]
    samples = Samples(copies[0])
    for index, copy in enumerate(copies):
        samples.write(index, copy, EVERYWHERE)
    now = rng.integers(128 - spread, 128 + spread, SIZE)
    low, high = (now - 5).clip(0, 255).astype(np.uint8), (now + 5).clip(0, 255).astype(np.uint8)
    needed = rng.integers(3, 5, SIZE).astype(np.uint8)
    expected = agreeing(copies, low, high) < needed
    assert ((samples.unlike(low, high, needed) == 255) == expected).all()


def test_a_copy_is_written_only_where_it_is_wanted() -> None:
    samples = Samples(np.full(SIZE, 10, np.uint8))
    left = EVERYWHERE.copy()
    left[:, 30:] = 0
    for index in range(SAMPLES):
        samples.write(index, np.full(SIZE, 200, np.uint8), left)
    low, high = np.full(SIZE, 195, np.uint8), np.full(SIZE, 205, np.uint8)
    unlike = samples.unlike(low, high, np.full(SIZE, 4, np.uint8))
    assert not unlike[:, :30].any()
    assert (unlike[:, 30:] == 255).all()
