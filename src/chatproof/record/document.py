"""The run document: the only thing that reporters, journals and metrics may see. Redaction happens here, once.

Built from an allow-list of fields. Every string, names included, goes through the Redactor before it is cut; a body
excerpt is kept only for an exchange with something broken or undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chatproof import __version__
from chatproof.contract.clause import BROKEN, UNDECIDED, VALIDATE, WAIVED
from chatproof.contract.probe import is_own
from chatproof.contract.surface import CHAT
from chatproof.evidence.reply import or_default
from chatproof.judging.contract import Contract
from chatproof.judging.judge import Finding, Judgement
from chatproof.record.exchanges import cut_texts, exchange_rows, upstream_of
from chatproof.record.sanitized import sanitized
from chatproof.secrets import redaction
from chatproof.secrets.packed import SHORTEST
from chatproof.secrets.redaction import FOREIGN_STARTS, MARK, Redactor, fingerprint, redactor
from chatproof.target.target import Target
from chatproof.values import NamedTuple
from chatproof.wire.exchange import Exchange, Request, Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from chatproof.diagnosis.diagnosis import Diagnosis
    from chatproof.record import told
    from chatproof.record.whole_bodies import WholeBody

SCHEMA = "chatproof.run/1"
STARTED_SCHEMA = "chatproof.started/1"
JUDGE = "judge"
DANGER = "DANGER: "  # begins a note that every reporter shows first
OPEN_NOTE = (
    "the endpoint is open on purpose (--no-auth): the error path does not apply, and "
    "pass_fail depends on the happy path"
)
SIMULATOR_NOTE = "the chatproof simulator answered: this proves nothing about any provider"


class Run(NamedTuple):
    """A finished run.

    - `document`: the redacted run document (schema chatproof.run/1)
    - `bodies`: complete bodies of replies with a failure, redacted, for a journal; empty unless requested
    """

    document: dict[str, Any]
    bodies: tuple[WholeBody, ...] = ()

    @property
    def verdict(self) -> str:
        """`GO`, `NO-GO`, or `UNDECIDED`: a required clause could not be observed, which is not a pass."""
        return str(self.document["verdict"])

    @property
    def findings(self) -> list[told.RecordedFinding]:
        """The outcome of every clause on every exchange that it was judged on, in the contract's order."""
        from chatproof.record import told

        return [told.RecordedFinding(row) for row in self.document["findings"]]

    @property
    def diagnoses(self) -> list[told.Diagnosis]:
        """The named causes, the main one first; empty if nothing is broken or undecided."""
        from chatproof.record import told

        return [told.Diagnosis(row) for row in self.document["diagnoses"]]

    @property
    def exchanges(self) -> list[told.RecordedExchange]:
        """The requests and their replies, as recorded."""
        from chatproof.record import told

        return [told.RecordedExchange(row) for row in self.document["exchanges"]]

    @property
    def record(self) -> dict[str, str]:
        """The sanitized smoke_test_run record."""
        return dict(self.document["smoke_test_run"])

    def report(self, format: str = "text", *, color: bool = False, width: int = 100, verbosity: int = 0) -> str:
        """Write the run in a format: text, markdown, json, html, junit, … as `chatproof show --format` does.

        `width` is in columns; `verbosity` is -1 for verdict and cause only, 1 with exchanges, 2 also with headers.
        Raises UsageError for a format that does not exist, or needs a package that is not installed.
        """
        from chatproof import reporters

        return reporters.render(format, self.document, reporters.Style(color, width, verbosity))

    def __str__(self) -> str:
        """The text report: what `chatproof smoke` prints."""
        return self.report().rstrip("\n")

    def __repr__(self) -> str:
        cause = next((f", {row['code']}" for row in self.document["diagnoses"]), "")
        return f"<Run {self.document['run_id']}: {self.verdict}{cause}>"


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
    besides: tuple[Secret, ...] = ()  # of other targets, and of the proxy
    narrowed: tuple[str, ...] = ()  # why less than the whole contract of this kind was judged; empty: all of it was
    requests: tuple[dict[str, Any], ...] = ()  # of the user's own: what they are made of, and why they were refused
    explained: tuple[dict[str, Any], ...] = ()  # which part of what we ask at once is refused
    unasked: bool = False  # say which features no request exercised
    origin: dict[str, Any] | None = None  # by what way the endpoint was reached; None for a capture


class Opening(NamedTuple):
    """What is known when a run begins."""

    run_id: str
    kind: str
    started_at: str
    planned: dict[str, Request]
    ci: str = ""  # the CI system that we run in


