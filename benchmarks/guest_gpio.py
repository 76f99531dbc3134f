"""Builds the kernel's own GPIO simulator for a guest, for Debian's kernels come without it.

The sources are those of Debian's package; built against the headers of the very kernel, unpacked and not
installed. What was built stays in the cache. A package of another revision than the kernel's will do.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from guest import Kernel, fetch, run
from scratch import CACHE

__all__ = ["BUILD_TOOLS", "gpio_sim"]

BUILD_TOOLS = ("gcc", "make", "tar", "xz")
SIMULATOR, INTERRUPTS = "drivers/gpio/gpio-sim.c", "kernel/irq/irq_sim.c"
SOURCES = (SIMULATOR, "drivers/gpio/gpiolib.h", INTERRUPTS)
# A module must not ask for the descriptor of an interrupt, and need not: the kernel offers it a way.
OLD_CALL, NEW_CALL = "handle_simple_irq(irq_to_desc(irqnum))", "generic_handle_irq_safe(irqnum)"
MAKEFILE = "obj-m := edgepi-gpio-sim.o\nedgepi-gpio-sim-y := gpio-sim.o irq_sim.o\n"


def gpio_sim(kernel: Kernel, directory: Path) -> Path:
    """The module for this kernel; the first time it is built, which fetches 150 MB of sources."""
    cached = CACHE / f"gpio-sim-{kernel.version}.ko"
    if not cached.exists():
        headers = _headers(kernel.version, directory)
        built = _build(_sources(kernel.version, directory), headers, kernel.version)
        shutil.move(built, cached)
        for sources in CACHE.glob("linux-source-*.deb"):
            sources.unlink()  # large, and wanted no more
    return cached


def _sources(version: str, directory: Path) -> Path:
    """Unpack what is needed of the sources, and change the one call."""
    series = ".".join(version.split(".")[:2])
    package, wanted = fetch(f"linux-source-{series}"), directory / "wanted"
    wanted.mkdir()
    names = " ".join(f"linux-source-{series}/{name}" for name in SOURCES)
    inner = f"tar -xO ./usr/src/linux-source-{series}.tar.xz"
    outer = f"dpkg-deb --fsys-tarfile '{package}' 2>/dev/null"
    subprocess.run(
        f"{outer} | {inner} | tar -xJ --occurrence=1 -C '{wanted}' {names}", shell=True, check=True
    )
    module = directory / "module"
    module.mkdir()
    for name in SOURCES:
        shutil.copy(wanted / f"linux-source-{series}" / name, module)
    interrupts = module / Path(INTERRUPTS).name
    text = interrupts.read_text()
    assert OLD_CALL in text, f"{INTERRUPTS} of this kernel is another than was known"
    interrupts.write_text(text.replace(OLD_CALL, NEW_CALL))
    (module / "Makefile").write_text(MAKEFILE)
    return module


def _headers(version: str, directory: Path) -> Path:
    """Unpack the headers of the kernel and what they need to build with; return where they build."""
    root = directory / "headers"
    package = f"linux-headers-{version}"
    depends = run("apt-cache", "depends", package)
    needed = re.findall(r"Depends: (linux-(?:headers|kbuild)-\S+)", depends)
    for each in (package, *needed):
        run("dpkg-deb", "-x", str(fetch(each)), str(root))
    headers = root / "usr/src" / package
    makefile = headers / "Makefile"
    makefile.write_text(makefile.read_text().replace(" /usr/src/", f" {root}/usr/src/"))
    return headers


def _build(module: Path, headers: Path, version: str) -> Path:
    done = subprocess.run(
        ["make", "-s", "-C", str(headers), f"M={module}", "KBUILD_MODPOST_WARN=1", "modules"],
        capture_output=True,
        text=True,
        check=False,
    )
    built = module / "edgepi-gpio-sim.ko"
    assert built.exists(), f"the GPIO simulator of {version} was not built:\n{done.stdout}{done.stderr}"
    return built
