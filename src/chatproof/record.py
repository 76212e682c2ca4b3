"""The run document: the only thing that reporters, journals and metrics may see. Redaction happens here, once.

Built from an allow-list of fields. Every string, names included, goes through the Redactor before it is cut; a body
excerpt is kept only for an exchange with something broken or undecided.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from chatproof import __version__
from chatproof.body_shape import shape
from chatproof.clause import BROKEN, CLAUSES, UNDECIDED, VALIDATE, WAIVED
from chatproof.contract import Contract
from chatproof.digest import sha256
from chatproof.exchange import BODY, END, HEADERS, REQUEST, STATUS, Exchange, Request, Response, Secret
from chatproof.judging import Finding, Judgement
from chatproof.printable import cut, decode, escape
from chatproof.probes import PROBES
from chatproof.redaction import FOREIGN_STARTS, MARK, Redactor, fingerprint, redactor
from chatproof.reply import Reply, if_held
from chatproof.request_ids import REQUEST_IDS, request_id
from chatproof.sanitized import sanitized
from chatproof.target import Target
from chatproof.urls import bare

if TYPE_CHECKING:
    from chatproof.diagnosis import Diagnosis

SCHEMA = "chatproof.run/1"
STARTED_SCHEMA = "chatproof.started/1"
JUDGE = "judge"
EXCERPT = 2048
_SLACK = 1024  # read beyond the excerpt before redacting, so that no secret is cut at its edge
_HEADER_VALUE = 300
_HEADER_NAME, _HEADER_NAMES = 80, 100
_MODEL = 200
_CHUNKS = 1000  # of a stream, for its shape
_HEADERS = (
    "content-type",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "date",
    "server",
    "via",
    "retry-after",
    "www-authenticate",
    "allow",
    "location",
    "age",
    "x-cache",
    "cf-ray",
    "cf-mitigated",
    "x-simulator",
)
_HEADER_FAMILIES = ("x-ratelimit-", "ratelimit", "x-envoy-", "x-litellm-version", "x-litellm-call-id")
DANGER = "DANGER: "  # begins a note that every reporter shows first
SIMULATOR_NOTE = "the chatproof simulator answered: this is no evidence about any provider"


class Run(NamedTuple):
    """A finished run. `document` is the redacted run document (schema chatproof.run/1)."""

    document: dict[str, Any]

    @property
    def verdict(self) -> str:
        return str(self.document["verdict"])

    @property
    def findings(self) -> list[dict[str, Any]]:
        return list(self.document["findings"])

    @property
    def diagnoses(self) -> list[dict[str, Any]]:
        return list(self.document["diagnoses"])

    @property
    def record(self) -> dict[str, str]:
        """The sanitized smoke_test_run record."""
        return dict(self.document["smoke_test_run"])


class Facts(NamedTuple):
    """What the loop knows besides exchanges and judgement: identity, times, surroundings."""

    run_id: str
    kind: str
    started_at: str
    finished_at: str
    environment: dict[str, object]
    notes: tuple[str, ...]
    interrupted: str = ""
    keep_bodies: bool = False
    keys: tuple[Secret, ...] = ()  # further keys that a capture holds
    others: tuple[Secret, ...] = ()  # and what else of it must not be shown: cookies, tokens


class Opening(NamedTuple):
    """What is known when a run begins."""

    run_id: str
    kind: str
    started_at: str
    planned: dict[str, Request]


def build(
    target: Target,
    contract: Contract,
    exchanges: list[Exchange],
    judgement: Judgement,
    diagnoses: "tuple[Diagnosis, ...]",
    facts: Facts,
) -> Run:
    """The document of a run, redacted."""
    notes = list(facts.notes)
    if any(e.response is not None and e.response.value(b"x-simulator") for e in exchanges):
        notes.append(SIMULATOR_NOTE)
    if facts.interrupted:
        notes.append(f"interrupted by {facts.interrupted} before all requests were answered")
    troubled = {f.exchange for f in judgement.findings if f.outcome in (BROKEN, UNDECIDED)}
    shown = {e.id for e in exchanges if facts.keep_bodies or e.id in troubled}
    leaky = _leaky(judgement, shown)
    made, cost = _exchanges(exchanges, judgement.context.replies, leaky, shown)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "tool": {"name": "chatproof", "version": __version__, "contract": contract.digest},
        "run_id": facts.run_id,
        "kind": facts.kind,
        "started_at": facts.started_at,
        "finished_at": facts.finished_at,
        "target": _target(target, contract.profile.fact("support", "")),
        "verdict": judgement.verdict,
        "cost": cost,
        "exchanges": made,
        "findings": [_finding(f) for f in judgement.findings],
        "diagnoses": [{**d._asdict(), "evidence": list(d.evidence), "clauses": list(d.clauses)} for d in diagnoses],
        "environment": facts.environment,
        "notes": notes,
    }
    document["smoke_test_run"] = sanitized(document, judgement)
    if any(term.clause.scope == VALIDATE for term in contract.terms):
        from chatproof import record_validate

        document["terms"] = record_validate.terms(contract)
        document["capabilities"] = record_validate.capabilities(contract, judgement)
        for row, e in zip(made, exchanges, strict=True):
            if facts.kind == JUDGE:
                continue  # the requests of a capture are somebody's own: their prompts are nobody's to send again
            row["request"]["template"] = record_validate.template(e.request, e.probe, target.key_source)
    clean = _clean(document, target, facts.keys, facts.others)
    for exchange in clean["exchanges"]:
        _cut_texts(exchange)
    if "terms" not in clean:
        clean["clauses"] = _clauses(contract, judgement.findings)  # our own words: nothing in them to redact
    return Run(clean)


def opening(target: Target, contract: Contract, facts: Opening) -> dict[str, Any]:
    """What is written down before the first byte is sent (schema chatproof.started/1), redacted."""
    document = {
        "schema": STARTED_SCHEMA,
        "tool": {"name": "chatproof", "version": __version__, "contract": contract.digest},
        "run_id": facts.run_id,
        "kind": facts.kind,
        "started_at": facts.started_at,
        "target": _target(target, contract.profile.fact("support", "")),
        "planned": [
            {"probe": probe, "method": asked.method, "url": str(asked.url), "summary": asked.summary}
            for probe, asked in facts.planned.items()
        ],
    }
    return _clean(document, target)


def _clean(
    document: dict[str, Any], target: Target, keys: tuple[Secret, ...] = (), others: tuple[Secret, ...] = ()
) -> dict[str, Any]:
    secrets = [*([target.key] if target.key else []), *keys]
    own = redactor(*secrets)
    whole = Redactor(secrets, list(others)) if others else own
    text = "\n".join(_strings(document))  # as one text first: nearly every document is clean
    if whole.finds(text):
        document = _redacted(document, whole.text)
    for exchange in document.get("exchanges", ()):
        _hide_pieces(exchange["response"], own)
    if any(start in text for start in FOREIGN_STARTS):
        from chatproof import foreign

        document = _redacted(document, foreign.without)
    return document


def _hide_pieces(response: dict[str, Any] | None, own: Redactor) -> None:
    """A secret cut over several headers is in none of them; a format that lists their values puts it together again."""
    if response and own.finds("".join(value for _, value in response["headers"])):
        response["headers"] = [[name, MARK] for name, _ in response["headers"]]


def _strings(value: Any) -> Iterator[str]:
    """Every string that `_redacted` would look at, and those that it leaves alone."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


