"""REST, WebSocket, login and the page.

Names are resolved when first asked for, so that commands which need only the tokens do
not pay for the web framework.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgepi.web.server import WebServer
    from edgepi.web.services import PluginView, PowerRequests, WebServices
    from edgepi.web.tokens import Scope, TokenStore

__all__ = ["PluginView", "PowerRequests", "Scope", "TokenStore", "WebServer", "WebServices"]

_HOMES = {
    "PluginView": "services",
    "PowerRequests": "services",
    "Scope": "tokens",
    "TokenStore": "tokens",
    "WebServer": "server",
    "WebServices": "services",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
