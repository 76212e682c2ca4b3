"""The error a provider's JSON body carries: found in any known shape, and put into one class.

Classified by the body's code first, its words second and the status last, because statuses lie: CometAPI answers an
unknown model with a JSON 503, Gemini and xAI a wrong key with 400, OpenAI a spent quota with 429.
"""

import json
import re

from chatproof.evidence.provider_codes import BY_STATUS, CODES, FIRST, GENERIC
from chatproof.evidence.provider_forms import is_a_validators
from chatproof.evidence.provider_words import ABOUT, ABSENT, OTHER_KIND, RETIRED, UNVERIFIED, WORDS
from chatproof.printable import quote
from chatproof.values import NamedTuple
from chatproof.wire.strictjson import Json

_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])")  # Azure's ServiceUnavailable is others' service_unavailable
_TELLING = 4  # characters of a model's id that no other word has by chance
_CHOICES = 8  # of a reply whose choices are many, the first are looked at
LONGEST = 16 * 1024  # no message needs more, and each is looked through many times


class ProviderError(NamedTuple):
    """`where` is the JSON path of the error; texts are untrusted, and cut at LONGEST characters."""

    where: str
    message: str
    code: str
    type: str
    param: str


_OF_OTHERS = re.compile(r"\b(?!model|error)[a-z]+_not_found\b")  # a code in a message: it is not the model that lacks
_PLAIN = ("message", "msg", "detail", "title")  # these are an error's words under any status
_MESSAGES = (
    *_PLAIN,
    "status_msg",  # MiniMax
    "html-message",  # Portkey
    "error_msg",
    "errmsg",
    "errormessage",
    "error_message",
    "description",
    "reason",
    "exception",
)
_PATHS, _FIELDS = ("loc", "path"), ("field", "instancepath", "pointer")  # lists of steps; texts
_WITHIN = ("detail", "details", "errors", "error", "message", "issues", "violations", "fieldviolations", "source")
"""Where an error that has no words of its own has those of a validator, and where those say which field is meant."""
_DEEPEST, _ENTRIES = 4, 20
_OBJECT = re.compile(r"""\{(?=\s*"(?:errors?"\s*:\s*["{\[]|(?:type|object)"\s*:\s*"error"))""")
_QUOTES = re.compile(  # a gateway tells how its own request fared, in the words of its client: openai-go, openai-python
    r"\b(?:POST|GET) \"https?://[^\"\s]{4,500}\": [45]\d\d |\bError code: [45]\d\d - "
)
_NOT_THERE = re.compile(  # DeepInfra's; not of a model that is away for some time
    r"\bmodel (?:\S{1,120} )?is not available\b(?!.{0,80}\b(?:now|currently|at the moment|temporar|try again))"
)
_OF_ANOTHER = "Provider returned error"  # OpenRouter's, of whoever is behind it
_PUT_ASIDE = "cooldown_list=["  # LiteLLM's router: what its earlier requests met stands behind it, not this one's error
_TOO_LONG = re.compile(r"\b(?:must have|input is limited to)[a-z ]{1,30}\d{1,7} tokens\b")  # TEI, SiliconFlow
_NO_ROUTE = re.compile(  # frameworks of Node; Flask and Django
    r"\broute (?:(?:post|get)[: ])?/\S{1,300} (?:was )?not found\b|"
    r"\brequested (?:url|resource) was not found on th(?:e|is) server\b"
)
_NO_PROVIDER = re.compile(
    r"\bprovider ['\"]?[\w./-]{1,80}['\"]? (?:was )?not found\b"
)  # a router's name before the model's
_ANY_FAILURE = "api_error"  # a failure of Anthropic's; routers put it on whatever they say
_LATER = re.compile(r"(?i)\btry again later")  # said of a limit as well as of a failure
_BEHIND = ("负载已饱和",)  # new-api: what is behind it is full; the code beside these words may be of there, too
_PAGE = re.compile(r"<(?:!doctype html|html)\b")  # behind words: what answered whoever says these
_A_STATUS = re.compile(r"[45][0-9]{2}")  # as a code; str.isdigit would take ² for one, and int would not
TOO_MANY = 429
_SENTENCE = 5  # blanks in what should be a parameter's name
_CODES = ("code", "status", "errorcode", "error_code", "errcode", "statuscode", "status_code", "http_code", "httpcode")
_NUMBERS = ("error_code", "errcode")  # Qianfan's, WeChat's: 0 where all is well, whatever the message says
_WELL = ("success", "ok", "succeeded", "successful", "成功", "请求成功", "操作成功")
_FAILED = ("error", "failed", "failure", "fail")  # as `status`, of an envelope that tells its outcome


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
    envelope = folded.get("base_resp")
    if isinstance(envelope, dict) and envelope.get("status_code") not in (None, 0, "0"):  # MiniMax, under status 200
        return _fields(envelope, "$.base_resp")
    if "choices" in body:  # a completion may well have a `message` or `detail` of its own
        where, inner = carried_error(body)
        return _from_error(inner, {}, where) if inner else None
    code = folded.get("code")
    says_so = (
        folded.get("object") == "error"
        or folded.get("type") == "error"
        or (isinstance(code, int) and 400 <= code < 600)
        or (isinstance(folded.get("status"), str) and folded["status"].lower() in _FAILED)
        or any(str(folded.get(name, "")).lstrip("-0").isdecimal() for name in _NUMBERS)
        or (folded.get("success") is False and any(isinstance(folded.get(name), str) for name in _PLAIN))
    )
    found = _fields(folded, "$")
    if says_so:
        return _of_a_job(folded) or found
    if not failing and _says_all_is_well(folded):
        return None
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


