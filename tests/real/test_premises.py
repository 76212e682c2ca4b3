"""What the servers answer, seen without chatproof: the ground that the rows of test_smoke.py stand on."""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Callable

import pytest

from . import rows_debian, servers
from .rows import ROWS, Row, parameters

KINDS = {"application/json": "json", "text/html": "html", "text/plain": "text"}
PROMPT = "Respond with the single word: pong."

# Installing and starting happen in fixtures, which have bounds of their own.
pytestmark = [pytest.mark.real, pytest.mark.timeout(60, func_only=True)]


def answer(server: servers.Server, row: Row) -> str:
    """Send the happy request; name the reply: status, kind of body or "-" for none, content coding."""
    connection = http.client.HTTPConnection("127.0.0.1", server.ports["port"], timeout=2)
    body = {"model": row.model, "messages": [{"role": "user", "content": PROMPT}]}
    headers = {"Content-Type": "application/json", "Connection": "close", "Accept-Encoding": "identity"}
    if row.key:
        headers["Authorization"] = f"Bearer {servers.GOOD_KEY if row.key == 'good' else servers.WRONG_KEY}"
    try:
        connection.request("POST", f"{row.path}/chat/completions", json.dumps(body), headers)
        response = connection.getresponse()
        try:
            content = response.read()
        except ConnectionResetError:
            return "cut"
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return "closed"
    except http.client.BadStatusLine:
        return "not-http"
    except http.client.IncompleteRead:
        return "cut"
    except TimeoutError:
        return "timeout"
    finally:
        connection.close()
    media = response.headers.get_content_type()
    kind = KINDS.get(media, media) if content else "-"
    coding = response.headers.get("Content-Encoding", "")
    if coding == "gzip":
        content = gzip.decompress(content)
    if response.status == 200 and kind == "json" and row.exit == 0:
        assert json.loads(content)["choices"][0]["message"]["content"]
    return f"{response.status} {kind} {coding}".rstrip()


@pytest.mark.parametrize("row", parameters([row for row in (*ROWS, *rows_debian.ROWS) if row.raw]))
def test_server_answers_as_the_row_assumes(row: Row, serve: Callable[[str], servers.Server]) -> None:
    said = answer(serve(row.server), row)
    for _ in range(2):
        if said == "closed" != row.raw:  # a reset overtakes the bytes before it now and then, on a busy machine
            said = answer(serve(row.server), row)
    assert said == row.raw
