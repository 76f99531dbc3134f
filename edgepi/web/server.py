"""Serves the API and the page, on TCP with logins and on the Unix socket without."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiohttp import web

from edgepi.clock import Clock, SystemClock
from edgepi.config.settings import HttpSettings
from edgepi.errors import ServeError
from edgepi.web.access import Access, Actor, is_loopback
from edgepi.web.api import ENDPOINTS
from edgepi.web.app import PREFIX, mount, new_app, permit
from edgepi.web.connections import QUIET, Doorman
from edgepi.web.endpoint import Endpoint
from edgepi.web.events import EventHub
from edgepi.web.gate import gate_for_network, gate_for_socket
from edgepi.web.login import Login, link_endpoint
from edgepi.web.openapi import openapi
from edgepi.web.plugin_routes import PluginRoutes
from edgepi.web.services import WebServices
from edgepi.web.static import STATIC_DIR, StaticFiles
from edgepi.web.tokens import Scope
from edgepi.web.unix_socket import SOCKET_NAME, bind_private
from edgepi.web.wire import StateTexts

__all__ = ["WebServer"]

_STOP_S = 2.0


class WebServer:
    """Start it after everything that it shows; stop it first.

    *real* is the machine's own clock: logins expire in real time even in a fast world.
    """

    def __init__(
        self,
        *,
        settings: HttpSettings,
        state_dir: Path,
        services: WebServices,
        real: Clock | None = None,
        static_dir: Path = STATIC_DIR,
        doorman: Doorman | None = None,
    ) -> None:
        real = real or SystemClock()
        self._settings = settings
        self._state_dir = state_dir
        self._services = services
        self._access = Access(state_dir, real)
        self._texts = StateTexts(services.states)
        self._hub = EventHub(services, self._texts, real)
        self._static = StaticFiles(static_dir)
        self._doorman = doorman or Doorman()
        self._stack = AsyncExitStack()
        self._real = real
        self._port: int | None = None

    @property
    def port(self) -> int | None:
        """The TCP port that is served, or None."""
        return self._port

    @property
    def url(self) -> str | None:
        """Where the page is, or None when HTTP is off."""
        if self._port is None:
            return None
        host = self._settings.host
        if host in {"0.0.0.0", "::", ""}:  # noqa: S104 (a comparison)
            host = socket.gethostname()
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Serve the Unix socket and, if the settings say so, TCP.

        Raises:
            ServeError: the port or the socket cannot be had.
        """
        async with AsyncExitStack() as stack:
            await self._access.load()
            await self._static.load()
            await self._serve_socket(stack)
            if self._settings.enabled:
                await self._serve_network(stack)
            stack.push_async_callback(self._hub.close)
            self._stack = stack.pop_all()

    async def stop(self) -> None:
        """End every connection and stop serving."""
        await self._stack.aclose()
        self._port = None

    def login_link(self) -> str:
        """A link that logs one browser in, once, within 15 minutes.

        Raises:
            ServeError: HTTP is off.
        """
        if self.url is None:
            raise ServeError("the page is not served", hint="set `http: enabled: true`")
        return f"{self.url}/login?code={self._access.issue_code()}"

    async def first_token(self) -> str | None:
        """A new token's secret if the node has none yet, to be shown once; else None."""
        if self._access.tokens.tokens:
            return None
        create = self._access.tokens.create
        return await asyncio.to_thread(create, "first", Scope.CONTROL, now_utc=self._real.now())

    async def _serve_socket(self, stack: AsyncExitStack) -> None:
        app = new_app(gate_for_socket(Actor("socket", Scope.CONTROL)))
        self._mount_api(app, (*ENDPOINTS, link_endpoint(self.login_link)))
        runner = await self._started(app, stack)
        try:
            bound = await asyncio.to_thread(bind_private, self._state_dir)
        except OSError as error:
            raise ServeError(f"cannot serve {self._state_dir / SOCKET_NAME}: {error.strerror}") from error
        await web.SockSite(runner, bound).start()

    async def _serve_network(self, stack: AsyncExitStack) -> None:
        host, port = self._settings.host, self._settings.port
        gate = gate_for_network(self._access, loopback=is_loopback(host))
        app = new_app(gate, self._doorman.middleware())
        self._mount_api(app, ENDPOINTS)
        Login(self._access).mount(app)
        self._static.mount(app)
        runner = await self._started(app, stack)
        try:
            server = runner.server
            assert server is not None
            loop = asyncio.get_running_loop()
            listening = await loop.create_server(self._doorman.door(server), host or None, port)
        except OSError as error:
            raise ServeError(
                f"cannot listen on {host}:{port}: {os.strerror(error.errno) if error.errno else error}",
                hint="stop what uses it (another node?), or set another `port` under `http`",
            ) from error
        stack.callback(listening.close)
        self._port = listening.sockets[0].getsockname()[1]

    def _mount_api(self, app: web.Application, endpoints: tuple[Endpoint, ...]) -> None:
        mount(app, self._services, self._texts, endpoints)
        self._hub.mount(app)
        app.router.add_get(PREFIX + "openapi.json", self._openapi)
        PluginRoutes(self._services).mount(app)

    async def _openapi(self, request: web.Request) -> web.StreamResponse:
        permit(request, Scope.READ)
        document: dict[str, Any] = openapi(self._services.version, ENDPOINTS, self._services.plugin_routes())
        return web.json_response(document)

    async def _started(self, app: web.Application, stack: AsyncExitStack) -> web.AppRunner:
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=QUIET,
            handle_signals=False,
            shutdown_timeout=_STOP_S,
            lingering_time=_STOP_S,
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        return runner
