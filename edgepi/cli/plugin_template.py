"""``edgepi plugins new``: starts a plugin from the template, without any extra package."""

from __future__ import annotations

import argparse
import keyword
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import edgepi
from edgepi.cli.output import print_json
from edgepi.errors import EdgePiError

__all__ = ["add_arguments", "answers", "render", "run", "template_folder"]

_PLACEHOLDER = re.compile(r"\{\{ (\w+) \}\}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", help="lower-case letters, digits and _; the key in edgepi.yaml")
    parser.add_argument("--title", help="what people call it")
    parser.add_argument("--summary", help="what it does, in one sentence")
    parser.add_argument(
        "--directory", type=Path, metavar="DIRECTORY", help="where to put it (default ./edgepi-NAME)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Render the template into a new directory."""
    values = answers(args.name, title=args.title, summary=args.summary)
    target: Path = args.directory or Path(values["distribution"])
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise EdgePiError(f"{target} is not empty", hint="choose another place with --directory")
    files = list(render(template_folder(), target, values))
    if args.json:
        print_json({"directory": target, "files": [str(file.relative_to(target)) for file in files]})
    else:
        print(f"{target}: a working plugin named {args.name!r}, {len(files)} files")
        print(f"next: cd {target} && pip install -e '.[test]' && pytest")
    return 0


def answers(name: str, *, title: str | None = None, summary: str | None = None) -> dict[str, str]:
    """Return what the placeholders stand for.

    Raises:
        EdgePiError: the name cannot be that of a Python package.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        suggestion = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")
        raise EdgePiError(
            f"{name!r} cannot be the name of a plugin",
            hint=f"lower-case letters, digits and _ only, such as {suggestion or 'thermometer'!r}",
        )
    title = _one_line(title or name.replace("_", " ").capitalize())
    return {
        "name": name,
        "title": title,
        "summary": _one_line(summary or f"{title} for EdgePi"),
        "distribution": f"edgepi-{name.replace('_', '-')}",
        "class_name": name.replace("_", " ").title().replace(" ", ""),
    }


def _one_line(text: str) -> str:
    """Refuse what would end a quoted text in the files of the template."""
    if re.search(r'["\\\n\r]|[\x00-\x1f]', text):
        raise EdgePiError(f"{text!r} has quotes, backslashes or line breaks", hint="use plain words")
    return text


def template_folder() -> Path:
    """Return the template: inside the installed package, or beside it in a checkout."""
    package = Path(edgepi.__file__).parent
    for place in (package / "_plugin_template", package.parent / "plugin-template"):
        if (place / "copier.yml").is_file():
            return place / "template"
    raise EdgePiError("the plugin template is missing", hint="install EdgePi again")


def render(template: Path, target: Path, values: Mapping[str, str]) -> Iterator[Path]:
    """Write every file of the template below *target* and yield its path, in order."""
    for source in sorted(path for path in template.rglob("*") if path.is_file()):
        relative = source.relative_to(template)
        if "__pycache__" in relative.parts:
            continue
        place = target / _fill(str(relative), values)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_fill(source.read_text(encoding="utf-8"), values), encoding="utf-8")
        place.chmod(source.stat().st_mode & 0o777)
        yield place


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)
