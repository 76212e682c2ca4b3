"""The simulator as an HTTP server: connections, limits, bad requests, TLS, start and stop."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from chatproof import simulator
from chatproof.simulator import Simulator, server
from chatproof.simulator.chat import CHAT_PATH, MODELS_PATH, respond

from .asking import USER, ask, chat, port_of, raw

# -- HTTP ---------------------------------------------------------------------------------------------------


def test_connection_is_kept_alive(sim: Simulator) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(sim), timeout=5)
    headers = {"Authorization": f"Bearer {sim.key}"}
    sockets = set()
    for stream in (False, True, False):
        connection.request(
            "POST", CHAT_PATH, json.dumps({"model": sim.model, "messages": USER, "stream": stream}), headers
        )
        sockets.add(connection.sock.getsockname())
        assert connection.getresponse().read()
    connection.request("GET", "/nowhere", headers=headers)
    assert connection.getresponse().status == 404
    connection.close()
    assert len(sockets) == 1


def test_pipelined_requests_are_answered_in_order(sim: Simulator) -> None:
    first = b"GET /one HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = raw(sim, first + first.replace(b"one", b"two") + b"nonsense\r\n\r\n")
    assert answer.index(b"GET /one") < answer.index(b"GET /two") < answer.index(b"HTTP/1.1 400 ")


def test_request_in_single_bytes(sim: Simulator) -> None:
    with socket.create_connection(("127.0.0.1", port_of(sim)), timeout=5) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET /one HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
            sock.sendall(bytes((byte,)))
        assert b"".join(iter(lambda: sock.recv(4096), b"")).startswith(b"HTTP/1.1 404 ")


def test_http_1_0_stream_has_no_chunks(sim: Simulator) -> None:
    body = json.dumps({"model": sim.model, "messages": USER, "stream": True}).encode()
    head = f"POST {CHAT_PATH} HTTP/1.0\r\nAuthorization: Bearer {sim.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = raw(sim, head.encode() + body)
    assert b"chunked" not in answer
    assert answer.endswith(b"data: [DONE]\n\n")


def test_chunked_request(sim: Simulator) -> None:
    body = json.dumps({"model": sim.model, "messages": USER}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port_of(sim), timeout=5)
    headers = {"Authorization": f"Bearer {sim.key}", "Transfer-Encoding": "chunked"}
    connection.request("POST", CHAT_PATH, iter([body[:9], body[9:]]), headers, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


def test_continue_is_sent_when_expected(sim: Simulator) -> None:
    body = b"{}"
    head = f"POST {CHAT_PATH} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port_of(sim)), timeout=5) as sock:
        sock.sendall(head.encode())
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(body)
        assert sock.recv(4096).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 200_000, 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5000 + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000, 413),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ],
)
def test_bad_requests_are_bounded_and_refused(sim: Simulator, data: bytes, status: int) -> None:
    received = b""
    with socket.create_connection(("127.0.0.1", port_of(sim)), timeout=5) as sock:
        try:
            sock.sendall(data)
        except OSError:
            pass  # the server may have refused and hung up before all was sent
        try:
            while piece := sock.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert b"X-Simulator: chatproof" in received
    assert b"Connection: close" in received


def test_upgrade_is_not_taken_up(sim: Simulator) -> None:
    request = b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert raw(sim, request).startswith(b"HTTP/1.1 404 ")
    assert raw(sim, b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n").startswith(b"HTTP/1.1 404 ")


def test_concurrent_connections(sim: Simulator) -> None:
    statuses: list[int] = []
    workers = [threading.Thread(target=lambda: statuses.append(chat(sim).status)) for _ in range(40)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert statuses == [200] * 40


def test_slow_request_is_dropped(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", port_of(sim)), timeout=5) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n")
        assert sock.recv(100) == b""


# -- life ---------------------------------------------------------------------------------------------------


def test_stop_drops_connections_and_frees_the_port() -> None:
    sim = simulator.start()
    port = port_of(sim)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as idle:
        time.sleep(0.05)
        sim.stop()
        sim.stop()
        try:
            assert idle.recv(1) == b""
        except ConnectionResetError:
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    again = simulator.start(port=port)
    assert port_of(again) == port
    again.stop()


@pytest.mark.parametrize("fault", ["silence", "endless-body", "one-byte-a-second", "connect-timeout"])
def test_stop_ends_a_hanging_fault(fault: str) -> None:
    sim = simulator.start(fault)
    body = json.dumps({"model": sim.model, "messages": USER}).encode()
    head = f"POST {CHAT_PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sim.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    before = threading.active_count()
    with socket.socket() as sock:
        sock.settimeout(0.3)
        try:
            sock.connect(("127.0.0.1", port_of(sim)))
            sock.sendall(head.encode() + body)
            time.sleep(0.1)
        except TimeoutError:
            assert fault == "connect-timeout"
        sim.stop()
    until = time.monotonic() + 5
    while threading.active_count() >= before and fault != "connect-timeout":
        assert time.monotonic() < until, "a thread is left"
        time.sleep(0.01)


def test_port_that_cannot_be_had(sim: Simulator) -> None:
    for port in (port_of(sim), 70_000, -1):
        with pytest.raises(OSError):
            simulator.start(port=port)


@pytest.mark.parametrize("host", ["0.0.0.0", "", "192.0.2.1", "127.evil.example", "localhost"])
def test_only_loopback_is_bound(host: str) -> None:
    with pytest.raises(ValueError, match="loopback only"):
        server.Server(respond, "key", host=host)


def test_tls() -> None:
    sim = simulator.start(tls=True)
    context = ssl.create_default_context(cafile=sim.ca_file)
    for host in ("127.0.0.1", "localhost"):
        connection = http.client.HTTPSConnection(host, port_of(sim), timeout=5, context=context)
        connection.request("GET", MODELS_PATH, headers={"Authorization": f"Bearer {sim.key}"})
        reply = connection.getresponse()
        assert (reply.status, reply.headers["X-Simulator"]) == (200, "chatproof")
        connection.close()
    sim.stop()


def test_cold_start_stays_cheap() -> None:
    """Without a fault and without TLS neither the faults nor ssl are loaded."""
    code = (
        "import sys; from chatproof import simulator; simulator.start().stop();"
        "print(*sorted(name for name in sys.modules if name in ('ssl', 'http', 'email', 'dataclasses', 'urllib.parse',"
        " 'inspect', 'zlib', 'hashlib') or name.startswith('chatproof.simulator.fault')))"
    )
    source = str(Path(simulator.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={"PYTHONPATH": os.pathsep.join((source, *(path for path in sys.path if "site-packages" in path)))},
    )
    assert done.stdout.split() == []
    assert done.stderr == ""


def test_no_thread_prints_anything(sim: Simulator, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing of a request, least of all its key, goes to a stream."""
    chat(sim)
    ask(sim, "GET", MODELS_PATH, key="wrong-key-0123456789")
    raw(sim, b"nonsense\r\n\r\n")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
