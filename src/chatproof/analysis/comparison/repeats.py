"""Which differences came again when both sides were asked again, and which were chance. Pure: documents in, values out.

`running/ask_again` sends what `Pairing.next_unit` asks for and hands in each further answer as a run document in which
that answer stands in the place of the first one. The reasons are in docs/decisions/0012.
"""

from collections.abc import Container
from typing import NamedTuple

from chatproof.analysis.comparison import chance
from chatproof.analysis.comparison.chance import OPEN, REPEATS, UNSTEADY, VARIES, Block, Tally
from chatproof.analysis.comparison.difference import BETTER, BREAKS, CHANGE, Difference, Document
from chatproof.analysis.comparison.differences import between, found_in
from chatproof.contract.surface import Surface
from chatproof.surfaces import of_run

Key = tuple[str, str]
REPLY: Key = ("reply", "")
"""No proper reply, whatever is wrong with it: a 500 once and a dropped connection then is one trouble."""
_OF_THE_REPLY = ("transport", "status", "body")
_OF_THE_WHOLE_RUN = (
    "header",
    "http",
    "tokens",
)  # seen on all exchanges of a run: they have been asked for often enough
_BY_PLACE = ("field", "value", "error", "media_type")
_TESTED = (BREAKS, CHANGE, BETTER)
_BLOCKS_FOR_BETTER = 2
_SWAPS = 2


def key_of(one: Difference) -> Key:
    """What makes a difference the same one when it is seen again; the words it is told in may differ."""
    if one.kind in _OF_THE_REPLY:
        return REPLY
    return one.kind, one.at if one.kind in _BY_PLACE else one.subject


def is_tested(one: Difference, surface: Surface) -> bool:
    """It can be chance, and it matters. A key that came back, or that was not looked at, was so once too often."""
    if one.effect not in _TESTED or one.kind in _OF_THE_WHOLE_RUN:
        return False
    return not (
        one.effect == BREAKS
        and (
            any((clause := surface.clause(id)) and clause.danger for id in one.clauses) or "keys are not" in one.subject
        )
    )


def probes_of(one: Difference) -> tuple[str, ...]:
    """The probes on which it shows. An ability is told by the worst answer of each side, B's last."""
    if one.kind != "capability":
        return one.probes
    return one.probes[:1] if one.effect == BETTER else one.probes[-1:]


def is_down(a: Document, b: Document, probes: Container[str]) -> bool:
    """One of these requests got no complete reply from B, a 5xx, or a refusal where A answers it."""
    good = {x["probe"] for x in a["exchanges"] if x["response"] and (x["response"]["status"] or 0) < 400}
    for exchange in b["exchanges"]:
        if exchange["probe"] in probes:
            status = (exchange["response"] or {}).get("status") or 0
            if exchange["fault"] or status >= (400 if exchange["probe"] in good else 500):
                return True
    return False


class Unit(NamedTuple):
    """What is tested as one: a difference on the probes where it shows."""

    key: Key
    effect: str
    probes: tuple[str, ...]
    base: str  # the side whose first answer was good: "A", or "B" where B is better
    told: Difference
    first: bool = True  # False: only a further answer showed it
    elsewhere: int = 0  # further probes that show it, where none shows it the other way round
    down: bool = False  # the bad answer is no answer: a 5xx, a broken connection, a refusal of what A answers

    @property
    def other(self) -> str:
        return "A" if self.base == "B" else "B"


class Outcome(NamedTuple):
    """A unit and what is known of it in the end. `needed`: about how many more requests would settle it."""

    unit: Unit
    state: str
    seen: Tally
    needed: int | None

    @property
    def fails_at_times(self) -> bool:
        """B gives no answer now and then, and A always does: no request is safe from that, whatever this one asks."""
        flips = self.seen.bad_side < self.seen.bad_asked
        return self.unit.down and flips and not self.seen.good_side and self.state != VARIES

    def good(self, side: str) -> str:
        """How many of a side's answers were good: `4 of 6`."""
        shown, asked = (
            (self.seen.good_side, self.seen.good_asked)
            if side == self.unit.base
            else (self.seen.bad_side, self.seen.bad_asked)
        )
        return f"{asked - shown} of {asked}"