def _says_all_is_well(folded: dict[str, Json]) -> bool:
    """The envelope of a gateway that puts `code: 0, msg: "success"` around whatever it has."""
    said = next((folded[name] for name in _PLAIN if isinstance(folded.get(name), str)), "")
    return "data" in folded and isinstance(said, str) and said.lower().strip(" .!") in _WELL


def _of_a_job(folded: dict[str, Json]) -> ProviderError | None:
    """The error in a part of a record that says of a job that it failed, and says no more outside."""
    if str(folded.get("status", "")).lower() not in _FAILED:
        return None
    for name, part in folded.items():
        if isinstance(part, dict) and isinstance(part.get("error"), str) and part["error"]:
            return ProviderError(f"$.{name}.error", part["error"][:LONGEST], "", "", "")
    return None


def of_a_router(error: ProviderError) -> bool:
    """Say whether the words miss a provider, which routers name before the model, and not the model itself."""
    return bool(_NO_PROVIDER.search(" ".join(error.message[:4000].lower().split())))


def error_within(data: bytes) -> ProviderError | None:
    """The error in an event that is no JSON: gateways begin to write one before the event under way has ended."""
    text = data.decode("utf-8", "replace")
    for found in [*_OBJECT.finditer(text)][:_ENTRIES]:
        try:
            value = json.JSONDecoder().raw_decode(text, found.start())[0]
        except (ValueError, RecursionError):
            continue
        if (error := find_error(value)) is not None:
            return error
    return None


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
        first = _from_error(error[0], {}, f"{where}[0]")
        return first._replace(param=_places(error) or first.param)
    if isinstance(error, dict):
        if error and all(map(_is_texts, error.values())):  # ASP.NET and Laravel: what is wrong, by the field
            first_text = next((text for texts in error.values() for text in _texts(texts)), "")
            fields = [name for name in error if name.lower() not in _MESSAGES]
            return ProviderError(where, first_text[:LONGEST], "", "", ", ".join(fields[:_ENTRIES])[:LONGEST])
        return _fields({name.lower(): value for name, value in reversed(error.items())}, where)
    # A bare string (vLLM, TGI, xAI, LM Studio) keeps its code, if any, beside it; `"error": true` its words as well.
    words: dict[str, Json] = {"message": _joined(error, body.get("message"))} if isinstance(error, str) else {}
    return _fields({**body, **words, "type": body.get("error_type", body.get("type"))}, where)


def _is_texts(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value[:_ENTRIES])


def _texts(value: object) -> list[str]:
    return [text for text in value[:_ENTRIES] if isinstance(text, str)] if isinstance(value, list) else []


def _joined(error: str, message: Json) -> str:
    """Fastify, NestJS and Spring put the status's name under `error`, and what is wrong beside it."""
    more = "; ".join(_texts(message) or ([message] if isinstance(message, str) else []))
    return error if not more or more in error else f"{error}: {more}"


