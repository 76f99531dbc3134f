"""What is found wrong in a configuration, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One error or warning; line and column count from 1, *excerpt* is the line itself.

    *suggestion* is what was probably meant.
    """

    path: Path
    line: int
    column: int
    message: str
    suggestion: str | None = None
    excerpt: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        kind = "" if self.severity == "error" else "warning: "
        return f"{self.path}:{self.line}:{self.column}: {kind}{self.message}"

    def render(self) -> str:
        """Format for people: the place, the line, a caret, and what was probably meant."""
        lines = [str(self)]
        if self.excerpt:
            gutter = f"{self.line:5} | "
            before = self.excerpt[: self.column - 1]
            indent = "".join("\t" if character == "\t" else " " for character in before)
            lines += [f"{gutter}{self.excerpt}", f"{' ' * (len(gutter) - 2)}| {indent}^"]
        if self.suggestion is not None:
            lines.append(f"        did you mean {self.suggestion!r}?")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Format for programs."""
        return {
            "path": str(self.path),
            "line": self.line,
            "column": self.column,
            "severity": self.severity,
            "message": self.message,
            "suggestion": self.suggestion,
            "excerpt": self.excerpt,
        }
