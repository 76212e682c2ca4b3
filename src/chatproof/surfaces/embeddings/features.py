"""The fields and features that a request for embeddings may exercise: see `request_features`."""

from typing import Any

from chatproof.surfaces.request_features import LONG, NULL, SDK, Body, Feature, field, of

_MANY, _CUT = 100, 8_000


def _inputs(body: Body) -> list[Any]:
    found = body.get("input")
    return found if isinstance(found, list) else []


def _texts(body: Body) -> list[str]:
    return [text for text in (body.get("input"), *_inputs(body)) if isinstance(text, str)]


def _encoding(name: str) -> Feature:
    return of(f"encoding_format {name}", lambda body: body.get("encoding_format") == name)


FEATURES = (
    *map(_encoding, ("float", "base64")),
    of("no encoding_format", lambda body: body.get("encoding_format") is None),
    *map(field, ("dimensions", "user")),
    of("one text", lambda body: isinstance(body.get("input"), str)),
    of("a list of texts", lambda body: any(isinstance(one, str) for one in _inputs(body))),
    of("tokens", lambda body: any(isinstance(one, int) for one in _inputs(body))),
    of("lists of tokens", lambda body: any(isinstance(one, list) for one in _inputs(body))),
    of(f"more than {_MANY} inputs", lambda body: len(_inputs(body)) > _MANY),
    of(f"a text of more than {_CUT:,} characters", lambda body: any(len(text) > _CUT for text in _texts(body))),
    of(f"more than {LONG:,} characters", lambda body: sum(map(len, _texts(body))) > LONG),
    of("characters beyond ASCII", lambda body: any(not text.isascii() for text in _texts(body))),
    NULL,
    SDK,
)