def _fields(source: dict[str, Json], where: str) -> ProviderError:
    inner = source.get("error")
    message = next(
        (source[name] for name in (*_MESSAGES, "faultstring") if isinstance(source.get(name), str) and source[name]),
        None,
    )
    if isinstance(inner, dict) and not message:
        return _fields(inner, f"{where}.error")
    message = message or (inner if isinstance(inner, str) else None)  # DeepInfra's stand in detail.error
    title = source.get("title")
    if isinstance(title, str) and isinstance(message, str) and message == source.get("detail") and "status" in source:
        message = f"{title.rstrip('.')}: {message}"  # RFC 9457: what is wrong, and what it is this time
    code = next((source[name] for name in _CODES if isinstance(source.get(name), str | int) and source[name]), None)
    param = _text(source.get("param")) or _places(source)
    words = _with_raw(_text(message), source.get("metadata"))
    if param.count(" ") >= _SENTENCE and param not in words:  # a gateway puts the upstream's words there
        words, param = f"{words}: {param}"[:LONGEST] if words else param, ""
    found = ProviderError(where, words, _text(code), _text(source.get("type")), param)
    within = next((name for name in _WITHIN if not message and isinstance(source.get(name), dict | list)), "")
    if within and source[within]:
        deeper = _from_error(source[within], {}, f"{where}.{within}")
        if deeper.message:  # the envelope has no words: llama-stack's stand in error.detail.errors
            inner = ProviderError(*(own or of_inner for own, of_inner in zip(found, deeper, strict=True)))
            return inner._replace(where=deeper.where)
    return found


def _with_raw(message: str, metadata: Json) -> str:
    """OpenRouter's "Provider returned error", and what the provider said, which stands in metadata.raw."""
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return f"{message}: {raw}"[:LONGEST] if message and isinstance(raw, str) and raw not in message else message


def _places(source: Json, depth: int = 0) -> str:
    """Where the request is wrong, as the validators of web frameworks say it: the first few places, joined."""
    found: list[str] = []
    if isinstance(source, list):
        found = [_places(entry, depth + 1) for entry in source[:_ENTRIES]] if depth < _DEEPEST else []
    elif isinstance(source, dict):
        folded = {name.lower(): value for name, value in reversed(source.items())}
        steps = (folded[name] for name in _PATHS if isinstance(folded.get(name), list))
        texts = (folded[name] for name in _FIELDS if isinstance(folded.get(name), str))
        found = [_text(folded.get("param")) or next((_place(place) for place in (*steps, *texts)), "")]
        if depth < _DEEPEST and not any(found):
            found = [_places(folded.get(name), depth + 1) for name in _WITHIN]
    return ", ".join(dict.fromkeys(filter(None, found)))[:LONGEST]


def _place(loc: Json) -> str:
    """FastAPI's ["body", "messages", 0, "role"], ajv's "/messages/0/role", Google's "contents": with dots."""
    if isinstance(loc, list):
        return ".".join(str(part) for part in loc[:_ENTRIES] if isinstance(part, str | int))
    return str(loc).strip("#/").replace("/", ".")


def _text(value: Json) -> str:
    """Codes come as strings, integers and null; new-api writes "" and LiteLLM the word None."""
    if isinstance(value, bool) or value == "None":
        return ""
    return str(value)[:LONGEST] if isinstance(value, str | int) else ""


def classify(error: ProviderError, status: int, model: str = "") -> str:
    """One of the classes of `provider_words`, or `unknown`. `model` is the one that was asked for, if that is known."""
    if not status and _A_STATUS.fullmatch(error.code):
        status = int(error.code)  # what OpenRouter, vLLM, Google and llama.cpp repeat there of the reply's own
    told = by_words(error, model)
    if told == "server" and status == TOO_MANY:
        told = by_words(error._replace(message=_LATER.sub("", error.message)), model)
    if told == "server" and status in BY_STATUS and error.type == _ANY_FAILURE:
        told = by_words(error._replace(type=""), model)
    if told != "unknown":
        return "request" if told == "form" else told
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status >= 500:
        return "upstream" if error.message.startswith(_OF_ANOTHER) else "server"
    # Where the status is not known, what OpenAI and Anthropic call the error of a 400 says as much as the status would.
    named = not status and "invalid_request_error" in (error.type, error.code)
    return "request" if named or status >= 400 else "unknown"


