"""chatproof requests from FILE...: the shapes of your own traffic as requests to check, every text replaced.

What comes out is what --request reads. Nothing is sent.
"""

import argparse
import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from chatproof.cli.main import COMMANDS
from chatproof.cli.output import say_as_is, warn
from chatproof.cli.shared import replaced
from chatproof.cli.shared.options import add_api, parser
from chatproof.contract.surface import CHAT
from chatproof.files import special_files
from chatproof.printable import cut, escape, number_of
from chatproof.surfaces import surface_of
from chatproof.usage_error import UsageError

if TYPE_CHECKING:
    from chatproof.captures.request_shapes import Found
    from chatproof.captures.traffic import Traffic

STDIN = "-"
_ROWS = 40  # of the table on stderr


def main(argv: list[str]) -> int:
    to = parser("requests", COMMANDS["requests"])
    to.add_argument("verb", choices=("from",), metavar="from", help="from: read traffic")
    to.add_argument(
        "files", nargs="+", metavar="FILE", help="HAR, JSONL, JSON or another capture; - for standard input"
    )
    to.add_argument("-o", "--output", default="", metavar="PATH", help="write them to a file that only you can read")
    add_api(to, "whose requests are taken")
    to.add_argument("--counts", action="store_true", help='write {"count": N, "body": {…}} in each line')
    to.add_argument("-q", "--quiet", action="store_true", help="no table on standard error")
    to.epilog = (
        "Kept: fields, enum values and schema keywords of the API, numbers and sizes. Texts, "
        "names, ids, links and files are replaced by others of the same length and script. Links "
        "point nowhere: put in your own where that matters. --request reads the output; it is "
        "for you only (mode 0600)."
    )
    if argv and argv[0] != "from" and not argv[0].startswith("-"):
        example = "for example: chatproof requests from traffic.har -o requests.jsonl"
        raise UsageError("usage", "the word 'from' is missing before the files", example)
    args = to.parse_args(argv)
    args.api = surface_of(args.api or CHAT).name  # raises UsageError for one that there is not
    from chatproof.captures import Unreadable
    from chatproof.captures.request_shapes import collect

    file = replaced.output(args)
    try:
        with ExitStack() as closing:
            found = collect(_opened(args.files, closing, args.api), args.api)
        lines = [json.dumps({"count": one.calls, "body": one.body} if args.counts else one.body, ensure_ascii=False)
                 for one in found.shapes]  # fmt: skip
        text = "".join(f"{line}\n" for line in lines)
        if file is None:
            _close_to_others()
            say_as_is(text)
        else:
            file.write(text.encode("utf-8", "surrogatepass"))
    except Unreadable as problem:
        raise UsageError("usage", str(problem), "see: docs/guides/moving.md") from None
    finally:
        if file is not None:
            file.discard()
    if not args.quiet:
        warn(_table(found, args))
    return 0


def _opened(paths: list[str], closing: ExitStack, api: str) -> "Iterator[tuple[str, Traffic]]":
    from chatproof.captures.traffic import Traffic

    for path in paths:
        name = "standard input" if path == STDIN else cut(escape(os.path.basename(path)), 80)
        try:
            if path == STDIN:
                if sys.stdin is None:
                    raise UsageError("usage", "standard input is closed", "pipe traffic into it, or name a file")
                yield name, Traffic(sys.stdin.buffer, api)
            else:
                yield name, Traffic(closing.enter_context(special_files.opened(os.path.expanduser(path))), api)
        except OSError as error:
            raise UsageError("usage", f"{name}: cannot be read: {error.strerror}", "check the path") from None


def _close_to_others() -> None:
    """What a shell redirects into a file of this user is for this user only, too."""
    try:
        handle = sys.stdout.fileno()
        status = os.fstat(handle)
        if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid():
            os.fchmod(handle, 0o600)
    except (OSError, ValueError, AttributeError):
        pass  # no file, or not ours


def _table(found: "Found", args: argparse.Namespace) -> str:
    """Counts and what each request is made of: no text of it."""
    from chatproof.surfaces.chat.request_shape import described

    rows = [f"{number_of(found.calls, 'call')}, {number_of(len(found.shapes), 'shape')}"]
    for number, one in enumerate(found.shapes[:_ROWS], 1):
        calls = "call " if one.calls == 1 else "calls"
        rows.append(f"{number:>4}  {one.calls:>8} {calls}  {cut(escape(described(one.body)), 160)}")
    if len(found.shapes) > _ROWS:
        rows.append(f"      and {len(found.shapes) - _ROWS} more")
    rows += [f"left out: {count} {reason}" for reason, count in found.left_out.items()]
    if args.output:
        api = f" --api {args.api}" if args.api != CHAT else ""
        rows.append(f"next: chatproof compare A B{api} --request {escape(args.output)}")
    return "\n".join(rows)
