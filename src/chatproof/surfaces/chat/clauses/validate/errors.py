"""The error contract: what must not pass is refused, by a status and a JSON error that a client can act on.

One row for each wrong request, four clauses for each row.
"""

from collections.abc import Callable
from typing import NamedTuple

from chatproof.contract.clause import (
    BEHAVIOUR,
    BROKEN,
    COMETAPI_ERRORS,
    MUST,
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Judge,
    Outcome,
    broken,
    holds,
    not_applicable,
    undecided,
)
from chatproof.evidence.provider_error import classify, error_words, names
from chatproof.evidence.reply import ENOUGH_DOWN, Reply
from chatproof.surfaces.chat.clauses.happy import GOOD, JSON

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_CODE = "contract.validation"
_AREA = "Error response shape"
_REQUIRED, _OPTIONAL = "Required request fields", "Optional request fields"
_PATH, _METHOD, _MODEL = "Endpoint path", "HTTP method", "Model identifiers"
_ELSEWHERE = ("rate", "quota", "region", "timeout", "organization", "proxy")
_LENIENT = ", or answered as if it were correct"
_RETRIED = (408, 409, 425, 429)  # openai-python retries these, and every 5xx


class Wrong(NamedTuple):
    name: str  # the probe is error.NAME
    request: str  # "A request …" of the sentence
    level: str  # of the refusal
    fields: tuple[str, ...]  # names by which an error may blame the field; () when there is none to blame
    why: str
    readable: str = MUST
    area: str = _REQUIRED  # of the refusal
    lenient: bool = False  # many servers take it: only a refusal is judged
    needs: tuple[str, ...] = ()
    unread: str = (  # who breaks where the refusal cannot be read
        "openai-go returns its own parse error instead of the API's: no status, no reason, no retry decision."
    )
    is_ignored: Callable[[Context], bool] | None = None  # whether the run shows that the field has no effect at all


_LOST = "The client's mistake is not noticed: the answer is to a different question."
_WRONG = (
    Wrong(
        "malformed_json",
        "whose body is incomplete JSON",
        MUST,
        (),
        "A server that answers half a request also answers one that a broken connection cut short.",
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
        "A misspelt model name is answered by another model, and billed.",
        area=_MODEL,
    ),
    Wrong("wrong_media_type", "declared as text/plain", SHOULD, (), _LOST, SHOULD),
    Wrong(
        "get_endpoint",
        "with the method GET",
        SHOULD,
        (),
        "A health check by GET treats the endpoint as healthy.",
        SHOULD,
        _METHOD,
    ),
    Wrong(
        "unknown_path",
        "to a path that does not exist",
        SHOULD,
        (),
        "A client with a wrong path gets an answer and does not notice.",
        SHOULD,
        _PATH,
    ),
)
_REFUSED = Example(
    400, JSON, b'{"error":{"message":"Invalid value.","type":"invalid_request_error","param":null,"code":null}}'
)


def refused(reply: Reply, context: Context) -> Outcome:
    status, expected = reply.status, "a status of 400 or more"
    if status >= 400:
        return _elsewhere(reply, context) or holds(f"HTTP {status}")
    if 300 <= status < 400:
        # CometAPI answers a wrong path with 301: no answer that a client could take for a completion.
        return holds(f"HTTP {status}, a redirection")
    if context.surface.view.is_success(reply):
        return broken("status", expected, f"HTTP {status} with {context.surface.answer}")
    if reply.exchange.request.method == "GET" and reply.object.get("object") == "list":
        return not_applicable("GET lists the stored completions here, as OpenAI's own API does")
    said = error_words(reply.error) if reply.error else f"{reply.kind} body"
    return broken("status", expected, f"HTTP {status} with {said}")


def taken_or_refused(reply: Reply, context: Context) -> Outcome:
    """For what OpenAI refuses, and many servers take as it is."""
    if 200 <= reply.status < 300 and context.surface.view.is_success(reply):
        return not_applicable("it is accepted, as by many servers: check such conversations in the client")
    return refused(reply, context)


def _elsewhere(reply: Reply, context: Context) -> Outcome | None:
    """An answer about load, money or a dead upstream says nothing of the request."""
    if reply.challenge or reply.status == 429:
        return undecided("this answer is about load or the connection, not about the request", f"HTTP {reply.status}")
    if reply.is_outage:
        if _fails_on_mistakes_only(context):
            return None
        return undecided("this answer is about load or the connection, not about the request", f"HTTP {reply.status}")
    if reply.error and classify(reply.error, reply.status) in _ELSEWHERE:
        return undecided(
            f"this refusal has another cause than the mistake in the request: {error_words(reply.error)}",
            f"HTTP {reply.status}",
        )
    return None


def _fails_on_mistakes_only(context: Context) -> bool:
    """Several kinds of mistakes are answered like an outage, and the right request before and after them is well."""
    before, after = context.control, context.replies.get(context.surface.again)
    if before is None or after is None or not (_is_answered(before, context) and _is_answered(after, context)):
        return False
    wrong = [r for id, r in context.replies.items() if id.startswith("error.") and r.complete and r.is_outage]
    return len(wrong) >= ENOUGH_DOWN


