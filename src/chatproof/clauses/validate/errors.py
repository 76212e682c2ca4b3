"""The error contract: what must not pass is refused, by a status and a JSON error that a client can act on.

One row for each wrong request, four clauses for each row.
"""

from typing import NamedTuple

from chatproof.clause import (
    BEHAVIOUR,
    COMETAPI_ERRORS,
    MUST,
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    Context,
    Example,
    Judge,
    Outcome,
    broken,
    clause,
    holds,
    not_applicable,
    undecided,
)
from chatproof.clauses.happy import GOOD, JSON
from chatproof.error_text import error_words, names
from chatproof.provider_error import classify
from chatproof.reply import Reply

_CODE = "contract.validation"
_AREA = "Error response shape"
_REQUIRED, _OPTIONAL = "Required request fields", "Optional request fields"
_PATH, _MODEL = "Endpoint path and method", "Model identifiers"
_ELSEWHERE = ("rate", "quota", "region", "timeout", "organization", "proxy")
_RETRIED = (408, 409, 425, 429)  # openai-python retries these, and every 5xx


class Wrong(NamedTuple):
    name: str  # the probe is error.NAME
    request: str  # "A request …" of the sentence
    level: str  # of the refusal
    fields: tuple[str, ...]  # names by which an error may blame the field; () when there is none to blame
    why: str
    readable: str = MUST
    area: str = _REQUIRED  # of the refusal


_LOST = "The client's mistake goes unnoticed: it gets an answer to another question than it asked."
_WRONG = (
    Wrong(
        "malformed_json",
        "whose body is JSON that was cut off",
        MUST,
        (),
        "A server that answers half a request answers what a broken connection left of it.",
    ),
    Wrong("missing_messages", "without messages", MUST, ("messages", "message", "prompt", "input"), _LOST),
    Wrong("missing_model", "without a model", SHOULD, ("model",), _LOST),
    Wrong("empty_messages", "whose messages are empty", SHOULD, ("messages", "message", "contents"), _LOST),
    Wrong("message_without_role", "with a message that has no role", SHOULD, ("role", "messages"), _LOST),
    Wrong("wrong_role", "with a role that does not exist", SHOULD, ("role", "messages"), _LOST),
    Wrong("wrong_content_type", "whose content is a number", SHOULD, ("content", "messages"), _LOST),
    Wrong("temperature_string", "whose temperature is a word", SHOULD, ("temperature",), _LOST, area=_OPTIONAL),
    Wrong("temperature_range", "whose temperature is 99", SHOULD, ("temperature",), _LOST, area=_OPTIONAL),
    Wrong("stream_string", "whose stream is a word", SHOULD, ("stream",), _LOST, area=_OPTIONAL),
    Wrong(
        "unknown_model",
        "for a model that does not exist",
        SHOULD,
        ("model",),
        "A misspelt model is billed and answered by another one.",
        area=_MODEL,
    ),
    Wrong("wrong_media_type", "declared as text/plain", SHOULD, (), _LOST, SHOULD),
    Wrong(
        "get_endpoint",
        "with the method GET",
        SHOULD,
        (),
        "A health check by GET takes the endpoint for well.",
        SHOULD,
        _PATH,
    ),
    Wrong(
        "unknown_path", "to a path that does not exist", SHOULD, (), "A wrong path looks like an answer.", SHOULD, _PATH
    ),
)
_REFUSED = Example(
    400, JSON, b'{"error":{"message":"Invalid value.","type":"invalid_request_error","param":null,"code":null}}'
)


def refused(reply: Reply, context: Context) -> Outcome:
    status, expected = reply.status, "a status of 400 or more"
    if status >= 400:
        return _elsewhere(reply) or holds(f"HTTP {status}")
    if 300 <= status < 400:
        # CometAPI answers a wrong path with 301: no answer that a client could take for a completion.
        return holds(f"HTTP {status}, a redirection")
    if reply.is_completion:
        return broken("status", expected, f"HTTP {status} with a completion")
    if reply.exchange.request.method == "GET" and reply.object.get("object") == "list":
        return not_applicable("GET lists the stored completions here, as OpenAI's own API does")
    said = error_words(reply.error) if reply.error else f"{reply.kind} body"
    return broken("status", expected, f"HTTP {status} with {said}")


def _elsewhere(reply: Reply) -> Outcome | None:
    """An answer about load, money or a dead upstream says nothing of the request."""
    gateway = reply.status in (502, 504, 520, 521, 522, 523, 524) or (reply.status == 503 and reply.kind != "json")
    if reply.challenge or gateway or reply.status == 429:
        return undecided("this answer is about load or the way, not about the request", f"HTTP {reply.status}")
    if reply.error and classify(reply.error, reply.status) in _ELSEWHERE:
        return undecided(f"this answer is not about the request: {error_words(reply.error)}", f"HTTP {reply.status}")
    return None


