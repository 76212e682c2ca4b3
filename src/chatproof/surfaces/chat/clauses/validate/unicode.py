"""Text outside ASCII, streamed and not."""

import json

from chatproof.contract.clause import OPENAI_SPEC, VALIDATE, Clauses, Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.clauses.happy import GOOD
from chatproof.surfaces.chat.clauses.stream import SSE
from chatproof.surfaces.chat.said import text_said
from chatproof.surfaces.garbled import add_unicode, add_unstreamed

CLAUSES = Clauses(VALIDATE)


def says(text: str) -> Example:
    """The stream that says a text, in two pieces."""
    middle = len(text) // 2
    frame = {"id": "c1", "object": "chat.completion.chunk", "created": 1795379441, "model": "m"}
    deltas: tuple[dict[str, str], ...] = (
        {"role": "assistant", "content": ""},
        {"content": text[:middle]},
        {"content": text[middle:]},
        {},
    )
    ends = (None, None, None, "stop")
    chunks = (
        {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
        for delta, end in zip(deltas, ends, strict=True)
    )
    text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return Example(200, SSE, f"{text}data: [DONE]\n\n".encode())


def _says_plainly(text: str) -> Example:
    return GOOD._replace(body=GOOD.body.replace(b'"pong"', json.dumps(text).encode()))


def _text(reply: Reply) -> str:
    """The text, but for half a character at which a cap has cut it."""
    said = text_said(reply)
    cut = any(view.first_choice(one).get("finish_reason") == "length" for one in reply.chunks or [reply.object])
    return said.rstrip("\ufffd") if cut else said


add_unicode(CLAUSES, "chat", OPENAI_SPEC, says, lambda reply: (_text(reply),), text_said, GOOD, "stream.media_type")
add_unstreamed(CLAUSES, "chat", "system", OPENAI_SPEC, _says_plainly, _text, "role.system")
