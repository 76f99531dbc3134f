"""Which kinds of transfers our drivers use, as the kernel itself traces them, and which the chips know."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from real_bus_rows import Row

__all__ = ["Transfers"]

TRACING = Path("/sys/kernel/tracing")
LINE = re.compile(r"smbus_(read|write): i2c-0 a=([0-9a-f]+) f=\S+ c=([0-9a-f]+) (\w+)")
BYTE, WORD, BLOCK = "BYTE_DATA", "WORD_DATA", "I2C_BLOCK_DATA"
# What the data sheets and firmwares know; None is any register.
Kinds = set[tuple[str, str, int | None]]
BYTES: Kinds = {("read", BYTE, None), ("write", BYTE, None)}
WORDS: Kinds = {("read", WORD, None), ("write", WORD, None)}
GOES_ON: Kinds = {("read", WORD, None), ("read", BLOCK, None)}
KNOWN: dict[int, tuple[str, Kinds]] = {
    0x08: ("Witty Pi 4", BYTES | {("read", WORD, 50)}),
    0x40: ("INA219", WORDS),
    0x41: ("INA226", WORDS),
    0x48: ("ADS1115", WORDS),
    0x51: ("Witty Pi 5", BYTES),
    0x68: ("DS3231 of the Witty Pi 3", BYTES | WORDS | GOES_ON | {("write", BLOCK, None)}),
    0x69: ("Witty Pi 3", BYTES),
    0x76: ("BME280", BYTES | GOES_ON),
    0x77: ("BMP280", BYTES | GOES_ON),
}


class Transfers:
    """Traces the bus from when it is made."""

    def __init__(self) -> None:
        (TRACING / "events/smbus/enable").write_text("1")
        (TRACING / "trace").write_text("")

    def rows(self) -> Iterator[Row]:
        """A row for each chip: the kinds that it knows, and those that were used."""
        (TRACING / "events/smbus/enable").write_text("0")
        used: dict[int, set[tuple[str, str, int]]] = defaultdict(set)
        for way, address, register, kind in LINE.findall((TRACING / "trace").read_text()):
            used[int(address, 16)].add((way, kind, int(register, 16)))
        for address, (name, known) in KNOWN.items():
            wrong = {
                (way, kind, register)
                for way, kind, register in used[address]
                if (way, kind, None) not in known and (way, kind, register) not in known
            }
            seen = _words({(way, kind, None) for way, kind, _ in used[address]})
            ok = bool(used[address]) and not wrong
            yield Row(
                f"transfers of the {name}",
                _words(known),
                seen + (f", not known: {sorted(wrong)}" if wrong else ""),
                ok,
            )


def _words(kinds: Kinds) -> str:
    short = {BYTE: "byte", WORD: "word", BLOCK: "block"}
    texts = (f"{way} {short.get(kind, kind)}" + ("" if at is None else f" {at}") for way, kind, at in kinds)
    return ", ".join(sorted(texts))
