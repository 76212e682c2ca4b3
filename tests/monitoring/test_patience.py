"""Who says nothing, or takes no answer, holds no connection of the monitor."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn

from chatproof.monitoring.web.patience import Impatient

WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n"
ROWS: dict[str, tuple[bytes, bytes]] = {
    "nothing": (b"", b""),
    "half a head": (b"GET / HTTP/1.1\r\nHost: ", b""),
    "a byte at a time": (b"G", b"E"),
    "half a body": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab", b"c"),
    "half of the second": (WHOLE + b"GET /", b" "),
    "an answer that is not read": (LARGE, b""),
}


class Quick(Impatient):
    request_seconds = 0.4
    answer_seconds = 0.6


async def _app(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            pass
    body = b"x" * (64 * 1024 * 1024 if scope["path"] == "/large" else 2)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def _served(work: Any) -> Any:
    server = uvicorn.Server(
        uvicorn.Config(_app, port=0, http=Quick, log_config=None, lifespan="off", timeout_keep_alive=2)
    )
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        return await work(server, server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = server.force_exit = True
        await running


def test_connections_that_wait_are_ended() -> None:
    async def one(port: int, first: bytes, again: bytes) -> asyncio.StreamWriter:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(first)
        for _ in range(7):
            await asyncio.sleep(0.2)
            if again and not writer.is_closing():
                writer.write(again)
        return writer

    async def work(server: Any, port: int) -> list[str]:
        asked = [asyncio.create_task(one(port, *row)) for row in ROWS.values()]
        await asyncio.sleep(0.2)
        assert len(server.server_state.connections) == len(ROWS)
        writers = await asyncio.gather(*asked)
        held = [repr(one.scope and one.scope["path"]) for one in server.server_state.connections]
        for writer in writers:
            writer.close()
        return held

    assert asyncio.run(_served(work)) == []


def test_whoever_asks_as_usual_is_answered() -> None:
    async def work(server: Any, port: int) -> list[bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        found = []
        for request in (WHOLE, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", WHOLE):
            writer.write(request)
            found.append((await reader.readuntil(b"xx"))[:12])
            await asyncio.sleep(0.5)  # longer than a request may take, shorter than a connection is kept alive
        writer.close()
        return found

    assert asyncio.run(_served(work)) == [b"HTTP/1.1 200"] * 3
