"""Finds plugins in the metadata of installed distributions, without importing any of them."""

from __future__ import annotations

import importlib.util
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from edgepi.errors import ManifestError
from edgepi.plugin import MANIFEST_NAME, Manifest
from edgepi.runtime.metadata import Distribution, EntryPoint, distributions
from edgepi.runtime.records import PluginRecord, PluginStatus
from edgepi.runtime.registry import PluginRegistry

__all__ = ["GROUP", "discover"]

GROUP = "edgepi.plugins"
log = logging.getLogger("edgepi.plugins")


def discover(
    *,
    path: Sequence[str] | None = None,
    allow: Collection[str] | None = None,
    block: Collection[str] = (),
) -> PluginRegistry:
    """Read every plugin's metadata and manifest; whatever is wrong with one is in its record.

    *path* replaces ``sys.path`` for the search; plugins outside *allow* or inside *block* are disabled.
    """
    claims: defaultdict[str, list[PluginRecord]] = defaultdict(list)
    for record in _records(distributions(path)):
        claims[record.name].append(record)
    records = (_settle(found) for found in claims.values())
    return PluginRegistry([_permit(_with_manifest(record), allow, block) for record in records])


def _records(found: Iterable[Distribution]) -> Iterator[PluginRecord]:
    seen: set[str] = set()
    for distribution in found:
        try:
            yield from _records_of(distribution, seen)
        except Exception:
            log.exception("the metadata of %r cannot be read; its plugins are left out", distribution)


def _records_of(distribution: Distribution, seen: set[str]) -> Iterator[PluginRecord]:
    entry_points = list(distribution.entry_points(GROUP))
    if not entry_points:
        return
    name = distribution.name.lower().replace("_", "-")
    if name in seen:  # the same distribution further down the path is shadowed
        return
    seen.add(name)
    for entry_point in entry_points:
        yield _record(name, distribution.version, entry_point)


def _record(distribution: str, version: str, entry_point: EntryPoint) -> PluginRecord:
    return PluginRecord(
        name=entry_point.name,
        distribution=distribution,
        version=version,
        target=entry_point.value,
        entry_point=entry_point,
    )


def _settle(claims: Sequence[PluginRecord]) -> PluginRecord:
    """Decide who gets a name: one of ours keeps it, others lose it to nobody."""
    first, *others = sorted(claims, key=lambda record: (record.third_party, record.distribution))
    if not others:
        return first
    names = " and ".join(record.distribution for record in others)
    if not first.third_party:
        log.warning("%s also claims the plugin name %r; that is ignored", names, first.name)
        return replace(first, reason=f"{names} also claims this name and is ignored; uninstall it")
    return _broken(
        first,
        f"{first.distribution} and {names} both claim the name {first.name!r}; uninstall one of them",
    )


def _with_manifest(record: PluginRecord) -> PluginRecord:
    if not record.status.usable:
        return record
    try:
        manifest = Manifest.read(_manifest_path(record))
    except ManifestError as error:
        return _broken(record, str(error))
    except Exception as error:  # noqa: BLE001 (import hooks and odd files are foreign code)
        return _broken(record, f"its manifest cannot be read: {error!r}; reinstall {record.distribution}")
    if manifest.name != record.name:
        return _broken(
            record,
            f"its entry point says {record.name!r} but its manifest {manifest.name!r}; "
            f"make both the same in {record.distribution}",
        )
    return replace(record, manifest=manifest)


def _manifest_path(record: PluginRecord) -> Path:
    spec = importlib.util.find_spec(record.package)
    if spec is None:
        raise ManifestError(
            f"its package {record.package!r} is not there", hint=f"reinstall {record.distribution}"
        )
    places = [Path(place) / MANIFEST_NAME for place in spec.submodule_search_locations or ()]
    if not places:
        raise ManifestError(
            f"{record.package!r} is a module, not a package",
            hint=f"make it a package with a {MANIFEST_NAME} inside",
        )
    return next((place for place in places if place.is_file()), places[0])


def _permit(record: PluginRecord, allow: Collection[str] | None, block: Collection[str]) -> PluginRecord:
    if record.name in block:
        return replace(record, status=PluginStatus.DISABLED, reason="it is on the block list")
    if allow is not None and record.name not in allow:
        return replace(record, status=PluginStatus.DISABLED, reason="it is not on the allow list")
    return record


def _broken(record: PluginRecord, reason: str) -> PluginRecord:
    return replace(record, status=PluginStatus.LOAD_ERROR, reason=reason)
