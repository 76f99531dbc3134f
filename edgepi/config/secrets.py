"""Where the value of ``!secret NAME`` comes from."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from pathlib import Path

from edgepi.config.compose import Mapping as MappingNode
from edgepi.config.compose import Scalar, compose
from edgepi.config.findings import Finding
from edgepi.config.scalars import Plain, resolve
from edgepi.config.source import Source
from edgepi.errors import ConfigError

__all__ = ["SECRETS_NAME", "SecretStore"]

SECRETS_NAME = "secrets.yaml"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class SecretStore:
    """Looks secrets up in systemd's credentials, then in the nearest ``secrets.yaml`` that has them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        directory = env.get("CREDENTIALS_DIRECTORY")
        self._credentials = Path(directory) if directory else None
        self._files: dict[Path, dict[str, Plain]] = {}
        self.findings: list[Finding] = []

    def find(self, name: str, folder: Path) -> tuple[bool, Plain]:
        """Return whether *name* is known to a file in *folder*, and its value."""
        if not _NAME.fullmatch(name):
            return False, None
        credential = self._credential(name)
        if credential is not None:
            return True, credential
        for parent in (folder, *folder.parents):
            values = self._load(parent / SECRETS_NAME)
            if name in values:
                return True, values[name]
        return False, None

    def names(self) -> list[str]:
        """List every name seen so far, for suggestions."""
        return sorted({name for values in self._files.values() for name in values})

    def _credential(self, name: str) -> str | None:
        if self._credentials is None or not (path := self._credentials / name).is_file():
            return None
        try:
            return Source.read(path, private=True).text.removesuffix("\n")
        except ConfigError as error:
            self._note(error)
            return None

    def _load(self, path: Path) -> dict[str, Plain]:
        if path not in self._files:
            self._files[path] = {}
            if path.is_file():
                try:
                    self._files[path] = self._parse(path)
                except ConfigError as error:
                    self._note(error)
        return self._files[path]

    def _parse(self, path: Path) -> dict[str, Plain]:
        source = Source.read(path, private=True)
        if stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO:
            message = f"every user of this machine can read it: run `chmod o= {path}`"
            self.findings.append(source.finding(message, severity="warning"))
        root = compose(source)
        if root is None:
            return {}
        if not isinstance(root, MappingNode):
            raise source.error("expected lines of the form NAME: VALUE", root.line, root.column)
        values: dict[str, Plain] = {}
        for key, value in root.pairs:
            if not isinstance(key, Scalar) or not isinstance(value, Scalar):
                message = "a secret is one text or number: NAME: VALUE"
                self.findings.append(source.finding(message, key.line, key.column))
            elif key.text in values:
                message = f"the secret {key.text!r} is there twice"
                self.findings.append(source.finding(message, key.line, key.column))
            else:
                values[key.text] = resolve(value.text) if value.plain else value.text
        return values

    def _note(self, error: ConfigError) -> None:
        self.findings.extend(f for f in error.findings if isinstance(f, Finding))
