"""A receiver of HTTP requests on loopback, for tests of what is sent."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from attrs import define, field, frozen


@frozen(kw_only=True)
class Got:
    """One request."""

    path: str
    headers: dict[str, str]  # their names in small letters
    body: bytes


@define(kw_only=True)
class Receiver:
    """What came, in its order. `answer` gives the status for each; what it raises breaks the connection."""

    url: str = ""
    got: list[Got] = field(factory=list)
    answer: Callable[[Got], int] = lambda _: 204

    def named(self, header: str) -> list[str]:
        """Return a header of each request."""
        return [one.headers[header] for one in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive on a free port for as long as the block lasts."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            got = Got(path=self.path, headers=headers, body=body)
            receiver.got.append(got)
            self.send_response(receiver.answer(got))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = False  # no thread outlives the block

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
