"""Cut the power of a machine that records: a QEMU guest is killed, what it had not synced is lost.

Needs, beside what `guest` needs, the Debian package e2fsprogs. The guest keeps history, journals and a
configuration on a disk image with ext4. How often the power is cut may be given as argument.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from guest import boot, first_files, kernel, machine, missing, run, until
from power_tally import Tally
from scratch import scratch
from state_load import CONFIGURATION, JOURNALS
from table import show

CUTS = 20
ROWS_PER_S = 200
LOAD = Path(__file__).with_name("state_load.py")
MODULES = ("virtio_blk", "ext4")

INIT = """
mount -t ext4 /dev/vda /host/mnt || echo "problem the disk does not mount"
setup="PYTHONDONTWRITEBYTECODE=1 HOME=/mnt PYTHONPATH={path}"
day=$(sed 's/.*day=\\([0-9]*\\).*/\\1/' /proc/cmdline)
chroot /host /usr/bin/env $setup {python} {load} /mnt $day {rate} 2>&1
echo "problem the writer ended"
sleep 1000
"""


def main() -> None:
    if lacks := missing("mkfs.ext4"):
        print(f"\npower cuts: left out; needs {lacks}")
        return
    cuts = int(sys.argv[1]) if len(sys.argv) > 1 else CUTS
    with scratch() as directory:
        tally, took_s = _cut_often(_build(directory), cuts, random.Random(3))
    for name, problems in tally.not_whole.items():
        print(f"\n{name}: " + "\n  ".join(problems))
    show(
        f"{cuts} power cuts of a guest that records {ROWS_PER_S} rows/s and saves files all the time",
        [*tally.rows_of_table(), ("a boot, a check and a run together", f"{took_s:.0f} s", "")],
    )


def _cut_often(command: list[str], cuts: int, dice: random.Random) -> tuple[Tally, float]:
    """Return what the cuts have cost, and the mean seconds of a round."""
    tally = Tally(JOURNALS, CONFIGURATION)
    began = time.monotonic()
    for day in range(cuts + 1):
        with boot(command, f"day={day}") as (guest, lines):
            tally.find(json.loads(_next(lines, "found ")))
            if day == cuts:
                break
            said = list(until(lines, "ready"))
            time.sleep(dice.uniform(0.5, 6.0))
            guest.kill()
            tally.hear([*said, *lines])
    return tally, (time.monotonic() - began) / (cuts + 1)


def _next(lines: Iterator[str], start: str) -> str:
    *_, last = until(lines, start)
    return last.partition(start)[2]  # the firmware leaves escape sequences before the first word


def _build(directory: Path) -> list[str]:
    """Make kernel, first file system and disk; return the command of the machine."""
    disk = directory / "disk"
    with disk.open("wb") as file:
        file.truncate(256 << 20)
    run("mkfs.ext4", "-q", str(disk))
    unpacked = kernel(directory)
    path = Path(__file__).parents[1]
    init = INIT.format(path=path, python=sys.executable, load=LOAD, rate=ROWS_PER_S)
    return [
        *machine(unpacked, first_files(directory, init, unpacked, MODULES)),
        *("-drive", f"file={disk},format=raw,if=virtio,cache=writeback"),
    ]


if __name__ == "__main__":
    main()