# Fields whose values are this program's own constants, and so can hold no secret. They are left alone: a key with an
# ordinary word in it must not turn a clause id or the schema's name into a mark.
_OWN = frozenset(
    (
        "schema",
        "tool",
        "run_id",
        "kind",
        "started_at",
        "finished_at",
        "sent_at",
        "verdict",
        "clause",
        "clauses",
        "level",
        "probe",
        "exchange",
        "outcome",
        "code",
        "owner",
        "confidence",
        "id",
        "phase",
        "method",
        "timestamp_utc",
        "pass_fail",
    )
)


def _redacted(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {name: item if name in _OWN else _redacted(item, clean) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item, clean) for item in value]
    return clean(value) if isinstance(value, str) else value


def _clauses(contract: Contract, findings: tuple[Finding, ...]) -> list[dict[str, str]]:
    """What each clause that was judged says, in the contract's order: a report must be readable on its own."""
    judged = {finding.clause for finding in findings}
    return [
        {
            "id": clause.id,
            "says": clause.says,
            "layer": clause.layer,
            "area": clause.area,
            "why": clause.why,
            "source": clause.source.url,
            "accessed": clause.source.accessed,
        }
        for clause in (term.clause for term in contract.terms)
        if clause.id in judged
    ]


def _finding(finding: Finding) -> dict[str, str]:
    """A state is said only of capabilities, which smoke knows none of."""
    found = finding._asdict()
    if not finding.state:
        del found["state"]
    return found


