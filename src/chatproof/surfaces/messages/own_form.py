"""What the user's own requests to the Messages API are made of."""

from typing import Any

from chatproof.evidence.json_values import items
from chatproof.surfaces.messages.request_parts import CAPS, parts_of, smallest_cap
from chatproof.surfaces.own.form import Form
from chatproof.surfaces.own.request_part import Request
from chatproof.surfaces.own.tool_parts import without_hosted

_EFFECTS = ("mcp_servers", "container")
_OWN_TOOLS = ("custom", "bash_", "text_editor_", "computer_", "memory_")
"""How the types of tools begin that the client runs; all others are run by the server."""


def _is_body(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("messages"), list)


def _without_effects(value: Request) -> list[str]:
    left_out = [name for name in _EFFECTS if value.pop(name, None)]
    if without_hosted(value, lambda tool: not str(tool.get("type") or "custom").startswith(_OWN_TOOLS)):
        left_out.append("hosted tools")
    return left_out


def _anonymous(value: Request) -> Request:
    from chatproof.surfaces.messages.anonymous_request import anonymous

    return anonymous(value)


FORM = Form(
    is_body=_is_body,
    what="an object with messages",
    texts=("messages",),
    said=lambda value: f"messages_count={len(items(value.get('messages')))}",
    without_effects=_without_effects,
    parts=parts_of,
    anonymous=_anonymous,
    caps=CAPS,
    smallest_cap=smallest_cap,
)
