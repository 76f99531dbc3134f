"""What handlers share: who asks, bodies of a bounded size, and errors as the protocol answers them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from aiohttp import web

from edgepi.errors import AccessError, ChainError, JournalError, NotFoundError, ProtocolError, RequestError
from edgepi_iexec.pool.access import Access
from edgepi_iexec.pool.reading import read_body
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.protocol.reading import parse_json

__all__ = ["Handler", "answered", "as_json", "body_of", "text", "wallet_of"]

Handler = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]
_JSON = "application/json"


def text(said: str, status: int = 200) -> web.Response:
    """Answer with bare text."""
    return web.Response(text=said, status=status)


def as_json(data: Any, status: int = 200) -> web.Response:
    """Answer with JSON, without blanks."""
    return web.Response(text=json.dumps(data, separators=(",", ":")), status=status, content_type=_JSON)


def wallet_of(access: Access, request: web.Request) -> str:
    """Return whose token a request carries; raises AccessError."""
    wallet = access.wallet(request.headers.get("Authorization"))
    if wallet is None:
        raise AccessError("log in first")
    return wallet


async def body_of(settings: PoolSettings, request: web.Request, most_bytes: int) -> Any:
    """Return the JSON of a body; raises ProtocolError."""
    body = await read_body(request, most_bytes, settings.limits.read_s)
    return parse_json(body, "the body", max_bytes=most_bytes)


def answered(handler: Handler) -> Handler:
    """Turn errors into the statuses that workers expect: 401, 400, 404, 503 for what may go well later.

    What was begun is done also when the client hangs up meanwhile.
    """
    working: set[asyncio.Future[web.StreamResponse]] = set()

    async def answer(request: web.Request) -> web.StreamResponse:
        work = asyncio.ensure_future(handler(request))
        working.add(work)
        work.add_done_callback(partial(_done, working))
        try:
            return await asyncio.shield(work)
        except AccessError as error:
            return text(error.message, 401)
        except NotFoundError as error:
            return text(error.message, 404)
        except (ProtocolError, RequestError) as error:
            return text(error.message, 400)
        except (ChainError, JournalError) as error:
            return text(error.message, 503)

    return answer


def _done(working: set[asyncio.Future[web.StreamResponse]], work: asyncio.Future[web.StreamResponse]) -> None:
    working.discard(work)
    if not work.cancelled():
        work.exception()  # seen, also where nobody waits for it any more