def _target(target: Target, support: str) -> dict[str, Any]:
    key = None
    if target.key is not None:
        key = {"source": target.key_source, "length": len(target.key), "fingerprint": fingerprint(target.key)}
    return {
        "name": target.name or "url",
        "profile": target.profile,
        "base_url": target.base_url,
        "model": target.model,
        "environment": target.environment,
        "key": key,
        "support": support,
        "place": target.place,
    }


def _leaky(judgement: Judgement, shown: set[str]) -> set[str]:
    """Exchanges in which the key came back, whether that was asked, waived or left out: pieces of it that stand in no
    single string would be kept with an excerpt."""
    clause = CLAUSES["secret.not_reflected"]
    found = {f.exchange: f.outcome in (BROKEN, WAIVED) for f in judgement.findings if f.clause == clause.id}
    context = judgement.context
    for reply in context.replies.values():
        id = reply.exchange.id
        if id in shown and id not in found and context.key is not None:
            found[id] = if_held(lambda: clause.judge(reply, context).outcome == BROKEN, True)  # noqa: B023  # called here
    return {id for id, leaks in found.items() if leaks}


def _exchanges(
    exchanges: list[Exchange], replies: dict[str, Reply], leaky: set[str], shown: set[str]
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Each exchange, and what all cost. All that is asked of a reply in a row: a large one is parsed once."""
    made, billable, tokens = [], 0, 0
    for e in exchanges:
        reply = replies[e.probe]
        made.append(_exchange(reply, e.id in leaky, e.id in shown))
        # A request that must be refused, and is answered with a completion, was billed to somebody.
        billable += PROBES[e.probe].billable or _is_completion(reply)
        tokens += _tokens(reply) if reply.exchange is e else 0
    return made, {"requests": len(exchanges), "billable_requests": billable, "tokens_reported": tokens}


def _is_completion(reply: Reply) -> bool:
    return if_held(lambda: reply.is_completion, False)


def _tokens(reply: Reply) -> int:
    return if_held(lambda: reported_tokens(reply), 0)


def reported_tokens(reply: Reply) -> int:
    """The total that a reply's usage reports; 0 when it reports none."""
    sources = reply.chunks if reply.kind == "sse" else [reply.object]
    tokens = 0
    for source in sources:
        usage = source.get("usage")
        total = usage.get("total_tokens") if isinstance(usage, dict) else None
        if isinstance(total, int) and 0 <= total < 2**53:
            # Some servers repeat the running total in every chunk.
            tokens = max(tokens, total)
    return tokens


def _exchange(reply: Reply, leaky: bool, with_excerpt: bool) -> dict[str, Any]:
    exchange = reply.exchange
    request = exchange.request
    credential = [request.credential_header.partition(":")[0]] if request.credential else []
    said: dict[str, Any] = {"unheld": sorted(exchange.unheld)} if exchange.unheld else {}
    return {
        **said,
        "id": exchange.id,
        "probe": exchange.probe,
        "sent_at": exchange.sent_at,
        "request": {
            "method": request.method,
            "url": "" if REQUEST in exchange.unheld else str(request.url),
            "header_names": [*credential, *(name for name, _ in request.headers)],
            "summary": request.summary,
        },
        "response": _response(reply, leaky, with_excerpt) if exchange.response else None,
        "fault": exchange.fault._asdict() if exchange.fault else None,
        "timings_ms": {**exchange.timings._asdict(), **_first_chunk(reply)},
        "peer": _peer(exchange),
    }


def _first_chunk(reply: Reply) -> dict[str, float]:
    """When a stream's first bytes came, as far as that was observed. Recorded, and judged nowhere."""
    arrivals = reply.response.arrivals if reply.response else ()
    return {"first_chunk": round(arrivals[0].at_ms, 1)} if arrivals and if_held(lambda: reply.kind, "") == "sse" else {}


def _peer(exchange: Exchange) -> dict[str, Any] | None:
    if exchange.peer is None:
        return None
    certificate = exchange.peer.certificate
    return {
        "address": exchange.peer.address,
        "tls_version": exchange.peer.tls_version,
        "certificate": certificate._asdict() if certificate else None,
    }


def _response(reply: Reply, leaky: bool, with_excerpt: bool) -> dict[str, Any]:
    response = reply.response
    assert response is not None
    return {
        "status": None if reply.lacks(STATUS) else response.status,
        "http_version": response.version,
        "media_type": "" if reply.lacks(HEADERS) else escape(reply.media_type),
        "headers": _headers(response),
        "header_names": _header_names(response),
        "request_id": if_held(lambda: request_id(reply), ""),
        "informational": list(response.informational),
        "model": if_held(lambda: _model(reply), ""),
        "body": {
            "kind": if_held(lambda: reply.kind, "unknown"),
            "bytes": len(response.body),
            # A hash of a body that may be little more than the key would help to guess it; one of a part is of no use.
            "sha256": "" if leaky or reply.lacks(BODY) or reply.lacks(END) else sha256(response.body),
            "shape": if_held(lambda: _shape(reply), list[list[str]]()),
            "excerpt": _excerpt(response.body, leaky) if with_excerpt else "",
        },
    }


def _excerpt(body: bytes, leaky: bool) -> str:
    """The body's beginning, escaped. Nothing of a body that holds the key in some form: the form may be a new one."""
    return MARK if leaky else escape(decode(body[: EXCERPT + _SLACK]), keep="\n")


def _shape(reply: Reply) -> list[list[str]]:
    """Of a stream, that of its chunks together: the first of them, and the last, which say how it ended."""
    if reply.kind == "sse":
        chunks = reply.chunks
        return shape(chunks if len(chunks) <= _CHUNKS else [*chunks[: _CHUNKS - 20], *chunks[-20:]])
    return shape([reply.json]) if reply.json_problem is None else []


def _model(reply: Reply) -> str:
    """The model that the reply names, which may be another than was asked for; empty when it names none."""
    source = next(iter(reply.chunks), {}) if reply.kind == "sse" else reply.object
    named = source.get("model")
    return escape(named) if isinstance(named, str) else ""


def _header_names(response: Response) -> list[str]:
    """Every header's name once, in order, lower case: what a new proxy on the way changes first."""
    names = (name[:_HEADER_NAME].decode("latin-1").lower() for name, _ in response.headers[:_HEADER_NAMES])
    return [escape(name) for name in dict.fromkeys(names)]


def _headers(response: Response) -> list[list[str]]:
    kept = []
    for name, value in response.headers:
        lowered = name.decode("latin-1").lower()
        if lowered in _HEADERS or lowered in REQUEST_IDS or lowered.startswith(_HEADER_FAMILIES):
            text = value.decode("latin-1")
            kept.append([escape(name.decode("latin-1")), escape(bare(text) if lowered == "location" else text)])
    return kept


def _cut_texts(exchange: dict[str, Any]) -> None:
    """After redaction, and only then, texts are brought to their bounds."""
    response = exchange["response"]
    if response is None:
        return
    response["headers"] = [[cut(name, 80), cut(value, _HEADER_VALUE)] for name, value in response["headers"]]
    response["model"] = cut(response["model"], _MODEL)
    response["media_type"] = cut(response["media_type"], _HEADER_VALUE)
    body = response["body"]
    body["excerpt"] = cut(body["excerpt"], EXCERPT)
    if MARK in body["excerpt"]:
        body["sha256"] = ""
