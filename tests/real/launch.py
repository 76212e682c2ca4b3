"""Run one server so that it dies with the tests, and never listens beyond loopback.

    launch.py PARENT_PID COMMAND...
    launch.py PARENT_PID --namespace INSIDE_PORT UPSTREAM_PORT COMMAND...

The fixtures end every server they start; PARENT_PID is for the run that never gets there: pytest killed
outright must not leave a gateway behind.

With --namespace the command, which may bind every interface, gets a network namespace of its own, and
{"port": N} is printed once 127.0.0.1:N leads to INSIDE_PORT in there. From in there 127.0.0.1:UPSTREAM_PORT
leads to the same port outside, and nothing else can be reached. Where the kernel does not permit that, the
exit status is UNAVAILABLE and stderr says why.

A socket belongs to the namespace it was made in, wherever it is used. So two small relays are enough: each
accepts on a socket made on one side and connects from the other.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
import threading

UNAVAILABLE = 69  # EX_UNAVAILABLE
PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def enter() -> None:
    """Move this process into a new, empty network namespace, and bring its loopback up."""
    if sys.platform != "linux":
        raise OSError(f"network namespaces are Linux's, this is {sys.platform}")
    libc = ctypes.CDLL(None, use_errno=True)
    # Without root, a user namespace of our own is what gives the right to make the other one.
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWNET | CLONE_NEWUSER
    if libc.unshare(flags):
        code = ctypes.get_errno()
        raise OSError(code, f"unshare: {os.strerror(code)}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        (state,) = struct.unpack("16xh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", state | IFF_UP))


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy one direction, and pass its end on as a half close."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def relay(near: socket.socket, port: int) -> None:
    """Join one accepted connection to 127.0.0.1:port on this side."""
    with near:
        try:
            far = socket.create_connection(("127.0.0.1", port))
        except OSError:
            return
        with far:
            back = threading.Thread(target=pump, args=(far, near), daemon=True)
            back.start()
            pump(near, far)
            back.join()


def serve(sock: socket.socket, port: int) -> None:
    """Relay whatever is accepted, for ever."""
    while True:
        near, _ = sock.accept()
        threading.Thread(target=relay, args=(near, port), daemon=True).start()


def listen(port: int) -> socket.socket:
    """A listening loopback socket; port 0 takes a free one."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(64)
    return sock


def die_with(parent: int) -> None:
    """Ask Linux for SIGKILL when `parent` ends. RelocatedSimulator this does nothing; the fixtures still clean up."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we asked
            os._exit(1)


def isolate(inside: int, upstream: int) -> None:
    """Set the namespace and its two relays up; this process comes out inside."""
    us = os.getpid()
    front = listen(0)
    ours, theirs = socket.socketpair()
    if os.fork() == 0:  # stays outside: serves the namespace's way to the upstream
        die_with(us)
        front.close()
        ours.close()
        _, fds, _, _ = socket.recv_fds(theirs, 1, 1)
        if fds:
            serve(socket.socket(fileno=fds[0]), upstream)
        os._exit(0)
    enter()
    way_out = listen(upstream)  # made in here, accepted on out there
    socket.send_fds(ours, [b"."], [way_out.fileno()])
    way_out.close()
    if os.fork() == 0:  # stays inside: serves the way in
        die_with(us)
        serve(front, inside)
    print(json.dumps({"port": front.getsockname()[1]}), flush=True)


def main(arguments: list[str]) -> None:
    """Become the command, with the relays beside it if asked for."""
    die_with(int(arguments[0]))
    command = arguments[1:]
    if command[0] == "--namespace":
        try:
            isolate(int(command[1]), int(command[2]))
        except OSError as error:
            print(f"a network namespace is not permitted here: {error}", file=sys.stderr)
            sys.exit(UNAVAILABLE)
        command = command[3:]
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
