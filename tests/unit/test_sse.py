"""Server-sent events: the same events however the bytes are split; limits; nothing but LF and CR ends a line."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from chatproof.wire.sse import SseLimits, SseReader, read_events
from tests.pace import within


def events(pieces: list[bytes]) -> list[tuple[str, bytes]]:
    reader = SseReader()
    for piece in pieces:
        reader.feed(piece)
    return [(event.name, event.data) for event in reader.events]


def test_line_endings_comments_and_spaces() -> None:
    for end in (b"\n", b"\r", b"\r\n"):
        body = end.join(
            [b": hi", b"data:no space", b"", b"event: x", b"data:  two", b"data: lines", b"id: 7", b"", b""]
        )
        assert events([body]) == [("message", b"no space"), ("x", b" two\nlines")]
        assert events([body[i : i + 1] for i in range(len(body))]) == events([body])


def test_bom_is_dropped_once_and_unicode_separators_end_no_line() -> None:
    body = "\ufeffdata: a\u2028b\u0085c\x0bd\x0c\n\n".encode()
    assert events([body]) == [("message", "a\u2028b\u0085c\x0bd\x0c".encode())]


def test_an_event_without_its_blank_line_is_no_event() -> None:
    found, rest, problem = read_events(b"data: a\n\ndata: b\n")
    assert [event.data for event in found] == [b"a"] and rest == b"b" and problem == ""


def test_empty_events_are_not_dispatched_but_empty_data_is() -> None:
    assert events([b"event: x\n\ndata\n\ndata:\n\n"]) == [("message", b""), ("message", b"")]


@settings(max_examples=300, deadline=None)
@given(st.text("data: \r\n:x[]\u2028é", max_size=80), st.integers(0, 2**32))
def test_splits_do_not_matter(text: str, seed: int) -> None:
    body, chance = text.encode(), random.Random(seed)
    cuts = sorted(chance.randrange(len(body) + 1) for _ in range(4))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert events(pieces) == events([body])


def test_a_document_without_its_data_is_no_event_and_is_told() -> None:
    body = b'data: {"choices":[1]}\n\n{"choices":[2]}\n\n{broken\n\nevent: x\n{"type":"y"}\ndata: {\ndata: }\n\n'
    reader = SseReader()
    reader.feed(body)
    assert [event.data for event in reader.events] == [b'{"choices":[1]}', b"{\n}"]
    assert reader.bare == [(23, b'{"choices":[2]}'), (40, b"{broken"), (58, b'{"type":"y"}')]
    crowd = SseReader()
    crowd.feed(b"{}\n" * 1000)
    assert len(crowd.bare) == 8


def test_limits() -> None:
    for body, limits in (
        (b"data: " + b"a" * 100, SseLimits(line=50)),
        (b"data: aaaaaaaaaa\n" * 10, SseLimits(event=50)),
        (b"data: a\n\n" * 10, SseLimits(events=5)),
    ):
        reader = SseReader(limits)
        reader.feed(body)
        assert reader.problem


def test_linear_on_hostile_input() -> None:

    with within(12):
        for body in (b"data:{}\n\n" * 800_000, b"data:{}\r\r" * 800_000, b"a" * 8_000_000, b":\n" * 2_000_000):
            read_events(body)