def build(
    target: Target,
    contract: Contract,
    exchanges: list[Exchange],
    judgement: Judgement,
    diagnoses: tuple[Diagnosis, ...],
    facts: Facts,
) -> Run:
    """The document of a run, redacted."""
    notes = list(facts.notes)
    if any(e.response is not None and e.response.value(b"x-simulator") for e in exchanges):
        notes.append(SIMULATOR_NOTE)
    if target.no_auth:
        notes.append(OPEN_NOTE)
    if facts.interrupted:
        notes.append(f"interrupted by {facts.interrupted} before all requests were answered")
    troubled = {f.exchange for f in judgement.findings if f.outcome in (BROKEN, UNDECIDED)}
    shown = {e.id for e in exchanges if facts.keep_bodies or e.id in troubled}
    leaky = _leaky(judgement, shown)
    made, cost = exchange_rows(exchanges, judgement.context, leaky, shown)
    if facts.kind == JUDGE:
        cost["requests"] = len(exchanges)  # that were captured
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "tool": {"name": "chatproof", "version": __version__, "contract": contract.digest},
        "run_id": facts.run_id,
        "kind": facts.kind,
        "started_at": facts.started_at,
        "finished_at": facts.finished_at,
        "target": _target(target, contract.profile.fact("support", "")),
        "verdict": judgement.verdict,
        "narrowed": list(facts.narrowed),
        "cost": cost,
        "exchanges": made,
        "findings": [_finding(f) for f in judgement.findings],
        "diagnoses": [{**d._asdict(), "evidence": list(d.evidence), "clauses": list(d.clauses)} for d in diagnoses],
        "environment": facts.environment,
        "notes": notes,
    }
    if facts.requests:
        document["requests"] = list(facts.requests)
    if contract.surface.name != CHAT:
        document["api"] = contract.surface.name
    if facts.explained:
        document["explained"] = list(facts.explained)
    if facts.unasked and contract.surface.not_asked is not None:
        answered = [e for e in exchanges if e.response is not None]
        good = (e.request for e in answered if not contract.surface.known(e.probe).must_be_refused)
        document["not_asked"] = contract.surface.not_asked(good)
    if upstream := upstream_of(exchanges, judgement.context):
        document["upstream"] = upstream
    if facts.origin is not None:
        document["origin"] = facts.origin
    document["smoke_test_run"] = sanitized(document, judgement)
    if any(term.clause.scope == VALIDATE for term in contract.terms):
        from chatproof.record import validate_sections

        document["terms"] = validate_sections.terms(contract)
        document["capabilities"] = validate_sections.capabilities(contract, judgement)
        for row, e in zip(made, exchanges, strict=True):
            if facts.kind == JUDGE:
                continue  # the requests of a capture are somebody's own: their prompts are nobody's to send again
            probe = contract.surface.known(e.probe)
            row["request"]["template"] = validate_sections.template(e.request, probe, target.key_source)
    clean = _clean(document, target, facts.keys, facts.others, facts.besides, exchanges)
    for exchange in clean["exchanges"]:
        cut_texts(exchange)
    if "terms" not in clean:
        clean["clauses"] = _clauses(contract, judgement.findings)  # our own words: nothing in them to redact
    return Run(clean)


def observed(
    target: Target, contract: Contract, made: list[Exchange], judgement: Judgement, besides: tuple[Secret, ...] = ()
) -> dict[str, list[dict[str, Any]]]:
    """Make the exchanges and findings of a run's document alone, redacted, without excerpts: for comparing answers
    that are in no run's record."""
    exchanges, _ = exchange_rows(made, judgement.context, _leaky(judgement, set()), set())
    rows = {"exchanges": exchanges, "findings": [_finding(f) for f in judgement.findings]}
    clean = _clean(rows, target, besides=besides, exchanges=made)
    for exchange in clean["exchanges"]:
        cut_texts(exchange)
    return clean


def opening(target: Target, contract: Contract, facts: Opening) -> dict[str, Any]:
    """What is written down before the first byte is sent (schema chatproof.started/1), redacted."""
    document = {
        "schema": STARTED_SCHEMA,
        "tool": {"name": "chatproof", "version": __version__, "contract": contract.digest},
        "run_id": facts.run_id,
        "kind": facts.kind,
        "started_at": facts.started_at,
        "target": _target(target, contract.profile.fact("support", "")),
        "ci": facts.ci,
        "planned": [
            {"probe": probe, "method": asked.method, "url": str(asked.url), "summary": asked.summary}
            for probe, asked in facts.planned.items()
        ],
    }
    if contract.surface.name != CHAT:
        document["api"] = contract.surface.name
    return _clean(document, target)


