"""A wire that is cut: everything that is said to a server goes through it, up to so many bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType


class Cut:
    """in: the server; after how many bytes of what the client says the wire is cut, on both sides."""

    def __init__(self, host: str, port: int, after: int) -> None:
        self._to, self._left, self.carried = (host, port), after, 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Cut:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(self._to) as server:
            threading.Thread(target=self._back, args=(server, client), daemon=True).start()
            while self._left > 0 and (said := client.recv(4096)):
                part = said[: self._left]
                self._left -= len(part)
                self.carried += len(part)
                server.sendall(part)
            client.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _back(server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while said := server.recv(4096):
                client.sendall(said)
