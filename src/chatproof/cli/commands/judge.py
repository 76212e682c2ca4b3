"""chatproof judge: captured evidence, judged as a live run is. Nothing is sent."""

import os
import sys

from chatproof import captures
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.cli.main import COMMANDS
from chatproof.cli.shared import publish
from chatproof.cli.shared.options import Parser, add_api, parser
from chatproof.contract.clause import SMOKE, VALIDATE
from chatproof.contract.surface import CHAT
from chatproof.files import special_files
from chatproof.judging.contract import Choice, UnknownCapability, UnknownClause
from chatproof.judging.unknown import unknown_capability, unknown_clause
from chatproof.surfaces import surface_of
from chatproof.usage_error import UsageError, near, repeated

STDIN = "-"


def main(argv: list[str]) -> int:
    args = _options().parse_args(argv)
    outlet = publish.Outlet(args)
    api = args.api or CHAT
    probes = list(surface_of(api).rows(VALIDATE if args.validate else SMOKE))
    if args.answers and args.answers not in probes:
        raise UsageError("usage", f"there is no probe {repeated(args.answers)}", near(args.answers, probes))
    sources = [_source(name, args.answers, probes) for name in args.files]
    scope = VALIDATE if args.validate else SMOKE
    if args.client:
        from chatproof.contract import clients

        clients.check(args.client)
    choice = Choice(args.stream, args.strict, tuple(args.only), tuple(args.skip), api=api, clients=tuple(args.client))
    asked = Asked(
        args.profile, args.model, args.base_url, args.environment, args.no_auth, scope, choice, args.keep_bodies
    )
    with outlet:
        try:
            return outlet.publish(judge_captures(sources, asked).document)
        except UnknownClause as unknown:
            raise unknown_clause(str(unknown), scope, choice.api) from None
        except UnknownCapability as unknown:
            raise unknown_capability(str(unknown), choice.api) from None


def _options() -> Parser:
    to = parser("judge", COMMANDS["judge"])
    to.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help=(
            "run JSON, HAR, curl -i or -iv output, raw response, body; - reads standard input; "
            "PROBE=FILE is the same as --as PROBE"
        ),
    )
    to.add_argument(
        "--as",
        default="",
        dest="answers",
        metavar="PROBE",
        help="the probe to assume for a reply without its request (default happy)",
    )
    add_api(to)
    to.add_argument("--profile", default="", metavar="NAME", help="the provider's profile (default: by the host)")
    to.add_argument(
        "--model", default="", metavar="ID", help="the model of the request, if the capture does not show it"
    )
    to.add_argument("--base-url", default="", metavar="URL", help="judge only exchanges with this endpoint")
    to.add_argument("--environment", default="", metavar="NAME", help="where the capture was made, for the record")
    to.add_argument("--no-auth", action="store_true", help="the endpoint is open on purpose")
    to.add_argument("--stream", action="store_true", help="judge the streaming clauses, too")
    to.add_argument("--validate", action="store_true", help="judge by the complete contract")
    to.add_argument("--strict", action="store_true", help="treat should as must")
    to.add_argument(
        "--client",
        action="append",
        default=[],
        metavar="NAME",
        help="a client that you use: what breaks it becomes a required clause (must); repeatable",
    )
    to.add_argument("--only", action="append", default=[], metavar="CLAUSE", help="judge only this clause or family")
    to.add_argument("--skip", action="append", default=[], metavar="CLAUSE", help="leave out this clause or family")
    to.add_argument("--keep-bodies", action="store_true", help="also keep excerpts of passing replies")
    publish.add_options(to)
    return to


def _source(word: str, answers: str, probes: list[str]) -> Source:
    probe, equals, path = word.partition("=")
    if not equals or probe not in probes:
        probe, path = answers, word
    name = "standard input" if path == STDIN else os.path.basename(path)
    try:
        return Source(name, captures.read(_read(path)), probe)
    except captures.Unreadable as problem:
        raise UsageError("usage", f"{name} cannot be judged: {problem}", captures.ADVICE) from None


def _read(path: str) -> bytes:
    """At most one byte more than is read of a file. A pipe is a file, too: judge <(curl -i …)."""
    try:
        if path == STDIN:
            if sys.stdin is None:
                raise UsageError("usage", "standard input is closed", "pipe a capture into it, or name a file")
            return sys.stdin.buffer.read(captures.MOST + 1)
        with special_files.opened(path) as file:
            return file.read(captures.MOST + 1)
    except OSError as error:
        named = "=" in path and not path.startswith(("/", "."))
        advice = "check the name of the file, or of the probe in PROBE=FILE (see --as)" if named else "check its name"
        raise UsageError("usage", f"cannot read {path}: {error.strerror}", advice) from None
