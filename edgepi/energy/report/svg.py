"""The few words of SVG that the pictures need."""

from __future__ import annotations

from html import escape

__all__ = ["coordinate", "group", "line", "path", "picture", "rect", "text", "text_width"]

_CHAR_PX = 6.6


def coordinate(value: float) -> str:
    """Write a coordinate to a tenth, as short as it goes."""
    return f"{value:.1f}".removesuffix(".0") if abs(value) >= 0.05 else "0"


def _tag(name: str, attributes: dict[str, object], content: str | None = None) -> str:
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"' for key, value in attributes.items()
    )
    return f"<{name}{written}/>" if content is None else f"<{name}{written}>{content}</{name}>"


def _attribute(value: object) -> str:
    return coordinate(value) if isinstance(value, float) else escape(str(value))


def rect(x: float, y: float, width: float, height: float, class_: str, *, hint: str = "") -> str:
    """Draw a rectangle; *hint* is shown when the pointer rests on it."""
    attributes: dict[str, object] = {"x": float(x), "y": float(y), "width": float(width)}
    attributes |= {"height": float(height), "class_": class_}
    return _tag("rect", attributes, f"<title>{escape(hint)}</title>" if hint else None)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """Draw a straight line."""
    return path(f"M{coordinate(x1)} {coordinate(y1)}L{coordinate(x2)} {coordinate(y2)}", class_)


def path(d: str, class_: str, **more: object) -> str:
    """Draw a path."""
    return _tag("path", {"d": d, "class_": class_, **more})


def text(x: float, y: float, words: str, class_: str = "", anchor: str = "start") -> str:
    """Write *words* with their base line at y."""
    attributes: dict[str, object] = {"x": float(x), "y": float(y)}
    attributes |= {"class_": class_} if class_ else {}
    attributes |= {"text_anchor": anchor} if anchor != "start" else {}
    return _tag("text", attributes, escape(words))


def group(*parts: str, class_: str = "") -> str:
    """Put parts together."""
    return _tag("g", {"class_": class_} if class_ else {}, "".join(parts))


def picture(width: float, height: float, ident: str, title: str, description: str, *parts: str) -> str:
    """Make the picture, with title and description for those who cannot see it."""
    names = f'<title id="{ident}t">{escape(title)}</title><desc id="{ident}d">{escape(description)}</desc>'
    attributes: dict[str, object] = {"viewBox": f"0 0 {coordinate(width)} {coordinate(height)}"}
    attributes |= {"role": "img", "aria_labelledby": f"{ident}t {ident}d"}
    return _tag("svg", attributes, names + "".join(parts))


def text_width(words: str) -> float:
    """Guess how wide words are at the size that pictures write in."""
    return len(words) * _CHAR_PX
