"""Colours that lie on each other in a column can be told apart, by those with few colours too."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from edgepi.energy.report.kinds import CONSUMER_TONES, TONES
from edgepi.energy.report.style import DARK, LIGHT

# Machado, Oliveira and Fernandes (2009), full severity, on linear RGB.
SIGHTS = {
    "all colours": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
PILED = [*pairwise(CONSUMER_TONES), ("tone0", "sun"), ("sun", "store"), ("lost", "store"), ("sun", "load")]


def linear(colour: str) -> list[float]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def lab(rgb: list[float]) -> tuple[float, float, float]:
    r, g, b = rgb
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def seen(colour: str, sight: str) -> tuple[float, float, float]:
    rgb = linear(colour)
    return lab(
        [min(1.0, max(0.0, sum(a * b for a, b in zip(row, rgb, strict=True)))) for row in SIGHTS[sight]]
    )


def apart(one: str, other: str, sight: str) -> float:
    a, b = seen(one, sight), seen(other, sight)
    return math.dist(a, b)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("sight", SIGHTS)
def test_neighbours_in_a_column_differ_for_every_eye(colours: dict[str, str], sight: str) -> None:
    close = {(a, b): round(apart(colours[a], colours[b], sight)) for a, b in PILED}
    assert {pair: d for pair, d in close.items() if d < 20} == {}


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_words_and_lines_stand_out_from_their_card(colours: dict[str, str]) -> None:
    def brightness(name: str) -> float:
        r, g, b = linear(colours[name])
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05

    card = brightness("card")
    contrast = {name: max(brightness(name), card) / min(brightness(name), card) for name in colours}
    assert {n: c for n in ("ink", "muted", "warn", "bad", "price", "load") if (c := contrast[n]) < 4.5} == {}
    assert {n: c for n in ("sun", "store") if (c := contrast[n]) < 2.7} == {}


def test_every_tone_has_its_colour_in_both_lights() -> None:
    assert set(TONES) <= set(LIGHT) == set(DARK)
