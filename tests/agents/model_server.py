"""A model that costs nothing, behind four APIs on the loopback device, and does what a script says.

What a program has done so far is read from the conversation it sends (model_apis.py), so a request that is
sent again gets the same reply.
"""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from attrs import evolve

from tests.agents.model_apis import (
    STREAMS,
    WHOLE,
    Api,
    Call,
    Json,
    Late,
    Refuse,
    Reply,
    Say,
    Turn,
    Wait,
    refusal,
    turn_of,
)


class ModelServer(ThreadingHTTPServer):
    """Answers by its script; keeps each turn."""

    daemon_threads = True

    def __init__(self, script: Callable[[Turn], Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.turns: list[Turn] = []
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, *_: object) -> None:
        """Say nothing of a program that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ModelServer

    def do_GET(self) -> None:
        self._whole(404, {"error": {"message": "not here", "type": "not_found_error"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        path = self.path.split("?")[0]
        api: Api
        if path.endswith("/chat/completions"):
            api = "chat"
        elif path.endswith("/responses"):
            api = "responses"
        elif path.endswith("/messages"):
            api = "messages"
        elif path.endswith("enerateContent"):
            api = "gemini"
        elif path.endswith(":countTokens"):
            self._whole(200, {"totalTokens": 100})
            return
        else:
            self.do_GET()
            return
        turn = turn_of(api, body, len(self.server.turns))
        self.server.turns.append(turn)
        self._reply(turn, body, self.server.script(turn))

    def _reply(self, turn: Turn, body: Json, reply: Reply) -> None:
        self.close_connection = True
        match reply:
            case Refuse():
                self._whole(reply.status, refusal(turn.api, reply), reply.headers)
            case Wait(seconds=seconds):
                time.sleep(seconds)
            case Late(seconds=seconds, reply=after):
                time.sleep(seconds)
                self._reply(turn, body, after)
            case Call():
                named = evolve(reply, tool=turn.tool(reply.tool))
                self._answer(turn.api, body, named, f"call_{len(turn.results) + 1}")
            case Say():
                self._answer(turn.api, body, reply, "")

    def _answer(self, api: Api, body: Json, reply: Call | Say, call: str) -> None:
        streams = ":stream" in self.path if api == "gemini" else body.get("stream")
        if api in WHOLE and not streams:
            self._whole(200, WHOLE[api](body, reply, call))
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for event in STREAMS[api](body, reply, call):
            name = f"event: {event['type']}\n" if "type" in event else ""
            self.wfile.write(f"{name}data: {json.dumps(event)}\n\n".encode())
        if api == "chat":
            self.wfile.write(b"data: [DONE]\n\n")

    def _whole(self, status: int, body: Json, headers: Json | None = None) -> None:
        self.close_connection = True
        raw = json.dumps(body).encode()
        self.send_response(status)
        lines = {"content-type": "application/json", "content-length": len(raw), "connection": "close"}
        for name, value in (lines | (headers or {})).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
