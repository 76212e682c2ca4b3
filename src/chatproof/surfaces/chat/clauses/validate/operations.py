"""Operating the endpoint: ids for support, limits that can be read, connections, the listing's single model."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    RFC_9112,
    SCHEMA,
    SHOULD,
    TRANSPORT,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    Source,
    broken,
    holds,
    not_applicable,
    undecided,
)
from chatproof.evidence.json_values import is_integer
from chatproof.evidence.provider_error import by_words, error_words
from chatproof.evidence.reply import Reply
from chatproof.evidence.request_ids import request_id
from chatproof.printable import quote
from chatproof.surfaces.chat.clauses.happy import GOOD, JSON
from chatproof.wire.exchange import CONNECTION

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_AREA = "Operations"
_RFC_9110 = Source("https://www.rfc-editor.org/rfc/rfc9110", "2026-11-23")
_OPENAI_LIMITS = Source("https://platform.openai.com/docs/guides/rate-limits", "2026-11-23")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LIMITED = b'{"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}'
_FAMILY = ("x-ratelimit-limit", "x-ratelimit-remaining")  # others of that name are times and words


@clause(
    "operations.request_id",
    layer=TRANSPORT,
    code="contract.headers",
    level=SHOULD,
    area=_AREA,
    says="The reply has a request id, in a header or in its body.",
    source=OPENAI_SPEC,
    probe="happy",
    why="Support asks for it; without it nobody can find the request.",
    holds_on=(GOOD._replace(extra=((b"X-Request-Id", b"req_1"),)), GOOD),
    breaks_on=(Example(200, JSON, b'{"choices":[]}'),),
)
def has_request_id(reply: Reply, context: Context) -> Outcome:
    found = request_id(reply)
    if found:
        return holds(f"header or message: {found}")
    body_id = reply.object.get("id")
    if isinstance(body_id, str) and body_id:
        return holds(f"only the completion's own: {quote(body_id)}")
    return broken("headers", "x-request-id or another known name", "none, and the body has no id")


@clause(
    "operations.retry_after",
    layer=TRANSPORT,
    code="contract.headers",
    level=SHOULD,
    area=_AREA,
    says="Retry-After, if sent, is a number of seconds or an HTTP date.",
    source=_RFC_9110,
    probe="*",
    why="Clients that cannot read it retry immediately, or never.",
    holds_on=(
        GOOD._replace(extra=((b"Retry-After", b"20"),)),
        GOOD._replace(extra=((b"Retry-After", b"Fri, 31 Dec 1999 23:59:59 GMT"),)),
    ),
    breaks_on=(
        GOOD._replace(extra=((b"Retry-After", b"20s"),)),
        GOOD._replace(extra=((b"Retry-After", b"-1"),)),
    ),
)
def retry_after(reply: Reply, context: Context) -> Outcome:
    if not (reply.response and reply.response.values(b"retry-after")):
        return not_applicable("no Retry-After was sent")
    value = reply.header(b"retry-after")
    whole, point, part = value.partition(".")
    if whole.isdigit() and whole.isascii() and (not point or part.isdigit()):  # fractions are read by the SDKs
        return holds(value[:40])
    if value.startswith(_DAYS) and value.endswith("GMT") and len(value) < 40:
        return holds(value)
    return broken("header Retry-After", "seconds, or an HTTP date", quote(value, 60))


@clause(
    "operations.rate_limit_headers",
    layer=TRANSPORT,
    code="contract.headers",
    level=SHOULD,
    area=_AREA,
    says="Counts in x-ratelimit-limit-… and x-ratelimit-remaining-… are numbers.",
    source=_OPENAI_LIMITS,
    probe="*",
    why="Clients that slow down before the limit read them as numbers.",
    holds_on=(
        GOOD._replace(extra=((b"X-RateLimit-Remaining-Requests", b"59"),)),
        GOOD._replace(extra=((b"X-RateLimit-Limit", b"3"), (b"X-RateLimit-Type", b"UserByModelByDay"))),
    ),
    breaks_on=(GOOD._replace(extra=((b"X-RateLimit-Remaining-Requests", b"many"),)),),
)
def rate_limit_headers(reply: Reply, context: Context) -> Outcome:
    seen = 0
    for name, value in reply.response.headers if reply.response else ():
        lowered, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        if not lowered.startswith(_FAMILY):
            continue
        seen += 1
        digits = text.removeprefix("-").replace(".", "", 1)
        if not (digits.isascii() and digits.isdigit()):
            return broken(f"header {name.decode('latin-1')}", "a number", quote(text, 60))
    return holds(f"{seen} headers") if seen else not_applicable("no such header was sent")


@clause(
    "operations.rate_limited_error",
    layer=SCHEMA,
    code="contract.validation",
    level=SHOULD,
    area=_AREA,
    says="A 429 has a JSON error.",
    source=OPENAI_SPEC,
    probe="*",
    why=(
        "The error tells clients whether money is missing or requests are too frequent; "
        "one-api's limiter sends an empty body."
    ),
    holds_on=(Example(429, JSON, _LIMITED),),
    breaks_on=(Example(429, "", b""), Example(429, "text/html", b"<html>Too Many Requests</html>")),
)
def rate_limited_error(reply: Reply, context: Context) -> Outcome:
    if reply.status != 429:
        return not_applicable("no request got status 429")
    if reply.error is not None:
        return holds(error_words(reply.error))
    return broken("body", "a JSON error", f"{reply.kind} body of {len(reply.body)} bytes")


@clause(
    "operations.keep_alive",
    layer=TRANSPORT,
    code="http.keep_alive",
    level=SHOULD,
    area=_AREA,
    says="If the server does not close a connection, it answers a second request on it.",
    source=RFC_9112,
    probe="model",
    on_fault=True,
    why=(
        "Every SDK keeps connections open; one that is closed without notice fails the next "
        "request, and POSTs are not repeated."
    ),
    holds_on=(),
    breaks_on=(),
)
def keep_alive(reply: Reply, context: Context) -> Outcome:
    reply.need(CONNECTION)
    if not reply.exchange.reused:
        return not_applicable("the server closes the connection after each reply, and announces it")
    if reply.complete:
        return holds("the second request on one connection was answered")
    if reply.fault is not None and reply.fault.code in ("net.closed", "net.reset", "http.not_http", "http.malformed"):
        said = f"{reply.fault.code}: {reply.fault.detail}"
        return broken("connection", "a reply to the second request, or Connection: close with the first", said)
    return undecided(f"no complete response: {reply.fault.code}" if reply.fault else "no response")


@clause(
    "operations.burst",
    layer=TRANSPORT,
    burst=True,
    code="http.concurrency",
    level=SHOULD,
    area=_AREA,
    says="A few valid parallel requests are answered, or refused with 429.",
    source=_OPENAI_LIMITS,
    probe="happy",
    needs=("happy.choices_non_empty",),
    why="An application has several users: clients wait and repeat on 429, but give up on a dropped connection.",
    holds_on=(),
    breaks_on=(),
)
def burst(reply: Reply, context: Context) -> Outcome:
    """What failed in the burst and works alone failed because of the burst: see `sending`."""
    members = [other for other in context.replies.values() if other.exchange.together]
    if not members:
        reply.need(CONNECTION)
        return not_applicable("no parallel requests were sent")
    size = max(other.exchange.together for other in members)
    limited = sum(other.status == 429 for other in members)
    lost = [other for other in members if other.status != 429 and _lost(other, context)]
    said = f"{size} parallel requests: {len(members) - limited - len(lost)} answered, {limited} refused with 429"
    if not lost:
        return holds(said)
    seen = dict.fromkeys(f"HTTP {o.status}" if o.complete else o.fault.code if o.fault else "nothing" for o in lost)
    said += f", {len(lost)} lost ({', '.join(seen)}), but answered when sent alone"
    return broken("burst", "an answer to each, or 429", said)


def _lost(member: Reply, context: Context) -> bool:
    failed = not member.complete or member.status >= 500
    alone = context.replies.get(member.probe.removeprefix("burst."), context.control)
    return failed and alone is not None and alone.complete and alone.status < 500


_CARD = b'{"id":"m","object":"model","created":1767225600,"owned_by":"x"}'


@clause(
    "model.retrievable",
    layer=BEHAVIOUR,
    code="contract.models",
    level=SHOULD,
    area="Model identifiers",
    says="A listed model can be looked up by its id, and the reply is about that model.",
    source=OPENAI_SPEC,
    probe="model",
    why="Tools that check a model before they use it, such as LiteLLM and Open WebUI, report it as missing.",
    holds_on=(Example(200, JSON, _CARD),),
    breaks_on=(
        Example(200, JSON, _CARD.replace(b'"m"', b'"other"')),
        Example(200, JSON, b'{"object":"list","data":[]}'),
    ),
)
def retrievable(reply: Reply, context: Context) -> Outcome:
    if reply.status in (404, 405, 501) or (reply.status >= 400 and reply.error and by_words(reply.error) == "path"):
        return not_applicable("looking up a single model is not offered")
    if reply.status != 200:
        return undecided(f"HTTP {reply.status}, {reply.kind} body")
    id = reply.object.get("id")
    if id == context.model:
        return holds()
    if isinstance(id, str) and id.endswith(f"/{context.model}"):
        return holds(f"{quote(id)}: the same model with a prefix")  # Gemini: models/gemini-…
    return broken("$.id", quote(context.model), quote(id) if "id" in reply.object else f"absent, {reply.kind} body")


@clause(
    "model.card",
    layer=SCHEMA,
    code="contract.models",
    level=SHOULD,
    area="Model identifiers",
    says="A model's entry has object model, and integers for times.",
    source=OPENAI_SPEC,
    probe="model",
    needs=("model.retrievable",),
    why="Typed clients decode it.",
    holds_on=(Example(200, JSON, _CARD),),
    breaks_on=(
        Example(200, JSON, _CARD.replace(b'"model","created"', b'"models","created"')),
        Example(200, JSON, _CARD.replace(b"1767225600", b'"2026"')),
    ),
)
def card(reply: Reply, context: Context) -> Outcome:
    if reply.object.get("object") != "model":
        return broken("$.object", "model", quote(reply.object.get("object")))
    created = reply.object.get("created")
    if not is_integer(created):
        return broken("$.created", "an integer", quote(created))
    return holds()
