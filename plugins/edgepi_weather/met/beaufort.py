"""Wind in the words of Beaufort."""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["beaufort", "beaufort_words"]

FROM_M_S = (0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7)
WORDS = (
    "calm",
    "light air",
    "light breeze",
    "gentle breeze",
    "moderate breeze",
    "fresh breeze",
    "strong breeze",
    "near gale",
    "gale",
    "strong gale",
    "storm",
    "violent storm",
    "hurricane",
)


def beaufort(wind_m_s: float) -> int | None:
    """Return the force, 0 to 12, of a mean of 10 minutes at 10 m above ground.

    Source: WMO-No. 306, code table 1100. None for a negative wind. A gust has no force.
    """
    return None if wind_m_s < 0.0 else bisect_right(FROM_M_S, round(wind_m_s, 1))


def beaufort_words(force: int) -> str:
    """Return the WMO's name of a force."""
    return WORDS[force]