class _Answers(NamedTuple):
    """One further answer of each side to a probe: what each shows against the first answer of `base`."""

    probe: str
    shows: dict[tuple[str, str], frozenset[Key]]  # by (base, side that answered)


class Swap(NamedTuple):
    """A first answer that was chance gives way to a further one: the one of the block with this number."""

    side: str
    probe: str
    number: int


class Pairing:
    """A and one candidate, their first answers and all further ones."""

    def __init__(self, a: Document, b: Document, requires: frozenset[str]) -> None:
        self.requires = requires
        self.surface = of_run(a)
        self.now: dict[str, Document] = {"A": a, "B": b}
        self.swaps: list[Swap] = []
        self.closed: dict[str, list[str]] = {}  # probe → sides that closed a used connection, and answered on a new one
        self._answers: list[_Answers] = []
        self._varied: list[Unit] = []
        self._late: list[Unit] = []
        self._most: dict[str, int] = {}  # by effect: so many units were tested

    # -- what to ask ----------------------------------------------------------------------------------------------

    def next_unit(self, may: Container[str]) -> Unit | None:
        """The unit to ask about next, of those with a probe in `may`; None when nothing is left to settle.

        Breaks first, each until it is settled; then changes in turn; then what is better on B, twice at most. Where it
        is settled that B does not answer the plain request, nothing else can change the decision or explain it.
        """
        if self._is_refused():
            return None
        open_units = [unit for unit in self._units() if not self._is_done(unit) and self.probe_for(unit, may)]
        for effect in _TESTED:
            mine = [unit for unit in open_units if unit.effect == effect]
            if mine and effect == BREAKS:
                steady = [unit for unit in mine if self._state(unit)[0] != UNSTEADY]
                return (steady or mine)[0]
            if mine:
                return min(mine, key=lambda unit: len(self._blocks(unit)))
        return None

    def _is_refused(self) -> bool:
        """B answers not even the plain request, which A answers, and chance is excluded."""
        return any(
            unit.key == REPLY
            and unit.effect == BREAKS
            and unit.base == "A"
            and self.surface.control in unit.probes
            and self._state(unit)[0] == REPEATS
            for unit in self._units()
        )

    def probe_for(self, unit: Unit, may: Container[str]) -> str:
        """Of the unit's probes that may be asked, the one that was asked least; empty where there is none."""
        asked = [answers.probe for answers in self._answers]
        able = [probe for probe in unit.probes if probe in may]
        return min(able, key=asked.count) if able else ""

    # -- what came -------------------------------------------------------------------------------------------------

    def add(self, probe: str, further: dict[str, Document]) -> None:
        """Take one further answer of each side: the run's document with it in the place of the first answer."""
        shows = {(base, side): self._keys(self.now[base], further[side], probe) for base in "AB" for side in "AB"}
        tested = {unit.key for unit in self._units() if unit.base == "A" and probe in unit.probes}
        self._answers.append(_Answers(probe, shows))
        self._remember_new(probe, shows["A", "B"] - tested, further["B"])
        self._take_out_chance()

    def replace(self, side: str, document: Document) -> None:
        """Let a side be compared by this document: a first answer in it was chance, or came on a used connection."""
        self.now[side] = document

    def _remember_new(self, probe: str, keys: frozenset[Key], b: Document) -> None:
        """A break that only a further answer of B shows, and that is tested nowhere yet on this probe."""
        for one in found_in(self.now["A"], b, self.requires):
            key = key_of(one)
            known = any(unit.key == key and probe in unit.probes for unit in (*self._late, *self._varied))
            if (
                key in keys
                and not known
                and one.effect == BREAKS
                and is_tested(one, self.surface)
                and probe in probes_of(one)
            ):
                self._late.append(Unit(key, one.effect, (probe,), "A", one, first=False))

    def _take_out_chance(self) -> None:
        """Where both sides show it and both do not, the first bad answer gives way to a good one."""
        for unit in self._units():
            if not unit.first or len(unit.probes) > 1 or self._state(unit)[0] != VARIES:
                continue
            probe, side = unit.probes[0], unit.other
            before = sum(swap[:2] == (side, probe) for swap in self.swaps)
            good = [
                number
                for number, answers in enumerate(self._answers)
                if answers.probe == probe
                and unit.key not in answers.shows[unit.base, side]
                and REPLY not in answers.shows[unit.base, side]
            ]
            if good and before < _SWAPS:
                self.swaps.append(Swap(side, probe, good[0]))
                self._varied.append(unit)

    # -- what is known ---------------------------------------------------------------------------------------------

    def outcomes(self) -> list[Outcome]:
        """What became of each difference that was tested, those that were chance last."""
        return [self._outcome(unit) for unit in (*self._units(), *self._varied)]

    def _outcome(self, unit: Unit) -> Outcome:
        state, seen, wanted = self._state(unit)
        if unit in self._varied:
            state = VARIES
        needed = chance.still_needed(seen, wanted) if state in (OPEN, UNSTEADY, chance.ONCE) else None
        return Outcome(unit, state, seen, needed)

    def _units(self) -> list[Unit]:
        """What the documents as they stand show, and what came later. A probe that flips is a unit of its own."""
        units: list[Unit] = []
        tested = [one for one in between(self.now["A"], self.now["B"], self.requires) if is_tested(one, self.surface)]
        better = {key_of(one) for one in tested if one.effect == BETTER}
        for one in tested:
            base, probes = "B" if one.effect == BETTER else "A", probes_of(one)
            down = base == "A" and key_of(one) == REPLY and is_down(self.now["A"], self.now["B"], probes)
            whole = Unit(key_of(one), one.effect, probes, base, one, down=down)
            alone = [probe for probe in whole.probes if len(whole.probes) > 1 and self._flips(whole, probe)]
            rest = tuple(probe for probe in whole.probes if probe not in alone)
            one_way = whole.effect == BETTER or whole.key not in better
            units += [whole._replace(probes=rest, elsewhere=(len(rest) - 1) * one_way)] if rest else []
            units += [whole._replace(probes=(probe,)) for probe in alone]
        seen = {(unit.key, probe) for unit in units for probe in unit.probes}
        units += [unit for unit in self._late if (unit.key, unit.probes[0]) not in seen]
        for effect in (BREAKS, CHANGE):
            count = sum(unit.effect == effect for unit in units)
            self._most[effect] = max(self._most.get(effect, 0), count)
        return units

    def _flips(self, unit: Unit, probe: str) -> bool:
        return not all(block.bad_side for block in self._blocks(unit._replace(probes=(probe,))))

    def _blocks(self, unit: Unit) -> list[Block]:
        """The blocks that say something of this unit: where a reply is missing, its fields cannot be seen."""
        blocks = []
        for answers in self._answers:
            if answers.probe not in unit.probes:
                continue
            good, bad = answers.shows[unit.base, unit.base], answers.shows[unit.base, unit.other]
            if unit.key == REPLY or not (REPLY in good or REPLY in bad):
                blocks.append(Block(unit.key in good, unit.key in bad))
        return blocks

    def _state(self, unit: Unit) -> tuple[str, Tally, float]:
        """(state, tally, the evidence that is wanted)."""
        seen = chance.tally(self._blocks(unit), unit.elsewhere, first=unit.first)
        wanted = self._wanted(unit.effect)
        return chance.state(seen, wanted), seen, wanted

    def _wanted(self, effect: str) -> float:
        return chance.threshold(self._most.get(BREAKS, 0), self._most.get(CHANGE, 0), of_break=effect == BREAKS)

    def _is_done(self, unit: Unit) -> bool:
        if unit.effect == BETTER and len(self._blocks(unit)) >= _BLOCKS_FOR_BETTER:
            return True
        return self._state(unit)[0] in (REPEATS, VARIES)

    def _keys(self, base: Document, other: Document, probe: str) -> frozenset[Key]:
        """What an answer to this probe shows that the first answer of `base` did not."""
        found = found_in(base, other, self.requires)
        return frozenset(key_of(one) for one in found if one.effect in (BREAKS, CHANGE) and probe in probes_of(one))
