"""A stream as clients put it together: blocks by their index, and in each its deltas.

Everything is read once, in order. What has no place is kept beside, so that one fault does not look like another.
"""

from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.view import Fields, kind_of, members
from chatproof.wire.strictjson import Json

_Place = tuple[int, str]  # which event, and what is wrong there
_OF_BLOCKS = (view.BLOCK_START, view.DELTA, view.BLOCK_STOP)


class Block:
    """One block of the message, as the events for its index tell it."""

    def __init__(self, number: int, start: Fields) -> None:
        self.number = number  # the event with which it began
        self.start = start
        self.deltas: list[tuple[int, Fields]] = []
        self.stopped = False

    @property
    def kind(self) -> Json:
        """Its type, as it began."""
        return self.start.get("type")

    def pieces(self, kind: str, name: str) -> list[str]:
        """What each delta of one kind adds, where it is a string."""
        found = (delta.get(name) for _, delta in self.deltas if delta.get("type") == kind)
        return [piece for piece in found if isinstance(piece, str)]

    def joined(self, kind: str, name: str) -> str:
        """What the deltas of one kind join to."""
        return "".join(self.pieces(kind, name))

    @property
    def text(self) -> str:
        """What its deltas of text join to. What it began with, the AI SDK and loops over the events do not show."""
        return self.joined(view.TEXT_DELTA, "text")

    @property
    def arguments(self) -> str:
        """What the deltas of a call's input join to."""
        return self.joined(view.INPUT_DELTA, "partial_json")


class Built:
    """What a stream builds, and where its events are out of order. `blocks` is by index."""

    def __init__(self, events: list[Fields]) -> None:
        self.blocks: dict[int, Block] = {}
        self.not_started: _Place | None = None  # a delta of a block that has not begun
        self.not_placed: _Place | None = None  # an index that is missing, or out of order where clients look it up
        self.not_a_block: _Place | None = None
        self.begun_again: _Place | None = None  # a block that begins once more as it began
        self.not_open: _Place | None = None  # the end of a block that has not begun, or a delta after it
        self.not_ended: _Place | None = None  # a block, or an end without one, that no client looks up
        self._begun = 0  # how long the list of blocks is that clients keep
        self._misplaced: dict[int, _Place] = {}
        self._late: set[int] = set()  # begun after message_stop
        self._over = False
        for number, event in enumerate(events):
            self._take(number, event)

    @property
    def text(self) -> str:
        """What the texts of all blocks of type text join to."""
        return "".join(block.text for block in self.blocks.values() if block.kind == view.TEXT)

    def calls(self) -> list[Block]:
        """The blocks that are calls, in order."""
        return [block for block in self.blocks.values() if block.kind == view.CALL]

    def _take(self, number: int, event: Fields) -> None:
        kind = kind_of(event)
        self._over = self._over or kind == view.STOP
        if kind not in _OF_BLOCKS:
            return
        index = _whole(event.get("index"))
        if index is None:
            self.not_placed = self.not_placed or (number, f"no index in {kind}")
        elif kind == view.BLOCK_START:
            self._start(number, index, event.get("content_block"))
        elif index in self._misplaced:
            self.not_placed = self.not_placed or self._misplaced[index]
        elif index in self.blocks:
            self._continue(number, index, event)
        elif index not in self._late:
            self._stray(number, index, kind)

    def _continue(self, number: int, index: int, event: Fields) -> None:
        block, kind = self.blocks[index], kind_of(event)
        if kind == view.BLOCK_STOP:
            block.stopped = True
            return
        delta = members(event.get("delta"))
        if block.stopped and adds(delta, block):
            self.not_open = self.not_open or (number, f"{kind} for index {index}, which has ended")
        block.deltas.append((number, delta))

    def _stray(self, number: int, index: int, kind: str) -> None:
        """Take an event of a block that has not begun."""
        said = (number, f"{kind} for index {index}")
        if kind == view.DELTA:
            self.not_started = self.not_started or said
        elif -self._begun <= index < self._begun:  # anthropic-python finds a block there, or counts from the end
            self.not_ended = self.not_ended or said
        else:
            self.not_open = self.not_open or said

    def _start(self, number: int, index: int, value: Json) -> None:
        if not isinstance(value, dict) or not isinstance(value.get("type"), str):
            self.not_a_block = self.not_a_block or (number, "an object with a string `type`")
        known = self.blocks.get(index)
        if known is not None and not known.stopped and known.start == value:
            self.begun_again = self.begun_again or (number, f"index {index} begins again")
            return
        in_order = index == self._begun
        if not in_order:  # clients add it to a list, and look it up there by its index when it goes on
            self._misplaced[index] = said = (number, f"index {index} for block number {self._begun}")
            if members(value).get("type") == view.CALL:
                self.not_placed = self.not_placed or said
            elif not self._over:
                self.not_ended = self.not_ended or said
        elif self._over:
            self._late.add(index)
        else:
            self.blocks[index] = Block(number, members(value))
        self._begun += 1


def _whole(index: Json) -> int | None:
    """The number of a block; 0.0 is 0 to every client."""
    if isinstance(index, float) and index.is_integer():
        return int(index)
    return index if isinstance(index, int) and not isinstance(index, bool) else None


def adds(delta: Fields, block: Block) -> bool:
    """Whether clients look for an open block to add this delta to: an empty piece they leave out."""
    kind = delta.get("type")
    if kind == view.TEXT_DELTA:
        return delta.get("text") != ""
    if kind == view.INPUT_DELTA and block.kind == view.CALL:
        return delta.get("partial_json") != ""
    return kind in view.ANSWER
