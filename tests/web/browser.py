"""Drives a headless Chromium through its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

__all__ = ["Page", "find_chromium", "open_page"]

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)


# A browser that is short of time may lose an idle connection; the page asks again.
LOST = "ERR_EMPTY_RESPONSE"


def find_chromium() -> str | None:
    """Path of the browser, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Page:
    """One tab; *log* collects console errors and uncaught exceptions, but for connections that were lost."""

    def __init__(self, socket: ClientWebSocketResponse, patience_s: float) -> None:
        self.log: list[str] = []
        self._patience_s = patience_s
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read())

    async def send(self, method: str, **parameters: Any) -> Any:
        """Call a method of the protocol."""
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        return await answer

    async def goto(self, url: str) -> None:
        """Open an address."""
        await self.send("Page.navigate", url=url)

    async def run(self, expression: str) -> Any:
        """Evaluate JavaScript; promises are awaited."""
        result = await self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise AssertionError(result["exceptionDetails"])
        return result["result"].get("value")

    async def wait_for(self, expression: str) -> Any:
        """Evaluate until it is true; returns its value."""
        async with asyncio.timeout(self._patience_s):
            while not (value := await self.run(expression)):  # noqa: ASYNC110 (another process is waited for)
                await asyncio.sleep(0.1)
        return value

    async def resize(self, width: int, height: int, *, scale: float = 1, dark: bool = False) -> None:
        """Set the size of the window and the colour scheme."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.send("Emulation.setEmulatedMedia", features=[scheme])

    async def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """Save a picture of the page as PNG."""
        answer = await self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))

    async def _read(self) -> None:
        async for message in self._socket:
            data = json.loads(message.data)
            if data.get("id") in self._answers:
                future = self._answers.pop(data["id"])
                if "error" in data:
                    future.set_exception(AssertionError(data["error"]))
                else:
                    future.set_result(data["result"])
            elif data.get("method") == "Runtime.exceptionThrown":
                self.log.append(str(data["params"]["exceptionDetails"]))
            elif data.get("method") == "Log.entryAdded":
                entry = data["params"]["entry"]
                if entry["level"] == "error" and LOST not in entry["text"]:
                    self.log.append(str(entry))

    async def close(self) -> None:
        """Stop listening."""
        self._reader.cancel()


@asynccontextmanager
async def open_page(chromium: str, *, patience_s: float = 20.0) -> AsyncIterator[Page]:
    """Start a browser with an empty profile and open a tab, which waits for things so long."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            chromium,
            *FLAGS,
            f"--user-data-dir={profile}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with ClientSession() as session:
                port = await _port(Path(profile))
                async with session.get(f"http://127.0.0.1:{port}/json/list") as response:
                    targets = await response.json()
                address = next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page")
                async with session.ws_connect(address, max_msg_size=0) as socket:
                    page = Page(socket, patience_s)
                    for domain in ("Page", "Runtime", "Log"):
                        await page.send(f"{domain}.enable")
                    yield page
                    await page.close()
        finally:
            process.terminate()
            await process.wait()


async def _port(profile: Path) -> int:
    async with asyncio.timeout(30):
        while True:
            try:
                return int((await asyncio.to_thread((profile / "DevToolsActivePort").read_text)).split()[0])
            except (FileNotFoundError, IndexError):
                await asyncio.sleep(0.1)
