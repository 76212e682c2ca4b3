"""What the form of a provider's error tells beside its words: who quotes whom, and what the request lacks."""

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chatproof.evidence.provider_error import ProviderError

_BEGUN = 200  # characters in which a gateway names the class of who answered it
_RELAYED = re.compile(
    r"\blitellm\.\w+(?:Error|Exception): (?:\w+(?:Error|Exception): )?\w+Exception - |\bError from provider ?\("
)
_ROUTED = ("No fallback model group found", "Available Model Group Fallbacks=", "Received Model Group=")
"""What LiteLLM's router puts behind the words of a deployment that it has asked."""
_WANTED = re.compile(
    r"(?ai)\b(?:missing|lacks|requires?|needs?)(?: the| a| required| request)*(?: header)?:? [\"'`]?(x-[\w-]{2,60})"
    r"|[\"'`]?(x-[\w-]{2,60})[\"'`]?(?: header)? (?:is required|is missing|missing|required)"
)
_OF_THE_REQUEST = ("body", "query", "path")  # FastAPI's: a header that lacks is told by its name


def is_a_validators(error: "ProviderError") -> bool:
    """Say whether FastAPI's validator wrote this of the request: `{"detail": [{"loc": ["body", "model"], …}]}`."""
    return error.where.startswith("$.detail[") and error.param.partition(".")[0] in _OF_THE_REQUEST


def is_relayed(error: "ProviderError") -> bool:
    """A gateway quotes what its upstream said to it: LiteLLM's proxy writes the provider's class before the words."""
    asked = any(words in error.message for words in _ROUTED)
    return asked or bool(_RELAYED.search(error.message[:_BEGUN]))


def header_wanted(error: "ProviderError") -> str:
    """The name of a header that the request lacks, as the error says; empty where it says nothing of one."""
    found = _WANTED.search(error.message[:4000])
    name = next(filter(None, found.groups()), "") if found else ""
    return "" if name.lower() in ("x-api-key", "") else name


def says_more_than_403(error: "ProviderError") -> bool:
    """Say whether the code or the type says more than a 403 does: neither the number nor the name once more."""
    return any(word.lower() not in ("", "403", "forbidden") for word in (error.code, error.type))
