"""The user's own requests in a run: sent beside ours, and where one is refused, asked again in smaller forms.

Loaded only where a run has such requests.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from chatproof.contract.capability import refuses
from chatproof.contract.clause import BROKEN, is_named
from chatproof.contract.probe import OWN_REQUEST, SMALLER_REQUEST, Probe, is_own
from chatproof.contract.surface import Surface, View
from chatproof.evidence.reply import Reply
from chatproof.record.own_texts import Texts
from chatproof.running.dispatch import Stop, Transport, Wave
from chatproof.running.own_planning import named
from chatproof.running.plan import Settings
from chatproof.surfaces.chat.probes_more import USUAL
from chatproof.surfaces.own.form import Form, form_of
from chatproof.surfaces.own.own_request import OwnRequest, with_model
from chatproof.surfaces.own.request_part import Part
from chatproof.surfaces.own.smallest_refusal import MOST, Answer, Explained, Search
from chatproof.target.target import Resolved
from chatproof.wire.exchange import Exchange, Request

if TYPE_CHECKING:
    from chatproof.running.dispatch import Waves

_REFUSALS = (400, 404, 405, 413, 414, 415, 422, 431, 500, 501)
"""Statuses with which servers refuse what a request has in it; of others, its parts are not the cause."""


class Refusal(NamedTuple):
    """One of the requests that was refused, and which part of it is."""

    probe: str
    explained: Explained

    @property
    def row(self) -> dict[str, Any]:
        """For the record."""
        found = self.explained
        return {
            "parts": [part.name for part in found.parts],
            "needed": [part.name for part in found.parts if part.needed],
            "instead": [part.instead for part in found.parts],
            "sentence": found.sentence,
            "asked": found.asked,
        }


class Explaining:
    """Asks smaller forms of refused requests, within what the run may still send."""

    def __init__(
        self,
        resolved: Resolved,
        surface: Surface,
        settings: Settings,
        planned: dict[str, Request],
        transport: Transport,
        exchanges: list[Exchange],
        stop: Stop,
    ) -> None:
        self.resolved, self.surface, self.settings, self.transport = resolved, surface, settings, transport
        self.planned, self.exchanges, self.stop = planned, exchanges, stop

    def run(self) -> "Waves[tuple[Refusal, ...]]":
        """Explain each refusal. What is asked joins the run's exchanges."""
        found = []
        for exchange in [one for one in self.exchanges if is_explained(one.probe)]:
            if is_refused(Reply(exchange), self.surface.view):
                found.append(Refusal(exchange.probe, (yield from self._explained(exchange))))
        return tuple(found)

    def _explained(self, exchange: Exchange) -> "Waves[Explained]":
        if any(name.startswith("X-Stainless") for name, _ in exchange.request.headers):
            # The plain request without them is answered: else nothing would have been asked.
            return Explained((Part("the headers of an SDK", "without them", (), lambda body: None),), 0)
        body = json.loads(exchange.request.body)
        search = Search(body, form_of(self.surface.name).parts(body)).run(Reply(exchange).error)
        number = 0
        try:
            body = next(search)
            while True:
                number += 1
                body = search.send((yield from self._ask(exchange.probe, number, body)))
        except StopIteration as end:
            found: Explained = end.value
            return found

    def _ask(self, probe: str, number: int, smaller: dict[str, Any]) -> "Waves[Answer | None]":
        if not self._may(probe):
            return None
        id = f"{SMALLER_REQUEST}{probe.removeprefix(OWN_REQUEST)}.{number}"
        # As the whole one was sent, headers and all: an API may be spoken in two forms.
        body = _text(_capped(smaller, form_of(self.surface.name)))
        self.planned[id] = self.planned[probe]._replace(body=with_model(body, self.resolved.target.model))
        yield Wave([id], self.planned, self.transport, self.exchanges)
        if self.stop.asked:
            return None
        reply = Reply(self.exchanges[-1])
        if reply.complete and reply.status < 300 and self.surface.view.is_success(reply):
            return Answer(True)
        return Answer(False, reply.error) if is_refused(reply, self.surface.view) else None

    def _may(self, probe: str) -> bool:
        most, budget = self.settings.max_requests, self.settings.budget_tokens
        if self.stop.asked or (most and len(self.exchanges) >= most):
            return False
        if not budget:
            return True
        used = sum(self.surface.view.tokens(Reply(exchange)) for exchange in self.exchanges)
        own = named(self.settings.requests).get(probe)
        return used + (own.tokens if own else self.surface.known(probe).tokens) <= budget


def is_explained(probe: str) -> bool:
    """A refusal of this request is explained: it is the user's, or one of ours that asks several things at once."""
    return probe.startswith((OWN_REQUEST, USUAL))


def is_refused(reply: Reply, view: View) -> bool:
    """Say whether a part of the request may be why it was not answered: no limit, crash or page of a gateway is."""
    if not reply.complete:
        return False
    if reply.status in (413, 414, 431):
        return True
    if reply.status < 300:
        return reply.error is not None and not view.is_success(reply)
    return reply.status in _REFUSALS and (reply.error is not None or reply.status in (400, 422)) and _blames(reply)


