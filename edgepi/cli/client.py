"""HTTP over a running node's Unix socket, with nothing but the standard library."""

from __future__ import annotations

import http.client
import json
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from edgepi.cli.paths import listens
from edgepi.errors import AccessError, NodeNotRunningError, RequestError

__all__ = ["NodeClient"]

PREFIX = "/api/v1/"
# What is told, or is what a server says that is no node.
_TEXTS = frozenset({"application/json", "text/plain", "text/html"})


class NodeClient:
    """Talks to the node whose state directory is given; one connection per request."""

    def __init__(self, state_dir: Path, *, timeout_s: float = 30.0) -> None:
        self._state_dir = state_dir
        self._timeout_s = timeout_s

    def get(self, path: str, **query: object) -> Any:
        """Fetch ``/api/v1/<path>`` and return its data, or bytes of what is no JSON, such as a picture.

        Query values of None are left out.

        Raises:
            NodeNotRunningError: nobody listens on the socket.
            RequestError: the node refused, or did not answer in time.
        """
        given = {key: value for key, value in query.items() if value is not None}
        return self._call("GET", f"{path}?{urlencode(given)}" if given else path, None)

    def post(self, path: str, body: object = None) -> Any:
        """Send *body* as JSON to ``/api/v1/<path>`` and return the answer's data; raises as `get`."""
        return self._call("POST", path, json.dumps({} if body is None else body).encode())

    def _call(self, method: str, path: str, body: bytes | None) -> Any:
        try:
            status, content, kind = self._exchange(method, path, body)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as error:
            raise _nobody(self._state_dir) from error
        except PermissionError as error:
            raise AccessError(
                f"no permission to talk to the node in {self._state_dir}", hint="run as the node's user"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise RequestError(f"the node did not answer: {str(error) or type(error).__name__}") from error
        if status == http.client.OK and kind not in _TEXTS:
            return content
        return _unwrap(status, content)

    def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes, str]:
        connection = _UnixConnection(self._state_dir, self._timeout_s)
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body else {})
        try:
            connection.request(method, PREFIX + quote(path.lstrip("/"), safe="/?&=%+.~-_:"), body, headers)
            response = connection.getresponse()
            return response.status, response.read(), response.headers.get_content_type()
        finally:
            connection.close()


def _nobody(state_dir: Path) -> NodeNotRunningError:
    if listens(state_dir / "world.sock"):
        return NodeNotRunningError(
            state_dir, hint="its world runs, so it sleeps or starts: `edgepi sim status`"
        )
    return NodeNotRunningError(state_dir)


class _UnixConnection(http.client.HTTPConnection):
    """An HTTP connection to ``<directory>/api.sock``."""

    def __init__(self, directory: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._directory = directory

    def connect(self) -> None:
        """Connect through the directory's descriptor: a socket's own path may be 107 bytes at most."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.sock.connect(f"/proc/self/fd/{directory}/api.sock")
        finally:
            os.close(directory)


def _unwrap(status: int, content: bytes) -> Any:
    try:
        answer = json.loads(content)
    except ValueError as error:
        raise RequestError(f"the node answered with {status} and no JSON") from error
    if not isinstance(answer, dict) or "result" not in answer:
        return answer
    if answer["result"] == "ok":
        return answer.get("data")
    refused = AccessError if status in {401, 403} else RequestError
    raise refused(str(answer.get("message", f"status {status}")), hint=answer.get("hint"))