def by_words(error: ProviderError, model: str = "") -> str:
    """The class that the error itself tells, whatever the status; `unknown` when it tells none.

    What quotes the model that was asked for speaks of it, by whatever name it calls it: an endpoint, a deployment.
    """
    words = {form for name in (error.code, error.type) for form in (name.lower(), _JOINT.sub("_", name).lower())}
    message = " ".join(error.message[:4000].lower().split())  # terminals and logs break lines
    message = "".join(message.partition(_PUT_ASIDE)[:2])
    if any(phrase in message for phrase in _BEHIND):
        return "upstream"
    first = _by_code(words, CODES, FIRST)
    if first:
        return first
    if UNVERIFIED in message:
        return "permission"
    if _TOO_LONG.search(message):
        return "context"
    if _NO_ROUTE.search(message):
        return "path"
    about = any(word in message for word in ABOUT) or (len(model) >= _TELLING and model.lower() in message)
    found = _by_code(words, CODES, ())
    if about and found in ("", "model") and any(phrase in message for phrase in RETIRED):
        return "retired"  # OpenAI's code says only that it is not there
    if about and (_NOT_THERE.search(message) or any(w in f"{_OF_OTHERS.sub(' ', message)} {words}" for w in ABSENT)):
        return "model"
    if found:
        return found
    for name, phrases in WORDS:
        if any(phrase in message for phrase in phrases):
            return _unless_quoted(name, message)
    if _QUOTES.search(error.message[:4000]):
        return "upstream"
    if _NO_PROVIDER.search(message):
        return "model"
    of_request = "form" if is_a_validators(error) else "unknown"
    return _unless_quoted(_by_code(words, GENERIC, ()) or of_request, message)


def _unless_quoted(name: str, message: str) -> str:
    """The class of a failure, which is that of what is behind whoever quotes a page in his own words."""
    quoted = name == "server" and not message.startswith("<") and _PAGE.search(message)
    return "upstream" if quoted else name


def _by_code(words: set[str], table: tuple[tuple[str, tuple[str, ...]], ...], only: tuple[str, ...]) -> str:
    return next((name for name, codes in table if (not only or name in only) and any(c in words for c in codes)), "")


def of_another_kind(error: ProviderError) -> bool:
    """The model that was asked for is there, and belongs to another API."""
    message = " ".join(error.message[:4000].lower().split())
    return any(word in message for word in OTHER_KIND)


def alike(one: ProviderError | None, other: ProviderError | None) -> bool:
    """The same refusal twice: by its code if it has one, else by its words without those that hold digits (ids)."""
    if one is None or other is None:
        return one is other
    return one[2:] == other[2:] and (bool(one.code) or _plain(one.message) == _plain(other.message))


def _plain(message: str) -> list[str]:
    return [word for word in message[:2000].split() if not any(char.isdigit() for char in word)]


def error_words(error: ProviderError) -> str:
    parts = [
        f"{name} {quote(value, 60)}"
        for name, value in (("code", error.code), ("type", error.type), ("param", error.param))
        if value
    ]
    if error.message:
        parts.append(f"message {quote(error.message, 200)}")
    return "error " + ", ".join(parts) if parts else f"an error at {error.where}"


def told(error: ProviderError | None, kind: str, there: Json) -> str:
    """What a reply says in its error: the error's `kind`, which is code or type, and its message; the value that stands
    `there` where it has neither."""
    said: tuple[str, ...] = (getattr(error, kind), error.message) if error else ()
    return f"{kind} {quote(said[0])}, message {quote(said[1])}" if any(said) else quote(there)


def names(error: ProviderError, parameters: tuple[str, ...]) -> bool:
    """The error blames one of these parameters: in its `param`, or as a word of its message."""
    words = _words(f"{error.param} {error.message[:4000]}")
    return any(_words(parameter) <= words for parameter in parameters)


def _words(text: str) -> set[str]:
    return set("".join(char if char.isalnum() or char == "_" else " " for char in text.lower()).split())
