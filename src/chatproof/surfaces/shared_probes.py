"""How the probes of an API beside chat are made: what all of their rows share is said here."""

import json
from collections.abc import Callable

from chatproof.contract.probe import EMPTY, INVALID, KEY, KEY_REFUSAL, LISTING, REFUSAL, Body, Probe
from chatproof.surfaces import places
from chatproof.values import NamedTuple
from chatproof.wire.urls import MODELS_PATH

GIVEN = "Here is a word.", "The word to remember is pong. Answer with the single word: stored"
"""What the user says first of a conversation that is stored, in two parts: the word is in the second."""
ASKED = "Which word did I give you? Answer with that word alone."
TURNS = (
    ("user", (places.said(0), places.around_a_story(1, 2))),
    ("assistant", (places.said(3),)),
    ("user", (places.said(4), places.ASKED)),
)
"""A conversation of three turns in parts, with a word in each."""
IN_INSTRUCTIONS = "in `instructions`, beside a list as input"
OF_TURNS = dict(
    zip(
        places.WORDS,
        (
            "in the first part of the first message",
            "in its second part",
            f"at the end of that part, which has more than {places.LONG:,} characters",
            "in the assistant's answer",
            "in the first part of the last message",
            IN_INSTRUCTIONS,
            "in the middle of the first message's long part",
        ),
        strict=True,
    )
)
"""Where each word stands in it."""


class Asking(NamedTuple):
    """How an API is asked: `path`, the body of the `plain` request for a model, the headers of each request, and how
    many tokens a paid one takes if its row does not say."""

    path: str
    plain: Callable[[str], Body]
    headers: tuple[tuple[str, str], ...] = ()
    tokens: int = 40

    def listing(self) -> Probe:
        """The row that asks for the models."""
        does, shown = "the list of models for this key", "the listing of models"
        row = Probe("models", "GET", MODELS_PATH, KEY, None, "no body", False, "", does, role=LISTING, shown_as=shown)
        return row._replace(headers=self.headers)

    def empty_key(self, summary: str) -> Probe:
        """The row of the plain request with an empty key."""
        id, does = "auth.empty_key", "the same with an empty key"
        row = Probe(id, "POST", self.path, EMPTY, self.plain, summary, False, "", does, role=KEY_REFUSAL)
        return row._replace(headers=self.headers)

    def wrong_key_streamed(self, summary: str) -> Probe:
        """The row of the streamed plain request with a wrong key."""
        id, does = "auth.invalid_stream", "the same with a wrong key, streamed"
        body = self.having(stream=True)
        row = Probe(id, "POST", self.path, INVALID, body, summary, False, "", does, role=KEY_REFUSAL)
        return row._replace(headers=self.headers)

    def refusal(self, name: str, does: str, body: Callable[[str], Body | bytes]) -> Probe:
        """A row of what must be refused: a request with a mistake."""
        id, said = f"error.{name}", f"must be refused: {does}"
        row = Probe(id, "POST", self.path, KEY, body, does, False, "happy", said, role=REFUSAL)
        return row._replace(headers=self.headers)

    def paid(
        self,
        id: str,
        does: str,
        body: Callable[[str], Body],
        summary: str,
        after: str = "happy",
        tokens: int = 0,
    ) -> Probe:
        """A row of what is answered, and billed."""
        row = Probe(id, "POST", self.path, KEY, body, summary, True, after, does, tokens=tokens or self.tokens)
        return row._replace(headers=self.headers)

    def without(self, name: str) -> Callable[[str], Body]:
        """The plain request without one field."""
        return lambda model: {field: value for field, value in self.plain(model).items() if field != name}

    def having(self, **fields: object) -> Callable[[str], Body]:
        """The plain request with other fields, or more."""
        return lambda model: {**self.plain(model), **fields}

    def cut_short(self, model: str) -> bytes:
        """The plain request, cut off before its end."""
        return json.dumps(self.plain(model)).encode()[:-2]
