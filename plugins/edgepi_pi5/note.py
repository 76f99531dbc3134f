"""What is remembered from one start of the machine to the next: the alarm, whether it halted as planned."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgepi.errors import HardwareError
from edgepi.files import atomic_write

__all__ = ["Note", "NoteFile"]


@dataclass(frozen=True, slots=True)
class Note:
    """*boot_id*, *kind* and *text* are of the start that was judged last, the rest is of the halt to come."""

    boot_id: str | None = None
    kind: str | None = None
    text: str | None = None
    wake_s: int | None = None
    cut: bool = False


class NoteFile:
    """The note in the instance's folder. Every call blocks."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "pi5.json"

    def read(self) -> Note:
        """Return the note; an empty one where there is none that can be read."""
        try:
            held: Any = json.loads(self._path.read_text(encoding="utf-8"))
            return _checked(Note(**held))
        except (OSError, ValueError, TypeError):
            return Note()

    def write(self, note: Note) -> None:
        """Keep the note, safe against a cut; raises HardwareError."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(self._path, json.dumps(asdict(note)))
        except OSError as error:
            raise HardwareError(f"{self._path} cannot be written: {error.strerror}") from error

    def change(self, **changes: Any) -> None:
        """Change parts of the note; writes nothing if they are so already."""
        held = self.read()
        if (changed := replace(held, **changes)) != held:
            self.write(changed)


def _checked(note: Note) -> Note:
    texts = (note.boot_id, note.kind, note.text)
    if not all(text is None or isinstance(text, str) for text in texts):
        raise ValueError("not a note")
    if not (note.wake_s is None or isinstance(note.wake_s, int)):
        raise ValueError("not a time")
    return note
