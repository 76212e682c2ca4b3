"""What a reply to one of the user's own requests owes it, for each API whose requests and replies can be read alike.

Whether clients can read an answer is judged by the API's own clauses of smoke, on this reply in place of a probe's.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from chatproof.contract.clause import (
    BEHAVIOUR,
    HOLDS,
    MUST,
    SCHEMA,
    SHOULD,
    SMOKE,
    TRANSPORT,
    Clauses,
    Context,
    Example,
    Outcome,
    Source,
    broken,
    holds,
    not_applicable,
)
from chatproof.contract.probe import CONTROL, OWN, STREAM
from chatproof.evidence.provider_error import error_words
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat.view import is_blank
from chatproof.surfaces.own.own_request import asked_of
from chatproof.surfaces.own.reading import Asked, Said, arguments_of, schema_problem
from chatproof.wire.strictjson import Json

Examples = Mapping[str, tuple[tuple[Example, ...], tuple[Example, ...]]]
"""By the clause's last name: replies on which it holds, and on which it is broken."""
SLACK = 4
"""Times a token cap: counts of tokens differ between what serves and what reports."""
_AREA = "Capabilities"


class Reading(NamedTuple):
    """How one API's requests and replies are read. `left_out`: clauses of smoke, by the end of their names, that are
    about what only our own request asks for."""

    api: str
    answer: str  # for people: "a response"
    source: Source
    asked: Callable[[Reply], Asked]
    said: Callable[[Reply], Said]
    left_out: tuple[str, ...]
    at: Mapping[str, str]  # text, calls, arguments, usage, end: where each stands in a reply
    arguments: Callable[[Json], tuple[Json, str]] = arguments_of


def add(clauses: Clauses, reading: Reading, examples: Examples) -> None:
    """Register the clauses that examples are given for."""
    judges = _Judges(reading)
    for name, (layer, level, code, area, says, why, needs) in _rows(reading.answer).items():
        if name in examples:
            good, bad = examples[name]
            clauses.add(
                f"{reading.api}.request.{name}",
                layer=layer,
                level=level,
                code=code,
                area=area,
                says=says,
                source=reading.source,
                probe=OWN,
                needs=tuple(f"{reading.api}.request.{need}" for need in needs),
                why=why,
                holds_on=good,
                breaks_on=bad,
            )(getattr(judges, name))


_Row = tuple[str, str, str, str, str, str, tuple[str, ...]]


def _rows(answer: str) -> dict[str, _Row]:
    read = ("readable",)
    return {
        "answered": (
            *(TRANSPORT, MUST, "", "Required request fields"),
            "Your own request is answered with HTTP status 200.",
            "Your client sends this request: what fails here fails there.",
            (),
        ),
        "readable": (
            *(SCHEMA, MUST, "contract.schema", "Response shape"),
            f"Your own request is answered with {answer} that clients can read, or with a stream if it asks for one.",
            "SDKs raise an error in the middle of the answer, or return nothing to the caller.",
            ("answered",),
        ),
        "content": (
            *(BEHAVIOUR, MUST, "contract.content", "Response shape"),
            "The answer to your own request has text, a tool call, or something else in place of text.",
            "The program has no text to show and no tool call to run.",
            read,
        ),
        "usage": (
            *(SCHEMA, SHOULD, "contract.usage", "Response shape"),
            "The answer to your own request reports its tokens.",
            "Budgets and bills that add up the tokens of replies count zero.",
            read,
        ),
        "calls": (
            *(SCHEMA, MUST, "contract.tools", _AREA),
            "Each call in the answer to your own request has an id, a name, and arguments that are a JSON object.",
            "SDKs and agents parse the arguments, and send the result with the id of the call.",
            read,
        ),
        "tool_choice": (
            *(BEHAVIOUR, SHOULD, "contract.tools", _AREA),
            "If your own request forces a tool call, one is made; if it forbids tool calls, none is. Each call "
            "names a tool of the request, and its arguments follow that tool's schema.",
            "Agents wait for a tool call that never arrives, or run a tool that does not exist.",
            read,
        ),
        "schema": (
            *(BEHAVIOUR, SHOULD, "contract.structured_output", _AREA),
            "If your own request asks for JSON, the answer is JSON and satisfies the schema in the request.",
            "Programs that parse the answer fail at its first word that is not JSON, or at a missing member.",
            read,
        ),
        "parameters": (
            *(BEHAVIOUR, SHOULD, "contract.parameter", _AREA),
            "The answer to your own request ends before a stop sequence of that request.",
            "You find out in production that an accepted parameter has no effect.",
            read,
        ),
        "length": (
            *(BEHAVIOUR, MUST, "contract.parameter", _AREA),
            "The vectors have as many numbers as `dimensions` of your own request says.",
            "A vector index accepts only one length: it refuses these vectors, or must be rebuilt.",
            read,
        ),
        "cap": (
            *(BEHAVIOUR, SHOULD, "contract.max_tokens", _AREA),
            "The answer to your own request stays within its token cap.",
            "Answers grow, and so does the bill.",
            read,
        ),
    }


