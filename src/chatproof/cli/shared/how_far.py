"""How far runs are, in one line: `validate 17/40 · tools · 12 s · 285 tokens`. Loaded only for a terminal."""

from collections.abc import Sequence

from chatproof.contract.surface import original
from chatproof.evidence.reply import Reply
from chatproof.record.under_way import UnderWay
from chatproof.wire.exchange import Exchange

Counted = dict[int, tuple[Exchange, int]]
"""What replies told, by the exchange's id: each is read once. It holds the exchange, so that no other takes the id."""


def line(watched: Sequence[tuple[str, UnderWay]], seconds: int, counted: Counted | None = None) -> str:
    """One run: its kind, answers, area, time and tokens. Several, as compare makes: how far each target is.

    Who draws the line again and again hands in one dict, so that each reply is read once.
    """
    known: Counted = {} if counted is None else counted
    tokens = sum(_tokens(exchange, run, known) for _, run in watched for exchange in list(run.exchanges))
    label, first = watched[0]
    if label:
        head = ["compare", *(f"{name} {_count(run)}" for name, run in watched)]
    else:
        head = [f"{first.kind} {_count(first)}", *_area(first.exchanges)]
    return " · ".join([*head, f"{seconds} s", *([f"{tokens} tokens"] if tokens else [])])


def phase(watched: Sequence[tuple[str, UnderWay]]) -> tuple[str, ...]:
    """What the last answers were about, one for each run: where it differs, another phase has begun."""
    return tuple("".join(_area(run.exchanges)) for _, run in watched)


def _count(run: UnderWay) -> str:
    done = {exchange.probe for exchange in list(run.exchanges)}
    wanted = [probe for probe in run.planned if probe not in run.not_sent]
    return f"{sum(probe in done for probe in wanted)}/{len(wanted)}"


def _area(exchanges: list[Exchange]) -> list[str]:
    """What the last answer was about: the first word of its probe."""
    return [original(exchanges[-1].probe).partition(".")[0]] if exchanges else []


def _tokens(exchange: Exchange, run: UnderWay, counted: Counted) -> int:
    if id(exchange) not in counted:
        counted[id(exchange)] = (exchange, run.tokens(Reply(exchange)))
    return counted[id(exchange)][1]
