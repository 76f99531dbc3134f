"""Where a job writes: a file system of its own and of a fixed size, or else a watched folder.

Whatever a job wrote is hostile: no link is followed, no special file opened, no depth believed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgepi.errors import SandboxError

__all__ = [
    "Usage",
    "bring_out",
    "container_user",
    "make_disk",
    "may_mount",
    "measure",
    "mount_disk",
    "mounted_below",
    "nearly_full",
    "remove_tree",
    "tidy",
    "unmount",
]

NOBODY = 65534
DEEPEST = 64
ENTRY_BYTES = 4096
"""What a name costs at least: a folder full of empty files fills a disk too."""
_LONGEST_PATH = 3000
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_TOO_DEEP = "the job's folders are nested too deep to be read"
_TOOLS = ("mkfs.ext4", "mount", "umount")


@dataclass(frozen=True, slots=True)
class Usage:
    """What lies in a folder: *size_bytes* as read, holes filled; whether it is *too_deep* to read."""

    size_bytes: int
    too_deep: bool = False


def container_user() -> tuple[int, int]:
    """The user that jobs run as: the node's own, who can then delete what they wrote, but never root."""
    uid, gid = os.geteuid(), os.getegid()
    return (uid, gid or NOBODY) if uid else (NOBODY, NOBODY)


def may_mount() -> bool:
    """Whether this process may mount, and not in a view of its own that the engine does not share."""
    with contextlib.suppress(
        OSError
    ):  # where the first process cannot be looked at, the engine is asked later
        if Path("/proc/self/ns/mnt").stat().st_ino != Path("/proc/1/ns/mnt").stat().st_ino:
            return False
    return os.geteuid() == 0 and Path("/dev/loop-control").exists() and all(_tool(name) for name in _TOOLS)


def make_disk(image: Path, size_bytes: int, user: tuple[int, int]) -> None:
    """Make a file with an empty file system; its room is taken at once, so it cannot run out later."""
    image.unlink(missing_ok=True)
    with image.open("xb") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size_bytes + size_bytes // 16 + 2 * 1024**2)
        except OSError as error:
            image.unlink()
            raise SandboxError("there is no room on the disk for the files of this job") from error
    options = f"nodiscard,lazy_itable_init=1,root_owner={user[0]}:{user[1]}"
    _run("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal,^resize_inode", "-E", options, str(image))


def mount_disk(image: Path, place: Path) -> None:
    """Mount a file system on a folder, unless it is mounted there already."""
    place.mkdir(parents=True, exist_ok=True)
    if not place.is_mount():
        _run("mount", "-t", "ext4", "-o", "loop,nosuid,nodev,noatime", str(image), str(place))
        with contextlib.suppress(OSError):
            (place / "lost+found").rmdir()


def unmount(place: Path) -> None:
    """Unmount a folder, if something is mounted there; it does not matter who does it."""
    while place.is_mount():
        try:
            _run("umount", "--lazy", str(place))
        except SandboxError:
            if place.is_mount():  # else somebody else, who ends all containers of the node, was quicker
                raise


def mounted_below(folder: Path) -> tuple[Path, ...]:
    """Return what is mounted somewhere in a folder, the deepest first."""
    root = folder.resolve()
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    places = {Path(line.split()[4].replace("\\040", " ")) for line in lines}
    return tuple(sorted((p for p in places if p.is_relative_to(root)), key=lambda p: -len(p.parts)))


def nearly_full(place: Path) -> bool:
    """Whether the file system of a folder has no room left."""
    try:
        found = os.statvfs(place)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < 64 * 1024 or found.f_favail < 2


def measure(folder: Path, *, stop_above: int | None = None) -> Usage:
    """Add up a folder, in which a job may be writing; may stop counting above *stop_above* bytes."""
    total = 0
    for _, _, entry in _walk(folder):
        if entry is None:
            return Usage(total, too_deep=True)
        with contextlib.suppress(OSError):  # gone meanwhile
            found = entry.stat(follow_symlinks=False)
            total += max(found.st_size, found.st_blocks * 512) + ENTRY_BYTES
        if stop_above is not None and total > stop_above:
            break
    return Usage(total)


def bring_out(source: Path, target: Path) -> None:
    """Copy files, folders and links that stay inside from *source* into the folder *target*; nothing else."""
    target.mkdir(parents=True, exist_ok=True)
    for handle, level, entry in _walk(source):
        if entry is None:
            raise SandboxError(_TOO_DEEP)
        place = target / level / entry.name
        if entry.is_symlink():
            place.symlink_to(os.readlink(entry.name, dir_fd=handle))
        elif entry.is_dir(follow_symlinks=False):
            place.mkdir(mode=0o755)
        elif entry.is_file(follow_symlinks=False):
            _copy(handle, entry.name, place)
    _drop_strays(target)


