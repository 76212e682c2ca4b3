"""Counts of tokens that cannot be: more than the request can have, or fewer than the answer needs."""

from collections.abc import Callable

from chatproof.contract.clause import (
    BEHAVIOUR,
    SHOULD,
    Clauses,
    Context,
    Example,
    Outcome,
    Source,
    broken,
    holds,
    id_in,
    not_applicable,
)
from chatproof.evidence.json_values import count, members
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of
from chatproof.surfaces.places import LONG

_OVERHEAD = 2000
"""Tokens that a server may add to a plain request: templates of chats take some ten, gateways that add instructions of
their own a few hundred. Where it is more, the caller pays for a prompt that is not his: he is told."""
_LONGEST = 24
"""Bytes of an answer for each token: texts have some four, and no text has as many as this."""
_ADDED = (2, 3)
"""Times that a gateway counts a request which adds the counts of some events. Any other difference may be another
upstream, with a template or instructions of its own."""
_FEW = 4
"""Tokens by which two counts may differ by chance."""
_AREA, _CODE = "Response shape", "contract.usage"


def add_counts(
    clauses: Clauses,
    api: str,
    source: Source,
    asked: tuple[str, Callable[[int], Example]],
    answered: tuple[str, Callable[[int], Example]],
    probe: str = "unicode",
    needs: tuple[str, ...] | None = None,
    longest: int = _LONGEST,
    spared: Callable[[Reply, Context], str] = lambda reply, context: "",
    long: str = "turns",
) -> None:
    """Add the clauses on counts that cannot be. Each pair is where a count stands, and what makes an example with
    another one: of the plain reply, and of the streamed reply to `probe`, whose text is long enough to count. No token
    has `longest` bytes; `spared` says why a text is not to be counted, and is empty where it is. The request of the
    probe `long` has a long text."""
    at_asked, with_asked = asked
    at_answered, with_answered = answered

    def of_request(reply: Reply, context: Context) -> Outcome:
        counted, size = context.surface.view.usage(reply).get("prompt"), len(reply.exchange.request.body)
        if counted is None or not size:
            return not_applicable("no such count, or a request that is not known")
        if counted <= _OVERHEAD + size:
            return holds(f"{counted:,} tokens")
        return broken(at_asked, f"no more than {_OVERHEAD + size:,}", f"{counted:,} for a request of {size:,} bytes")

    def of_answer(reply: Reply, context: Context) -> Outcome:
        found = context.surface.view.usage(reply)
        counted, size = found.get("completion"), found.get("answer_bytes", 0)
        if counted is None or (why := spared(reply, context)):
            return not_applicable("no such count" if counted is None else why)
        if size <= longest * max(counted, 1):
            return holds(f"{number_of(counted, 'token')}, {size:,} bytes")
        return broken(at_answered, f"at least {-(-size // longest)}", f"{counted} for an answer of {size:,} bytes")

    clauses.add(
        id_in(api, "usage.plausible"),
        layer=BEHAVIOUR,
        area=_AREA,
        code=_CODE,
        level=SHOULD,
        says=f"The tokens of the input are no more than the plain request can have, and {_OVERHEAD:,} beside it.",
        source=source,
        probe="happy",
        why="Codex, Claude Code and other agents cut or summarize the conversation when this count nears the model's "
        "limit, and bills come from it.",
        holds_on=(with_asked(14), with_asked(_OVERHEAD)),
        breaks_on=(with_asked(180_006),),
    )(of_request)

    def of_long(reply: Reply, context: Context) -> Outcome:
        counted, plain = context.surface.view.usage(reply).get("prompt"), context.control
        if not counted or plain is None or len(reply.exchange.request.body) < LONG:
            return not_applicable("no such count, or a request that is not long")
        before = context.surface.view.usage(plain).get("prompt", 0)
        if before > _OVERHEAD + len(plain.exchange.request.body):
            return not_applicable(f"the plain request has too many tokens: see {id_in(api, 'usage.plausible')}")
        least = before + LONG // _LONGEST
        if counted >= least:
            return holds(f"{counted:,} tokens, and {before:,} for the plain request")
        said = f"{counted:,}, and {before:,} for the plain request, which is {LONG:,} characters shorter"
        return broken(at_asked, f"at least {least:,}", said)

    clauses.add(
        id_in(api, "usage.long_counted"),
        layer=BEHAVIOUR,
        area=_AREA,
        code=_CODE,
        level=SHOULD,
        says="The tokens of a long input are no fewer than its text needs.",
        source=source,
        probe=long,
        needs=(id_in(api, f"{long}.heard"),),
        why="Codex, Claude Code and other agents summarize the conversation when this count nears the model's limit: a "
        "count that does not grow never does. Or the input was cut off before the model, and nothing says so.",
        holds_on=(with_asked(700), with_asked(14 + LONG // _LONGEST)),
        breaks_on=(with_asked(14), with_asked(60)),
    )(of_long)
    clauses.add(
        id_in(api, "usage.streamed_whole"),
        layer=BEHAVIOUR,
        area=_AREA,
        code=_CODE,
        level=SHOULD,
        says="The tokens of a streamed answer are no fewer than its text needs.",
        source=source,
        probe=probe,
        needs=(id_in(api, "unicode.accepted"),) if needs is None else needs,
        why="Every client that shows or limits costs counts too few. A gateway that counts one token for a stream, or "
        "one for its last event, is the usual cause.",
        holds_on=(with_answered(30), with_answered(8)),
        breaks_on=(with_answered(1), with_answered(0)),
    )(of_answer)


def add_within(
    clauses: Clauses,
    api: str,
    source: Source,
    says: str,
    needs: str,
    parts: tuple[tuple[str, str, str], ...],
    good: tuple[Example, ...],
    bad: tuple[Example, ...],
) -> None:
    """Add the clause that no part of a usage is greater than the whole. Each of `parts` is the member that holds a
    count, the count's name there, and the count that it is a part of."""

    def within(reply: Reply, context: Context) -> Outcome:
        usage = members(reply.object.get("usage"))
        compared = False
        for held, name, of in parts:
            part, whole = count(members(usage.get(held)).get(name)), count(usage.get(of))
            if part is None or whole is None:
                continue
            compared = True
            if part > whole:
                return broken(f"$.usage.{held}.{name}", f"no more than the {whole} {of}", str(part))
        return holds() if compared else not_applicable("the usage has no such details")

    clauses.add(
        id_in(api, "usage.within"),
        layer=BEHAVIOUR,
        area=_AREA,
        code=_CODE,
        level=SHOULD,
        says=says,
        source=source,
        probe="happy",
        needs=(id_in(api, needs),),
        why="Programs that compute costs, as LiteLLM does, subtract one from the other: the cost is negative.",
        holds_on=good,
        breaks_on=bad,
    )(within)


def add_streamed_input(
    clauses: Clauses, api: str, source: Source, at: str, good: tuple[Example, ...], bad: tuple[Example, ...]
) -> None:
    """Add the clause that a stream counts its input once. `at` is where a stream counts it."""

    def agrees(reply: Reply, context: Context) -> Outcome:
        usage, plain = context.surface.view.usage, context.control
        streamed, counted = usage(reply).get("prompt"), usage(plain).get("prompt") if plain is not None else None
        if not streamed or not counted:
            return not_applicable("no two counts to compare")
        if streamed - counted <= _FEW or streamed not in [times * counted for times in _ADDED]:
            return holds(f"{streamed:,} tokens, and {counted:,} without a stream")
        times = f"{streamed:,}, which is {streamed // counted} times as many, for the same request"
        return broken(at, f"{counted:,}, as without a stream", times)

    clauses.add(
        id_in(api, "usage.streamed_input"),
        layer=BEHAVIOUR,
        area=_AREA,
        code=_CODE,
        level=SHOULD,
        says="A stream counts its input tokens once: not two or three times as many as the same request without one.",
        source=source,
        probe="stream",
        why="Agents stream: Claude Code, Codex and LangChain show other costs than the bill's, and trim conversations "
        "too early or too late. A gateway that adds the counts of two events is a usual cause.",
        holds_on=good,
        breaks_on=bad,
    )(agrees)
