"""Our camera on a real kernel's video devices: a QEMU guest with vivid, the kernel's own test camera.

Needs, as Debian packages: qemu-system-x86, busybox-static, cpio; the kernel is fetched the first time. Each
finding is a line, OK or WRONG; a wrong one makes the benchmark fail. Names of parts (found, sources, levels,
square, two, busy, gone, errors, stuck) leave the others out.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from guest import boot, first_files, kernel, machine, missing, until
from scratch import scratch

LOAD = Path(__file__).with_name("real_camera_load.py")
# Two that take pictures, and one that shows them.
VIVID = "vivid n_devs=3 node_types=0x1,0x1,0x100"

INIT = """
mount -t sysfs none /host/sys
mount -t tmpfs none /host/mnt
setup="PYTHONDONTWRITEBYTECODE=1 HOME=/mnt TMPDIR=/mnt PYTHONPATH={path}"
chroot /host /usr/bin/env $setup {python} {load} /mnt {parts} 2>&1
echo "problem the guest ended too early"
sleep 1000
"""
CANNOT = """
What the test camera cannot be: it offers neither MJPEG nor H.264, so that packets copied as they come are not
tried here; it hangs on no USB; nothing walks in its pictures, so there is no event; the emulated processor
is slow: rates are low.
"""


def main(parts: Sequence[str]) -> int:
    """1 if anything is not as it should be."""
    if lacks := missing():
        print(f"\nreal camera: left out; needs {lacks}")
        return 0
    began = time.monotonic()
    with scratch() as directory:
        unpacked = kernel(directory)
        words = " ".join(map(shlex.quote, parts))
        path = Path(__file__).parents[1]
        init = INIT.format(path=path, python=sys.executable, load=LOAD, parts=words)
        first = first_files(directory, init, unpacked, (VIVID,))
        print(f"\nEdgePi's camera on Linux {unpacked.version}'s own video devices")
        with boot([*machine(unpacked, first), "-m", "1024"]) as (_, lines):
            wrong, rows = _told(until(lines, "done"))
    print(CANNOT)
    print(f"{rows} lines, {wrong} wrong; {time.monotonic() - began:.0f} s")
    return 1 if wrong or not rows else 0


def _told(lines: Iterable[str]) -> tuple[int, int]:
    """Print findings as they come; how many were wrong, and how many there were."""
    wrong = rows = 0
    for line in lines:
        _, mark, row = line.partition('row ["')
        if not mark:
            if line != "done" and "\x1b" not in line and "Booting" not in line:
                print(f"  {line}")
            continue
        what, expected, got, ok = json.loads(f'["{row}')
        print(f"  OK     {what}: {got}" if ok else f"  WRONG  {what}: {got}; expected {expected}", flush=True)
        rows, wrong = rows + 1, wrong + (not ok)
    return wrong, rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
