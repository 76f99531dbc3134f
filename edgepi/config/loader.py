"""From ``edgepi.yaml`` to `Settings`, with every finding on the way."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import voluptuous as vol

from edgepi.config.catalog import PluginCatalog
from edgepi.config.document import IN_SECRETS, Document, Where, read_document
from edgepi.config.explain import Strict, explain
from edgepi.config.findings import Finding
from edgepi.config.keys import Section
from edgepi.config.masking import MASK, Masker
from edgepi.config.plugins import PluginReader
from edgepi.config.sections import SECTIONS
from edgepi.config.settings import Settings
from edgepi.errors import ConfigError
from edgepi.plugin.fields import nearest

__all__ = ["Report", "check", "load"]

# The password of an address, which may itself be what is wrong with it.
_LOGIN = re.compile(r"(?<=://)([^\s/:@]*:)(\S(?:.*\S)?)(?=@)")


@dataclass(frozen=True, slots=True)
class Report:
    """What a configuration became, or None, and everything found."""

    settings: Settings | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings without warnings."""
        return tuple(f for f in self.findings if f.severity == "error")


def load(path: Path, catalog: PluginCatalog, env: Mapping[str, str], *, leave_out: bool = False) -> Settings:
    """Read the configuration; *leave_out* as for `check`.

    Raises:
        ConfigError: with every error of the file, its includes and its plugins.
    """
    report = check(path, catalog, env, leave_out=leave_out)
    if report.settings is None:
        raise ConfigError(report.errors, path=path)
    return report.settings


def check(path: Path, catalog: PluginCatalog, env: Mapping[str, str], *, leave_out: bool = False) -> Report:
    """Read the configuration and report everything found, in file order.

    With *leave_out* an error in one plugin's keys costs only that instance, which then holds its
    findings, and one in a file of secrets only what asked for them; the settings are None for an
    error of the core.
    """
    try:
        document = read_document(path, env)
    except ConfigError as error:
        return Report(None, tuple(f for f in error.findings if isinstance(f, Finding)))
    reader = PluginReader(document, catalog)
    settings = _interpret(document, reader, path)
    secrets = frozenset(document.hidden)
    found = _in_order(document, secrets)
    findings = tuple(dict.fromkeys(finding for _, finding in found))
    errors = [(where, finding) for where, finding in found if finding.severity == "error"]
    if settings is None or any(not (leave_out and _spares_the_core(where)) for where, _ in errors):
        return Report(None, findings)
    plugins = reader.instances(errors)
    kept = {finding for plugin in plugins for finding in plugin.findings}
    warnings = tuple(finding for finding in findings if finding not in kept)
    return Report(
        dataclasses.replace(settings, plugins=plugins, secrets=secrets, warnings=warnings), findings
    )


def _spares_the_core(where: Where) -> bool:
    return where == IN_SECRETS or (len(where) > 1 and where[0] == "plugins")


def _interpret(document: Document, reader: PluginReader, path: Path) -> Settings | None:
    data = document.data
    if data is None:
        if not document.found:
            document.find((), "the file is empty: it needs at least the section `node`")
        return None
    if not isinstance(data, dict):
        document.find((), "expected sections such as `node:` and `plugins:`")
        return None
    known = [*SECTIONS, "plugins"]
    for name in data.keys() - set(known):
        document.find((name,), f"unknown section {name!r}", key=True, suggestion=nearest(name, known))
    built = {name: _section(document, name, section) for name, section in SECTIONS.items()}
    reader.read(data.get("plugins"))
    if any(value is None for value in built.values()):
        return None
    panel = built["energy"].panel
    built["node"] = dataclasses.replace(
        built["node"], panel_tilt_deg=panel.tilt_deg, panel_azimuth_deg=panel.azimuth_deg
    )
    return Settings(**built, path=path)


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


def _in_order(document: Document, secrets: frozenset[str]) -> list[tuple[Where, Finding]]:
    mask = Masker(secrets)
    order: dict[Path, int] = {document.root.source.path: 0}
    for place in document.values.values():
        order.setdefault(place.source.path, len(order))

    def rank(found: tuple[Where, Finding]) -> tuple[int, str, int, int, str]:
        finding = found[1]
        place = order.get(finding.path, len(order))
        return place, str(finding.path), finding.line, finding.column, finding.message

    return [(where, _masked(finding, mask)) for where, finding in sorted(document.found, key=rank)]


def _masked(finding: Finding, mask: Masker) -> Finding:
    return dataclasses.replace(
        finding,
        message=mask(finding.message),
        excerpt=_LOGIN.sub(_hidden, mask(finding.excerpt)),
        suggestion=mask(finding.suggestion) if finding.suggestion else None,
    )


def _hidden(found: re.Match[str]) -> str:
    return found[1] + MASK[0] * len(found[2])  # as long as it is, so that the caret stays where it belongs
