"""How a stream of the Messages API whose end was not captured may have gone on: with an answer, without, and badly."""

_START = (
    b'event: content_block_start\ndata: {"type":"content_block_start","index":%d,"content_block":'
    b'{"type":"text","text":""}}\n\n'
)
_TEXT = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":'
    b'{"type":"text_delta","text":"pong"}}\n\n'
)
_CLOSED = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'
_STOP = (
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
    b'"usage":{"output_tokens":4}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'
)
ENDINGS = (
    _CLOSED % 0 + _STOP,
    _CLOSED % 1 + _STOP,
    _TEXT % 0 + _CLOSED % 0 + _STOP,
    _START % 0 + _TEXT % 0 + _CLOSED % 0 + _STOP,
    _START % 1 + _TEXT % 1 + _CLOSED % 1 + _STOP,
    _CLOSED % 0 + _START % 1 + _TEXT % 1 + _CLOSED % 1 + _STOP,
    b'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"upstream died"}}\n\n',
    b"event: content_block_delta\ndata: {oops\n\n",
)
