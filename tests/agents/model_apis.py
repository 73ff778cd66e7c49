"""What a model says and is told, in the forms of four APIs.

OpenAI chat completions (opencode), OpenAI responses (codex), Anthropic messages (claude), and Google's
generateContent (gemini). What a program has done so far is read from the conversation it sends.
"""

import json
from typing import Any, Literal

from attrs import field, frozen


Api = Literal["chat", "responses", "messages", "gemini"]
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


def turn_of(api: Api, body: Json, number: int) -> Turn:
    read = {
        "chat": _read_chat,
        "responses": _read_responses,
        "messages": _read_messages,
        "gemini": _read_gemini,
    }[api]
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


def _read_gemini(body: Json) -> tuple[list[str], list[str]]:
    tools = [one["name"] for tool in body.get("tools", []) for one in tool.get("functionDeclarations", [])]
    parts = [part for one in body.get("contents", []) for part in one.get("parts", [])]
    return tools, [_words(part["functionResponse"]) for part in parts if "functionResponse" in part]


def _words(content: object) -> str:
    return content if isinstance(content, str) else json.dumps(content)


def refusal(api: Api, refuse: Refuse) -> Json:
    error = {"type": refuse.kind, "message": refuse.message}
    if api == "messages":
        return {"type": "error", "error": error, "request_id": "req_1"}
    if api == "gemini":
        return {"error": {"code": refuse.status, "message": refuse.message, "status": refuse.kind}}
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


def chat(body: Json, reply: Call | Say, call: str) -> Json:
    """Return all of an answer of chat completions that is not streamed."""
    first, last = _chat(body, reply, call)
    (begun,), (ended,) = first["choices"], last["choices"]
    choice = {"index": 0, "message": begun["delta"], "finish_reason": ended["finish_reason"]}
    return {**last, "object": "chat.completion", "choices": [choice]}


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


def message(body: Json, reply: Call | Say, call: str) -> Json:
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
    whole = message(body, reply, call)
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


def gemini(_body: Json, reply: Call | Say, call: str) -> Json:
    """Return all of an answer of generateContent; in a stream it is the only piece."""
    part: Json = (
        {"text": reply.text}
        if isinstance(reply, Say)
        else {"functionCall": {"id": call, "name": reply.tool, "args": reply.given}}
    )
    content = {"role": "model", "parts": [part]}
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {
            "promptTokenCount": USED["input"],
            "cachedContentTokenCount": USED["cached"],
            "candidatesTokenCount": USED["output"],
            "totalTokenCount": USED["input"] + USED["output"],
        },
    }


READERS = {
    "chat": _read_chat,
    "responses": _read_responses,
    "messages": _read_messages,
    "gemini": _read_gemini,
}
# An answer that is not streamed.
WHOLE = {"chat": chat, "messages": message, "gemini": gemini}
# The pieces of an answer that is streamed.
STREAMS = {
    "chat": _chat,
    "responses": _responses,
    "messages": _messages,
    "gemini": lambda *asked: [gemini(*asked)],
}
