"""Our real code on a real kernel's I2C bus and pins: a QEMU guest with i2c-stub and the GPIO simulator.

Needs, as Debian packages: qemu-system-x86, busybox-static, cpio, gcc, make; the kernel, its headers and
sources are fetched, and the GPIO simulator is built, the first time. What the guest finds is printed as a
table; one wrong line makes the benchmark fail.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from guest import boot, first_files, kernel, machine, missing, until
from guest_gpio import BUILD_TOOLS, gpio_sim
from scratch import scratch

LOAD = Path(__file__).with_name("real_bus_load.py")
STUB = "i2c-stub chip_addr=0x76,0x77,0x48,0x40,0x41,0x08,0x51,0x69,0x68"
MODULES = ("i2c-dev", STUB, "configfs", "bmp280-i2c", "ti-ads1015")

INIT = """
mount -t sysfs none /host/sys
mount -t tmpfs none /host/mnt
mount -t configfs none /host/sys/kernel/config
mount -t tracefs none /host/sys/kernel/tracing
setup="PYTHONDONTWRITEBYTECODE=1 HOME=/mnt TMPDIR=/mnt PYTHONPATH={path}"
chroot /host /usr/bin/env $setup {python} {load} /mnt 2>&1
echo "problem the guest ended too early"
sleep 1000
"""
CANNOT = """
What i2c-stub itself cannot be: it keeps bytes and does nothing. No reset, no conversion, no running clock, no
alarm, no cut, no answer that depends on the last one, no NAK of a chip that is busy; it says "No such device"
where a real bus says "Remote I/O error". Lines named "stub" are of registers that keep still; for lines named
"played" our simulated chips stand behind the stub, and every byte still goes through the kernel both ways.
"""


def main() -> int:
    """1 if anything is not as it should be."""
    if lacks := missing(*BUILD_TOOLS):
        print(f"\nreal bus: left out; needs {lacks}")
        return 0
    began = time.monotonic()
    with scratch() as directory:
        unpacked = kernel(directory)
        init = INIT.format(path=Path(__file__).parents[1], python=sys.executable, load=LOAD)
        first = first_files(directory, init, unpacked, MODULES, own=[gpio_sim(unpacked, directory)])
        booted = time.monotonic()
        with boot(machine(unpacked, first)) as (_, lines):
            said = list(until(lines, "done"))
    rows = [json.loads(line.partition("row ")[2]) for line in said if line.partition("row ")[2]]
    print("\n".join(line for line in said if "row " not in line and line != "done"))
    _show(f"EdgePi on Linux {unpacked.version}'s own I2C bus and pins", rows)
    print(CANNOT)
    wrong = [what for what, _, _, ok in rows if not ok]
    print(
        f"{len(rows)} lines, {len(wrong)} wrong; {booted - began:.0f} s to make the guest, "
        f"{time.monotonic() - booted:.0f} s in it"
    )
    return 1 if wrong or not rows else 0


def _show(title: str, rows: list[tuple[str, str, str, bool]]) -> None:
    table = [("what", "expected", "got", "ok"), *((*row[:3], "yes" if row[3] else "NO") for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    print(f"\n{title}")
    for *cells, ok in table:
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        print(f"  {line}  {ok}")


if __name__ == "__main__":
    sys.exit(main())
