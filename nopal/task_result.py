"""Reads what came of a task from its agent's transcript, which a guest wrote. Pure.

Claude Code (`--output-format=stream-json`) ends with an object of the type `result`; Codex
(`exec --json`) tells items and turns. Of any other agent the last lines are what it said.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .screen import printable
from .task_records import State

_TIMED_OUT = (124, 137)
_LONGEST = 4000
_LAST_LINES = 12
_NEEDS_A_PERSON = frozenset({"error_max_turns", "error_max_budget_usd"})


@dataclass(frozen=True)
class Result:
    """How a task ended."""

    state: State
    said: str


def judge(status: int, lines: Iterable[str]) -> Result:
    """Return how a task ended whose agent ended with `status` and wrote `lines`."""
    said, failed, waits = "", False, False
    plain: list[str] = []
    for line in lines:
        event = _event(line)
        if event is None:
            plain = [*plain, line][-_LAST_LINES:]
            continue
        match event.get("type"):
            case "result":
                said = _text(event.get("result")) or _text(event.get("subtype"))
                waits = event.get("subtype") in _NEEDS_A_PERSON
                waits = waits or bool(event.get("permission_denials"))
                failed = event.get("is_error") is True and not waits
            case "item.completed":
                item = event.get("item")
                if isinstance(item, dict) and item.get("type") == "agent_message":
                    said = _text(item.get("text"))
            case "turn.failed" | "error":
                failed = True
                said = _text(event.get("message")) or _text(event.get("error")) or said
            case "turn.completed":
                failed = False
    said = said or "\n".join(plain)
    if status in _TIMED_OUT:
        return Result("failed", _clean("its time was over\n" + said))
    if waits:
        return Result("waiting", _clean(said))
    if status != 0 or failed:
        return Result("failed", _clean(said or f"its agent ended with status {status}"))
    return Result("done", _clean(said))


def _event(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("message")
    return value if isinstance(value, str) else ""


def _clean(text: str) -> str:
    return "\n".join(printable(line) for line in text.strip()[:_LONGEST].split("\n"))
