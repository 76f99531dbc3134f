"""An RTSP camera of GStreamer's own server, run with the system's Python: ``server.py SETTINGS``.

SETTINGS is JSON: ``{"streams": {NAME: {"file": ..., "loop": true}}, "user": null, "password": null}``. Files
are rows of (microseconds, length, access unit of H.264), as `tests.cameras` writes them. It prints the port,
then obeys one JSON command a line on standard input, answers each with a line, and ends with the input.
"""

from __future__ import annotations

import json
import random
import struct
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any

gi = import_module("gi")
for name in ("Gst", "GstRtsp", "GstRtspServer", "GstApp"):
    gi.require_version(name, "1.0")
GLib, Gst, GstRtspServer, _ = (
    import_module(f"gi.repository.{name}") for name in ("GLib", "Gst", "GstRtspServer", "GstApp")
)

ROW = struct.Struct(">QI")
LAUNCH = (
    "( appsrc name=source is-live=true format=time block=false"
    " caps=video/x-h264,stream-format=byte-stream,alignment=au"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)
Row = tuple[int, bytes]


def read(file: str) -> tuple[list[Row], int]:
    """Return the rows of a file and the microseconds that all of them last."""
    data, rows, at = Path(file).read_bytes(), [], 0
    while at < len(data):
        time_us, length = ROW.unpack_from(data, at)
        at += ROW.size
        rows.append((time_us, data[at : at + length]))
        at += length
    step = rows[1][0] - rows[0][0] if len(rows) > 1 else 40_000
    return rows, rows[-1][0] + step


class Stream:
    """One mount: plays its rows at their own rate while somebody watches."""

    def __init__(self, camera: Camera, file: str, loop: bool) -> None:
        self.camera = camera
        self.loop = loop
        self.rows, self.lasts_us = read(file)
        self.sent = 0
        self._source: Any = None
        self._stop = threading.Event()
        self._go = threading.Event()

    def play(self, file: str) -> None:
        """Go on with another file from now on, as a camera whose settings were changed."""
        self.rows, self.lasts_us = read(file)

    def configure(self, _factory: Any, media: Any) -> None:
        """Get a new pipeline going: the first picture at once, the others when it is to be played."""
        media.connect("unprepared", lambda _: self._end())
        media.get_element().get_parent().connect("deep-element-added", _hurry)
        self._end()
        self._source = media.get_element().get_by_name("source")
        self._stop, self._go = threading.Event(), threading.Event()
        threading.Thread(target=self._pump, args=(self._source, self._stop, self._go), daemon=True).start()

    def go(self) -> None:
        self._go.set()

    def _end(self) -> None:
        self._stop.set()
        self._go.set()

    def _pump(self, source: Any, stop: threading.Event, go: threading.Event) -> None:
        self._push(source, self.rows[0], 0)  # its parameter sets describe the stream; few viewers get it
        go.wait()
        began, base_us, number, rows = time.monotonic(), 20_000, 0, self.rows
        while not stop.is_set():
            if rows is not self.rows:
                base_us, number, rows = int((time.monotonic() - began) * 1e6), 0, self.rows
            elif number >= len(rows):
                if not self.loop:
                    source.emit("end-of-stream")
                    return
                base_us, number = base_us + self.lasts_us, 0
            due_us = base_us + rows[number][0]
            stop.wait(max(0.0, began + due_us / 1e6 - time.monotonic()))
            if not self.camera.silent.is_set() and not stop.is_set():
                self._push(source, rows[number], due_us)
            number += 1

    def _push(self, source: Any, row: Row, time_us: int) -> None:
        data = self.camera.torn(row[1])
        buffer = Gst.Buffer.new_wrapped(data)
        buffer.pts = buffer.dts = time_us * 1000 + int(self.camera.ahead_s * Gst.SECOND)
        source.emit("push-buffer", buffer)
        self.sent += 1


