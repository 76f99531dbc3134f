"""The pool: everything put together behind one HTTP port."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable

from aiohttp import web

from edgepi.clock import Clock
from edgepi.errors import ServeError
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.pool.access import Access
from edgepi_iexec.pool.assigning import Assigning
from edgepi_iexec.pool.book import Book
from edgepi_iexec.pool.broker import Broker
from edgepi_iexec.pool.carrying import Carrier
from edgepi_iexec.pool.deals import Deals
from edgepi_iexec.pool.inquiries import Inquiries
from edgepi_iexec.pool.notices import notices
from edgepi_iexec.pool.presence import Presence
from edgepi_iexec.pool.proving import Prover
from edgepi_iexec.pool.reporting import Reporting
from edgepi_iexec.pool.results import ResultStore
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.pool.sockjs_http import SockJs
from edgepi_iexec.pool.sockjs_ws import Sockets
from edgepi_iexec.pool.store import Store, put_meta
from edgepi_iexec.pool.storing import Storing
from edgepi_iexec.pool.watcher import Watcher
from edgepi_iexec.pool.workers import Workers
from edgepi_iexec.protocol.notifications import TaskNotification

__all__ = ["Pool"]

_SECRET = "secret"  # noqa: S105 (the name of the record)
_DATABASE = "pool.db"
_END_S = 2.0


class Pool:
    """A workerpool's scheduler with its result store; *chain* carries the wallet of the pool's owner.

    It may be stopped or killed at any moment: the next start goes on from what is on disk and on the chain.
    """

    def __init__(self, settings: PoolSettings, chain: Chain, clock: Clock, log: logging.Logger) -> None:
        self._settings = settings
        self._chain = chain
        self._clock = clock
        self._log = log
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._url = ""
        self._book: Book | None = None
        self._broker: Broker | None = None
        self._carrier: Carrier | None = None

    @property
    def url(self) -> str:
        """Where workers and requesters reach it."""
        return self._url

    @property
    def book(self) -> Book:
        """Its tasks, replicates and workers."""
        assert self._book is not None
        return self._book

    async def start(self) -> None:
        """Read what is on disk, listen, and follow the chain; raises JournalError, ServeError."""
        settings = self._settings
        await asyncio.to_thread(settings.state_dir.mkdir, mode=0o700, parents=True, exist_ok=True)
        book = self._book = Book(Store(settings.state_dir / _DATABASE))
        book.load(await book.store.open())
        try:
            await self._build(book, await self._secret(book))
        except BaseException:
            await self.stop()
            raise

    async def _secret(self, book: Book) -> bytes:
        if _SECRET not in book.meta:
            book.meta[_SECRET] = secrets.token_hex(32)
            await book.store.write(put_meta(_SECRET, book.meta[_SECRET]))
        return bytes.fromhex(book.meta[_SECRET])

    async def _build(self, book: Book, secret: bytes) -> None:
        settings, chain, clock = self._settings, self._chain, self._clock
        presence = Presence(clock.monotonic, lost_after_s=settings.lost_after_s, ask_s=settings.ask_s)
        results = ResultStore(settings, book.store, clock)
        await results.open()
        broker = self._broker = Broker(settings, clock, self._pending)
        access = Access(settings, clock, secret)
        assigning = Assigning(settings, book, chain, presence, clock)
        reporting = Reporting(settings, book, Prover(settings, chain, results, clock), clock)
        carrier = self._carrier = Carrier(
            settings,
            book,
            chain,
            broker=broker,
            results=results,
            presence=presence,
            clock=clock,
            log=self._log,
        )
        watcher = Watcher(
            settings,
            book,
            chain,
            deals=Deals(settings, book, chain, clock, self._log),
            carrier=carrier,
            assigning=assigning,
            presence=presence,
            results=results,
            clock=clock,
            log=self._log,
        )
        workers = Workers(
            settings,
            book,
            access=access,
            presence=presence,
            assigning=assigning,
            reporting=reporting,
            clock=clock,
        )
        inquiries = Inquiries(
            settings,
            book,
            access=access,
            presence=presence,
            broker=broker,
            results=results,
            clock=clock,
        )
        storing = Storing(settings, book, chain, results=results, clock=clock, secret=secret)
        sockjs, sockets = SockJs(settings, broker, clock), Sockets(settings, broker)
        routes = [*workers.routes(), *inquiries.routes(), *storing.routes(), *_connect(sockjs, sockets)]
        await self._listen(routes)
        workers.open(self._url, chain.address)
        inquiries.url = self._url
        self._spawn(watcher.run(), broker.keep_beating(), sockjs.keep_sweeping())

    def _pending(self, task_id: str) -> Iterable[TaskNotification]:
        """What is still to be heard about a task by whoever subscribes late."""
        task = self.book.tasks.get(task_id)
        return () if task is None else notices(task, self.book.replicates(task_id))

    def _spawn(self, *works: object) -> None:
        self._tasks += [asyncio.create_task(work) for work in works]  # type: ignore[arg-type]

    async def _listen(self, routes: list[web.RouteDef]) -> None:
        settings = self._settings
        app = web.Application(client_max_size=settings.limits.small_body_bytes)
        app.add_routes(routes)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_END_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, settings.host, settings.port, backlog=4096)
        try:
            await site.start()
        except OSError as error:
            raise ServeError(
                f"the pool cannot listen on {settings.host}:{settings.port}: {error.strerror or error}",
                hint="name another by --port",
            ) from error
        port = self._runner.addresses[0][1]
        self._url = (settings.public_url or f"http://{settings.host}:{port}").rstrip("/")

    async def stop(self) -> None:
        """End it in order; nothing is lost if this is never called."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._carrier is not None:
            await self._carrier.drain()
        if self._broker is not None:
            self._broker.close()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        book, self._book = self._book, None
        if book is not None:
            await book.store.close()


def _connect(sockjs: SockJs, sockets: Sockets) -> list[web.RouteDef]:
    session = "/connect/{server:[^/.]+}/{session:[^/.]+}"
    return [
        web.get("/connect", sockjs.greeting),
        web.get("/connect/", sockjs.greeting),
        web.get("/connect/info", sockjs.info),
        web.options("/connect/info", sockjs.options),
        web.get("/connect/websocket", sockets.plain),
        web.get(f"{session}/websocket", sockets.framed),
        *(
            route
            for name, handler in (
                ("xhr_streaming", sockjs.streaming),
                ("xhr", sockjs.polling),
                ("xhr_send", sockjs.send),
            )
            for route in (
                web.post(f"{session}/{name}", handler),
                web.options(f"{session}/{name}", sockjs.options),
            )
        ),
    ]