def tidy(folder: Path) -> None:
    """Make a folder that a job wrote safe to read: modes opened, special files and strays removed."""
    for handle, _, entry in _walk(folder):
        if entry is None:
            raise SandboxError(_TOO_DEEP)
        if entry.is_symlink() or entry.is_dir(follow_symlinks=False):
            continue
        if entry.is_file(follow_symlinks=False):
            executable = entry.stat(follow_symlinks=False).st_mode & 0o100
            os.chmod(entry.name, 0o755 if executable else 0o644, dir_fd=handle)
        else:
            os.unlink(entry.name, dir_fd=handle)
    _drop_strays(folder)


def remove_tree(folder: Path) -> None:
    """Delete a folder whatever modes, depth and names a job gave it."""
    try:
        top = os.open(folder, _FOLDER)
    except FileNotFoundError:
        return
    try:
        os.fchmod(top, 0o700)
        _empty(top)
    finally:
        os.close(top)
    folder.rmdir()


def _empty(top: int) -> None:
    """Delete all in a folder; what lies deeper is moved up first, so that no path grows."""
    while names := os.listdir(top):
        for name in names:
            if _is_folder(name, top):
                _flatten(name, top)
            else:
                os.unlink(name, dir_fd=top)


def _flatten(name: str, top: int) -> None:
    os.chmod(name, 0o700, dir_fd=top)
    folder = os.open(name, _FOLDER, dir_fd=top)
    try:
        for child in os.listdir(folder):  # noqa: PTH208
            if _is_folder(child, folder):
                os.chmod(child, 0o700, dir_fd=folder)
                os.rename(child, f".{secrets.token_hex(8)}", src_dir_fd=folder, dst_dir_fd=top)
            else:
                os.unlink(child, dir_fd=folder)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)


def _is_folder(name: str, parent: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


def _walk(folder: Path) -> Iterator[tuple[int, str, os.DirEntry[str] | None]]:
    """Yield every entry with a handle of its folder, and that one's path below *folder*, parents first.

    An entry is None where it goes too deep, and nothing follows. No link is followed, even while a job
    swaps folders for links.
    """
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        parts = waiting.pop()
        try:
            handle = _open_below(folder, parts)
        except OSError:
            continue  # gone meanwhile, or no folder any more
        try:
            with os.scandir(handle) as found:
                entries = list(found)
            for entry in entries:
                yield handle, "/".join(parts), entry
                if entry.is_dir(follow_symlinks=False):
                    if len(parts) >= DEEPEST or len("/".join(parts)) > _LONGEST_PATH:
                        yield handle, "/".join(parts), None
                        return
                    waiting.append((*parts, entry.name))
        finally:
            os.close(handle)


def _open_below(folder: Path, parts: tuple[str, ...]) -> int:
    handle = _open_folder(str(folder), None)
    for name in parts:
        parent = handle
        try:
            handle = _open_folder(name, parent)
        finally:
            os.close(parent)
    return handle


def _open_folder(name: str, parent: int | None) -> int:
    """Open a folder, for which its owner may have to change the mode that the job gave it."""
    with contextlib.suppress(PermissionError):
        return os.open(name, _FOLDER, dir_fd=parent)
    mark = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    try:
        Path(f"/proc/self/fd/{mark}").chmod(0o755)
        return os.open(name, _FOLDER, dir_fd=parent)
    finally:
        os.close(mark)


def _copy(parent: int, name: str, target: Path) -> None:
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
    with os.fdopen(handle, "rb") as read, target.open("xb") as write:
        mode = os.fstat(read.fileno()).st_mode
        shutil.copyfileobj(read, write, 1024**2)
        os.fchmod(write.fileno(), 0o755 if mode & 0o100 else 0o644)


def _drop_strays(folder: Path) -> None:
    """Remove links that lead out of the folder, however many links it takes, then those that lead nowhere."""
    root = os.path.realpath(folder)
    found = True
    while found:
        found = False
        for handle, level, entry in _walk(folder):
            if entry is not None and entry.is_symlink():
                leads_to = Path(os.path.realpath(f"{root}/{level}/{entry.name}"))
                if not leads_to.is_relative_to(root) or not leads_to.exists():
                    os.unlink(entry.name, dir_fd=handle)
                    found = True


def _tool(name: str) -> str | None:
    return shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")


def _run(name: str, *arguments: str) -> None:
    program = _tool(name)
    if program is None:
        raise SandboxError(f"{name} is missing", hint="sudo apt-get install e2fsprogs mount")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    if done.returncode:
        raise SandboxError(f"{name} failed: {done.stderr.strip()[:300]}")
