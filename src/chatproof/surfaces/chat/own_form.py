"""What the user's own chat requests are made of."""

from typing import Any

from chatproof.evidence.json_values import items
from chatproof.surfaces.chat.request_parts import CAPS, parts_of
from chatproof.surfaces.own.form import Form
from chatproof.surfaces.own.request_part import Request
from chatproof.surfaces.own.tool_parts import without_hosted

_EFFECTS = ("store", "background")
_OWN_TOOLS = ("function", "custom")  # run by the client; all others by the server


def _is_body(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("messages"), list)


def _without_effects(value: Request) -> list[str]:
    left_out = [name for name in _EFFECTS if value.get(name)]
    if "store" in left_out and "metadata" in value:
        left_out.append("metadata")  # OpenAI takes it only with store
    if "web_search_options" in value:
        left_out.append("web_search_options")
    for name in left_out:
        del value[name]
    is_hosted = without_hosted(value, lambda tool: tool.get("type", "function") not in _OWN_TOOLS)
    return [*left_out, *(["hosted tools"] if is_hosted else [])]


def _anonymous(value: Request) -> Request:
    from chatproof.surfaces.chat.anonymous_request import anonymous

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
)