class _Judges:
    """The judges of one API: methods by the clauses' names."""

    def __init__(self, reading: Reading) -> None:
        self._of, self._at = reading, reading.at

    def answered(self, reply: Reply, context: Context) -> Outcome:
        said = f", {error_words(reply.error)}" if reply.error else ""
        if reply.status != 200:
            return broken("status", "HTTP status 200", f"HTTP {reply.status}{said or f', {reply.kind} body'}")
        if reply.error and not context.surface.view.is_success(reply):
            return broken(reply.error.where, "an answer", f"HTTP 200{said}")
        return holds("200")

    def readable(self, reply: Reply, context: Context) -> Outcome:
        streamed = asked_of(reply).get("stream") is True and bool(context.surface.stream)
        if streamed and reply.kind != "sse":
            return broken("body", "a stream, as requested", f"{reply.kind} body")
        if not streamed and reply.kind == "sse":
            return broken("body", "one JSON document, as requested", "a stream")
        role = STREAM if streamed else CONTROL
        rows = context.surface.rows(SMOKE)
        for clause in context.surface.clauses(SMOKE).values():
            row = rows.get(clause.probe)
            if row is None or row.role != role or clause.level != MUST or clause.id.endswith(self._of.left_out):
                continue
            found = clause.judge(reply, context)
            if found.outcome not in (HOLDS, not_applicable("").outcome):
                return found
        return holds()

    def content(self, reply: Reply, context: Context) -> Outcome:
        said = self._of.said(reply)
        if not is_blank(said.text):
            return holds(number_of(len(said.text), "character"))
        if said.calls or said.other:
            return holds(f"no text, and {said.other or 'a call'}")
        if said.is_cut:
            return not_applicable("the token cap or a filter ended the answer")
        return broken(self._at["text"], "a text or a call", said.instead or "nothing")

    def usage(self, reply: Reply, context: Context) -> Outcome:
        if self._of.said(reply).counted:
            return holds()
        return broken(self._at["usage"], "the number of tokens used", "no usage")

    def calls(self, reply: Reply, context: Context) -> Outcome:
        made = self._of.said(reply).calls
        if not self._of.asked(reply).tools or not made:
            return not_applicable("no call arrived" if not made else "the request has no tools")
        for call in made:
            for value, name in ((call.id, "id"), (call.name, "name")):
                if not isinstance(value, str) or not value:
                    return broken(f"{self._at['calls']}.{name}", "a string that is not empty", quote(value))
            if problem := self._of.arguments(call.arguments)[1]:
                return broken(self._at["arguments"], "a JSON object", problem)
        return holds(number_of(len(made), "call"))

    def tool_choice(self, reply: Reply, context: Context) -> Outcome:
        asked, made = self._of.asked(reply), self._of.said(reply).calls
        if not asked.tools:
            return not_applicable("the request has no tools")
        if asked.choice == "none":
            return broken(self._at["calls"], "no call", number_of(len(made), "call")) if made else holds()
        if not made and asked.choice == "free":
            return not_applicable("the model was free to call a tool, and did not")
        if not made:
            return broken(self._at["calls"], "a tool call, because the request forces one", "no call")
        for call in made:
            known = isinstance(call.name, str) and call.name in (asked.named or asked.tools)
            if not known:
                return broken(f"{self._at['calls']}.name", "the name of a tool in the request", "another name")
            value, unreadable = self._of.arguments(call.arguments)
            schema = asked.tools.get(str(call.name))
            problem = schema_problem(value, schema) if schema and not unreadable else ""
            if problem:
                return broken(self._at["arguments"], "arguments that satisfy the tool's schema", problem)
        return holds(number_of(len(made), "call"))

    def schema(self, reply: Reply, context: Context) -> Outcome:
        asked, said = self._of.asked(reply), self._of.said(reply)
        if asked.schema is None:
            return not_applicable("the request does not ask for JSON")
        if said.calls or said.is_cut:
            return not_applicable("the answer is a tool call, or was cut off by its token cap")
        value, problem = arguments_of(said.text)
        if problem and not (isinstance(value, list) and asked.schema):
            return broken(
                self._at["text"], "only JSON", f"{number_of(len(said.text), 'character')} that are not a JSON object"
            )
        wrong = schema_problem(value, asked.schema) if asked.schema else ""
        return broken(self._at["text"], "JSON that follows the schema", wrong) if wrong else holds()

    def parameters(self, reply: Reply, context: Context) -> Outcome:
        asked, said = self._of.asked(reply), self._of.said(reply)
        if not asked.stops:
            return not_applicable("the request has no stop sequences")
        if any(stop in said.text for stop in asked.stops):
            return broken(self._at["text"], "an answer that ends before a stop sequence", "it contains one")
        return holds()

    def length(self, reply: Reply, context: Context) -> Outcome:
        wanted, found = self._of.asked(reply).length, self._of.said(reply).length
        if wanted is None or found is None:
            return not_applicable("the request has no `dimensions`")
        if found != wanted:
            return broken(self._at["text"], f"vectors of {wanted} numbers", f"{found} numbers")
        return holds(f"{found} numbers")

    def cap(self, reply: Reply, context: Context) -> Outcome:
        most, used = self._of.asked(reply).cap, self._of.said(reply).completion
        if most is None:
            return not_applicable("the request has no token cap")
        if used is None:
            return not_applicable("the reply reports no tokens")
        if used > most * SLACK:
            return broken(self._at["usage"], f"about {most} at most", str(used))
        return holds(f"{used} of {most}")
