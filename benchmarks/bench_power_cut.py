"""Cut the power of a machine that records: a QEMU guest is killed, what it had not synced is lost.

Needs, as Debian packages: qemu-system-x86, busybox-static, cpio, e2fsprogs; a kernel image is
fetched and unpacked, not installed. The guest sees this machine's files through 9p, read-only,
and keeps history, journals and a configuration on a disk image with ext4. How often the power is
cut may be given as argument.
"""

from __future__ import annotations

import json
import platform
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from power_tally import Tally
from scratch import CACHE, scratch
from state_load import CONFIGURATION, JOURNALS
from table import show

CUTS = 20
ROWS_PER_S = 200
LOAD = Path(__file__).with_name("state_load.py")
TOOLS = ("qemu-system-x86_64", "busybox", "cpio", "mkfs.ext4", "dpkg-deb", "apt-get", "apt-cache")
MODULES = ("virtio_pci", "virtio_blk", "9pnet_virtio", "9p", "ext4")
EXTRA_MODULES = ("crc32c_generic", "netfs", "fscache")

INIT = """#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t devtmpfs none /dev
for module in $(cat /modules/order); do insmod /modules/$module; done
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose host /host
mount -t proc none /host/proc
mount -t devtmpfs none /host/dev
mount -t ext4 /dev/vda /host/mnt || echo "problem the disk does not mount"
setup="PYTHONDONTWRITEBYTECODE=1 HOME=/mnt PYTHONPATH={path}"
day=$(sed 's/.*day=\\([0-9]*\\).*/\\1/' /proc/cmdline)
chroot /host /usr/bin/env $setup {python} {load} /mnt $day {rate} 2>&1
echo "problem the writer ended"
sleep 1000
"""


def main() -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or platform.machine() != "x86_64":
        print(f"\npower cuts: left out; needs x86-64 and {', '.join(missing) or 'nothing else'}")
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


def _cut_often(machine: list[str], cuts: int, dice: random.Random) -> tuple[Tally, float]:
    """Return what the cuts have cost, and the mean seconds of a round."""
    tally = Tally(JOURNALS, CONFIGURATION)
    began = time.monotonic()
    for day in range(cuts + 1):
        with _guest(machine, day) as (guest, lines):
            tally.find(json.loads(_next(lines, "found ")))
            if day == cuts:
                break
            said = list(_until(lines, "ready"))
            time.sleep(dice.uniform(0.5, 6.0))
            guest.kill()
            tally.hear([*said, *lines])
    return tally, (time.monotonic() - began) / (cuts + 1)


@contextmanager
def _guest(machine: list[str], day: int) -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
    """Run the machine and hand out what it prints; killing it is a power cut."""
    command = [*machine, "-append", f"console=ttyS0 quiet loglevel=1 panic=-1 rdinit=/init day={day}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as guest:
        try:
            assert guest.stdout is not None
            yield guest, _lines(guest.stdout)
        finally:
            guest.kill()


def _lines(output: Iterator[str]) -> Iterator[str]:
    seen = []
    for line in output:
        seen.append(line.strip())
        assert not seen[-1].startswith("problem"), "\n".join(seen[-20:])
        yield seen[-1]


def _next(lines: Iterator[str], start: str) -> str:
    *_, last = _until(lines, start)
    return last.partition(start)[2]  # the firmware leaves escape sequences before the first word


def _until(lines: Iterator[str], word: str) -> Iterator[str]:
    """Give every line up to the one with *word*, which must come."""
    seen = []
    for line in lines:
        seen.append(line)
        yield line
        if word in line:
            return
    raise AssertionError("\n".join(seen[-20:]))


def _build(directory: Path) -> list[str]:
    """Make kernel, first file system and disk; return the command of the machine."""
    disk = directory / "disk"
    with disk.open("wb") as file:
        file.truncate(256 << 20)
    _run("mkfs.ext4", "-q", str(disk))
    kernel, modules = _kernel(directory)
    return [
        *("qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "512"),
        *("-nographic", "-no-reboot", "-monitor", "none", "-serial", "stdio", "-nic", "none"),
        *("-kernel", str(kernel), "-initrd", str(_first_files(directory, modules))),
        *("-drive", f"file={disk},format=raw,if=virtio,cache=writeback"),
        *("-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"),
    ]


def _kernel(directory: Path) -> tuple[Path, Path]:
    depends = _run("apt-cache", "depends", "linux-image-amd64")
    match = re.search(r"Depends: (linux-image-\S+)", depends)
    assert match, depends
    package = next(CACHE.glob(f"{match[1]}_*.deb"), None)
    if package is None:
        _run("apt-get", "-qq", "download", match[1], cwd=directory)
        (fetched,) = directory.glob("linux-image-*.deb")
        package = fetched.rename(CACHE / fetched.name)
    _run("dpkg-deb", "-x", str(package), str(directory / "kernel"))
    (kernel,) = directory.glob("kernel/boot/vmlinuz-*")
    (modules,) = directory.glob("kernel/lib/modules/*")
    return kernel, modules


def _first_files(directory: Path, modules: Path) -> Path:
    root = directory / "first"
    for name in ("bin", "dev", "proc", "host", "modules"):
        (root / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox") or "", root / "bin/busybox")
    order = _in_order(modules)
    for module in order:
        shutil.copy(module, root / "modules")
    (root / "modules/order").write_text("\n".join(module.name for module in order))
    init = root / "init"
    path = Path(__file__).parents[1]
    init.write_text(INIT.format(path=path, python=sys.executable, load=LOAD, rate=ROWS_PER_S))
    init.chmod(0o755)
    archive = directory / "first.cpio"
    names = "\n".join(str(p.relative_to(root)) for p in sorted(root.rglob("*")))
    with archive.open("wb") as file:
        command = ["cpio", "-o", "-H", "newc", "--quiet"]
        subprocess.run(command, cwd=root, input=names.encode(), stdout=file, check=True)
    return archive


def _in_order(modules: Path) -> list[Path]:
    """Find modules and what they need, what is needed first."""
    files = {p.stem.replace("-", "_"): p for p in modules.rglob("*.ko")}
    found: dict[str, Path] = {}

    def add(name: str) -> None:
        if name in files and name not in found:
            for needed in _needs(files[name]):
                add(needed)
            found[name] = files[name]

    for name in (*EXTRA_MODULES, *MODULES):
        add(name)
    return list(found.values())


def _needs(module: Path) -> list[str]:
    match = re.search(rb"\0depends=([^\0]*)\0", module.read_bytes())
    return [name.replace("-", "_") for name in match[1].decode().split(",") if name] if match else []


def _run(*command: str, cwd: Path | None = None) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=cwd).stdout


if __name__ == "__main__":
    main()
