"""Files of the kernel that say and set something about the machine, such as those of its clock."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path

from edgepi.errors import HardwareError

__all__ = ["LONGEST_ATTRIBUTE", "READABLE", "WRITABLE", "KernelFiles", "allowed"]

WRITABLE = ("/sys/class", "/sys/devices", "/sys/firmware")
TREE = ("/proc/device-tree", "/sys/firmware/devicetree")
READABLE = (*WRITABLE, "/sys/bus/nvmem", "/proc/device-tree", "/proc/sys/kernel/random")
LONGEST_ATTRIBUTE = 64 * 1024


def allowed(path: str, roots: tuple[str, ...] = READABLE) -> str:
    """Return the path without ``..`` and the like, if it is below one of the *roots*; raises HardwareError.

    What counts is the text: most of /sys are links, all within /sys.
    """
    plain = posixpath.normpath(path)
    if "\0" in path or not any(plain.startswith(root + "/") for root in roots):
        raise HardwareError(f"{path!r} is not below {', '.join(roots)}", hint="no other file may be used")
    return plain


class KernelFiles:
    """Reads and writes such files; every call blocks. *root* is where the machine's own root is."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def read(self, path: str) -> str:
        """Return the text without the newline or NUL at its end; raises HardwareError with its errno.

        Of the device tree only NULs are taken off: a number there may end like a newline.
        """
        plain = allowed(path)
        try:
            with (self._root / plain[1:]).open("rb", buffering=0) as file:
                text = file.read(LONGEST_ATTRIBUTE) or b""
        except OSError as error:
            raise _failed(plain, "read", error) from error
        return text.decode(errors="replace").rstrip("\0" if plain.startswith(TREE) else "\0\n")

    def write(self, path: str, text: str) -> None:
        """Write the text at once, as the kernel wants it; raises HardwareError with its errno."""
        plain = allowed(path, WRITABLE)
        try:
            handle = os.open(self._root / plain[1:], os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(handle, text.encode())
            finally:
                os.close(handle)
        except OSError as error:
            raise _failed(plain, "written", error) from error


def _failed(path: str, verb: str, error: OSError) -> HardwareError:
    hint = None
    if isinstance(error, PermissionError):
        hint = "the node's user may not; a udev rule can give its group the right"
    failed = HardwareError(f"{path} cannot be {verb}: {error.strerror or error}", hint=hint)
    failed.errno = error.errno
    return failed
