"""A TCP proxy on loopback whose connections can be cut at any moment."""

import contextlib
import selectors
import socket
import struct
import threading

_CHUNK = 1 << 16
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset, as a broken network would


class Proxy:
    """Forwards 127.0.0.1:`port` to 127.0.0.1:`target`. Its threads end with `close`."""

    def __init__(self, target, port):
        self.port = port
        self._target = target
        self._lock = threading.Lock()
        self._open = set()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def cut(self):
        """Breaks every connection there is, in the middle of whatever it was sending; returns how many."""
        with self._lock:
            pairs, self._open = self._open, set()
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    end.shutdown(socket.SHUT_RDWR)
        return len(pairs)

    def point_to(self, target):
        """Serves another port from now on, as an address does that moves to another machine; nothing (None): refuses."""
        self._target = target
        self.cut()

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._target is None:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                client.close()
                continue
            pair = (client, server)
            for end in pair:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                end.settimeout(None)
            with self._lock:
                self._open.add(pair)
            threading.Thread(target=self._forward, args=(pair,), name="proxied", daemon=True).start()

    def _forward(self, pair):
        client, server = pair
        with selectors.DefaultSelector() as selector, client, server, contextlib.suppress(OSError):
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(_CHUNK)
                    if not data:
                        return
                    key.data.sendall(data)
            # A closed end closes the other: MySQL's protocol knows no half-open connections.
        with self._lock:
            self._open.discard(pair)
