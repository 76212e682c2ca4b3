"""500 sends at once in one event loop: when is the first byte of a server that takes 200 ms seen, beside a bare loop?

    .venv/bin/python benchmarks/at_once.py [--rounds N] [--sends N] [--check]

A probe that is late itself would call a server slow. So the same requests are made, in the same rounds, by the least
that such a client can be (a protocol on the same loop that feeds httptools), and the ratio of the 99th percentiles is
what counts. `first byte` runs from the request's last byte sent; `with connect` from before the connection. Needs
uvloop, and a machine that is as busy in all of them.
"""

import argparse
import asyncio
import contextlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from statistics import median, quantiles
from typing import Any, NamedTuple

import httptools
import uvloop

from chatproof import Secret, Settings, Target
from chatproof import aio as public
from chatproof.contract.probe import build
from chatproof.surfaces.chat.probes import ROWS
from chatproof.transport import aio
from chatproof.transport.steps import Options, wire
from chatproof.wire.exchange import Request
from chatproof.wire.urls import Url

KEY = "sk-bench-0123456789abcdef0123456789abcdef"
MODEL = "bench-model"
DELAY = 0.2
GOAL = 1.15


class Times(NamedTuple):
    """Of one send, in milliseconds."""

    first_byte: float
    with_connect: float


Way = Callable[[int, int], Coroutine[Any, Any, list[Times]]]


# -- the server, in a process of its own -----------------------------------------------------------------------------


