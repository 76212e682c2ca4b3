"""A bound on the time that a reader takes for a long text, in CPU: a busy machine says nothing of the code."""

from chatproof import captures
from tests.pace import within


def take_no_long_time(text: str) -> None:
    """Read a text, or refuse it, within three seconds of CPU."""
    with within(3):
        try:
            captures.read(text.encode())
        except captures.Unreadable:
            pass