def searched(target: Target, exchanges: Iterable[Exchange] = ()) -> tuple[Secret, ...]:
    """Values of further headers, a shorter one is an ordinary word; and secrets in the user's own requests' bodies."""
    found = tuple(header.value for header in target.headers if len(header.value) >= SHORTEST)
    if own := [exchange.request.body for exchange in exchanges if is_own(exchange.probe)]:
        from chatproof.secrets.of_requests import in_bodies

        found += in_bodies(own)
    return found


def _clean(
    document: dict[str, Any],
    target: Target,
    keys: tuple[Secret, ...] = (),
    others: tuple[Secret, ...] = (),
    besides: tuple[Secret, ...] = (),
    exchanges: Iterable[Exchange] = (),
) -> dict[str, Any]:
    secrets = [*([target.key] if target.key else []), *keys, *searched(target, exchanges)]
    secrets = [*dict.fromkeys((*secrets, *besides[: redaction.MOST_IN_FULL]))] if besides else secrets
    own = redactor(*secrets)
    whole = Redactor(secrets, list(others)) if others else own
    # As one text first: nearly every document is clean. Each string once: most of them stand there many times, and
    # those that were clean in an earlier record are clean in this one.
    new = whole.unknown(_strings(document))
    text = "\n".join(new)
    found = whole.finds(text)
    if found:
        document = _redacted(document, whole.text)
        if own.finds("\n".join(_strings(document))):  # in pieces, of which each string has one
            document = _redacted(document, own.without_pieces)
    _hide_columns(document, own)
    foreign = any(start in text for start in FOREIGN_STARTS)
    if foreign:
        from chatproof.secrets import known_formats

        document = _redacted(document, known_formats.without)
    if (many := redaction.among_many(besides, lambda: _strings(document))) is not None:
        document = _redacted(document, many.text_plainly)
    elif not (found or foreign):
        whole.remember(new)
    return document


_SAID = ("request_id", "model", "media_type")


def _hide_columns(document: dict[str, Any], own: Redactor) -> None:
    """A secret cut over several headers, or over the ids of several replies, is in none of them; a format that lists
    these puts it together again."""
    responses = [exchange["response"] for exchange in document.get("exchanges", ()) if exchange["response"]]
    of_each = ["".join(value for _, value in response["headers"]) for response in responses]
    of_all = {name: "".join(response[name] for response in responses) for name in _SAID}
    for response in responses:
        for name, value in response["headers"]:
            of_all[name.lower()] = of_all.get(name.lower(), "") + value
    if not own.finds_as_it_is("\n".join((*of_each, *of_all.values()))):
        return
    hidden = {name for name, values in of_all.items() if own.finds_as_it_is(values)}
    for response, values in zip(responses, of_each, strict=True):
        every = own.finds_as_it_is(values)
        response["headers"] = [
            [name, MARK if every or name.lower() in hidden else value] for name, value in response["headers"]
        ]
        response.update({name: MARK for name in _SAID if name in hidden})


_MANY = (dict, list, tuple)


def _strings(document: dict[str, Any]) -> dict[str, None]:
    """Every string that `_redacted` would look at, once: those of `_OWN` are this program's constants."""
    found: dict[str, None] = {}
    left: list[Any] = [document]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            value = [item for name, item in value.items() if item and name not in _OWN]
        for item in value:
            kind = type(item)  # asked before `isinstance`, which costs more: there are hundreds in each document
            if kind is str:
                found[item] = None
            elif kind is dict or kind is list or isinstance(item, _MANY):
                left.append(item)
            elif isinstance(item, str):
                found[item] = None
    return found


# Fields whose values are this program's own constants, and so can hold no secret. They are left alone: a key with an
# ordinary word in it must not turn a clause id or the schema's name into a mark.
_OWN = frozenset((
    "schema", "tool", "api", "run_id", "kind", "started_at", "finished_at", "sent_at", "verdict", "clause",
    "clauses", "level", "probe", "role", "shown_as", "exchange", "outcome", "code", "owner", "confidence", "id",
    "sha256", "phase", "method", "timestamp_utc", "pass_fail",
))  # fmt: skip


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
    del found["code"]  # the diagnoses name it
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
    clause, context = judgement.context.surface.leak, judgement.context
    found = {f.exchange: f.outcome in (BROKEN, WAIVED) for f in judgement.findings if f.clause == clause.id}
    for reply in context.replies.values():
        id = reply.exchange.id
        if id in shown and id not in found and context.key is not None:
            found[id] = or_default(lambda: clause.judge(reply, context).outcome == BROKEN, True)  # noqa: B023  # called here
    return {id for id, leaks in found.items() if leaks}
