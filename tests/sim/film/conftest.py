"""Two tiny films that need no scene, and folders in which a real one was rendered."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepi.sim.film.render import Take, encoded
from edgepi.sim.film.ts import Film, film_of

FPS = 40


def film(width: int, height: int, count: int) -> Film:
    """Forty grainy pictures a second, each brighter than the last; each tenth can be begun with."""
    rng = np.random.default_rng(3)

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for number in range(count):
            grain = rng.integers(0, 80, (height * 3 // 2, width))
            yield (grain + 4 * number).astype(np.uint8)

    return film_of(encoded(pictures(), Take(width=width, height=height, fps=FPS, key_every_s=0.25)))


@pytest.fixture(scope="session")
def tiny() -> Film:
    return film(96, 72, 20)


@pytest.fixture(scope="session")
def smaller() -> Film:
    return film(64, 48, 10)
