"""Untrusted bytes and text made safe to show: every control, format and non-character escaped, length bounded."""


def escape(text: str, keep: str = "") -> str:
    """`text` with everything that is not printable (and not in `keep`) as a backslash escape.

    Covers C0 and C1 controls, DEL, bidi and zero-width characters, line and paragraph separators, surrogates and
    unassigned code points: `str.isprintable` is false for all of them. Printable ASCII and letters stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _escaped(c) for c in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_ANYWHERE = ("##", "section_start:", "section_end:", "travis_fold:", "travis_time:")
_FIRST = ("::", "[command]", "--- ", "+++ ", "~~~ ", "^^^ ")


def inert(text: str) -> str:
    """Lines that a CI system's log reader takes for no command: a character of each is shown as its escape.

    Read anywhere in a line: Azure Pipelines' `##vso[` and `##[error]`, TeamCity's `##teamcity[`, GitHub's older
    `##[name]`, GitLab's `section_start:`, Travis' `travis_fold:`. Read at a line's start: `::name::` of GitHub, Gitea
    and Forgejo, GitHub's `[command]`, and the groups of Buildkite, `--- `, `+++ `, `~~~ ` and `^^^ +++`.
    What is inert already stays as it is. What a terminal obeys is left to `escape`.
    """
    if any(mark in text for mark in _FIRST):
        lines = text.split("\n")
        for number, line in enumerate(lines):
            bare = line.lstrip()
            if bare.startswith(_FIRST):
                lines[number] = f"{line[: len(line) - len(bare)]}{_escaped(bare[0])}{bare[1:]}"
        text = "\n".join(lines)
    return _without_marks(text, "\\x")


def inert_json(text: str) -> str:
    """The same for JSON: the escape is JSON's own, so the data do not change. No line of it begins with a mark."""
    return _without_marks(text, "\\u00")


def _without_marks(text: str, escape: str) -> str:
    if not any(mark in text for mark in _ANYWHERE):
        return text
    import re

    def shown(found: "re.Match[str]") -> str:
        mark = found[0]
        return f"{mark[:-1]}{escape}{ord(mark[-1]):02x}"

    return re.sub(r"##(?=[A-Za-z.]*\[)|(?:section_(?:start|end)|travis_(?:fold|time)):", shown, text)


def decode(data: bytes) -> str:
    """Bytes as text, without loss: what is not UTF-8 becomes \\xNN."""
    return data.decode("utf-8", "backslashreplace")


_CONTROLS = bytes(byte for byte in (*range(1, 32), 127) if byte not in b"\t\n\f\r\x1b")
_SMALL, _BEGINNING = 8 * 1024, 8  # bytes: what is tried as compressed, and what is shown of what is no text
_CODE_PAGE_FROM = 64  # bytes: fewer without a control in them may be compressed ones by chance


def is_text(data: bytes) -> bool:
    """Whether a person, or a search for a secret, could read it: text of any code page, in few of whose bytes an error
    or a control stands. Compressed bytes are none. (Zeros count for nothing: of UTF-16, half of the bytes are.)"""
    plain = data.replace(b"\0", b"")
    if plain.isascii() and plain.translate(None, _CONTROLS) == plain:
        return True
    decoded = plain.decode("utf-8", "ignore").encode()
    odd = len(plain) - len(decoded.translate(None, _CONTROLS))
    if odd * 5 > len(plain):  # Russian, Chinese, Japanese: half of it is no UTF-8, and none of it controls
        # One of nine compressed bytes is a control: of so many at least one, but for one time in two thousand.
        may_be_a_code_page = len(plain) >= _CODE_PAGE_FROM and plain.translate(None, _CONTROLS) == plain
        return may_be_a_code_page and not _is_deflated(data[:_SMALL])
    return not _is_deflated(data[:_SMALL])


def _is_deflated(data: bytes) -> bool:
    """A small reply, compressed, may have few bytes that are odd. Its end says that it is no accident."""
    import zlib

    reader = zlib.decompressobj(-15)
    try:
        return len(reader.decompress(data, _SMALL)) >= _BEGINNING and reader.eof
    except zlib.error:
        return False


def begun(data: bytes) -> str:
    """How bytes begin that are no text, for who knows formats by that. More could hold a secret that nobody finds."""
    return f"{escape(decode(data[:_BEGINNING]))}… (no text)"


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def snippet(data: bytes, limit: int = 80) -> str:
    """The beginning of untrusted bytes, quoted, safe to print anywhere."""
    if len(data) > _BEGINNING and not is_text(data):
        return f'"{begun(data)}"'
    shown = cut(escape(decode(data[: limit + 1])), limit)
    # A letter of several bytes: fewer characters than bytes, and nothing would say that more followed.
    return f'"{shown}…"' if len(data) > limit and not shown.endswith("…") else f'"{shown}"'


def quote(value: object, limit: int = 120) -> str:
    """An untrusted JSON value for a sentence: strings quoted and escaped, containers named by type and size."""
    if isinstance(value, str):
        return '"' + cut(escape(value[: limit + 1]), limit) + '"'
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return cut(
            str(value) if abs(value) < 1e30 else f"{value:.3e}" if isinstance(value, float) else "a huge integer",
            limit,
        )
    if isinstance(value, list):
        return f"array of {len(value)}"
    if isinstance(value, dict):
        keys = ", ".join(cut(escape(str(key)), 24) for key in list(value)[:6])
        return f"object with {number_of(len(value), 'key')} ({keys})" if value else "an empty object"
    return type(value).__name__


def number_of(number: int, noun: str) -> str:
    """Put a number before its noun: 1 call, 2 calls."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def place_of(error: BaseException) -> str:
    """Where in this package an exception was raised: file:line. Its text may hold what a server or a variable said."""
    trace, place = error.__traceback__, "?"
    while trace is not None:
        code = trace.tb_frame.f_code
        if "chatproof" in code.co_filename:
            place = f"{code.co_filename.rpartition('chatproof')[2].lstrip('/')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
