"""The one exception that ends a command with exit status 2: something on our own side is wrong, nothing was checked."""

from collections.abc import Callable, Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    _T = TypeVar("_T")

_SHOWN = 3
_FEW = 12  # names that are listed whole


def near(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The advice for a name that nothing has: the known names that are nearest to it; where none is near, `otherwise`,
    else all of them."""
    from difflib import get_close_matches

    names = {each.lower().lstrip("-"): each for each in known}  # the hyphens of an option make no two of them alike
    word = name.strip().lower().lstrip("-")
    found = [each for each in names if len(word) > 2 and each.startswith(word)]
    found += get_close_matches(word[:200], list(names), n=_SHOWN)
    if found:
        return f"did you mean {' or '.join(names[each] for each in list(dict.fromkeys(found))[:_SHOWN])}?"
    listed = f"there are: {', '.join(names.values())}"
    return listed if not otherwise or len(names) <= _FEW else otherwise


def repeated(text: str, most: int = 40) -> str:
    """An argument as a message repeats it: between quotes, cut, and without what may be a key. Of a key that was cut
    before, too little would be left to be known."""
    from chatproof.key_form import without

    return repr(without(text)[:most])


def install(extra: str) -> str:
    """The advice for a package that an extra brings, such as "reports": from an index, and from a clone."""
    return f"pip install 'chatproof[{extra}]'; in a clone of the repository: pip install -e '.[{extra}]'"


class UsageError(Exception):
    """Something on your own side is wrong, and nothing was checked. Texts never contain a key.

    - `code`: a diagnosis code of our own side such as `auth.key_missing`, or "usage"
    - `detail`: what is wrong, in one sentence
    - `advice`: what to do; may be empty
    - `more`: further errors of the same kind that were found at the same time
    """

    def __init__(self, code: str, detail: str, advice: str = "") -> None:
        from chatproof.key_form import without  # an argument that is quoted may be a key

        self.code, self.detail, self.advice = code, without(detail), without(advice)
        self.more: tuple[UsageError, ...] = ()
        super().__init__(self.detail)

    def __str__(self) -> str:
        """What is wrong, and what to do: the whole of it, for a caller that shows the exception and nothing else."""
        return f"{self.detail}; next: {self.advice}" if self.advice else self.detail


def alone(error: UsageError) -> UsageError:
    """Return the error without the frames that it came through, to be raised out of its handler: their locals hold what
    was read there (a key, variables, a file), and reports of crashes print those."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def placed(error: BaseException) -> BaseException:
    """Return an error of any kind as `alone` does: one of our own, or what a signal, a time limit or a cancellation
    raised in the midst of our work. A note tells the place."""
    if isinstance(error, UsageError):
        return alone(error)
    trace, place = error.__traceback__, ""
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__")).partition(".")[0] == "chatproof":
            place = f"{trace.tb_frame.f_globals['__name__']}, line {trace.tb_lineno}"
        trace = trace.tb_next
    if place and not getattr(error, "__notes__", ()):
        error.add_note(f"in {place}; its frames are left out, for they may hold a key")
    error.__cause__ = error.__context__ = None
    for each in getattr(error, "exceptions", ()):  # a group's
        if isinstance(each, BaseException):
            placed(each)
    return error.with_traceback(None)


def without_frames(work: "Callable[[], _T]") -> "_T":
    """Return what `work` returns. An error of it is raised as `placed`, without the frames it came through."""
    try:
        return work()
    except BaseException as error:
        problem = placed(error)
    raise problem


def raise_all(errors: Iterable[UsageError]) -> None:
    """Raise the first of these with the others behind it; nothing where there is none."""
    found = list(errors)
    if found:
        found[0].more = tuple(found[1:])
        raise found[0]
