"""The service that rotates refresh tokens, over HTTP, for the sessions of several processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cognito_raw import Ok, Request
from tests.support.rotation import Service


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that were killed."""


@contextmanager
def served(service: Service) -> Iterator[str]:
    """Serve it on this machine, one request at a time, and give its address."""
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with turn:
                reply, _ = service.answer(Request(self.path, {"X-Amz-Target": self.headers["X-Amz-Target"]}, body, 1.0))
            assert isinstance(reply, Ok)
            self.send_response(reply.value.status)
            self.send_header("Content-Length", str(len(reply.value.body)))
            self.end_headers()
            self.wfile.write(reply.value.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as its base calls it
            """Write no log."""

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
