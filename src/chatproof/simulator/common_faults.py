"""Faults that every API beside chat has in common, and what the tables of these APIs are written with.

Chat's own tables are older and know more ways to fail; each API's `parts` says which requests are its own.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from chatproof.simulator.fault import (
    GO,
    NO_GO,
    Alter,
    Fault,
    Turn,
    When,
    after_stream,
    body,
    edited,
    folded_head,
    labelled,
    large_head,
    length_twice,
    listing,
    page,
    rewritten,
    says,
    script,
)
from chatproof.simulator.typed_events import event, value_of
from chatproof.simulator.wire import HANG, SSE, Reply

Value = dict[str, Any]
_UNTIL_LATE = 1.5  # seconds for a run that is to see that nothing more comes


# -- what becomes of the answer -------------------------------------------------------------------------------------


def cut_after(characters: int, value: Any) -> Any:
    """The same value with no text that is longer than that."""
    if isinstance(value, dict):
        return {name: cut_after(characters, held) for name, held in value.items()}
    if isinstance(value, list):
        return [cut_after(characters, one) for one in value]
    return value[:characters] if isinstance(value, str) else value


def put(value: object, *path: str | int) -> Alter:
    """The good reply with another value in one place."""
    return edited(lambda body: inside(body, path[:-1]).__setitem__(path[-1], value))


def drop(*path: str | int) -> Alter:
    """The good reply without one member."""
    return edited(lambda body: inside(body, path[:-1]).pop(path[-1]))


def inside(value: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at a path."""
    for step in path:
        value = value[step]
    return value


def set_in(value: object, *path: str | int) -> Callable[[Value], object]:
    """A change that gives a member of an event another value."""
    return lambda one: inside(one, path[:-1]).__setitem__(path[-1], value)


def gone_from(*path: str | int) -> Callable[[Value], object]:
    """A change that takes a member away from an event."""
    return lambda one: inside(one, path[:-1]).pop(path[-1])


def each_event(type: str, change: Callable[[Value], object]) -> Alter:
    """The good stream after `change` was applied to each event of a type. Its event line stays as it is."""

    def of(piece: bytes) -> bytes:
        value = value_of(piece)
        if value["type"] != type:
            return piece
        change(value)
        return piece.partition(b"\n")[0] + b"\n" + event(value).partition(b"\n")[2]

    def alter(turn: Turn) -> Reply:
        return turn.reply._replace(events=tuple(map(of, turn.reply.events)))

    return alter


# -- rows -----------------------------------------------------------------------------------------------------------


