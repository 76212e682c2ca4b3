"""Clauses that what a plain reply owes is in every other reply of a run, too: an answer with a tool, a schema, a cap or
a history is often made on another path than the plain one.

Each is a clause of the plain reply's own judges, on all other answers at once; and only on what is sound in the plain
one, so that one flaw is said once. What is no answer has clauses of its own.
"""

from collections.abc import Callable
from typing import NamedTuple

from chatproof.contract.clause import (
    MUST,
    RFC_8259,
    SCHEMA,
    TRANSPORT,
    Clauses,
    Context,
    Example,
    Judge,
    Outcome,
    Source,
    not_applicable,
)
from chatproof.contract.probe import AGAIN, ALL, FEATURE, TWIN
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.happy import JSON, body_json, media_type_json
from chatproof.surfaces.shared_clauses import first_broken

_ANSWERED = (FEATURE, TWIN, AGAIN)  # roles of requests that are to be answered
_STREAM = "sse"
_SHAPE = "Response shape"


class Elsewhere(NamedTuple):
    """How an API registers these clauses. `spared`: probes whose own clauses judge the answer; `spared_json`: those
    whose own clauses judge whether it is JSON."""

    clauses: Clauses
    api: str
    good: Example
    source: Source
    spared: tuple[str, ...] = ()
    spared_json: tuple[str, ...] = ()

    def add(
        self,
        name: str,
        says: str,
        why: str,
        judges: tuple[Judge, ...],
        breaks_on: tuple[Example, ...],
        *,
        code: str = "contract.schema",
        level: str = MUST,
        layer: str = SCHEMA,
        area: str = _SHAPE,
        holds_on: tuple[Example, ...] = (),
        source: Source | None = None,
        of: Callable[[Reply, Context], bool] | None = None,
        needs: tuple[str, ...] = (),
    ) -> None:
        """Add a clause on all other answers: what `judges` of the plain reply find broken there. `of` chooses them.
        `needs` are names of such clauses."""
        chosen = of or self.is_answer

        def elsewhere(reply: Reply, context: Context) -> Outcome:
            if not chosen(reply, context):
                return not_applicable("no other answer")
            return first_broken(judges, reply, self._plain(reply, context), context)

        self.clauses.add(
            f"{self.api}.elsewhere.{name}",
            layer=layer,
            area=area,
            code=code,
            level=level,
            says=says,
            source=source or self.source,
            probe=ALL,
            why=why,
            holds_on=holds_on or (self.good,),
            breaks_on=breaks_on,
            needs=tuple(f"{self.api}.elsewhere.{need}" for need in needs),
        )(elsewhere)

    def add_json(self, mislabelled: str) -> None:
        """Add the clauses on the media type and the JSON of all other answers. `mislabelled` says who breaks."""
        body = self.good.body
        self.add(
            "body_json",
            "In every reply besides the plain ones, the body under status 200 is also one strict JSON document.",
            "Parsers of some clients raise an error, in place of the answer or of the refusal that the body may hold.",
            (body_json,),
            (
                Example(200, JSON, body[:-1] + b',"x":-Infinity}'),
                Example(200, JSON, b""),
                Example(200, "text/html", b"<html><title>Welcome</title></html>"),
            ),
            code="",
            source=RFC_8259,
            of=self._is_text,
        )
        self.add(
            "media_type_json",
            "In every reply besides the plain ones, the Content-Type header of an answer also indicates JSON.",
            mislabelled,
            (media_type_json,),
            (Example(200, "text/plain", body), Example(200, "", body)),
            code="",
            layer=TRANSPORT,
        )

    def is_answer(self, reply: Reply, context: Context) -> bool:
        """Whether a reply is another answer, an object, and not an error under a success status."""
        return self.is_json(reply, context) and reply.is_object

    def is_json(self, reply: Reply, context: Context) -> bool:
        """Whether a reply is any JSON in the place of another answer, and not an error under a success status."""
        if reply.probe in self.spared or not self._is_document(reply, context) or reply.json_problem is not None:
            return False
        return reply.error is None or context.surface.view.is_success(reply)

    def is_stream(self, reply: Reply, context: Context) -> bool:
        """Whether a reply is another answer in events."""
        return self._is_other(reply, context) and reply.kind == _STREAM

    def is_free_stream(self, reply: Reply, context: Context) -> bool:
        """Whether it is one that no clause of its own judges."""
        return reply.probe not in self.spared and self.is_stream(reply, context)

    def _is_text(self, reply: Reply, context: Context) -> bool:
        return reply.probe not in self.spared_json and self._is_document(reply, context)

    def _is_document(self, reply: Reply, context: Context) -> bool:
        if not self._is_other(reply, context):
            return False
        asked = reply.exchange.request.body
        # Where a stream is asked for, its own clauses say what came; of a capture it may not be known what was.
        return b'"stream": true' not in asked if asked else reply.kind != _STREAM

    def _is_other(self, reply: Reply, context: Context) -> bool:
        row = context.surface.row(reply.probe)
        answers = row is not None and row.role in _ANSWERED and row.place == context.surface.path
        return answers and reply.complete and reply.status == 200

    def _plain(self, reply: Reply, context: Context) -> Reply | None:
        surface = context.surface
        return context.replies.get(surface.stream if reply.kind == _STREAM else surface.control)
