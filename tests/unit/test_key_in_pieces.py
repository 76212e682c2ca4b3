"""A key that a program wrote in pieces, with a number, a name or a call between them, is found and not kept."""

import base64
import json
import struct

import pytest

from chatproof.secrets.redaction import MARK, Redactor, find_secret
from chatproof.wire.exchange import Secret
from tests.pace import within
from tests.support import KEY, play

SECRET = Secret(KEY)


def _cut(size: int) -> list[str]:
    return [KEY[at : at + size] for at in range(0, len(KEY), size)]


WIDE = {"id": "chatcmpl-1", "object": "chunk", "created": 1700000000, "model": "m", "fingerprint": "fp_44709d6fcb"}
WIDER = {"index": 0, "logprob": -0.1, "alternatives": [], "finish_reason": None, "usage": {"a": 1, "b": 2, "c": 3}}
SORTED = dict(sorted((str(at), char) for at, char in enumerate(KEY)))
"""As Go writes every map, and Python with sort_keys: 10 comes before 2."""
PIECES = {
    "copied as an object": json.dumps(dict(enumerate(KEY))),
    "copied as an object, escaped": json.dumps(json.dumps(dict(enumerate(KEY)))),
    "an array of bytes as an object": json.dumps(dict(enumerate(KEY.encode()))),
    "copied as an object, its names sorted": json.dumps(SORTED),
    "its names sorted, indented": json.dumps(SORTED, indent=2),
    "bytes as an object, its names sorted": json.dumps({name: ord(char) for name, char in SORTED.items()}),
    "sorted lines": "\n".join(sorted(f"{at}: {char}" for at, char in enumerate(KEY))),
    "lines in no order": "\n".join(
        sorted((f"{at}={char}" for at, char in enumerate(KEY)), key=lambda line: line[::-1])
    ),
    "printed by Python": repr(dict(enumerate(KEY))),
    "numbered pairs": repr(list(enumerate(KEY))),
    "named": json.dumps([{"char": char} for char in KEY]),
    "elements of a query": "&".join(f"key[{at}]={char}" for at, char in enumerate(KEY)),
    "tokens": json.dumps([{"token": piece, "logprob": -0.5} for piece in _cut(4)]),
    "tokens with bytes": json.dumps(
        [{"token": piece, "logprob": -1.5, "bytes": list(piece.encode())} for piece in _cut(3)]
    ),
    "numbered lines of 1": "\n".join(f"{at}: {piece}" for at, piece in enumerate(_cut(1))),
    "numbered lines of 7": "\n".join(f"{at}: {piece}" for at, piece in enumerate(_cut(7))),
    "lines of a log": "\n".join(f"2026-01-01 INFO {piece}" for piece in _cut(5)),
    "wide objects": json.dumps([{**WIDE, "value": char, **WIDER} for char in KEY]),
    "wide objects of bytes": json.dumps([{**WIDE, "bytes": [byte], **WIDER} for byte in KEY.encode()]),
    "wide objects of 3": json.dumps([{**WIDE, "value": piece, **WIDER} for piece in _cut(3)]),
    "attributes": "".join(
        f'<node id="{at}" x="{8 * at}" y="12" w="8" h="16" v="{char}"/>' for at, char in enumerate(KEY)
    ),
    "long lines of a log": "\n".join(
        f"2026-12-01T00:00:{at}Z INFO worker[{at}] read {piece} at {7 * at} of the stream of shard {at % 3} by thread {at % 5}"
        for at, piece in enumerate(_cut(3))
    ),
    "events of chat": "".join(f"data: {json.dumps({**WIDE, 'content': piece, **WIDER})}\n\n" for piece in _cut(2)),
    "lines of JSON": "\n".join(json.dumps({**WIDE, "response": piece, **WIDER}) for piece in _cut(5)),
    "a vector in base64": base64.b64encode(struct.pack(f"<{len(KEY)}f", *KEY.encode())).decode(),
    "a vector of 64 bits": base64.b64encode(struct.pack(f"<{len(KEY)}d", *KEY.encode())).decode(),
    "a vector, its bytes the other way": base64.b64encode(struct.pack(f">{len(KEY)}f", *KEY.encode())).decode(),
    "calls": ".".join(f"chr({byte})" for byte in KEY.encode()),
    "casts": ", ".join(f"(byte)0x{byte:02X}" for byte in KEY.encode()),
}


