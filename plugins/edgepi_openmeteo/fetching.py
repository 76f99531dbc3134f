"""One careful request: no redirects, no waiting for ever, no more than so many bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from edgepi.errors import EdgePiError, ForecastError
from edgepi_openmeteo.answer import reason
from edgepi_openmeteo.question import Question

__all__ = ["MAX_BYTES", "fetch"]

MAX_BYTES = 64_000  # eight days of one value an hour are 4 kB
CONNECT_S, TOTAL_S = 10.0, 30.0
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Problem:
    message: str
    hint: str


_PROBLEMS = {
    400: _Problem("does not take the question", "look at the plugin's configuration"),
    401: _Problem("wants an API key", "set `api_key`, or leave `url` out"),
    403: _Problem("refuses", "is the API key valid for this address?"),
    404: _Problem("has no forecasts at this address", "look at `url`"),
    429: _Problem("has been asked too often from this address", "nothing to do: it is asked again later"),
}


async def fetch(session: ClientSession, asked: Question, api_key: str | None, now: datetime) -> bytes:
    """Ask once and return the body of the answer, still unchecked.

    Raises:
        ForecastError: nobody answers, or not with a forecast.
    """
    params = dict(asked.params) | ({"apikey": api_key} if api_key else {})
    try:
        async with session.get(
            asked.url,
            params=params,
            timeout=ClientTimeout(total=TOTAL_S, connect=CONNECT_S),
            allow_redirects=False,
            # A small answer needs no compression, and what is not unpacked cannot grow.
            auto_decompress=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        ) as response:
            body = await _limited(response)
            if response.status != 200:
                raise _refusal(response.status, response.headers, body, now)
            return body
    except EdgePiError:
        raise
    except TimeoutError as error:
        raise ForecastError(f"no whole answer within {TOTAL_S:.0f} s", hint=_ONLINE) from error
    except (ClientError, OSError, ValueError) as error:
        # The error's own text may hold the address with the key in it.
        raise ForecastError(f"no answer: {type(error).__name__}", hint=_ONLINE) from None


_ONLINE = "is the node online? Without a forecast it plans with what it has learned"


async def _limited(response: ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_BYTES:
            raise ForecastError(f"the answer is longer than {MAX_BYTES // 1000} kB", hint="look at `url`")
    return bytes(body)


def _refusal(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ForecastError:
    said = reason(body)
    told = f": {said}" if said else ""
    wait = retry_after(headers.get("Retry-After"), now) or (
        until_allowed(said, now) if status == 429 else None
    )
    wait_s = None if wait is None else wait.total_seconds()
    if 300 <= status < 400:
        return ForecastError(
            f"Open-Meteo redirects (HTTP {status}), which is not followed", hint="look at `url`"
        )
    problem = _PROBLEMS.get(status)
    if problem is None:
        return ForecastError(f"Open-Meteo fails with HTTP {status}{told}", retry_after_s=wait_s)
    sentence = f"Open-Meteo {problem.message} (HTTP {status}){told}"
    return ForecastError(sentence, hint=problem.hint, retry_after_s=wait_s)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read the header of that name, seconds or a date; at most a day, None without a useful one."""
    if not value:
        return None
    if value.strip().isdecimal():
        seconds = float(value.strip()[:9])
        return min(timedelta(seconds=seconds), DAY)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta(0)), DAY)


def until_allowed(said: str, now: datetime) -> timedelta | None:
    """How long a limit holds, of those that Open-Meteo names; its days and hours end with UTC's."""
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if said.startswith("Daily"):
        return now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY - now
    return hour - now if said.startswith("Hourly") else None