def _blames(reply: Reply) -> bool:
    """The error speaks of the request. One whose words say nothing may do so, and so may one that misses something: the
    plain request is answered at the same place by the same model."""
    return reply.error is None or refuses(reply, _OF_REQUESTS) or reply.status in (400, 404, 422, 500)


_OF_REQUESTS = ("tools", "tool", "parameter", "param", "image", "messages", "support", "supported", "response_format")


def _capped(body: dict[str, Any], form: Form) -> dict[str, Any]:
    """With the output cap lowered: an explanation needs no answer."""
    least = form.smallest_cap(body)
    lowered = {n: least for n in form.caps if isinstance(body.get(n), int) and body[n] > least}
    return {**body, **lowered}


def _text(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def most(settings: Settings, planned: Iterable[Probe]) -> int:
    """How many requests more the explanations may cost, where everything is refused that can be explained."""
    return MOST * (len(settings.requests) + sum(row.parts and not row.headers for row in planned))


def rows(settings: Settings, refusals: tuple[Refusal, ...]) -> tuple[dict[str, Any], ...]:
    """What the record says of the requests: where they are from, what they are made of, and why they were refused."""
    explained = {refusal.probe: refusal.row for refusal in refusals}
    return tuple(
        {"probe": probe, **own.row, "refused": explained.get(probe)} for probe, own in named(settings.requests).items()
    )


def of_ours(refusals: tuple[Refusal, ...]) -> tuple[dict[str, Any], ...]:
    """What the record says of refusals of our own requests that ask several things at once."""
    return tuple({"probe": one.probe, **one.row} for one in refusals if one.probe.startswith(USUAL))


def notes(settings: Settings, refusals: tuple[Refusal, ...]) -> list[str]:
    """What was not sent as it is, and which usual things are refused, for the run's notes."""
    told = [f"{row['probe']}: the endpoint {row['sentence']}" for row in of_ours(refusals)]
    left_out: dict[tuple[str, ...], list[str]] = {}
    for probe, own in named(settings.requests).items():
        left_out.setdefault(own.left_out, []).append(probe)
    return told + [
        f"{', '.join(probes)}: {', '.join(names)} left out, because it has effects on the server; "
        "--allow-effects sends it"
        for names, probes in left_out.items()
        if names
    ]


@lru_cache(maxsize=4)
def _texts(requests: tuple[OwnRequest, ...]) -> Texts:
    return Texts(own.value for own in requests)


def hide(seen: dict[str, Any], settings: Settings) -> None:
    """Take out of exchanges and findings what the own requests say, and replies to them without --keep-bodies."""
    texts = _texts(settings.requests)
    own_ids = {x["id"] for x in seen["exchanges"] if is_own(x["probe"])}
    for exchange in seen["exchanges"]:
        if exchange["id"] in own_ids:
            if exchange["response"] and not settings.keep_bodies:
                exchange["response"]["body"]["excerpt"] = ""
            if "template" in exchange["request"]:
                exchange["request"]["template"]["body"] = ""
            for part in ("response", "fault"):
                exchange[part] = texts.without(exchange[part])
    for finding in seen["findings"]:
        if finding["exchange"] in own_ids:
            finding |= {name: texts.without(finding[name]) for name in ("at", "observed", "reason")}


def finish(document: dict[str, Any], settings: Settings) -> None:
    """Take out of a run's document what the user's own requests say, wherever a reply quotes it, and tell in the
    diagnosis of a refusal what part is refused."""
    explained = {row["probe"]: row["refused"] for row in document["requests"] if row["refused"]}
    texts = _texts(settings.requests)
    hide(document, settings)
    for diagnosis in document["diagnoses"]:
        diagnosis["evidence"] = texts.without(diagnosis["evidence"])
        _explain(diagnosis, document, explained)
    if "upstream" in document:
        document["upstream"] = texts.without(document["upstream"])
    for part in ("diagnoses", "notes", "smoke_test_run"):
        document[part] = texts.inside_quotes(document[part])


def _explain(diagnosis: dict[str, Any], document: dict[str, Any], explained: dict[str, Any]) -> None:
    """Tell in the diagnosis of a refusal which part of the request it is about."""
    failed = [f for f in document["findings"] if f["outcome"] == BROKEN]
    broken = {f["probe"] for f in failed if is_named(f["clause"], "request.answered")}
    if not any(is_named(id, "request.answered") for id in diagnosis["clauses"]):
        return
    told = [f"{probe}: the endpoint {explained[probe]['sentence']}" for probe in explained if probe in broken]
    diagnosis["evidence"] = [*told[:4], *diagnosis["evidence"]][:8]
    changes = "; ".join(
        f"{name}: {how}"
        for name, how in dict.fromkeys(
            pair for refused in explained.values() for pair in zip(refused["parts"], refused["instead"], strict=True)
        )
    )
    if changes:
        diagnosis["next_step"] = (
            f"Your own request: change it for this endpoint ({changes}), or use another model or "
            "endpoint that accepts it."
        )
