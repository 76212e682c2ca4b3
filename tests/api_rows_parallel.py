"""Runs in which two calls are asked for at once, plain and streamed, and come otherwise."""

from __future__ import annotations

from chatproof.contract.clause import Example
from chatproof.surfaces.event_examples import drop, event
from chatproof.surfaces.messages import examples as messages
from chatproof.surfaces.messages.clauses.validate import tools as messages_tools
from chatproof.surfaces.responses import examples as responses
from chatproof.surfaces.responses.clauses import happy as responses_plain
from chatproof.surfaces.responses.clauses.validate import tools as responses_tools
from chatproof.wire.exchange import Fault
from tests.api_rows import Reply, Row, cut_off, error

_PLAIN, _STREAM, _SINGLE = "tools.parallel", "tools.parallel.stream", "tools.stream"
_DEAD = Fault("net.reset", "read", "the connection was reset")
_REFUSED = error(400, "tools are not supported in a stream")
_WANTED = ("parallel_tools",)


def _rows(
    api: str, text: Reply, failing: Reply, called: Example, rows: dict[str, dict[str, Reply | None]]
) -> list[Row]:
    """The rows of an API, with those that every API has. `text` is a plain reply without a call."""
    shared: dict[str, dict[str, Reply | None]] = {
        "refused in a stream": {_STREAM: _REFUSED},
        "refused in a stream, and not made without": {_STREAM: _REFUSED, _PLAIN: text},
        "refused in a stream, and broken off without": {_STREAM: _REFUSED, _PLAIN: _DEAD},
        "refused in a stream, and cut off without": {_STREAM: _REFUSED, _PLAIN: cut_off(called)},
        "refused in a stream, and not asked for without": {_STREAM: _REFUSED, _PLAIN: None},
        "a stream that fails": {_STREAM: failing},
        "the stream breaks off": {_STREAM: _DEAD},
    }
    return [
        Row(api, f"{api}: two calls, {name}{', two needed' if needed else ''}", replies, required=needed, brief=True)
        for name, replies in {**shared, **rows}.items()
        for needed in ((), _WANTED if "one call" in name else ())[: 2 if "one call" in name else 1]
    ]


