"""What a hop makes of text outside ASCII that takes its bytes for another encoding, or writes it another way."""

import pytest

from chatproof.surfaces.chat.probes_validate import UNICODE
from chatproof.surfaces.garbled import mark_in


def as_windows(text: str) -> str:
    return text.encode().decode("cp1252")


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("na\ufffdve", "\ufffd"),
        (as_windows("café"), "Ã"),
        ("Привет".encode().decode("latin-1"), "Ð"),
        (as_windows("a — b"), "â€"),
        (as_windows("🙂"), "ðŸ"),
        ("caf\\u00e9", "\\u"),
        ("na?ve", "na?ve"),
        ("caf&#233;", "&#"),
        (UNICODE, ""),
        ("Who? R & D, #1: a\\b, â, ð", ""),
    ],
)
def test_each_way_to_spoil_a_text_has_its_mark(text: str, mark: str) -> None:
    assert mark_in(text) == mark
