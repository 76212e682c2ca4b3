"""How a stream of the Responses API whose end was not captured may have gone on: with an answer, without, and badly."""

import json

_PART = {"type": "output_text", "text": "pong", "annotations": []}
_ITEM = {"id": "msg_9", "type": "message", "role": "assistant", "status": "completed", "content": [_PART]}


def _event(kind: str, **members: object) -> bytes:
    return f"event: response.{kind}\ndata: {json.dumps({'type': f'response.{kind}', **members})}\n\n".encode()


def _completed(output: list[object]) -> bytes:
    made = {"id": "resp_1", "object": "response", "created_at": 1795379441, "status": "completed", "output": output}
    return _event("completed", response=made)


def _answered(index: int) -> bytes:
    """A whole message, from its beginning to the end of the stream."""
    at = {"item_id": "msg_9", "output_index": index, "content_index": 0}
    return b"".join(
        (
            _event("in_progress", response={"id": "resp_1", "object": "response", "output": []}),
            _event("output_item.added", output_index=index, item={**_ITEM, "status": "in_progress", "content": []}),
            _event("content_part.added", **at, part={**_PART, "text": ""}),
            _event("output_text.delta", **at, delta="pong"),
            _event("output_text.done", **at, text="pong"),
            _event("content_part.done", **at, part=_PART),
            _event("output_item.done", output_index=index, item=_ITEM),
            _completed([_ITEM]),
        )
    )


ENDINGS = (
    _completed([]),
    _answered(0),
    _answered(1),
    b'event: error\ndata: {"type":"error","code":"server_error","message":"upstream died"}\n\n',
    b"data: {oops\n\n",
)
