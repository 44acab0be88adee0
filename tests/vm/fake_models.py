"""A model of no intellect on loopback: the parts of two makers' APIs that their agents use.

    python3 fake_models.py PORT LOG

What it answers follows from the last thing it is told: `RUN: command` makes it call the agent's
tool for that command, `ASK: question` the tool for questions; a tool's result, or anything else, is
answered by a text. With `SLOWLY` in what it is told it takes some seconds first, with `ALONE` Codex
has nobody to ask. Only Python's own library is used, since it runs in the guest.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SLOWLY_S = 15
Event = dict[str, Any]


def told(turns: list[Event], is_models: Callable[[Event], bool]) -> list[Event]:
    """Return what was said since the model spoke last: agents add notes of their own to it."""
    own = [index for index, turn in enumerate(turns) if is_models(turn)]
    return turns[own[-1] + 1 :] if own else turns


def text_of(content: object) -> str:
    """Return all text of a message, whichever maker's form it has."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))


def wanted(text: str, word: str) -> str:
    """Return what stands behind the last `word` of `text`."""
    found = re.findall(rf"\b{word}: (.+)$", text, re.MULTILINE)
    return found[-1] if found else ""


def claude_events(request: Event) -> Iterator[Event]:
    """Answer a request to Anthropic's Messages API, as a stream of events."""
    said = told(request["messages"], lambda turn: turn["role"] == "assistant")
    is_result = any("tool_result" in json.dumps(turn) for turn in said)
    text = "" if is_result else "\n".join(text_of(turn["content"]) for turn in said)
    tools = {tool.get("name") for tool in request.get("tools") or ()}
    call: Event | None = None
    if (command := wanted(text, "RUN")) and "Bash" in tools:
        call = {"name": "Bash", "input": {"command": command, "description": "As told"}}
    elif (question := wanted(text, "ASK")) and "AskUserQuestion" in tools:
        options = [{"label": "Red", "description": "r"}, {"label": "Blue", "description": "b"}]
        asked = {"question": question, "header": "Choice", "multiSelect": False, "options": options}
        call = {"name": "AskUserQuestion", "input": {"questions": [asked]}}
    message = {
        "id": f"msg_{time.time_ns()}",
        "type": "message",
        "role": "assistant",
        "model": request.get("model", "fake"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    yield {"type": "message_start", "message": message}
    if call is None:
        block: Event = {"type": "text", "text": ""}
        delta: Event = {"type": "text_delta", "text": "All is done."}
    else:
        block = {"type": "tool_use", "id": f"toolu_{time.time_ns()}", "name": call["name"]}
        block["input"] = {}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(call["input"])}
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    reason = "end_turn" if call is None else "tool_use"
    ends = {"stop_reason": reason, "stop_sequence": None}
    yield {"type": "message_delta", "delta": ends, "usage": {"output_tokens": 1}}
    yield {"type": "message_stop"}


def is_codex_own(turn: Event) -> bool:
    """Return whether the model itself said it."""
    return turn.get("role") == "assistant" or turn.get("type") in {"custom_tool_call", "reasoning"}


def codex_events(request: Event) -> Iterator[Event]:
    """Answer a request to OpenAI's Responses API, as a stream of events."""
    said = told(request["input"], is_codex_own)
    is_result = any(turn.get("type") == "custom_tool_call_output" for turn in said)
    text = "" if is_result else "\n".join(text_of(turn.get("content")) for turn in said)
    response = {"id": f"resp_{time.time_ns()}", "object": "response", "output": []}
    yield {"type": "response.created", "response": response}
    item: Event
    is_title = "Generate a concise" in text  # which Codex asks for beside the work
    if (command := wanted(text, "RUN")) and '"exec"' in json.dumps(request) and not is_title:
        asked = {"cmd": command}
        if "ALONE" not in text:
            # Outside of Codex's own sandbox, for which a cautious Codex asks the person.
            asked |= {"sandbox_permissions": "require_escalated", "justification": "May I?"}
        item = {"type": "custom_tool_call", "id": f"ctc_{time.time_ns()}", "name": "exec"}
        item |= {"namespace": "functions", "call_id": f"call_{time.time_ns()}"}
        item["input"] = f"const r = await tools.exec_command({json.dumps(asked)}); text(r.output)"
    else:
        content = [{"type": "output_text", "text": "All is done.", "annotations": []}]
        item = {"type": "message", "id": f"msg_{time.time_ns()}", "role": "assistant"}
        item |= {"status": "completed", "content": content}
    yield {"type": "response.output_item.added", "output_index": 0, "item": item}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    usage |= {"input_tokens_details": {"cached_tokens": 0}}
    usage |= {"output_tokens_details": {"reasoning_tokens": 0}}
    yield {"type": "response.completed", "response": {**response, "usage": usage}}


ANSWERS = {"/v1/messages": claude_events, "/v1/responses": codex_events}


class Handler(BaseHTTPRequestHandler):
    """Both APIs; who asks for anything else is told that it is not there."""

    protocol_version = "HTTP/1.1"
    log: Path

    def do_GET(self) -> None:
        # Codex tries a WebSocket first, and takes this for a no.
        self._plain(426 if self.path.startswith("/v1/responses") else 404, {"error": "not here"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = ANSWERS.get(self.path.partition("?")[0])
        request = json.loads(body or b"{}")
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"path": self.path, "request": request}) + "\n")
        if answer is None:
            self._plain(404, {"error": "not here"})
            return
        events = list(answer(request))
        turns = request.get("messages") or request.get("input") or []
        if "SLOWLY" in json.dumps(told(turns, is_codex_own)):
            time.sleep(SLOWLY_S)
        if not request.get("stream"):
            self._plain(200, whole(events))
            return
        lines = [f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events]
        self._send(200, "text/event-stream", "".join(lines).encode())

    def _plain(self, status: int, content: Event) -> None:
        self._send(status, "application/json", json.dumps(content).encode())

    def _send(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


def whole(events: list[Event]) -> Event:
    """Return what a request without a stream gets."""
    if events[0]["type"] == "response.created":
        return dict(events[-1]["response"])
    message = dict(events[0]["message"])
    return {**message, "content": [{"type": "text", "text": "ok"}], "stop_reason": "end_turn"}


def main(port: int, log: Path) -> None:
    """Serve until killed."""
    Handler.log = log
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