def readable(reply: Reply, context: Context) -> Outcome:
    if 300 <= reply.status < 400:
        return not_applicable("a redirection is not followed and carries no error")
    expected = "a JSON error"
    problem = reply.json_problem
    if problem is not None:
        shown = {"empty": "an empty body", "json": "malformed JSON"}.get(reply.kind, f"{reply.kind} body")
        return broken(f"byte {problem.offset}", expected, f"HTTP {reply.status}, {shown}: {problem.detail}")
    if reply.error is None:
        return broken("$", expected, f"HTTP {reply.status}, JSON without an error")
    return holds(f"at {reply.error.where}")


def not_retried(reply: Reply, context: Context) -> Outcome:
    if reply.status in _RETRIED or reply.status >= 500:
        said = f"HTTP {reply.status}{', ' + error_words(reply.error) if reply.error else ''}"
        return broken("status", "a status that clients do not retry: 4xx but 408, 409, 425 and 429", said)
    return holds(f"HTTP {reply.status}")


def field_named(fields: tuple[str, ...]) -> Judge:
    def judge(reply: Reply, context: Context) -> Outcome:
        if reply.error is None:
            return not_applicable("the refusal carries no error to name a field in")
        # Gemini names the model as models/…, new-api in Chinese: both are classified as being about the model.
        about_model = fields == ("model",) and classify(reply.error, reply.status) == "model"
        if about_model or names(reply.error, fields) or _inside(reply.error.param, fields):
            return holds(error_words(reply.error))
        return broken(reply.error.where, f"{' or '.join(fields[:2])} by name", error_words(reply.error))

    return judge


def _inside(param: str, fields: tuple[str, ...]) -> bool:
    """messages[0].role and body.messages.0.role name the role."""
    return any(field in param for field in fields)


for _row in _WRONG:
    _probe = f"error.{_row.name}"
    clause(
        f"{_probe}.refused",
        layer=BEHAVIOUR,
        code=_CODE,
        level=_row.level,
        area=_row.area,
        says=f"A request {_row.request} is refused by a status of 400 or more.",
        source=OPENAI_SPEC,
        probe=_probe,
        why=_row.why,
        holds_on=(_REFUSED, Example(500, JSON, _REFUSED.body), Example(404, "text/plain", b"no")),
        breaks_on=(GOOD, Example(200, JSON, b'{"error":"Unexpected endpoint or method."}'), Example(204, "", b"")),
    )(refused)
    clause(
        f"{_probe}.readable",
        layer=SCHEMA,
        code=_CODE,
        level=_row.readable,
        area=_AREA,
        says=f"The refusal of a request {_row.request} has a JSON body with an error in it.",
        source=COMETAPI_ERRORS,
        probe=_probe,
        needs=(f"{_probe}.refused",),
        why="openai-go returns its own parse error in the API error's place: no status, no reason, no retry decision.",
        holds_on=(_REFUSED, Example(422, JSON, b'{"detail":[{"msg":"field required","loc":["body","messages"]}]}')),
        breaks_on=(Example(400, "text/html", b"<html>Bad Request</html>"), Example(400, JSON, b"{}")),
    )(readable)
    clause(
        f"{_probe}.not_retried",
        layer=BEHAVIOUR,
        code=_CODE,
        level=SHOULD,
        area=_AREA,
        says=f"The refusal of a request {_row.request} has a status that clients do not retry.",
        source=OPENAI_SPEC,
        probe=_probe,
        needs=(f"{_probe}.refused",),
        why="The official SDKs retry 408, 409, 429 and every 5xx: one mistake becomes three requests, and an alarm.",
        holds_on=(_REFUSED, Example(422, JSON, _REFUSED.body)),
        breaks_on=(Example(500, JSON, _REFUSED.body), Example(409, JSON, _REFUSED.body)),
    )(not_retried)
    if _row.fields:
        clause(
            f"{_probe}.field_named",
            layer=SCHEMA,
            code=_CODE,
            level=SHOULD,
            area=_AREA,
            says=f"The refusal of a request {_row.request} names the field.",
            source=OPENAI_SPEC,
            probe=_probe,
            needs=(f"{_probe}.readable",),
            why="A developer searches for the mistake in the wrong place.",
            holds_on=(
                Example(400, JSON, b'{"error":{"message":"Bad value","param":"%s"}}' % _row.fields[0].encode()),
                Example(400, JSON, b'{"error":"field %s is required"}' % _row.fields[0].encode()),
            ),
            breaks_on=(_REFUSED,),
        )(field_named(_row.fields))