class Serving(asyncio.Protocol):
    """Answers each request DELAY after its last byte, and closes."""

    def __init__(self) -> None:
        self.data = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, separator, body = self.data.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        size = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        if separator and len(body) >= size:
            is_known = f"authorization: bearer {KEY}".encode() in lines
            asyncio.get_running_loop().call_later(DELAY, self.answer, lines[0].startswith(b"get "), is_known)

    def answer(self, is_listing: bool, is_known: bool) -> None:
        message = {"role": "assistant", "content": "pong"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 13, "completion_tokens": 1, "total_tokens": 14}
        head = {"id": "c", "object": "chat.completion", "created": 1780000000, "model": MODEL}
        made: dict[str, Any] = {**head, "choices": [choice], "usage": usage}
        if is_listing:
            made = {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 1, "owned_by": "bench"}]}
        if not is_known:
            made = {
                "error": {"message": "Incorrect API key", "type": "invalid_request_error", "code": "invalid_api_key"}
            }
        body, status = json.dumps(made).encode(), b"200 OK" if is_known else b"401 Unauthorized"
        self.transport.write(
            b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        self.transport.close()


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Serving, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def serving() -> Iterator[int]:
    """A server in a process of its own; its port."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


# -- the ways to send ------------------------------------------------------------------------------------------------


class Bare(asyncio.Protocol):
    """The least that a client with deadlines and a parser can be."""

    def __init__(self, data: bytes, done: "asyncio.Future[Times]") -> None:
        self.data, self.done = data, done
        self.begun = time.monotonic()
        self.first = 0.0
        self.parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.data)
        self.sent = time.monotonic()

    def data_received(self, data: bytes) -> None:
        self.first = self.first or time.monotonic()
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.done.set_result(Times((self.first - self.sent) * 1000, (self.first - self.begun) * 1000))
        self.transport.close()


def request_to(port: int) -> Request:
    return build(
        ROWS["happy"], Url("http", "127.0.0.1", port, "/v1"), MODEL, Secret(KEY), "Authorization: Bearer", "b/1"
    )


async def bare(port: int, sends: int) -> list[Times]:
    loop, data = asyncio.get_running_loop(), wire(request_to(port))

    async def one() -> Times:
        done: asyncio.Future[Times] = loop.create_future()
        await loop.create_connection(lambda: Bare(data, done), "127.0.0.1", port)
        return await asyncio.wait_for(done, 30)

    return await asyncio.gather(*(one() for _ in range(sends)))


async def driver(port: int, sends: int) -> list[Times]:
    request = request_to(port)

    async def one() -> Times:
        exchange = await aio.send(request, "happy", "x1", Options(30.0), aio.Resolver())
        took = exchange.timings
        assert exchange.fault is None and took.first_byte is not None, exchange.fault
        return Times(took.first_byte, (took.dns or 0) + (took.connect or 0) + took.first_byte)

    return await asyncio.gather(*(one() for _ in range(sends)))


async def judged(port: int, sends: int) -> list[Times]:
    """Whole runs of four requests, judged and recorded meanwhile in this process."""
    target = Target(f"http://127.0.0.1:{port}/v1", MODEL, Secret(KEY), timeout=30)
    runs = await asyncio.gather(*(public.smoke(target, Settings(), environ={}) for _ in range(sends // 4)))
    assert {run.verdict for run in runs} == {"GO"}, runs[0].document["diagnoses"]
    rows = [exchange["timings_ms"] for run in runs for exchange in run.document["exchanges"]]
    return [Times(row["first_byte"], (row["dns"] or 0) + row["connect"] + row["first_byte"]) for row in rows]


WAYS: dict[str, tuple[Way, bool]] = {
    "bare httptools loop, uvloop": (bare, True),
    "chatproof's driver, uvloop": (driver, True),
    "bare httptools loop, asyncio": (bare, False),
    "chatproof's driver, asyncio": (driver, False),
    "aio.smoke, uvloop (judged in a thread)": (judged, True),
}
PAIRS = {
    "chatproof's driver, uvloop": "bare httptools loop, uvloop",
    "chatproof's driver, asyncio": "bare httptools loop, asyncio",
    "aio.smoke, uvloop (judged in a thread)": "bare httptools loop, uvloop",
}


def run(way: Way, uv: bool, port: int, sends: int) -> list[Times]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if uv else None) as runner:
        return runner.run(way(port, sends))


def p99(times: list[float]) -> float:
    return quantiles(times, n=100)[98]


def late(rounds: list[list[Times]]) -> tuple[list[float], list[float]]:
    """The 99th percentiles of each round, without and with the connection."""
    return [p99([one.first_byte for one in times]) for times in rounds], [
        p99([one.with_connect for one in times]) for times in rounds
    ]


def main() -> int:
    to = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    to.add_argument("--rounds", type=int, default=15)
    to.add_argument("--sends", type=int, default=500)
    to.add_argument("--check", action="store_true", help=f"exit 1 where the driver's p99 on uvloop is above {GOAL}")
    to.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = to.parse_args()
    if args.serve:
        uvloop.run(serve())
        return 0
    kept: dict[str, list[list[Times]]] = {name: [] for name in WAYS}
    with serving() as port:
        for number in range(-1, args.rounds):  # the first one only warms up
            for name in random.Random(number).sample(list(WAYS), len(WAYS)):
                times = run(*WAYS[name], port, args.sends)
                if number >= 0:
                    kept[name].append(times)
    print(f"{args.sends} at once, a server of {DELAY * 1000:.0f} ms, {args.rounds} rounds; ms, medians of the rounds")
    print(f"{'':40} first byte: p50    p99  × bare (p99)   with connect: p99  × bare")
    met = True
    for name, rounds in kept.items():
        first, whole = late(rounds)
        middle = median(median(one.first_byte for one in times) for times in rounds)
        ratios = ["", ""]
        if name in PAIRS:
            ratios = [
                f"{median(a / b for a, b in zip(mine, theirs, strict=True)):.2f}"
                for mine, theirs in zip((first, whole), late(kept[PAIRS[name]]), strict=True)
            ]
        met = met and (name != "chatproof's driver, uvloop" or float(ratios[0]) <= GOAL)
        print(f"{name:40} {middle:15.0f} {median(first):6.0f} {ratios[0]:>13} {median(whole):19.0f} {ratios[1]:>7}")
    print("met" if met else "MISSED", f"first byte p99 of the driver on uvloop ≤ {GOAL} × the bare loop's")
    return 0 if met or not args.check else 1


if __name__ == "__main__":
    sys.exit(main())
