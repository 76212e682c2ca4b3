"""Judging what your own code holds: bytes or a file, as `chatproof judge` does. Sends nothing."""

import os
from collections.abc import Sequence

from chatproof import captures
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.contract.clause import SMOKE, VALIDATE
from chatproof.contract.surface import CHAT
from chatproof.files import special_files
from chatproof.judging.contract import Choice, UnknownCapability, UnknownClause
from chatproof.judging.unknown import unknown_capability, unknown_clause
from chatproof.record.document import Run
from chatproof.surfaces import surface_of
from chatproof.usage_error import UsageError, near, placed, repeated


def judge_bytes(
    data: bytes,
    *,
    answers: str = "",
    name: str = "bytes",
    profile: str = "",
    model: str = "",
    base_url: str = "",
    environment: str = "",
    no_auth: bool = False,
    validate: bool = False,
    strict: bool = False,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> Run:
    """Judge a reply, or any capture that `chatproof judge` reads, and return the record of it. Sends nothing.

    `data` is a body, a raw HTTP response, `curl -i` output, HAR, or a run's JSON. `answers` says which probe a bare
    reply answers (default: the plain request); `name` is what the record calls it. `validate` holds it to the whole
    contract in place of smoke's. What the capture lacks is undecided, never passed. Raises UsageError where nothing in
    it can be judged, or where a profile, probe or clause is unknown.
    """
    scope = VALIDATE if validate else SMOKE
    probes = list(surface_of(CHAT).rows(scope))
    if answers and answers not in probes:
        raise UsageError("usage", f"there is no probe {repeated(answers)}", near(answers, probes))
    choice = Choice(strict=strict, only=tuple(only), skip=tuple(skip))
    asked = Asked(profile, model, base_url, environment, no_auth, scope, choice)
    problem: BaseException
    try:
        return judge_captures([Source(name, captures.read(data), answers)], asked)
    except captures.Unreadable as why:
        problem = UsageError("usage", f"{name} cannot be judged: {why}", captures.ADVICE)
    except UnknownClause as unknown:
        problem = unknown_clause(str(unknown), scope)
    except UnknownCapability as unknown:
        problem = unknown_capability(str(unknown))
    except BaseException as error:
        problem = error
    del data  # nor in this frame
    raise placed(problem)


def judge_file(
    path: "str | os.PathLike[str]",
    *,
    answers: str = "",
    profile: str = "",
    model: str = "",
    base_url: str = "",
    environment: str = "",
    no_auth: bool = False,
    validate: bool = False,
    strict: bool = False,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> Run:
    """Judge a captured file and return the record of it: see `judge_bytes`. Raises UsageError, also for a file that
    cannot be read."""
    name = os.fspath(path)
    try:
        with special_files.opened(name) as file:
            data = file.read(captures.MOST + 1)
    except OSError as error:
        raise UsageError("usage", f"cannot read {name}: {error.strerror}", "check its name") from None
    read, data = [data], b""
    return judge_bytes(
        read.pop(),
        answers=answers,
        name=os.path.basename(name),
        profile=profile,
        model=model,
        base_url=base_url,
        environment=environment,
        no_auth=no_auth,
        validate=validate,
        strict=strict,
        only=only,
        skip=skip,
    )
