"""A run that goes on, as whoever shows how far it is may see it."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, NamedTuple

from chatproof.wire.exchange import Exchange

if TYPE_CHECKING:
    from chatproof.evidence.reply import Reply


class UnderWay(NamedTuple):
    """`exchanges` and `not_sent` grow meanwhile; `tokens` reads what a reply reports."""

    kind: str
    planned: Collection[str]
    exchanges: list[Exchange]
    not_sent: dict[str, str]
    tokens: "Callable[[Reply], int]"


Watch = Callable[[UnderWay], None]
"""Called once, before the first byte is sent."""
