"""Asks one server of this machine for some paths, for a moment only: how it says what it is and what it does.

No key is ever sent: whoever listens on a port may be anybody.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from rlm_tui.lm.endpoint import is_loopback
from rlm_tui.lm.servers import Get

PATIENCE_S = 2.0
_CONNECT_S = 0.5
_MOST_BYTES = 8_000_000
_MOST_SAID = 500
_JSON = {"content-type": "application/json", "accept": "application/json", "connection": "close"}


class Cutoff:
    """Ends all connections of a search when its time is over; from any thread."""

    def __init__(self) -> None:
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.is_over = False

    def now(self) -> None:
        """End it now."""
        with self._lock:
            self.is_over = True
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def opened(self, connection: socket.socket) -> None:
        """A connection is there; OSError when the time is over."""
        with self._lock:
            if self.is_over:
                raise OSError("the time is over")
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """A connection is done with."""
        with self._lock:
            self._open.discard(connection)


class Visit:
    """The requests to one address; `statuses` are those that came."""

    def __init__(self, base_url: str, cutoff: Cutoff) -> None:
        self._parts = urlsplit(base_url)
        self._cutoff = cutoff
        self.connected = False
        self.statuses: set[int] = set()
        self.says = ""

    def get(self, path: str, body: object = None) -> Any:
        """The JSON that a path gives, or None where it gives none."""
        raw, status = self._fetch(path, body)
        self.statuses.add(status)
        with suppress(ValueError, RecursionError):
            content = json.loads(raw)
            if status == 200:
                return content
            self.says = self.says or str(content)[:_MOST_SAID]
        return None

    def _fetch(self, path: str, body: object) -> tuple[bytes, int]:
        connection = self._connection()
        connection.connect()
        wire = connection.sock  # http.client lets go of it before the reply is read
        try:
            self.connected = True
            self._cutoff.opened(wire)
            wire.settimeout(PATIENCE_S)
            sent = None if body is None else json.dumps(body).encode()
            connection.request("GET" if body is None else "POST", self._prefix + path, sent, _JSON)
            response = connection.getresponse()
            with response:
                return response.read(_MOST_BYTES), response.status
        finally:
            self._cutoff.closed(wire)
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        seconds = _CONNECT_S if is_loopback(host) else PATIENCE_S
        if self._parts.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=seconds)
        return http.client.HTTPConnection(host, port, timeout=seconds)

    @property
    def _prefix(self) -> str:
        """Where the server's own paths begin: the base URL without the `/v1` that is OpenAI's."""
        return self._parts.path.rstrip("/").removesuffix("/v1")


@contextmanager
def visiting(base_url: str, seconds: float) -> Iterator[Get]:
    """What asks one server for some paths, all in `seconds`; gives None where nothing comes. For a thread."""
    cutoff = Cutoff()
    visit = Visit(base_url, cutoff)
    deadline = threading.Timer(seconds, cutoff.now)
    deadline.start()

    def get(path: str, body: object = None) -> Any:
        with suppress(OSError, http.client.HTTPException, ValueError):
            return visit.get(path, body)
        return None

    try:
        yield get
    finally:
        deadline.cancel()
        deadline.join()


def fetch_json(base_url: str, path: str, seconds: float) -> Any:
    """The JSON that one path of a server gives, or None where it gives none in time; for a thread, sends no key."""
    with visiting(base_url, seconds) as get:
        return get(path)
