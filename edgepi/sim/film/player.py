"""Plays films piece by piece: over and over, one after another, in one stream whose time goes on."""

from __future__ import annotations

import random
from dataclasses import dataclass

from edgepi.sim.film.ts import PACKET, Film, restamped

__all__ = ["Player", "Shot", "torn"]

TORN_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of the stream; one that is *key* can be begun with."""

    at_s: float
    data: bytes
    key: bool


class Player:
    """What comes next, at which second of the stream; nothing here knows the time."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self._wanted = film
        self._number = 0
        self._began_s = 0.0  # when the film that plays began, in the time of the stream
        self._counters: dict[int, int] = {}

    def change(self, film: Film) -> None:
        """Play another film, from the next picture on that can be begun with."""
        self._wanted = film

    @property
    def next_s(self) -> float:
        """Seconds of the stream at which the next picture is due."""
        return self._began_s + self._film.pieces[self._number].time_s

    def shot(self) -> Shot:
        """Return the next picture."""
        if self._wanted is not self._film and self._film.pieces[self._number].key:
            self._began_s, self._number, self._film = self.next_s, 0, self._wanted
        piece, at_s = self._film.pieces[self._number], self.next_s
        data = restamped(self._film, piece, at_s, self._counters)
        self._number += 1
        if self._number == len(self._film.pieces):
            self._number, self._began_s = 0, self._began_s + self._film.length_s
        return Shot(at_s, data, piece.key)


def torn(data: bytes, rng: random.Random) -> bytes:
    """Return what a bad cable leaves of packets: some are lost, cut short, or full of noise."""
    packets = []
    for at in range(0, len(data), PACKET):
        packet = data[at : at + PACKET]
        if rng.random() < TORN_SHARE:
            cut = rng.randrange(PACKET)
            packet = packet[:cut] + rng.randbytes(rng.choice((0, PACKET - cut)))
        packets.append(packet)
    return b"".join(packets)