def _hurry(_pipeline: Any, _bin: Any, element: Any) -> None:
    """Let no sink wait for the clock, not even when told so: it is paced here, and time stamps may jump."""

    def hurry(*_: Any) -> None:
        if element.get_property("sync"):
            element.set_property("sync", False)

    if element.find_property("sync"):
        element.connect("notify::sync", hurry)
        hurry()


class Camera:
    """The server, its streams and its tricks."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.silent = threading.Event()
        self.ahead_s = 3600.0  # so that time stamps may jump back
        self.share_torn = 0.0
        self.opened = 0
        self.streams: dict[str, Stream] = {}
        self._chance = random.Random(1)
        self._server = GstRtspServer.RTSPServer.new()
        self._server.set_address("127.0.0.1")
        self._server.set_service("0")
        self._server.connect("client-connected", self._connected)
        self._user, self._password = settings.get("user"), settings.get("password")
        if self._user:
            self._lock()
        for name, stream in settings["streams"].items():
            self.streams[name] = Stream(self, stream["file"], stream.get("loop", True))
            self._mount(name)
        self._attached = self._server.attach(None)
        self.port = self._server.get_bound_port()

    def torn(self, data: bytes) -> bytes:
        """Damage as large a share of the pictures as was asked for."""
        if self._chance.random() >= self.share_torn or len(data) < 64:
            return data
        torn = bytearray(data)
        for _ in range(8):
            torn[self._chance.randrange(32, len(torn))] = self._chance.randrange(256)
        return bytes(torn)

    def obey(self, command: dict[str, Any]) -> Any:
        """Do what a line asks for."""
        what, value = next(iter(command.items()))
        if what == "hang":
            (self.silent.set if value else self.silent.clear)()
        elif what == "jump":
            self.ahead_s += value
        elif what == "torn":
            self.share_torn = value
        elif what == "play":
            self.streams[value["stream"]].play(value["file"])
        elif what == "drop":
            self._drop()
        elif what == "away":
            self._away(value)
        elif what == "status":
            sent = {name: stream.sent for name, stream in self.streams.items()}
            return {"sent": sent, "opened": self.opened, "clients": len(self._clients())}
        else:
            return {"error": f"unknown command {what}"}
        return {}

    def _mount(self, name: str) -> None:
        factory = GstRtspServer.RTSPMediaFactory.new()
        factory.set_launch(LAUNCH)
        factory.set_shared(True)
        factory.connect("media-configure", self.streams[name].configure)
        if self._user:
            allowed = GstRtspServer.RTSPPermissions.new()
            for what in ("access", "construct"):
                allowed.add_permission_for_role("viewer", f"media.factory.{what}", True)
            factory.set_permissions(allowed)
        self._server.get_mount_points().add_factory(f"/{name}", factory)

    def _lock(self) -> None:
        auth, token = GstRtspServer.RTSPAuth.new(), GstRtspServer.RTSPToken.new()
        token.set_string("media.factory.role", "viewer")
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(self._user, self._password), token)
        self._server.set_auth(auth)

    def _connected(self, _server: Any, client: Any) -> None:
        client.connect("play-request", self._played)

    def _played(self, _client: Any, context: Any) -> None:
        self.opened += 1
        self.streams[context.uri.abspath.strip("/").split("/")[0]].go()

    def _clients(self) -> list[Any]:
        return self._server.client_filter(lambda *_: GstRtspServer.RTSPFilterResult.REF) or []

    def _drop(self) -> None:
        for client in self._clients():
            client.close()

    def _away(self, away: bool) -> None:
        if away and self._attached:
            GLib.source_remove(self._attached)
            self._attached = 0
            self._drop()
        elif not away and not self._attached:
            self._server.set_service(str(self.port))
            self._attached = self._server.attach(None)


def say(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until standard input ends."""
    Gst.init(None)
    camera, loop = Camera(json.loads(sys.argv[1])), GLib.MainLoop()
    say({"port": camera.port})

    def answer(line: str) -> bool:
        say(camera.obey(json.loads(line)))
        return False

    def listen() -> None:
        for line in sys.stdin:
            GLib.idle_add(answer, line)
        GLib.idle_add(loop.quit)

    threading.Thread(target=listen, daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main()
