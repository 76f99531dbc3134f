"""What voluptuous found, in the words of the file: path, sentence, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import voluptuous as vol

from edgepi.config.document import Document, Where
from edgepi.plugin.fields import nearest

__all__ = ["Strict", "explain"]

_TYPES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "dictionary": "a mapping (lines of `key: value`)",
    "dict": "a mapping (lines of `key: value`)",
    "list": "a list (lines that begin with `- `)",
}


class Strict(vol.Schema):
    """A schema that reports the errors of every item of a list, not of the first wrong one only."""

    def _compile_list(self, schema: list[Any]) -> Any:
        if len(schema) != 1:
            return super()._compile_list(schema)  # type: ignore[no-untyped-call]  # voluptuous has no types here
        check = self._compile(schema[0])  # type: ignore[no-untyped-call]  # voluptuous has no types here

        def validate(path: list[Any], data: Any) -> list[Any]:
            if not isinstance(data, list):
                raise vol.SequenceTypeInvalid("expected a list", path)
            result, errors = [], []
            for index, value in enumerate(data):
                try:
                    result.append(check([*path, index], value))
                except vol.MultipleInvalid as error:
                    errors += error.errors
                except vol.Invalid as error:
                    errors.append(error)
            if errors:
                raise vol.MultipleInvalid(errors)
            return [value for value in result if value is not vol.Remove]

        return validate


def explain(document: Document, schema: Mapping[Any, Any], error: vol.Invalid, prefix: Where) -> None:
    """Add a finding for each error below *prefix*, leaving out what follows from a broken value."""
    errors = error.errors if isinstance(error, vol.MultipleInvalid) else [error]
    unknown = [e for e in errors if e.error_message == "extra keys not allowed"]
    meant = {(*e.path[:-1], nearest(e.path[-1], _keys_at(schema, e.path[:-1]))) for e in unknown}
    for one in errors:
        where = (*prefix, *_path(one))
        if document.is_broken(where):
            continue
        if one in unknown:
            known = _keys_at(schema, one.path[:-1])
            document.find(
                where, f"unknown key {str(one.path[-1])!r}", key=True, suggestion=nearest(one.path[-1], known)
            )
        elif isinstance(one, vol.RequiredFieldInvalid):
            if (*one.path[:-1], str(one.path[-1])) not in meant:
                _missing(document, where, one)
        else:
            document.find(where, _sentence(one), suggestion=_suggestion(document, schema, one, prefix))


def _path(error: vol.Invalid) -> list[Any]:
    return [part.schema if isinstance(part, vol.Marker) else part for part in error.path]


def _missing(document: Document, where: Where, error: vol.Invalid) -> None:
    own = error.error_message if error.error_message != "required key not provided" else None
    document.find(where[:-1], own or f"the key {str(where[-1])!r} is missing", key=True)


def _sentence(error: vol.Invalid) -> str:
    message = str(error.error_message)
    if message.startswith("expected "):
        kind = message.removeprefix("expected ").removeprefix("a ")
        return f"expected {_TYPES[kind]}" if kind in _TYPES else message
    return message


def _suggestion(
    document: Document, schema: Mapping[Any, Any], error: vol.Invalid, prefix: Where
) -> str | None:
    own = getattr(error, "suggestion", None)
    if own is not None or not isinstance(error, vol.InInvalid):
        return own
    value = value_at(document.data, (*prefix, *_path(error)))
    for check in _walk(schema, error.path):
        if isinstance(check, vol.In):
            return nearest(value, list(cast("Any", check.container)))
    return None


def value_at(data: Any, where: Where) -> Any:
    """Return what stands at a path, or None."""
    for part in where:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _keys_at(schema: Any, path: list[Any]) -> list[str]:
    found = [check for check in _walk(schema, path) if isinstance(check, Mapping)]
    return [str(key) for mapping in found for key in mapping if isinstance(key, str | vol.Marker)]


def _walk(schema: Any, path: list[Any]) -> Iterator[Any]:
    """Yield every check that applies at a path, with wrappers opened."""
    if not path:
        yield from _open(schema)
        return
    for check in _open(schema):
        if isinstance(check, Mapping):
            for key, below in check.items():
                if str(key) == str(path[0]) or key is str:
                    yield from _walk(below, path[1:])
        elif isinstance(check, list):
            for item in check:
                yield from _walk(item, path[1:])


def _open(schema: Any) -> Iterator[Any]:
    """Yield a check and what it wraps: our own wrappers, `vol.Schema`, `vol.All`, `vol.Any`, ..."""
    yield schema
    inner = getattr(schema, "schema", None)
    if isinstance(inner, Mapping | list | vol.Schema):
        yield from _open(inner)
    validators = getattr(schema, "validators", None)
    if isinstance(validators, list | tuple):
        for one in validators:
            yield from _open(one)
