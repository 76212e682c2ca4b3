"""What a fleet is measured against: the same four requests to each target, sent and read, and nothing judged.

    python fleet_clients.py bare|aiohttp|pycurl BASE_URL TARGETS AT_ONCE [CA_FILE]

Each request has a connection of its own, as a check has. Prints one line of JSON: the first-byte times' p50 and p99 in
milliseconds, where the client knows them.
"""

import asyncio
import json
import ssl
import sys
import time
from urllib.parse import urlsplit

from fleet_server import KEY, MODEL

BODY = json.dumps(
    {"model": MODEL, "messages": [{"role": "user", "content": "Respond with the single word: pong"}], "stream": False}
).encode()
PLAN = (("POST", KEY), ("POST", "chatproof-invalid-key"), ("POST", ""), ("GET", KEY))


def head(method: str, path: str, host: str, key: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Accept: application/json", "Connection: close"]
    lines += [f"Authorization: Bearer {key}"] if key else []
    lines += ["Content-Type: application/json", f"Content-Length: {len(BODY)}"] if method == "POST" else []
    return "\r\n".join([*lines, "", ""]).encode()


def path_of(base: str, number: int, method: str) -> str:
    return f"/t{number}{base}/{'models' if method == 'GET' else 'chat/completions'}"


async def bare(url: str, targets: int, at_once: int, ca_file: str) -> list[float]:
    """httptools on uvloop: the least that sends these requests and reads what comes."""
    import httptools

    parts = urlsplit(url)
    context = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None
    loop = asyncio.get_running_loop()
    room = asyncio.Semaphore(at_once)
    first: list[float] = []

    class Reading(asyncio.Protocol):
        def __init__(self, data: bytes) -> None:
            self.data, self.done, self.first = data, loop.create_future(), 0.0
            self.parser = httptools.HttpResponseParser(self)

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport
            self.sent = time.monotonic()
            transport.write(self.data)  # type: ignore[attr-defined]

        def data_received(self, data: bytes) -> None:
            self.first = self.first or time.monotonic() - self.sent
            self.parser.feed_data(data)

        def on_message_complete(self) -> None:
            self.done.set_result(self.parser.get_status_code())
            self.transport.close()

    async def ask(number: int, method: str, key: str) -> None:
        data = head(method, path_of(parts.path, number, method), parts.netloc, key) + (
            BODY if method == "POST" else b""
        )
        _, reading = await loop.create_connection(lambda: Reading(data), parts.hostname, parts.port, ssl=context)
        await reading.done
        first.append(reading.first * 1000)

    async def target(number: int) -> None:
        async with room:
            await asyncio.gather(*(ask(number, method, key) for method, key in PLAN))

    room = asyncio.Semaphore(max(at_once // 4, 1))
    await asyncio.gather(*(target(number) for number in range(targets)))
    return first


async def by_aiohttp(url: str, targets: int, at_once: int, ca_file: str) -> list[float]:
    import aiohttp

    parts = urlsplit(url)
    context = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else True
    connector = aiohttp.TCPConnector(limit=at_once, force_close=True, ssl=context)
    room = asyncio.Semaphore(max(at_once // 4, 1))
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask(number: int, method: str, key: str) -> None:
            heads = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
            where = f"{parts.scheme}://{parts.netloc}{path_of(parts.path, number, method)}"
            data = BODY if method == "POST" else None
            async with session.request(method, where, data=data, headers=heads) as reply:
                await reply.read()

        async def target(number: int) -> None:
            async with room:
                await asyncio.gather(*(ask(number, method, key) for method, key in PLAN))

        await asyncio.gather(*(target(number) for number in range(targets)))
    return []


def by_pycurl(url: str, targets: int, at_once: int, ca_file: str) -> list[float]:
    import pycurl

    parts = urlsplit(url)
    waiting = [(number, method, key) for number in range(targets) for method, key in PLAN][::-1]
    multi, free, running = pycurl.CurlMulti(), [pycurl.Curl() for _ in range(at_once)], 0
    while waiting or running:
        while waiting and free:
            number, method, key = waiting.pop()
            curl = free.pop()
            curl.reset()
            curl.setopt(pycurl.URL, f"{parts.scheme}://{parts.netloc}{path_of(parts.path, number, method)}")
            heads = ["Content-Type: application/json", "Expect:", *([f"Authorization: Bearer {key}"] if key else [])]
            curl.setopt(pycurl.HTTPHEADER, heads)
            curl.setopt(pycurl.FRESH_CONNECT, 1)
            curl.setopt(pycurl.FORBID_REUSE, 1)
            curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)
            curl.setopt(pycurl.WRITEFUNCTION, lambda data: None)
            if ca_file:
                curl.setopt(pycurl.CAINFO, ca_file)
            if method == "POST":
                curl.setopt(pycurl.POSTFIELDS, BODY)
            multi.add_handle(curl)
            running += 1
        multi.perform()
        while True:
            left, good, bad = multi.info_read()
            for curl in [*good, *(one[0] for one in bad)]:
                multi.remove_handle(curl)
                free.append(curl)
                running -= 1
            if not left:
                break
        if running:
            multi.select(1.0)
    return []


def main() -> None:
    which, url, targets, at_once, *rest = sys.argv[1:]
    args = (url, int(targets), int(at_once), rest[0] if rest else "")
    if which == "bare":
        import uvloop

        first = uvloop.run(bare(*args))
    elif which == "aiohttp":
        first = asyncio.run(by_aiohttp(*args))
    else:
        first = by_pycurl(*args)
    first.sort()
    p50, p99 = (first[int(len(first) * part)] if first else None for part in (0.5, 0.99))
    print(json.dumps({"p50": p50, "p99": p99}))


if __name__ == "__main__":
    main()
