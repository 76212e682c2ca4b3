"""A packed run of which some characters are, by accident, those of another form of the key: the digits of a key in
upper case are packed as those of the key itself are. Without them, nothing would find the rest.

Loaded only where something was found.
"""

import re
from collections.abc import Callable

from chatproof.secrets.windows import Windows

_REST = re.compile("[A-Za-z0-9+/_-]{8,}")


def without(text: str, shortest: int, windows: Windows, hides: Callable[[str], bool], mark: str) -> str:
    """`text` with a mark for each run of at least `shortest` characters in which parts of a form stand, none whole, and
    which hides a secret as it is."""
    for run in dict.fromkeys(re.findall(rf"[A-Za-z0-9+/_-]{{{shortest},}}={{0,2}}", text)):
        if windows.hits(run) and not windows.whole_in(run) and _REST.search(run) and hides(run):
            text = text.replace(run, mark)
    return text
