"""Which part of a request a refusal blames, and the diagnosis of a refusal of it.

For requests that ask for much at once, as an agent sends them: the error's own words say what of it is not taken.
"""

import json
import re
from collections.abc import Iterator

from chatproof.evidence.provider_error import ProviderError
from chatproof.evidence.reply import Reply

_TOOLS, _MESSAGES, _PARAMETER = "contract.tools", "contract.messages", "request.unsupported_parameter"
_HEADERS = "contract.headers"
_BETA = re.compile(r"(?i)\banthropic-beta\b|\bbeta (?:flag|header|feature)s?\b")  # Anthropic's words, and Bedrock's
_PARTS = {
    **dict.fromkeys(("tools", "tool", "tool_choice", "functions", "function", "tool_use", "tool_result"), _TOOLS),
    **dict.fromkeys(("system", "instructions", "messages", "input", "content", "role", "blocks"), _MESSAGES),
    "cache_control": _PARAMETER,  # within blocks and tools
}
_COMMON = frozenset(("input", "include", "store", "stream", "model"))  # words of any sentence
_LONGEST = 4000
_NAME = r"[a-z]\w{1,60}(?:[.\[\]/]{1,2}\w{1,60}){0,8}"
_PLACES = (  # where an error names a field, the surest first
    re.compile(rf"^({_NAME})\]?\s?:"),
    re.compile(rf"[\"'`]({_NAME})\]?[\"'`]"),
    re.compile(rf"(?i:parameters?|arguments?|fields?|propert(?:y|ies))[: ]{{1,3}}({_NAME})"),
    re.compile(rf"^({_NAME}) (?:is|are) (?:not|un)"),
    re.compile(r"\b([a-z]{2,30}(?:_[a-z]{2,30}){1,4})\b"),
)


def code_of(reply: Reply) -> str:
    """Name the diagnosis of a refusal by the part of the request that its error blames; empty where it blames none."""
    error = reply.error
    if error is None:
        return ""
    if _BETA.search(error.message[:_LONGEST]):
        return _HEADERS
    sent = _sent(reply.exchange.request.body)
    for place in _named(error):
        for name in reversed(re.split(r"\W+", place)):
            if code := _PARTS.get(name) or (_PARAMETER if name in sent else ""):
                return code
    for word in re.findall(r"[a-z_]+", error.message[:_LONGEST].lower()):
        if word not in _COMMON and (code := _PARTS.get(word) or (_PARAMETER if word in sent else "")):
            return code
    return ""


def _named(error: ProviderError) -> Iterator[str]:
    """What the error names as a field, or as the way to one."""
    yield error.param
    for place in _PLACES:
        yield from place.findall(error.message[:_LONGEST])


def _sent(body: bytes) -> frozenset[str]:
    """The names of the request's fields."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(value) if isinstance(value, dict) else frozenset()