@pytest.mark.parametrize("form", PIECES)
def test_is_found_and_nothing_is_kept(form: str) -> None:
    text = f"Incorrect header {PIECES[form]} for this account"
    assert find_secret(text.encode(), SECRET)
    assert Redactor([SECRET]).text(text) == MARK


def test_other_things_in_pieces_stay() -> None:
    other = {"a": "The s and the k are letters, 1 and 2 are numbers.", "b": list(range(300))}
    for text in (json.dumps(other), json.dumps(dict(enumerate("nothing of it in here at all"))), KEY[:3] + " 1 2 3"):
        assert not find_secret(text.encode(), SECRET)
        assert Redactor([SECRET]).text(text) == text


@pytest.mark.parametrize("between", [" ", ".", ", ", " | ", "\n"])
def test_eight_letters_apart_are_no_words(between: str) -> None:
    redactor = Redactor([SECRET])
    assert redactor.text(f"the key begins {between.join(KEY[-9:])} and so on") == MARK
    for text in (f"A B C D E F G H I J: {between.join(KEY[-6:])}", between.join("otherletters"), "x y z " * 9):
        assert redactor.text(text) == text


def test_the_look_is_bounded() -> None:
    text = json.dumps([{"index": n, "a": "s", "b": 1} for n in range(200_000)])
    with within(2):
        assert not find_secret(text.encode(), SECRET)


EVENTS = {
    "chat": '{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","system_fingerprint":"f",'
    '"choices":[{"index":0,"delta":{"content":"%s"},"logprobs":null,"finish_reason":null}]}',
    "responses": '{"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_67ca","output_index":0,'
    '"content_index":0,"logprobs":[],"delta":"%s"}',
    "messages": '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}',
}


@pytest.mark.parametrize("api", EVENTS)
@pytest.mark.parametrize("size", [1, 2, 5, 7])
def test_nothing_is_kept_of_a_stream_that_has_only_a_part_of_it(api: str, size: int) -> None:
    """The whole key comes back nowhere, so that no clause finds it: the excerpt has all but its end."""
    text = "".join(f"event: delta\ndata: {EVENTS[api] % piece}\n\n" for piece in _cut(size)[:-1])[:2048]
    kept = Redactor([SECRET]).text(text)
    assert kept == MARK


def test_other_streams_stay() -> None:
    for words in (["The ", "s", "k", " and ", "1", "2"], list("abcdefghijkl"), [str(number) for number in range(60)]):
        text = "".join(f"data: {EVENTS['chat'] % word}\n\n" for word in words)
        assert Redactor([SECRET]).text(text) == text


@pytest.mark.parametrize("place", ["ids", "models", "a header", "messages"])
def test_pieces_in_many_replies_are_kept_in_none(place: str) -> None:
    """Each reply tells seven characters, in their order."""
    pieces = iter(_cut(7) * 9)

    def said(status: int, body: dict[str, object]) -> bytes:
        piece = next(pieces)
        body = {**body, "model": piece} if place == "models" else body
        body = {"error": {"message": f"bad {piece}", "type": "t", "code": None}} if place == "messages" else body
        name = {"ids": "X-Request-Id", "a header": "X-RateLimit-Reset"}.get(place, "X-Other")
        data = json.dumps(body).encode()
        head = f"HTTP/1.1 {500 if place == 'messages' else status} Said\r\nContent-Type: application/json\r\n{name}: {piece}"
        return f"{head}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data

    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}]}
    error: dict[str, object] = {"error": {"message": "no", "type": "t", "code": None}}
    replies = {
        "happy": said(200, {"id": "c", "object": "chat.completion", "created": 1, **answer}),
        "auth.invalid_key": said(401, error),
        "auth.missing_key": said(401, error),
        "models": said(200, {"object": "list", "data": [{"id": "m"}]}),
    }
    document = json.dumps(play(replies).record.document)
    told = [piece for piece in _cut(7) if piece in document]
    assert MARK in document and len(told) < 2, told
