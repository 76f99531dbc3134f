"""Words in a picture, at a size that can be read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2

from edgepi_camera.motion.picture import Bytes

__all__ = ["Pen", "written"]

FONT = cv2.FONT_HERSHEY_SIMPLEX
SMALLEST, LARGEST = 0.33, 1.0
WIDEST = 1900

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Pen:
    """Sizes in pixels (*scale* is that of the letters), the *colour* of words and of the *ground* below."""

    scale: float
    line: int
    pad: int
    thin: int
    thick: int
    colour: Colour = (255, 255, 255)
    ground: Colour | None = None

    @classmethod
    def of(cls, width: int) -> Pen:
        """For a picture of so many columns."""
        part = min(1.0, max(0.0, (width - 320) / (WIDEST - 320)))
        scale = SMALLEST + part * (LARGEST - SMALLEST)
        line = round(33 * scale) + 3
        return cls(
            scale, line, max(3, round(8 * scale)), 1 + (width >= 1600), 1 + (width >= 480) + (width >= 1600)
        )

    def ink(self, colour: Colour, ground: Colour | None = None) -> Pen:
        """The same pen in other colours."""
        return replace(self, colour=colour, ground=ground)

    def width_of(self, text: str) -> int:
        """How many columns *text* takes."""
        return int(cv2.getTextSize(text, FONT, self.scale, self.thin)[0][0])


def written(picture: Bytes, text: str, at: tuple[int, int], pen: Pen) -> None:
    """Write *text*, its upper left corner *at*, moved so that the picture holds it."""
    text = "".join(letter if " " <= letter <= "~" else "?" for letter in text)
    height, width = picture.shape[:2]
    across = pen.width_of(text) + (2 * pen.pad if pen.ground else 0)
    x, y = max(0, min(at[0], width - across)), max(0, min(at[1], height - pen.line))
    if pen.ground is not None:
        cv2.rectangle(picture, (x, y), (x + across, y + pen.line), pen.ground, cv2.FILLED)
        x += pen.pad
    base = y + round(0.5 * pen.line + 11 * pen.scale)
    cv2.putText(picture, text, (x, base), FONT, pen.scale, pen.colour, pen.thin, cv2.LINE_AA)
