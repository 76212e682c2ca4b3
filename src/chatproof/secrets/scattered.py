"""A key whose pieces stand in many texts, none of which shows it. Loaded only where one was found so."""

import re

_WORD = re.compile("[0-9A-Za-z_-]{3,}")  # as `pieces` has them; a shorter one stands everywhere by accident


def without(text: str, pieces: frozenset[bytes], mark: str) -> str:
    """`text` with a mark in place of each word that may be a piece."""
    return _WORD.sub(lambda word: mark if word[0].lower().encode() in pieces else word[0], text)
