"""A webhook of anybody's: JSON (chatproof.alert/1), signed as https://www.standardwebhooks.com says (read 2026-11-29).

    webhook-id          the incident and its revision: the same for each repeat
    webhook-timestamp   when this was sent, in Unix time: a receiver refuses what is old
    webhook-signature   v1, and HMAC-SHA256 over id, timestamp and body, in base64

Libraries that check it exist for most languages. A secret that begins with whsec_ is base64 behind that, as theirs is;
any other is taken as it is.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence

from chatproof.monitoring.alerting.notice import Notice, document
from chatproof.monitoring.alerting.post import Answer, Way, post
from chatproof.wire.exchange import Secret

PREFIX = "whsec_"


class Webhook:
    """A receiver: each notice is a request of its own."""

    most = 4

    def __init__(self, way: Way, secret: Secret) -> None:
        self._way = way
        self._secret = secret

    def deliver(self, notices: Sequence[Notice], at: float) -> list[Answer]:
        """Send one after another; after the first failure the others are not tried."""
        answers: list[Answer] = []
        for notice in notices:
            if answers and not answers[-1].ok:
                answers.append(answers[-1])
                continue
            body = json.dumps(document(notice), ensure_ascii=True).encode("ascii")
            answers.append(post(self._way, body, self._headers(notice.id, int(at), body)))
        return answers

    def _headers(self, id: str, at: int, body: bytes) -> tuple[tuple[str, str], ...]:
        return (
            ("webhook-id", id),
            ("webhook-timestamp", str(at)),
            ("webhook-signature", f"v1,{signature(self._secret, id, at, body)}"),
        )


def signature(secret: Secret, id: str, at: int, body: bytes) -> str:
    """The signature of a body, in base64."""
    signed = f"{id}.{at}.".encode() + body
    return base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def problem_of(secret: Secret) -> str:
    """Why this secret cannot be used; empty where it can. Never a part of it."""
    try:
        key = _key(secret)
    except (binascii.Error, ValueError):
        return "the text after whsec_ is not base64"
    return "" if len(key) >= 16 else "it is shorter than 16 bytes"


def _key(secret: Secret) -> bytes:
    value = secret.reveal()
    if value.startswith(PREFIX):
        return base64.b64decode(value[len(PREFIX) :], validate=True)
    return value.encode()
