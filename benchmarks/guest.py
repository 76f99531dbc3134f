"""A QEMU guest with Debian's kernel that sees this machine's files, read-only.

Needs, as Debian packages: qemu-system-x86, busybox-static, cpio. Kernels are fetched and unpacked, not
installed; what was fetched stays in the cache.
"""

from __future__ import annotations

import lzma
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scratch import CACHE

__all__ = ["TOOLS", "Kernel", "boot", "fetch", "first_files", "kernel", "machine", "missing", "run", "until"]

TOOLS = ("qemu-system-x86_64", "busybox", "cpio", "dpkg-deb", "apt-get", "apt-cache")
# What it takes to see the files of the host; which of it is a module of its own depends on the kernel.
SHARING = ("crc32c_generic", "netfs", "fscache", "virtio_pci", "9pnet_virtio", "9p")

MOUNT_HOST = """#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t devtmpfs none /dev
while read module; do insmod /modules/$module; done </modules/order
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose host /host
mount -t proc none /host/proc
mount -t devtmpfs none /host/dev
"""


@dataclass(frozen=True)
class Kernel:
    """An unpacked kernel: its image, the directory of its modules, its version such as 6.1.0-9-amd64."""

    image: Path
    modules: Path

    @property
    def version(self) -> str:
        """As the kernel itself says it."""
        return self.modules.name


def missing(*tools: str) -> str:
    """What this machine lacks for a guest, in words; empty if nothing."""
    lacks = [tool for tool in (*TOOLS, *tools) if shutil.which(tool) is None]
    if platform.machine() != "x86_64":
        lacks.insert(0, "an x86-64 machine")
    return ", ".join(lacks)


def fetch(package: str) -> Path:
    """Fetch a Debian package, or find it in the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    cached = next(CACHE.glob(f"{package}_*.deb"), None)
    if cached is None:
        run("apt-get", "-qq", "download", package, cwd=CACHE)
        (cached,) = CACHE.glob(f"{package}_*.deb")
    return cached


def kernel(directory: Path) -> Kernel:
    """Unpack the newest kernel of this Debian."""
    depends = run("apt-cache", "depends", "linux-image-amd64")
    match = re.search(r"Depends: (linux-image-\S+)", depends)
    assert match, depends
    run("dpkg-deb", "-x", str(fetch(match[1])), str(directory / "kernel"))
    (image,) = directory.glob("kernel/boot/vmlinuz-*")
    (modules,) = directory.glob("kernel/lib/modules/*")
    return Kernel(image, modules)


def first_files(
    directory: Path, init: str, unpacked: Kernel, modules: Sequence[str], own: Iterable[Path] = ()
) -> Path:
    """Make the first file system: *init*, *modules* and what they need, and *own* ones after all others.

    A module of the kernel is named as modprobe takes it, with parameters behind it.
    """
    root = directory / "first"
    for name in ("bin", "dev", "proc", "host", "modules"):
        (root / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox") or "", root / "bin/busybox")
    parameters = dict(_split(module) for module in modules)
    lines = []
    for path in (*_in_order(unpacked.modules, (*SHARING, *parameters)), *own):
        file_name = path.name.removesuffix(".xz")
        (root / "modules" / file_name).write_bytes(_content(path))
        lines.append(f"{file_name} {parameters.get(_name(path), '')}\n")
    (root / "modules/order").write_text("".join(lines))
    (root / "init").write_text(MOUNT_HOST + init)
    (root / "init").chmod(0o755)
    archive = directory / "first.cpio"
    names = "\n".join(str(p.relative_to(root)) for p in sorted(root.rglob("*")))
    with archive.open("wb") as file:
        command = ["cpio", "-o", "-H", "newc", "--quiet"]
        subprocess.run(command, cwd=root, input=names.encode(), stdout=file, check=True)
    return archive


def machine(unpacked: Kernel, first: Path) -> list[str]:
    """The command that runs the guest, but for its disks and the kernel's command line."""
    return [
        *("qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "512"),
        *("-nographic", "-no-reboot", "-monitor", "none", "-serial", "stdio", "-nic", "none"),
        *("-kernel", str(unpacked.image), "-initrd", str(first)),
        *("-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"),
    ]


@contextmanager
def boot(command: Sequence[str], words: str = "") -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
    """Run the machine and hand out what it prints; killing it is a power cut."""
    append = f"console=ttyS0 quiet loglevel=1 panic=-1 rdinit=/init {words}".strip()
    started = [*command, "-append", append]
    with subprocess.Popen(started, stdout=subprocess.PIPE, text=True, errors="replace") as guest:
        try:
            assert guest.stdout is not None
            yield guest, _lines(guest.stdout)
        finally:
            guest.kill()


def until(lines: Iterator[str], word: str) -> Iterator[str]:
    """Give every line up to the one with *word*, which must come."""
    seen = []
    for line in lines:
        seen.append(line)
        yield line
        if word in line:
            return
    raise AssertionError("\n".join(seen[-20:]))


def run(*command: str, cwd: Path | None = None) -> str:
    """Run a tool to its end and return what it prints; raises RuntimeError with its complaint."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def _lines(output: Iterator[str]) -> Iterator[str]:
    seen = []
    for line in output:
        seen.append(line.strip())
        assert not seen[-1].startswith("problem"), "\n".join(seen[-20:])
        yield seen[-1]


def _in_order(modules: Path, wanted: Iterable[str]) -> list[Path]:
    """Find modules and what they need, what is needed first."""
    files = {_name(path): path for path in modules.rglob("*.ko*")}
    found: dict[str, Path] = {}

    def add(name: str) -> None:
        if name in files and name not in found:
            for needed in _needs(files[name]):
                add(needed)
            found[name] = files[name]

    for name in wanted:
        add(name)
    return list(found.values())


def _name(path: Path) -> str:
    return path.name.partition(".")[0].replace("-", "_")


def _split(module: str) -> tuple[str, str]:
    name, _, parameters = module.partition(" ")
    return name.replace("-", "_"), parameters


def _needs(module: Path) -> list[str]:
    match = re.search(rb"\0depends=([^\0]*)\0", _content(module))
    return [name.replace("-", "_") for name in match[1].decode().split(",") if name] if match else []


def _content(module: Path) -> bytes:
    content = module.read_bytes()
    return lzma.decompress(content) if module.suffix == ".xz" else content
