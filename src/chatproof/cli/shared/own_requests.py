"""--request FILE: the user's own requests, sent beside ours."""

import argparse
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from chatproof.target.target import Resolved
from chatproof.usage_error import UsageError

if TYPE_CHECKING:
    from chatproof.surfaces.own.own_request import OwnRequest


def of(args: argparse.Namespace, targets: Iterable[Resolved]) -> "tuple[OwnRequest, ...]":
    """The requests of the options and of the configuration's targets, each once. Raises UsageError."""
    targets = list(targets)
    configured = [path for resolved in targets for path in resolved.requests]
    paths = list(dict.fromkeys([*args.request, *configured]))
    if not paths:
        return ()
    apis = sorted({resolved.target.api for resolved in targets})
    if len(apis) > 1:
        said = f"--request sends requests of one API, and the targets have {' and '.join(apis)}"
        raise UsageError("usage", said, "leave --request out, or give both targets the same --api")
    from chatproof.captures import Unreadable, request_bodies

    found: list[OwnRequest] = []
    for path in paths:
        try:
            found += request_bodies.read(_data(path), _name(path), api=apis[0], effects=args.allow_effects)
        except Unreadable as problem:
            raise UsageError("usage", f"--request cannot be read: {problem}", "see: docs/guides/moving.md") from None
    if len(found) > request_bodies.MOST:
        advice = "chatproof requests from FILE... keeps one of each shape"
        raise UsageError(
            "usage", f"{len(found)} requests are given, more than the limit of {request_bodies.MOST}", advice
        )
    return tuple(found)


def _name(path: str) -> str:
    from chatproof.printable import cut, escape

    return cut(escape(os.path.basename(path)), 80)


def _data(path: str) -> bytes:
    from chatproof.captures import MOST
    from chatproof.files import safe_files

    try:
        return safe_files.read(os.path.expanduser(path), MOST)[0]
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it cannot be read"
        raise UsageError("usage", f"--request: {said.lower()}", "check the path") from None
