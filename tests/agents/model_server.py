"""A model that costs nothing, behind three APIs on the loopback device, and does what a script says.

OpenAI chat completions (opencode), OpenAI responses (codex) and Anthropic messages (claude). What a program
has done so far is read from the conversation it sends, so a request that is sent again gets the same reply.
"""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from attrs import evolve, field, frozen


Api = Literal["chat", "responses", "messages"]
Json = dict[str, Any]
USED = {"input": 1200, "cached": 1000, "output": 34}


@frozen
class Call:
    """A tool the model calls, by the end of its name, and with what."""

    tool: str
    given: Json


@frozen
class Say:
    """The model's last words."""

    text: str


@frozen
class Refuse:
    """The service's own refusal, as the program's maker documents it."""

    status: int
    kind: str
    message: str
    headers: Json = field(factory=dict)


@frozen
class Wait:
    """Nothing at all for some seconds; then the line is cut."""

    seconds: float


@frozen
class Late:
    """A reply after some silent seconds."""

    seconds: float
    reply: Call | Say


Reply = Call | Say | Refuse | Wait | Late


@frozen(kw_only=True)
class Turn:
    """What a program asks its model: the whole text of the request, and what its tools said so far."""

    api: Api
    text: str
    tools: tuple[str, ...]
    results: tuple[str, ...]
    number: int  # of requests before

    def tool(self, name: str) -> str:
        """Return the whole name of the tool whose name ends so."""
        return next((tool for tool in self.tools if tool.endswith(name)), name)


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


def _turn(api: Api, body: Json, number: int) -> Turn:
    read = {"chat": _read_chat, "responses": _read_responses, "messages": _read_messages}[api]
    tools, results = read(body)
    return Turn(api=api, text=json.dumps(body), tools=tuple(tools), results=tuple(results), number=number)


def _read_chat(body: Json) -> tuple[list[str], list[str]]:
    tools = [tool["function"]["name"] for tool in body.get("tools", [])]
    return tools, [_words(one.get("content")) for one in body["messages"] if one["role"] == "tool"]


def _read_responses(body: Json) -> tuple[list[str], list[str]]:
    tools: list[str] = []
    for tool in body.get("tools", []):
        if tool.get("type") == "namespace":
            tools += [f"{tool['name']}/{one['name']}" for one in tool.get("tools", [])]
        else:
            tools.append(tool.get("name") or tool.get("type"))
    said = [one for one in body.get("input", []) if str(one.get("type")).endswith("call_output")]
    return tools, [_words(one.get("output")) for one in said]


def _read_messages(body: Json) -> tuple[list[str], list[str]]:
    blocks = [
        block
        for one in body.get("messages", [])
        if isinstance(one.get("content"), list)
        for block in one["content"]
    ]
    said = [_words(block.get("content")) for block in blocks if block.get("type") == "tool_result"]
    return [tool.get("name", "") for tool in body.get("tools", [])], said


def _words(content: object) -> str:
    return content if isinstance(content, str) else json.dumps(content)


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
        else:
            self.do_GET()
            return
        turn = _turn(api, body, len(self.server.turns))
        self.server.turns.append(turn)
        self._reply(turn, body, self.server.script(turn))

    def _reply(self, turn: Turn, body: Json, reply: Reply) -> None:
        self.close_connection = True
        match reply:
            case Refuse():
                self._whole(reply.status, _refusal(turn.api, reply), reply.headers)
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
        if api == "messages" and not body.get("stream"):
            self._whole(200, _message(body, reply, call))
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        stream = {"chat": _chat, "responses": _responses, "messages": _messages}[api]
        for event in stream(body, reply, call):
            name = f"event: {event['type']}\n" if api != "chat" else ""
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


def _refusal(api: Api, refuse: Refuse) -> Json:
    error = {"type": refuse.kind, "message": refuse.message}
    if api == "messages":
        return {"type": "error", "error": error, "request_id": "req_1"}
    return {"error": error | {"code": refuse.kind, "param": None}}


def _chat(body: Json, reply: Call | Say, call: str) -> list[Json]:
    base = {"id": "c1", "object": "chat.completion.chunk", "created": 0, "model": body.get("model")}
    delta: Json = {"role": "assistant"}
    if isinstance(reply, Say):
        delta["content"] = reply.text
    else:
        function = {"name": reply.tool, "arguments": json.dumps(reply.given)}
        delta["tool_calls"] = [{"index": 0, "id": call, "type": "function", "function": function}]
    reason = "stop" if isinstance(reply, Say) else "tool_calls"
    usage = {
        "prompt_tokens": USED["input"],
        "completion_tokens": USED["output"],
        "total_tokens": USED["input"] + USED["output"],
        "prompt_tokens_details": {"cached_tokens": USED["cached"]},
    }
    return [
        {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}], "usage": usage},
    ]


def _responses(body: Json, reply: Call | Say, call: str) -> list[Json]:
    item: Json
    if isinstance(reply, Say):
        said = [{"type": "output_text", "text": reply.text}]
        item = {"type": "message", "role": "assistant", "id": "m1", "content": said}
    else:
        space, _, name = reply.tool.rpartition("/")
        item = {"type": "function_call", "id": f"f{call}", "call_id": call, "name": name}
        item |= {"arguments": json.dumps(reply.given)} | ({"namespace": space} if space else {})
    usage = {
        "input_tokens": USED["input"],
        "input_tokens_details": {"cached_tokens": USED["cached"]},
        "output_tokens": USED["output"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": USED["input"] + USED["output"],
    }
    return [
        {"type": "response.created", "response": {"id": "r1"}},
        {"type": "response.output_item.done", "item": item},
        {"type": "response.completed", "response": {"id": "r1", "usage": usage}},
    ]


def _message(body: Json, reply: Call | Say, call: str) -> Json:
    says = isinstance(reply, Say)
    block = (
        {"type": "text", "text": reply.text}
        if isinstance(reply, Say)
        else {"type": "tool_use", "id": f"tool{call}", "name": reply.tool, "input": reply.given}
    )
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body.get("model"),
        "content": [block],
        "stop_reason": "end_turn" if says else "tool_use",
        "stop_sequence": None,
        "usage": {
            "input_tokens": USED["input"] - USED["cached"],
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": USED["cached"],
            "output_tokens": USED["output"],
        },
    }


def _messages(body: Json, reply: Call | Say, call: str) -> list[Json]:
    whole = _message(body, reply, call)
    (block,) = whole["content"]
    if isinstance(reply, Say):
        empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": reply.text}
    else:
        empty = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(reply.given)}
    begun = {**whole, "content": [], "stop_reason": None}
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    return [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": empty},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": USED["output"]}},
        {"type": "message_stop"},
    ]
