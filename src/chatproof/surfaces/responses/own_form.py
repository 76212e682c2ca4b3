"""What the user's own requests to the Responses API are made of."""

from typing import Any

from chatproof.surfaces.own.form import Form
from chatproof.surfaces.own.request_part import Request
from chatproof.surfaces.own.tool_parts import without_hosted
from chatproof.surfaces.responses.request_parts import CAPS, parts_of

_OWN_TOOLS = ("function", "custom", "local_shell", "apply_patch", "computer_use_preview", "namespace")
"""Run by the client; all others by the server."""
_STORING = "storing"
_OF_OTHERS = ("messages", "encoding_format", "dimensions")  # of chat, and of embeddings


def is_body(value: Any) -> bool:
    """A request with an input, or a template that has one."""
    if not isinstance(value, dict) or any(name in value for name in _OF_OTHERS):
        return False
    held = value.get("input")
    listed = isinstance(held, list) and all(isinstance(one, dict) for one in held)
    return isinstance(held, str) or listed or isinstance(value.get("prompt"), dict)


def _without_effects(value: Request) -> list[str]:
    """A response is stored unless the request says otherwise: then it says otherwise now."""
    left_out = ["background"] if value.pop("background", None) else []
    if value.get("store") is not False:
        left_out.insert(0, _STORING)
        value["store"] = False
    if without_hosted(value, lambda tool: tool.get("type", "function") not in _OWN_TOOLS):
        left_out.append("hosted tools")
    return left_out


def _count(value: Request) -> str:
    held = value.get("input")
    return f"input={f'{len(held)} items' if isinstance(held, list) else 'text'}"


def _anonymous(value: Request) -> Request:
    from chatproof.surfaces.responses.anonymous_request import anonymous

    return anonymous(value)


FORM = Form(
    is_body=is_body,
    what="an object with input",
    texts=("input",),
    said=_count,
    without_effects=_without_effects,
    parts=parts_of,
    anonymous=_anonymous,
    caps=CAPS,
    put={_STORING: "store"},
)
