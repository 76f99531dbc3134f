"""What the page and the API see of the node's parts."""

from __future__ import annotations

from edgepi.runtime.host import PluginHost
from edgepi.runtime.records import PluginRecord
from edgepi.runtime.registry import PluginRegistry
from edgepi.web.services import PluginView

__all__ = ["plugin_views"]


def plugin_views(registry: PluginRegistry, host: PluginHost) -> list[PluginView]:
    """Every configured instance, then every installed plugin that is not configured."""
    records = {record.name: record for record in registry.records()}
    views = [
        _view(s.plugin, records.get(s.plugin), s.status.value, s.reason, s.instance) for s in host.statuses
    ]
    configured = {status.plugin for status in host.statuses}
    return views + [
        _view(name, record, record.status.value, record.reason)
        for name, record in records.items()
        if name not in configured
    ]


def _view(
    name: str, record: PluginRecord | None, status: str, reason: str, instance: str | None = None
) -> PluginView:
    return PluginView(
        name=name,
        instance=instance,
        status=status,
        reason=reason,
        title=record.manifest.title if record and record.manifest else None,
        distribution=record.distribution if record else None,
        version=record.version if record else None,
    )
