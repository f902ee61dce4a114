"""A way to a server that can stop leading anywhere: connections are accepted, requests taken, and nothing is answered."""

import socket
import threading


class StallingProxy:
    """Passes bytes between clients and `host:port` until `stall_when(bytes of a client)` is true or `stall()` is called;
    then it takes whatever comes and passes nothing, until `go_on()`. Existing connections are cut by `go_on()`, as a
    server that comes back would."""

    def __init__(self, host, port, stall_when=lambda data: False):
        self.upstream = (host, port)
        self.stall_when = stall_when
        self.stalled = threading.Event()
        self.held = 0
        self._pairs, self._lock = set(), threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self):
        self.stalled.set()

    def go_on(self):
        self.stall_when = lambda data: False
        self.stalled.clear()
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for side in pair:
                try:
                    side.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self):
        while True:
            client, _ = self._listener.accept()
            server = socket.create_connection(self.upstream)
            with self._lock:
                self._pairs.add((client, server))
            for source, sink, from_client in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pass, args=(source, sink, from_client), daemon=True).start()

    def _pass(self, source, sink, from_client):
        try:
            while data := source.recv(1 << 16):
                if from_client and not self.stalled.is_set() and self.stall_when(data):
                    self.stalled.set()
                if self.stalled.is_set():
                    self.held += len(data)
                else:
                    sink.sendall(data)
        except OSError:
            pass
        for side in (source, sink):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
