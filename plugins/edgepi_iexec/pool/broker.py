"""Topics and who listens to them: the STOMP side of a pool."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable

from edgepi.clock import Clock
from edgepi.errors import ProtocolError
from edgepi_iexec.pool.sessions import Session
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.protocol import stomp
from edgepi_iexec.protocol.notifications import TaskNotification

__all__ = ["Broker"]

_TOPIC = re.compile(r"/topic/task/(0x[0-9a-f]{64})")
_ALL_SUBSCRIPTIONS = 200_000
_SLOTS = 10
_VERSIONS = ("1.2", "1.1", "1.0")


class Broker:
    """Hands notifications to sessions; *pending* says what is still to be heard about a task."""

    def __init__(
        self, settings: PoolSettings, clock: Clock, pending: Callable[[str], Iterable[TaskNotification]]
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._pending = pending
        self._topics: dict[str, dict[tuple[Session, str], None]] = {}
        self._sessions: list[set[Session]] = [set() for _ in range(_SLOTS)]
        self._slot = itertools.cycle(range(_SLOTS))
        self._message_ids = itertools.count()
        self._subscribed = 0

    @property
    def count(self) -> int:
        """How many sessions are open."""
        return sum(len(slot) for slot in self._sessions)

    def open(self) -> Session | None:
        """Return a new session, or None when there are too many."""
        if self.count >= self._settings.limits.sessions:
            return None
        session = Session(outbox_frames=self._settings.limits.outbox_frames, on_close=self._ended)
        self._sessions[next(self._slot)].add(session)
        return session

    def publish(self, notification: TaskNotification) -> int:
        """Send a notification to all who listen to its task; returns how many."""
        listeners = self._topics.get(_topic(notification.task_id), {})
        if listeners:
            body = json.dumps(notification.to_json(), separators=(",", ":"))
            for session, subscription in tuple(listeners):
                session.push(self._message(notification.task_id, subscription, body))
        return len(listeners)

    def hear(self, session: Session, text: str) -> None:
        """Do what a client's text says; nonsense ends the session."""
        if len(text) > self._settings.limits.frame_bytes:
            self._refuse(session, "too large")
            return
        try:
            for frame in stomp.decode(text):
                self._do(session, frame)
        except ProtocolError as error:
            self._refuse(session, error.message)

    async def keep_beating(self) -> None:
        """Send signs of life, a tenth of the sessions at a time."""
        for slot in itertools.cycle(range(_SLOTS)):
            await self._clock.sleep(self._settings.heartbeat_s / _SLOTS)
            for session in tuple(self._sessions[slot]):
                session.beat()

    def close(self) -> None:
        """End all sessions."""
        for slot in self._sessions:
            for session in tuple(slot):
                session.close()

    def _do(self, session: Session, frame: stomp.Frame) -> None:
        if frame.command in {"CONNECT", "STOMP"}:
            self._connect(session, frame)
        elif not session.connected:
            raise ProtocolError("not connected")
        elif frame.command == "SUBSCRIBE":
            self._subscribe(session, frame)
        elif frame.command == "UNSUBSCRIBE":
            self._unsubscribe(session, frame.headers.get("id", ""))
        receipt = frame.headers.get("receipt")
        if receipt is not None and session.connected:
            session.push(stomp.encode(stomp.Frame("RECEIPT", {"receipt-id": receipt})))
        if frame.command == "DISCONNECT":
            session.close(1000, "Goodbye")

    def _connect(self, session: Session, frame: stomp.Frame) -> None:
        offered = {one.strip() for one in frame.headers.get("accept-version", "1.0").split(",")}
        version = next((one for one in _VERSIONS if one in offered), None)
        if version is None:
            raise ProtocolError("no version of STOMP in common")
        session.connected = True
        session.push(stomp.encode(stomp.Frame("CONNECTED", {"version": version, "heart-beat": "0,0"})))

    def _subscribe(self, session: Session, frame: stomp.Frame) -> None:
        name, topic = frame.headers.get("id", ""), frame.headers.get("destination", "")
        found = _TOPIC.fullmatch(topic)
        if found is None or not name or len(name) > 64:
            raise ProtocolError("nothing to subscribe to")
        self._unsubscribe(session, name)
        most = self._settings.limits.subscriptions
        if len(session.subscriptions) >= most or self._subscribed >= _ALL_SUBSCRIPTIONS:
            raise ProtocolError("too many subscriptions")
        session.subscriptions[name] = topic
        self._topics.setdefault(topic, {})[session, name] = None
        self._subscribed += 1
        for notification in self._pending(found[1]):  # what was said while nobody listened
            body = json.dumps(notification.to_json(), separators=(",", ":"))
            session.push(self._message(found[1], name, body))

    def _unsubscribe(self, session: Session, name: str) -> None:
        topic = session.subscriptions.pop(name, None)
        if topic is None:
            return
        self._subscribed -= 1
        listeners = self._topics[topic]
        del listeners[session, name]
        if not listeners:
            del self._topics[topic]

    def _message(self, task_id: str, subscription: str, body: str) -> str:
        headers = {
            "destination": _topic(task_id),
            "content-type": "application/json",
            "subscription": subscription,
            "message-id": str(next(self._message_ids)),
        }
        return stomp.encode(stomp.Frame("MESSAGE", headers, body))

    def _refuse(self, session: Session, why: str) -> None:
        session.push(stomp.encode(stomp.Frame("ERROR", {"message": why})))
        session.close(1002, "protocol error")

    def _ended(self, session: Session) -> None:
        for name in tuple(session.subscriptions):
            self._unsubscribe(session, name)
        for slot in self._sessions:
            slot.discard(session)


def _topic(task_id: str) -> str:
    return f"/topic/task/{task_id}"
