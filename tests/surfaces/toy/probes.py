"""What is asked of the toy: a voice shouts words. No name, path or field is chat's."""

from collections.abc import Callable

from chatproof.contract import probe
from chatproof.contract.probe import EMPTY, INVALID, KEY, NONE, Body, Probe

PATH = "/shouts"
WORD = "Shout marmalade"


def shout(**more: object) -> Callable[[str], Body]:
    return lambda voice: {"voice": voice, "words": WORD, **more}


def _row(id: str, does: str, role: str, body: Callable[[str], Body] | None = None, credential: str = KEY) -> Probe:
    method, suffix = ("POST", PATH) if body else ("GET", "/voices")
    paid = role in (probe.CONTROL, probe.STREAM, probe.KEY_FORM, probe.FEATURE)
    after = "" if role in (probe.CONTROL, probe.KEY_REFUSAL, probe.LISTING) else "loud"
    tokens = 5 if paid else 0
    return Probe(id, method, suffix, credential, body, "one word", paid, after, does, role=role, tokens=tokens)


_SMOKE = (
    _row("loud", "one shout", probe.CONTROL, shout())._replace(feeds=probe.ANSWER, shown_as="a shout"),
    _row("stranger", "with a wrong key", probe.KEY_REFUSAL, shout(), INVALID)._replace(feeds=probe.REJECTION),
    _row("nobody", "without a key", probe.KEY_REFUSAL, shout(), NONE),
    _row("voices", "the list of voices", probe.LISTING),
    _row("flow", "the shout in pieces", probe.STREAM, shout(stream=True)),
)
SMOKE = {row.id: row for row in _SMOKE}
_MORE = (
    _row("blank", "with an empty key", probe.KEY_REFUSAL, shout(), EMPTY),
    _row("wordless", "no words", probe.REFUSAL, lambda voice: {"voice": voice}),
    _row("bareword", "the key without its scheme", probe.KEY_FORM, shout())._replace(
        header=lambda header: header.partition(":")[0] + ":"
    ),
    _row("choir", "many voices", probe.FEATURE, shout(choir=3)),
    _row("whisper", "a quiet voice", probe.FEATURE, shout(quiet=True))._replace(opt_in=True),
)
VALIDATE = {
    **{id: row._replace(after=probe.ALIVE) if id == "loud" else row for id, row in SMOKE.items()},
    **{row.id: row for row in _MORE},
}