def _is_answered(reply: Reply, context: Context) -> bool:
    return reply.complete and reply.status == 200 and context.surface.view.is_success(reply)


def readable(reply: Reply, context: Context) -> Outcome:
    if 300 <= reply.status < 400:
        return not_applicable("the reply is a redirect: it is not followed, and has no error to read")
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
        return broken("status", "a status that clients do not retry: 4xx except 408, 409, 425 and 429", said)
    return holds(f"HTTP {reply.status}")


def field_named(fields: tuple[str, ...]) -> Judge:
    def judge(reply: Reply, context: Context) -> Outcome:
        if reply.error is None:
            return not_applicable("the refusal has no error that could name a field")
        # Gemini names the model as models/…, new-api in Chinese: both are classified as being about the model.
        about_model = fields == ("model",) and classify(reply.error, reply.status) == "model"
        if about_model or names(reply.error, fields) or _inside(reply.error.param, fields):
            return holds(error_words(reply.error))
        return broken(reply.error.where, f"{' or '.join(fields[:2])} by name", error_words(reply.error))

    return judge


def _inside(param: str, fields: tuple[str, ...]) -> bool:
    """messages[0].role and body.messages.0.role name the role."""
    return any(field in param for field in fields)


def add(row: Wrong, clause: Callable[..., Callable[[Judge], Judge]], served: Example = GOOD, prefix: str = "") -> None:
    """Register the clauses on one wrong request. `served` is the API's answer, which it may not get; the clauses' ids
    begin with `prefix`."""
    probe = f"error.{row.name}"
    id = f"{prefix}{probe}"
    clause(
        f"{id}.refused",
        layer=BEHAVIOUR,
        code=_CODE,
        level=row.level,
        area=row.area,
        says=f"A request {row.request} is refused with a status of 400 or more{_LENIENT if row.lenient else ''}.",
        source=OPENAI_SPEC,
        probe=probe,
        why=row.why,
        holds_on=(_REFUSED, Example(500, JSON, _REFUSED.body), Example(404, "text/plain", b"no")),
        breaks_on=(
            *(() if row.lenient else (served,)),
            Example(200, JSON, b'{"error":"Unexpected endpoint or method."}'),
            Example(204, "", b""),
        ),
        needs=row.needs,
    )(_told(row))
    clause(
        f"{id}.readable",
        layer=SCHEMA,
        code=_CODE,
        level=row.readable,
        area=_AREA,
        says=f"The refusal of a request {row.request} has a JSON body with an error in it.",
        source=COMETAPI_ERRORS,
        probe=probe,
        needs=(f"{id}.refused",),
        why=row.unread,
        holds_on=(_REFUSED, Example(422, JSON, b'{"detail":[{"msg":"field required","loc":["body","messages"]}]}')),
        breaks_on=(Example(400, "text/html", b"<html>Bad Request</html>"), Example(400, JSON, b"{}")),
    )(readable)
    clause(
        f"{id}.not_retried",
        layer=BEHAVIOUR,
        code=_CODE,
        level=SHOULD,
        area=_AREA,
        says=f"The refusal of a request {row.request} has a status that clients do not retry.",
        source=OPENAI_SPEC,
        probe=probe,
        needs=(f"{id}.refused",),
        why="The official SDKs retry 408, 409, 429 and every 5xx: one mistake becomes three requests and an alarm.",
        holds_on=(_REFUSED, Example(422, JSON, _REFUSED.body)),
        breaks_on=(Example(500, JSON, _REFUSED.body), Example(409, JSON, _REFUSED.body)),
    )(not_retried)
    if row.fields:
        clause(
            f"{id}.field_named",
            layer=SCHEMA,
            code=_CODE,
            level=SHOULD,
            area=_AREA,
            says=f"The refusal of a request {row.request} names the field.",
            source=OPENAI_SPEC,
            probe=probe,
            needs=(f"{id}.readable",),
            why="Developers look for the mistake in the wrong place.",
            holds_on=(
                Example(400, JSON, b'{"error":{"message":"Bad value","param":"%s"}}' % row.fields[0].encode()),
                Example(400, JSON, b'{"error":"field %s is required"}' % row.fields[0].encode()),
            ),
            breaks_on=(_REFUSED,),
        )(field_named(row.fields))


def _told(row: Wrong) -> Judge:
    """Make the judge of a refusal: that a request is accepted whose field never has an effect is the field's fault."""
    judge, is_ignored = taken_or_refused if row.lenient else refused, row.is_ignored
    if is_ignored is None:
        return judge

    def judged(reply: Reply, context: Context) -> Outcome:
        found = judge(reply, context)
        return found._replace(code="contract.parameter") if found.outcome == BROKEN and is_ignored(context) else found

    return judged


for _row in _WRONG:
    add(_row, clause)
