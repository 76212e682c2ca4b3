"""Faults of a stream that has ended, and whose HTTP message has not."""

from chatproof.simulator.chat import DONE
from chatproof.simulator.fault import after_stream
from chatproof.simulator.responses_faults.parts import ROWS as COMMON
from chatproof.simulator.responses_faults.parts import should, streaming
from chatproof.simulator.wire import HANG, chunk

ROWS = (
    COMMON.left_open(streaming),
    should(
        "stream-done-stays-open",
        "The stream is finished and says [DONE], but the connection stays open.",
        "stream.left_open",
        streaming,
        after_stream(chunk(DONE), end=HANG),
        "stream.closes_after_done",
        stream=True,
    )._replace(timeout=1.5),
)
