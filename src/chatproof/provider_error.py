"""The error a provider's JSON body carries: found in any known shape, and put into one class.

Classified by the body's code first, its words second and the status last, because statuses lie: CometAPI answers an
unknown model with a JSON 503, Gemini and xAI a wrong key with 400, OpenAI an empty purse with 429.
"""

from typing import NamedTuple

from chatproof.provider_words import ABOUT, ABSENT, BY_STATUS, CODES, FIRST, GENERIC, WORDS
from chatproof.strictjson import Json

_CHOICES = 8  # of a reply whose choices are many, the first are looked at
LONGEST = 16 * 1024  # no message needs more, and each is looked through many times


class ProviderError(NamedTuple):
    """`where` is the JSON path of the error; texts are untrusted, and cut at LONGEST characters."""

    where: str
    message: str
    code: str
    type: str
    param: str


_PLAIN = ("message", "msg", "detail", "title")  # these are an error's words under any status
_MESSAGES = (
    *_PLAIN,
    "error_msg",
    "errmsg",
    "errormessage",
    "error_message",
    "description",
    "reason",
    "exception",
)
_CODES = ("code", "status", "errorcode", "error_code", "statuscode")


def find_error(body: Json, *, failing: bool = False) -> ProviderError | None:
    """The error in a JSON body, or None. Shapes: object, string, array, flat, `detail`, `errors`, `message`, …

    `failing` says that the status is 400 or more: then a bare string or a lone `reason` is an error as well. Names are
    matched without regard to case: AWS and ASP.NET write Message.
    """
    if isinstance(body, str):
        return ProviderError("$", body[:LONGEST], "", "", "") if failing and body.strip() else None
    if isinstance(body, list):
        inner = find_error(body[0], failing=failing) if body else None
        return inner._replace(where="$[0]" + inner.where[1:]) if inner else None
    if not isinstance(body, dict):
        return None
    folded = {name.lower(): value for name, value in reversed(body.items())}
    for name in ("error", "errors", "fault"):
        if folded.get(name):
            return _from_error(folded[name], folded, f"$.{name}")
    if "choices" in body:  # a completion may well have a `message` or `detail` of its own
        where, inner = carried_error(body)
        return _from_error(inner, {}, where) if inner else None
    code = folded.get("code")
    says_so = (
        folded.get("object") == "error"
        or folded.get("type") == "error"
        or (isinstance(code, int) and 400 <= code < 600)
    )
    found = _fields(folded, "$")
    if says_so:
        return found
    for name in _MESSAGES if failing else _PLAIN:
        value = folded.get(name)
        if isinstance(value, dict | list) and value:
            return _from_error(value, folded, f"$.{name}")
        if isinstance(value, str) and value:
            return found._replace(where=f"$.{name}")
    for name in ("data", "status", "response"):
        inner = folded.get(name)
        if failing and isinstance(inner, dict) and (deeper := find_error(inner, failing=True)):
            return deeper._replace(where=f"$.{name}{deeper.where[1:]}")
    refused = failing and (folded.get("success") is False or folded.get("ok") is False)
    return found if refused else None


def carried_error(body: dict[str, Json]) -> tuple[str, Json]:
    """(where, what) of the error that stands in a completion or a chunk of one: beside its choices, or in one of the
    first of them, as OpenRouter tells of a model that failed on the way. ("", None) when there is none."""
    choices = body.get("choices")
    for name in ("error",) if choices else ("error", "errors"):
        if body.get(name):
            return f"$.{name}", body[name]
    for number, choice in enumerate(choices[:_CHOICES] if isinstance(choices, list) else ()):
        if isinstance(choice, dict) and choice.get("error"):
            return f"$.choices[{number}].error", choice["error"]
    return "", None


def _from_error(error: Json, body: dict[str, Json], where: str) -> ProviderError:
    if isinstance(error, list):
        if not error:
            return ProviderError(where, "", "", "", "")
        places = [_place(entry.get("loc")) for entry in error[:20] if isinstance(entry, dict)]
        first = _from_error(error[0], {}, f"{where}[0]")
        return first._replace(param=first.param or ", ".join(dict.fromkeys(filter(None, places))))
    if isinstance(error, dict):
        return _fields({name.lower(): value for name, value in reversed(error.items())}, where)
    # A bare string (vLLM, TGI, xAI, LM Studio) keeps its code, if any, beside it; `"error": true` its words as well.
    words = {"message": error} if isinstance(error, str) else {}
    return _fields({**body, **words, "type": body.get("error_type", body.get("type"))}, where)


def _fields(source: dict[str, Json], where: str) -> ProviderError:
    inner = source.get("error")
    message = next(
        (source[name] for name in (*_MESSAGES, "faultstring") if isinstance(source.get(name), str) and source[name]),
        None,
    )
    if isinstance(inner, dict) and not message:
        return _fields(inner, f"{where}.error")
    code = next((source[name] for name in _CODES if isinstance(source.get(name), str | int) and source[name]), None)
    return ProviderError(where, _text(message), _text(code), _text(source.get("type")), _text(source.get("param")))


def _place(loc: Json) -> str:
    """Where FastAPI says that the request is wrong: ["body", "messages", 0, "role"]."""
    return ".".join(str(part) for part in loc) if isinstance(loc, list) else ""


def _text(value: Json) -> str:
    """Codes come as strings, integers and null; new-api writes "" and LiteLLM the word None."""
    if isinstance(value, bool) or value == "None":
        return ""
    return str(value)[:LONGEST] if isinstance(value, str | int) else ""


def classify(error: ProviderError, status: int) -> str:
    """One of the classes of `provider_words`, or `unknown`."""
    told = by_words(error)
    if told != "unknown":
        return told
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status >= 500:
        return "server"
    return "request" if status >= 400 else "unknown"


def by_words(error: ProviderError) -> str:
    """The class that the error itself tells, whatever the status; `unknown` when it tells none."""
    words = {error.code.lower(), error.type.lower()}
    message = error.message.lower()[:4000]
    first = _by_code(words, CODES, FIRST)
    if first:
        return first
    if any(word in message for word in ABOUT) and any(word in f"{message} {words}" for word in ABSENT):
        return "model"
    found = _by_code(words, CODES, ())
    if found:
        return found
    for name, phrases in WORDS:
        if any(phrase in message for phrase in phrases):
            return name
    return _by_code(words, GENERIC, ()) or "unknown"


def _by_code(words: set[str], table: tuple[tuple[str, tuple[str, ...]], ...], only: tuple[str, ...]) -> str:
    return next((name for name, codes in table if (not only or name in only) and any(c in words for c in codes)), "")


def alike(one: ProviderError | None, other: ProviderError | None) -> bool:
    """The same refusal twice: by its code if it has one, else by its words without those that hold digits (ids)."""
    if one is None or other is None:
        return one is other
    return one[2:] == other[2:] and (bool(one.code) or _plain(one.message) == _plain(other.message))


def _plain(message: str) -> list[str]:
    return [word for word in message[:2000].split() if not any(char.isdigit() for char in word)]