_WORD, _NUMBER = responses.TWO_CALLS
_BARE = {**_NUMBER, "arguments": "{}"}
_TWO = responses.TWO_CALL_EVENTS
_UNFIT_PLAIN = responses_plain.with_output(
    responses_tools.CALL, responses_tools.SECOND.replace(b'{\\"number\\":7}', b"{}")
)
_UNDONE = [one for one in responses.CALL_EVENTS if one["type"] != "response.output_item.done"]
_RESPONSES: dict[str, dict[str, Reply | None]] = {
    "one call": {_STREAM: responses.CALLED},
    "one call, not done": {_STREAM: responses.streamed(_UNDONE)},
    "one call of the first's word and a number": {
        _STREAM: responses.streamed(responses.call_events({**_WORD, "arguments": '{"word":"a","letters":1}'}))
    },
    "one call in no place": {
        _STREAM: responses.streamed(
            [{n: v for n, v in e.items() if n != "output_index"} for e in responses.CALL_EVENTS]
        )
    },
    "arguments of no item": {
        _STREAM: responses.without("output_item.added", "output_item.done", events=responses.CALL_EVENTS)
    },
    "the second one without its begin": {_STREAM: responses.streamed([*_TWO[:7], *_TWO[8:]])},
    "the second one bare": {_STREAM: responses.streamed(responses.call_events(_WORD, _BARE))},
    "the second one bare in both": {
        _STREAM: responses.streamed(responses.call_events(_WORD, _BARE)),
        _PLAIN: _UNFIT_PLAIN,
    },
    "the second one bare, and none without a stream": {
        _STREAM: responses.streamed(responses.call_events(_WORD, _BARE)),
        _PLAIN: _DEAD,
    },
    "the second one bare, as a single one": {
        _STREAM: responses.streamed(responses.call_events(_WORD, _BARE)),
        _SINGLE: responses.streamed(responses.call_events({**_WORD, "arguments": "{}"})),
    },
    "two of a third function": {
        _STREAM: responses.streamed(responses.call_events(_WORD, {**_NUMBER, "name": "record", "arguments": "{}"}))
    },
    "neither with deltas": {
        _STREAM: responses.streamed([one for one in _TWO if "delta" not in one]),
    },
    "one id in both streams": {
        _STREAM: responses.changed("completed", lambda one: one["response"].update(id="resp_2"), _TWO),
        _SINGLE: responses.changed("completed", lambda one: one["response"].update(id="resp_2"), responses.CALL_EVENTS),
    },
    "bare without a stream": {_PLAIN: _UNFIT_PLAIN, _STREAM: responses.streamed(_TWO)},
    "the second one bare, and cut off without": {
        _STREAM: responses.streamed(responses.call_events(_WORD, _BARE)),
        _PLAIN: cut_off(_UNFIT_PLAIN),
    },
    "the second one bare, as one of two single ones": {
        _STREAM: responses.streamed(responses.call_events(_WORD, _BARE)),
        _SINGLE: responses.streamed(responses.call_events(_WORD, _BARE)),
    },
    "the second one bare, and a single one cut off": {
        _STREAM: responses.streamed(responses.call_events(_WORD, _BARE)),
        _SINGLE: cut_off(responses.streamed(responses.call_events({**_WORD, "arguments": "{}"}))),
    },
    "one call, named at its end": {
        _STREAM: responses.changed("output_item.added", drop("item", "name"), responses.CALL_EVENTS)
    },
}
_M_WORD, _M_NUMBER = messages.TWO_CALLS
_M_BARE = {**_M_NUMBER, "input": {}}
_M_TWO = messages.TWO_CALL_EVENTS
_M_UNFIT_PLAIN = messages_tools.with_calls(
    messages_tools.CALL, messages_tools.SECOND.replace(b'{"number":7}', b'{"number":"7"}')
)
_MESSAGES: dict[str, dict[str, Reply | None]] = {
    "one call": {_STREAM: messages.CALLED},
    "one call whose input is cut": {_STREAM: messages.streamed([*messages.CALL_EVENTS[:3], *messages.CALL_EVENTS[4:]])},
    "one call in no place": {
        _STREAM: messages.streamed([{n: v for n, v in e.items() if n != "index"} for e in messages.CALL_EVENTS])
    },
    "one call whole at its begin": {
        _STREAM: messages.streamed(
            [
                messages.CALL_EVENTS[0],
                {**messages.CALL_EVENTS[1], "content_block": _M_WORD},
                *messages.CALL_EVENTS[4:],
            ]
        )
    },
    "the second one without its begin": {_STREAM: messages.streamed([*_M_TWO[:5], *_M_TWO[6:]])},
    "the second one bare": {_STREAM: messages.streamed(messages.call_events(_M_WORD, _M_BARE))},
    "the second one bare in both": {
        _STREAM: messages.streamed(messages.call_events(_M_WORD, _M_BARE)),
        _PLAIN: _M_UNFIT_PLAIN,
    },
    "the second one bare, and none without a stream": {
        _STREAM: messages.streamed(messages.call_events(_M_WORD, _M_BARE)),
        _PLAIN: _DEAD,
    },
    "the second one bare, as a single one": {
        _STREAM: messages.streamed(messages.call_events(_M_WORD, _M_BARE)),
        _SINGLE: messages.streamed(messages.call_events({**_M_WORD, "input": {}})),
    },
    "the second one whole at its begin": {
        _STREAM: messages.streamed([*_M_TWO[:5], {**_M_TWO[5], "content_block": _M_NUMBER}, *_M_TWO[8:]])
    },
    "two of a third tool": {_STREAM: messages.streamed(messages.call_events(_M_WORD, {**_M_BARE, "name": "record"}))},
    "bare without a stream": {_PLAIN: _M_UNFIT_PLAIN, _STREAM: messages.streamed(_M_TWO)},
    "the second one bare, and cut off without": {
        _STREAM: messages.streamed(messages.call_events(_M_WORD, _M_BARE)),
        _PLAIN: cut_off(_M_UNFIT_PLAIN),
    },
    "the second one bare, as one of two single ones": {
        _STREAM: messages.streamed(messages.call_events(_M_WORD, _M_BARE)),
        _SINGLE: messages.streamed(messages.call_events(_M_WORD, _M_BARE)),
    },
    "the second one bare, and a single one cut off": {
        _STREAM: messages.streamed(messages.call_events(_M_WORD, _M_BARE)),
        _SINGLE: cut_off(messages.streamed(messages.call_events({**_M_WORD, "input": {}}))),
    },
    "one call beside a text without its begin": {
        _STREAM: messages.streamed(
            [*messages.CALL_EVENTS[:5], {**messages.EVENTS[2], "index": 1}, *messages.CALL_EVENTS[5:]]
        )
    },
}
ROWS = [
    *_rows(
        "responses",
        responses_plain.GOOD,
        responses.streamed(responses.CALL_EVENTS[:2], event({"type": "error", "message": "died"})),
        responses_plain.with_output(responses_tools.CALL),
        _RESPONSES,
    ),
    *_rows(
        "messages",
        messages.GOOD,
        messages.streamed(_M_TWO[:2], event(messages.ERROR_EVENT)),
        messages_tools.CALLED,
        _MESSAGES,
    ),
]