class Rows(NamedTuple):
    """How the rows of an API's tables are made; `api` begins the ids of its clauses, and is empty for chat's."""

    api: str

    def must(
        self, name: str, about: str, code: str, when: When, alter: Alter, *breaks: str, stream: bool = False
    ) -> Fault:
        """A fault that breaks a required clause."""
        return self._row(NO_GO, name, about, code, when, alter, breaks, stream)

    def should(
        self, name: str, about: str, code: str, when: When, alter: Alter, *breaks: str, stream: bool = False
    ) -> Fault:
        """A fault that is a warning."""
        return self._row(GO, name, about, code, when, alter, breaks, stream)

    def _row(
        self,
        verdict: str,
        name: str,
        about: str,
        code: str,
        when: When,
        alter: Alter,
        breaks: tuple[str, ...],
        stream: bool,
    ) -> Fault:
        ids = tuple(f"{self.api}.{id}" if self.api else id for id in breaks)
        return Fault(name, about, code, verdict, when, alter, breaks=ids, stream=stream)

    def wire(self, granted: When, plain: When) -> tuple[Fault, ...]:
        """The plain answer is not what HTTP says it is. `granted` are all requests that are answered."""
        happy = "happy.status_200", "happy.media_type_json", "happy.body_json"
        half: Alter = rewritten(lambda data: data[: len(data) // 2])
        return (
            self.must(
                "html-502",
                "A gateway's page instead of the answer.",
                "gateway.error",
                granted,
                page(502, "Bad Gateway"),
                happy[0],
            ),
            self.must(
                "created-status",
                "The answer comes with status 201.",
                "contract.status",
                plain,
                labelled(201),
                happy[0],
            ),
            self.must(
                "media-type",
                "The answer is labelled text/html.",
                "contract.media_type",
                plain,
                labelled(media="text/html"),
                happy[1],
            ),
            self.must(
                "bare-line-ends",
                "The lines of the head end with LF alone.",
                "http.malformed",
                granted,
                script(lambda head, body: (head.replace(b"\r\n", b"\n"), body)),
                "head.line_ends",
            ),
            self.must(
                "length-twice",
                "The head gives its length twice, and both are right.",
                "http.malformed",
                plain,
                script(length_twice),
                "head.line_ends",
            ),
            self.must(
                "head-large",
                "The head is larger than Node reads.",
                "http.malformed",
                granted,
                script(large_head),
                "head.line_ends",
            ),
            self.must(
                "head-folded",
                "A header goes on in the next line, which begins with a space.",
                "http.malformed",
                granted,
                script(folded_head),
                "head.line_ends",
            ),
            self.must("cut-json", "The JSON ends in the middle.", "body.truncated", plain, half, happy[2]),
        )

    def left_open(self, streaming: When) -> Fault:
        """The stream has ended, and the message goes on."""
        return self.must(
            "stream-stays-open",
            "The stream is finished, but the connection stays open.",
            "stream.left_open",
            streaming,
            after_stream(end=HANG),
            "stream.closes",
            stream=True,
        )._replace(timeout=_UNTIL_LATE)

    def listings(self) -> tuple[Fault, ...]:
        """The list of models has another form than SDKs read."""
        code, id = "contract.models", "model.list_form"
        bare: Alter = lambda turn: turn.reply._replace(body=json.dumps(json.loads(turn.reply.body)["data"]).encode())  # noqa: E731
        return (
            self.should("listing-bare", "The list of models is a bare array.", code, listing, bare, id),
            self.should(
                "listing-models",
                "The models stand in `models`.",
                code,
                listing,
                edited(lambda body: body.update(models=body.pop("data"))),
                id,
            ),
        )

    def refusals(self, asking: When, refused: When, *keys: str) -> tuple[Fault, ...]:
        """A wrong key is refused in a form that no client can read, or the path is another. `keys`: the probes."""
        lost = body(b"404 page not found", "text/plain", 404)
        return (
            self.must(
                "refusal-html",
                "A refused key gets a page.",
                "auth.error_body",
                refused,
                page(401, "Unauthorized"),
                *(f"auth.{key}.body_json" for key in keys),
            ),
            self.must(
                "refusal-empty-object",
                "A refused key gets JSON without an error.",
                "auth.error_body",
                refused,
                says(401, {}),
                *(f"auth.{key}.error_present" for key in keys),
            ),
            self.must(
                "path-missing", "The server has no such path.", "url.wrong_path", asking, lost, "happy.status_200"
            ),
        )

    def echoed(self, answered: When) -> Fault:
        """The key comes back."""
        return self.must(
            "key-echoed",
            "The key is in the reply.",
            "secret.reflected",
            answered,
            lambda turn: edited(lambda value: value.update(metadata={"key": turn.key}))(turn),
            "secret.not_reflected",
        )

    def served(self, wrong_key: When, refused: When, let_in: Alter) -> tuple[Fault, ...]:
        """Who has no key is served."""
        code, ids = "auth.not_enforced", ("auth.invalid_key.rejected", "auth.missing_key.rejected")
        return (
            self.must("wrong-key-served", "A wrong key is served.", code, wrong_key, let_in, ids[0]),
            self.must("any-key-served", "No key is required.", code, refused, let_in, *ids),
        )

    def empty_key(self, when: When, let_in: Alter) -> tuple[Fault, ...]:
        """A key of no characters, as from a pipeline whose secret is missing. Only validate sends it."""
        code, id = "auth.error_body", "auth.empty_key"
        bare: Alter = lambda turn: turn.reply._replace(body=b"{}")  # noqa: E731
        return (
            self.must(
                "empty-key-served", "An empty key is served.", "auth.not_enforced", when, let_in, f"{id}.rejected"
            ),
            self.must(
                "empty-key-page", "An empty key gets a page.", code, when, page(401, "Unauthorized"), f"{id}.body_json"
            ),
            self.must(
                "empty-key-no-error",
                "An empty key gets JSON without an error.",
                code,
                when,
                bare,
                f"{id}.error_present",
            ),
        )

    def stream_refusals(self, when: When, let_in: Alter, event: bytes) -> tuple[Fault, ...]:
        """A streamed request with a wrong key is served, or not refused by its status. Only validate sends it."""
        id = "auth.invalid_stream"
        return (
            self.must(
                "wrong-key-stream-served",
                "A wrong key is served when the request asks for a stream.",
                "auth.not_enforced",
                when,
                let_in,
                f"{id}.rejected",
            ),
            self.must(
                "wrong-key-stream-200",
                "A wrong key gets status 200 and a JSON error when the request asks for a stream.",
                "contract.status",
                when,
                labelled(200),
                f"{id}.rejected",
            ),
            self.should(
                "wrong-key-stream-event",
                "A wrong key gets status 200 and an error event when the request asks for a stream.",
                "auth.error_body",
                when,
                body(event, SSE),
                f"{id}.by_status",
            ),
            self.should(
                "wrong-key-stream-page",
                "A wrong key gets a page when the request asks for a stream.",
                "auth.error_body",
                when,
                page(401, "Unauthorized"),
                f"{id}.readable",
            ),
        )

    def mistake(self, name: str, about: str, when: When, answers: "Mistake") -> tuple[Fault, ...]:
        """The ways in which a request with a mistake can be answered badly."""
        code, id, slug = "contract.validation", f"error.{name}", name.replace("_", "-")
        no_json = name == "malformed_json"
        accepted = self.must if no_json else self.should
        paged = self.must if answers.page_is_fatal else self.should
        as_500: Alter = lambda turn: turn.reply._replace(status=500)  # noqa: E731
        bad = page(400, "Bad Request")
        rows = (
            accepted(
                f"{slug}-accepted", f"A request {about} is answered.", code, when, answers.accepted, f"{id}.refused"
            ),
            paged(f"{slug}-page", f"A request {about} gets a page.", code, when, bad, f"{id}.readable"),
            self.should(f"{slug}-500", f"A request {about} gets 500.", code, when, as_500, f"{id}.not_retried"),
        )
        if no_json:
            return rows  # no field can be named where no JSON was read
        vague = f"The refusal {about} names nothing."
        return (*rows, self.should(f"{slug}-vague", vague, code, when, answers.vague, f"{id}.field_named"))


class Mistake(NamedTuple):
    """How a request with a mistake is answered where it is answered badly."""

    accepted: Alter
    vague: Alter
    page_is_fatal: bool = True  # a client of this API fails on a page where an error should stand


def with_mistake(refused: When, check: Callable[[Value], bool]) -> When:
    """A request with the good key that is refused for its body. `check` says whether this is the mistake."""

    def when(turn: Turn) -> bool:
        if not refused(turn) or turn.reply.status < 400:
            return False
        try:
            return check(json.loads(turn.asked.body))
        except ValueError:
            return check({})

    return when


def encoded_twice(value: Any) -> Any:
    """A JSON value whose texts a hop has read as Latin-1, and written as UTF-8."""
    if isinstance(value, str):
        return value.encode().decode("latin-1")
    if isinstance(value, list):
        return [encoded_twice(one) for one in value]
    return {name: encoded_twice(one) for name, one in value.items()} if isinstance(value, dict) else value
