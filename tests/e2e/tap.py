"""What stands between a browser and a server and passes bytes on, or does not."""

import socket
from contextlib import suppress
from threading import Event, Thread


class Tap:
    """Passes bytes between a browser and the server, until told to hold them back or to cut the connection."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.flows = Event()
        self.flows.set()
        self._links: list[socket.socket] = []
        self.cut_after: int | None = None
        """Bytes of an answer after which the connection is reset; None for never."""
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket()
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            far.connect(("127.0.0.1", self._target))
            self._links += [near, far]
            Thread(target=self._pass, args=(near, far, False), daemon=True).start()
            Thread(target=self._pass, args=(far, near, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        passed = 0
        try:
            while part := source.recv(4096):
                if is_answer:
                    self.flows.wait()  # `close` lets it flow too
                target.sendall(part)
                passed += len(part)
                if is_answer and self.cut_after is not None and passed >= self.cut_after:
                    break
        except OSError:
            pass
        for link in (source, target):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)  # a close alone would wait for the other thread, which reads

    def close(self) -> None:
        self.flows.set()
        for link in (self._listener, *self._links):
            link.close()
