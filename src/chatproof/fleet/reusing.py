"""`--reuse-judgement`: replies of one host that say the same, apart from ids, times and texts, are judged once.

Only what passed without a warning is reused: whatever fails is judged and diagnosed on its own replies. Each record has
its own exchanges, and each reply is searched for its own key; what is reused are the findings, and the notes say of
which run. A reply that differs in anything but the members and headers named below is judged.
"""

from collections.abc import Iterable
from typing import Any

from chatproof.contract.clause import HOLDS, NOT_APPLICABLE, Context
from chatproof.contract.probe import LISTING
from chatproof.evidence.reply import Reply
from chatproof.evidence.request_ids import REQUEST_IDS
from chatproof.fleet.ready import Ready
from chatproof.judging.contract import Contract
from chatproof.judging.judge import Finding, Judgement, context_of, judge_in
from chatproof.running.run import Sent
from chatproof.wire.strictjson import Json

_LARGEST = 16 * 1024  # bytes of a body: to compare a larger one costs what its judgement costs
_MOST = 1000  # marks that are remembered
_TEXTS, _TIMES, _COUNTED = ("content", "text"), ("created", "created_at"), "usage"
_OTHERWISE_EACH_TIME = frozenset(
    name.encode() for name in (*REQUEST_IDS, "date", "content-length", "age", "openai-processing-ms")
)
_LIMITS = (b"x-ratelimit-", b"ratelimit", b"x-envoy-upstream-service-time")
_SHORTEST_ID = 16
_OF_IDS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_OF_TEXTS = _OF_IDS - {"-", "_"}


class Reusing:
    """What was judged in this process. With no `wanted` every run is judged."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        # With the contract, which is named by its place in memory: as long as it is held no other one has that place.
        self._known: dict[str, tuple[str, tuple[Finding, ...], Contract]] = {}

    def judgement_of(self, ready: Ready, sent: Sent) -> tuple[Judgement, str]:
        """(the judgement of a run, what its notes say of where that is from)."""
        target, contract = ready.resolved.target, ready.contract
        context = context_of(contract, sent.exchanges, model=target.model, key=target.key, no_auth=target.no_auth)
        mark = "" if not self._wanted or sent.not_sent else _mark(ready, context)
        if mark in self._known:
            run_id, findings, _ = self._known[mark]
            if _is_leak_judged_alike(findings, context):
                said = "differ in ids, times and texts only"
                return Judgement(findings, context), f"--reuse-judgement: judged as {run_id}; the replies {said}"
        made = judge_in(contract, context, sent.not_sent)
        if (
            mark
            and {finding.outcome for finding in made.findings} <= {HOLDS, NOT_APPLICABLE}
            and not (made.left_out or made.fixed)
        ):
            if len(self._known) >= _MOST:
                self._known.clear()
            # What was observed there, such as a number of bytes, was not observed here.
            unobserved = tuple(finding._replace(observed="") for finding in made.findings)
            self._known[mark] = sent.run_id, unobserved, contract
        return made, ""


def _is_leak_judged_alike(findings: Iterable[Finding], context: Context) -> bool:
    """Whether the key comes back is asked of each reply, whatever it is like."""
    leak, replies = context.surface.leak, {reply.exchange.id: reply for reply in context.replies.values()}
    of_leak = {finding.exchange: finding.outcome for finding in findings if finding.clause == leak.id}
    return all(leak.judge(replies[id], context).outcome == outcome for id, outcome in of_leak.items())


def _mark(ready: Ready, context: Context) -> str:
    """What is the same of two runs that are judged alike; empty for a run that must be judged."""
    target = ready.resolved.target
    parts: list[Any] = [ready.resolved.url.origin, id(ready.contract), target.model, target.no_auth, *target.headers]
    ids: dict[str, int] = {}
    for probe, reply in context.replies.items():
        if not _is_plain(reply):
            return ""
        response = reply.response
        assert response is not None
        values = (
            (name.lower(), b"" if name.lower() in _OTHERWISE_EACH_TIME or name.lower().startswith(_LIMITS) else value)
            for name, value in response.headers
        )
        is_listing = context.surface.known(probe).role == LISTING
        said = _without_chance(reply.json, "" if is_listing else "id", target.model, ids)
        parts += (probe, reply.exchange.id, response.status, response.reason, response.version, sorted(values), said)
    return repr(parts)


def _is_plain(reply: Reply) -> bool:
    """A whole reply of JSON, and nothing beside it."""
    exchange, response = reply.exchange, reply.response
    if response is None or exchange.fault is not None or exchange.missing or len(response.body) > _LARGEST:
        return False
    odd = response.excess or response.informational or response.early or response.trailers or response.left_open
    refused_by_node = response.bare_lines or response.folded_lines
    return (
        not (odd or refused_by_node)
        and response.coding == "identity"
        and reply.kind == "json"
        and reply.json_problem is None
    )


def _without_chance(value: Json, id: str, model: str, ids: dict[str, int], name: str = "", above: str = "") -> Any:
    """A value with marks in the place of ids, times, counts and texts. `id` is the name of members that hold ids: in a
    list of models they are what is judged. `ids` numbers those that were met: which of them are the same is judged."""
    if isinstance(value, dict):
        return [(key, _without_chance(item, id, model, ids, key, name)) for key, item in value.items()]
    if isinstance(value, list):
        return [*(_without_chance(item, id, model, ids, name, above) for item in value)]
    if isinstance(value, str):
        if name == id and value:
            return b"id", ids.setdefault(value, len(ids))
        if name == "message":
            return [b"id" if _is_id(word, model) else word for word in value.split(" ")]
        # A letter or digit is seen by every reader: such a text is not blank, and no clause asks more of it.
        return b"text" if name in _TEXTS and not _OF_TEXTS.isdisjoint(value) else value
    if type(value) is int and value > 0 and (name in _TIMES or above == _COUNTED):
        return b"number"
    return value


def _is_id(word: str, model: str) -> bool:
    """A word of an error's message that no phrase is looked for in, and that is not the model that was asked for."""
    long = len(word) >= _SHORTEST_ID and _OF_IDS.issuperset(word.rstrip(".,:;)"))
    return long and any(char.isdigit() for char in word) and model not in word
