"""From ``edgepi.yaml`` to `Settings`, with every finding on the way."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import voluptuous as vol

from edgepi.config.catalog import PluginCatalog
from edgepi.config.document import Document, read_document
from edgepi.config.explain import Strict, explain
from edgepi.config.findings import Finding
from edgepi.config.keys import Section
from edgepi.config.masking import Masker
from edgepi.config.plugins import PluginReader
from edgepi.config.sections import SECTIONS
from edgepi.config.settings import Settings
from edgepi.errors import ConfigError
from edgepi.plugin.fields import nearest

__all__ = ["Report", "check", "load"]


@dataclass(frozen=True, slots=True)
class Report:
    """What a configuration became, or None, and everything found."""

    settings: Settings | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings without warnings."""
        return tuple(f for f in self.findings if f.severity == "error")


def load(path: Path, catalog: PluginCatalog, env: Mapping[str, str]) -> Settings:
    """Read the configuration.

    Raises:
        ConfigError: with every error of the file, its includes and its plugins.
    """
    report = check(path, catalog, env)
    if report.settings is None:
        raise ConfigError(report.errors, path=path)
    return report.settings


def check(path: Path, catalog: PluginCatalog, env: Mapping[str, str]) -> Report:
    """Read the configuration and report everything found, in file order."""
    try:
        document = read_document(path, env)
    except ConfigError as error:
        return Report(None, tuple(f for f in error.findings if isinstance(f, Finding)))
    settings = _interpret(document, catalog, path)
    secrets = frozenset(document.hidden)
    findings = _in_order(document, secrets)
    if settings is None or any(f.severity == "error" for f in findings):
        return Report(None, findings)
    return Report(dataclasses.replace(settings, secrets=secrets, warnings=findings), findings)


def _interpret(document: Document, catalog: PluginCatalog, path: Path) -> Settings | None:
    data = document.data
    if data is None:
        if not document.findings:
            document.find((), "the file is empty: it needs at least the section `node`")
        return None
    if not isinstance(data, dict):
        document.find((), "expected sections such as `node:` and `plugins:`")
        return None
    known = [*SECTIONS, "plugins"]
    for name in data.keys() - set(known):
        document.find((name,), f"unknown section {name!r}", key=True, suggestion=nearest(name, known))
    built = {name: _section(document, name, section) for name, section in SECTIONS.items()}
    plugins = PluginReader(document, catalog).read(data.get("plugins"))
    if any(value is None for value in built.values()):
        return None
    return Settings(**built, plugins=plugins, path=path)


def _section(document: Document, name: str, section: Section) -> Any:
    if document.is_broken((name,)):
        return None
    data = document.data.get(name)
    schema = section.schema()
    if name not in document.data and any(isinstance(key, vol.Required) for key in schema):
        document.find((), f"the section `{name}` is missing")
        return None
    try:
        return section.build(Strict(schema)({} if data is None else data))
    except vol.Invalid as error:
        explain(document, schema, error, (name,))
    return None


def _in_order(document: Document, secrets: frozenset[str]) -> tuple[Finding, ...]:
    mask = Masker(secrets)
    order: dict[Path, int] = {document.root.source.path: 0}
    for place in document.values.values():
        order.setdefault(place.source.path, len(order))
    unique = dict.fromkeys(document.findings)
    ordered = sorted(
        unique, key=lambda f: (order.get(f.path, len(order)), str(f.path), f.line, f.column, f.message)
    )
    return tuple(
        dataclasses.replace(
            finding,
            message=mask(finding.message),
            excerpt=mask(finding.excerpt),
            suggestion=mask(finding.suggestion) if finding.suggestion else None,
        )
        for finding in ordered
    )
