"""One exchange as steps: what to do next, decided by what the network answered. No I/O here, and no clock of its own.

One fresh connection, one request; or the next request on a connection that an earlier one left open. The deadline is
monotonic and covers everything from name resolution to the last byte. Redirects are not followed, nothing is retried,
nothing is read from netrc, proxy variables or cookies. Remote misbehaviour becomes a Fault, never an exception.
"""

import time

from chatproof import clock
from chatproof.printable import escape, snippet
from chatproof.transport.steps import (
    Close,
    Connect,
    EndlessTls,
    Handshake,
    Once,
    Options,
    Proxy,
    Receive,
    Resolve,
    Send,
    Stopped,
    Take,
    connect_failure,
    connect_head,
    os_words,
    wire,
)
from chatproof.wire.exchange import Exchange, Fault, Peer, Request, Timings
from chatproof.wire.http1 import ResponseReader
from chatproof.wire.urls import is_localhost, is_loopback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from chatproof.transport.resolver import Address
    from chatproof.transport.steps import Steps

END_MARK_GRACE = 1.0  # seconds that a stream is given to end its message behind its own [DONE]
LAST_EVENT_GRACE = 10.0  # and where SDKs read on behind the last event: a hop may count tokens before it ends
CONNECT_SHARE = 0.5  # of the time allowed: a silent firewall must not look like a slow answer
_SECOND_LOOK = 3.0  # seconds at most for a look at what a refused handshake did not show
FORWARDING = "plain forwarding (a request in absolute form), which other clients use for http, is not supported here"
PORT_SPEAKS_TLS = "this port speaks TLS, and the base URL says http"
_PROXY_HEAD = 8 * 1024  # bytes of a proxy's answer to CONNECT, read one by one


class Conversation:
    """The state of one exchange. `peer` is that of an open connection, where the exchange is to go over one.

    `keep` asks the server to leave the connection open; once the steps have ended, `left` is its peer where it may
    carry another request. `now` and `utc` are the clocks: monotonic seconds, and RFC 3339.
    """

    def __init__(
        self,
        request: Request,
        options: Options,
        peer: "Peer | None" = None,
        *,
        keep: bool = False,
        now: "Callable[[], float]" = time.monotonic,
        utc: "Callable[[], str]" = clock.utc,
    ) -> None:
        self.request = request
        self.options = options
        self.peer = peer
        self.reused = peer is not None
        self.keep = keep
        self.left: Peer | None = None
        self.reader = ResponseReader(request.method, options.limits, options.last_events)
        self.times: dict[str, float] = {}  # phases that were gone through, in milliseconds
        self.now, self.utc = now, utc
        self.started = now()
        self.until = self.started + options.timeout
        self.sent_at = self.started
        self.last_byte = self.started

    def steps(self, probe: str, id: str) -> "Steps[Exchange]":
        """Carry the exchange: yields steps, takes their answers (an OSError is thrown in), returns the Exchange."""
        sent_at = self.utc()
        fault: Fault | None = None
        try:
            if self.reused:
                yield from self._look_for_early_bytes()
            else:
                yield from self._open()
            yield from self._write()
            yield from self._read()
            fault = self.reader.fault
        except Stopped as stopped:
            fault = self.reader.fault or stopped.fault
        if self.keep and fault is None and self.reader.stays_open:
            self.left = self.peer
        else:
            yield Close()
        self.times["total"] = self._elapsed(self.started)
        fault = yield from self._explained(fault)
        response = self.reader.response()
        timings = Timings(**self.times)
        return Exchange(id, probe, sent_at, self.request, response, fault, timings, self.peer, self.reused)

    # -- time ---------------------------------------------------------------------------------------------

    def _elapsed(self, since: float) -> float:
        return round((self.now() - since) * 1000, 1)

    # -- opening ------------------------------------------------------------------------------------------

    def _open(self) -> "Steps[None]":
        proxy = self.options.proxy
        url = self.request.url
        host, port = (proxy.host, proxy.port) if proxy else (url.host, url.port)
        try:
            yield from self._connect((yield from self._resolve(host, port)))
        except Stopped as stopped:
            if proxy is None:
                raise self._in_a_container(stopped) from None
            # Not the endpoint's fault, and not the base URL's.
            detail = f"the proxy cannot be reached: {stopped.fault.code}: {stopped.fault.detail}"
            raise Stopped("net.proxy", "proxy", detail) from None
        if proxy:
            yield from self._through(proxy)
        if url.scheme == "https":
            yield from self._handshake()

    def _in_a_container(self, stopped: Stopped) -> Stopped:
        fault = stopped.fault
        if fault.code != "net.refused" or not self.options.in_container:
            return stopped
        return Stopped(fault.code, fault.phase, f"{fault.detail}; this is a container, and localhost is the container")

    def _resolve(self, host: str, port: int) -> "Steps[list[Address]]":
        begun = self.now()
        try:
            found: list[Address] = yield Resolve(host, port, self.until)
        except TimeoutError:
            raise Stopped("net.dns", "dns", f"no answer within {self.options.timeout:g} s") from None
        except OSError as error:
            said = error.strerror or "resolution failed"
            raise Stopped("net.dns", "dns", f"{escape(host)}: {said} ({error.errno})") from None
        finally:
            self.times["dns"] = self._elapsed(begun)
        if self.request.url.scheme != "http" or self.options.allow_http or not is_localhost(host):
            return found
        # Where no one answers for .localhost on this machine, the name is asked of a server elsewhere.
        here = [(family, address) for family, address in found if is_loopback(str(address[0]))]
        if not here:
            said = (
                f"on this machine, {escape(host)} is another machine ({found[0][1][0]}), and http would "
                "send the key unencrypted"
            )
            raise Stopped("net.dns", "dns", f"{said}: use https or --allow-http")
        return here

    def _connect(self, addresses: "list[Address]") -> "Steps[None]":
        begun = self.now()
        until = begun + (self.until - begun) * CONNECT_SHARE
        failure, ended = Stopped("net.dns", "dns", "no address"), 0.0
        try:
            for number, (family, address) in enumerate(addresses):
                now = self.now()
                share = (until - now) / (len(addresses) - number)
                try:
                    ended = yield Connect(family, address, now + share)
                    self.peer = Peer(str(address[0]))
                    return
                except OSError as error:
                    failure = connect_failure(error, f"{address[0]} port {address[1]}", share)
            raise failure
        finally:
            self.times["connect"] = round(((ended or self.now()) - begun) * 1000, 1)

    def _through(self, proxy: Proxy) -> "Steps[None]":
        """Ask the proxy for a tunnel. The key is not part of this conversation."""
        url = self.request.url
        target = f"[{url.host}]:{url.port}" if ":" in url.host else f"{url.host}:{url.port}"
        reader = ResponseReader("HEAD", self.options.limits._replace(head=_PROXY_HEAD))
        try:
            yield Send(lambda: connect_head(target, proxy.credential), self.until)
            while not reader.complete and reader.fault is None:
                if self.now() >= self.until:
                    raise TimeoutError
                data, _ = yield Receive(1, self.until)  # not a byte of what follows the head may be taken
                if data:
                    reader.feed(data)
                else:
                    reader.eof()
        except OSError as error:
            raise Stopped("net.proxy", "proxy", f"the proxy: {os_words(error)}") from None
        response = reader.response()
        if reader.fault or response is None:
            detail = reader.fault.detail if reader.fault else "no reply"
            raise Stopped("net.proxy", "proxy", f"the proxy: {detail}")
        if not 200 <= response.status < 300:
            # Other clients forward plain http without CONNECT: that they get through is no contradiction.
            plain = f"; {FORWARDING}" if url.scheme == "http" and response.status != 407 else ""
            raise Stopped("net.proxy", "proxy", f"the proxy answers CONNECT with HTTP {response.status}{plain}")

    def _handshake(self) -> "Steps[None]":
        import ssl

        from chatproof.transport import tls

        begun = self.now()
        try:
            version, certificate = yield Handshake(self.options.tls or tls.context, self.request.url.host, self.until)
        except TimeoutError:
            raise Stopped("limit.deadline", "tls", f"handshake not done after {self.options.timeout:g} s") from None
        except ssl.SSLError as error:
            found = tls.fault(error)
            if found.code == "tls.protocol" and (yield self._shown("asks_for_a_certificate")):
                raise Stopped("tls.client_certificate", "tls", f"{tls.ASKS} ({found.detail})") from None
            shown = "" if found.code == "tls.client_certificate" else (yield self._shown("look"))
            raise Stopped(found.code, found.phase, f"{found.detail}; {shown}" if shown else found.detail) from None
        except EndlessTls as error:
            raise Stopped("limit.size", "tls", str(error.strerror)) from None
        except OSError as error:
            raise Stopped("net.reset", "tls", os_words(error)) from None
        finally:
            self.times["tls"] = self._elapsed(begun)
        assert self.peer is not None
        self.peer = Peer(self.peer.address, version, certificate)

    def _explained(self, fault: "Fault | None") -> "Steps[Fault | None]":
        """A connection that ends before a byte of reply: http to a port that speaks TLS, or a certificate of ours that
        the server waits for and does not say so. What was seen stays; a look of its own may say why."""
        if fault is None or fault.code not in ("net.closed", "net.reset") or fault.phase != "first_byte" or self.reused:
            return fault
        if self.request.url.scheme == "http":
            if self.options.proxy or not (yield self._shown("speaks_tls")):
                return fault
            return Fault("tls.protocol", fault.phase, f"{PORT_SPEAKS_TLS} ({fault.detail})")
        if not (yield self._shown("asks_for_a_certificate")):
            return fault
        from chatproof.transport import tls

        return Fault("tls.client_certificate", fault.phase, f"{tls.ASKS}, and ended the connection ({fault.detail})")

    def _shown(self, question: str) -> Once:
        """What a function of `unverified_peer` says of this server, asked once for a run."""
        url = self.request.url
        return Once((url.host, url.port, question), lambda: self._look(question))

    def _look(self, question: str) -> "Steps[str]":
        """What the server shows in a handshake that is not verified and leads nowhere. Bounded by the deadline."""
        from chatproof.transport import unverified_peer

        until, before = min(self.until, self.now() + _SECOND_LOOK), ({**self.times}, self.peer)
        url, proxy = self.request.url, self.options.proxy
        host, port = (proxy.host, proxy.port) if proxy else (url.host, url.port)
        try:
            yield from self._connect((yield from self._resolve(host, port)))
            if proxy:
                yield from self._through(proxy)
            return str((yield from getattr(unverified_peer, question)(url.host, until, self.now)))
        except Stopped:
            return ""
        finally:
            self.times, self.peer = before

    # -- conversation -------------------------------------------------------------------------------------

    def _write(self) -> "Steps[None]":
        try:
            yield Send(lambda: wire(self.request, close=not self.keep), self.until)
        except TimeoutError:
            raise Stopped("net.write_timeout", "write", f"not sent after {self.options.timeout:g} s") from None
        except OSError:
            pass  # a server may answer early and close; what it said is more telling than our broken pipe
        self.sent_at = self.last_byte = self.now()

    def _read(self) -> "Steps[None]":
        reader, whole_at = self.reader, 0.0
        while not reader.complete and reader.fault is None:
            now = self.now()
            ended = reader.at_end_mark
            whole = ended or reader.at_last_event
            whole_at = (whole_at or now) if whole else 0.0
            until = self.until
            if whole:  # keep-alives may follow, so that it is the time since then that counts
                until = min(until, whole_at + (LAST_EVENT_GRACE if self.options.last_events else END_MARK_GRACE))
            try:
                if now >= until:
                    raise TimeoutError
                data, at = yield Receive(65536, until)
            except TimeoutError:
                # The answer is there; the clauses on streams say who waits for more. But behind a last event that came
                # just before the deadline nobody knows yet whether the message would have ended.
                if whole and (not self.options.last_events or self.now() - whole_at >= END_MARK_GRACE):
                    reader.settle()
                    return
                raise self._late() from None
            except OSError as error:
                if self._ended_without_goodbye(error):
                    return
                if ended:
                    reader.settle()
                    return
                if isinstance(error, EndlessTls):
                    raise Stopped("limit.size", reader.phase, f"{error.strerror} after {reader.progress}") from None
                self._refused_by_alert(error)
                # Includes TLS records that fail to decrypt: the connection is gone either way.
                detail = f"{os_words(error)} after {reader.progress}"
                raise Stopped("net.reset", reader.phase, detail) from None
            self._take(data, at)
        if reader.complete and reader.fault is None:
            # Bytes that have arrived already and belong to no message. Nothing is waited for.
            data = yield Take(4096)
            if data:
                reader.feed(data)

    def _ended_without_goodbye(self, error: OSError) -> bool:
        """TLS ended without close_notify. Only a body that ends with the connection is put in doubt by that."""
        if self.request.url.scheme != "https":
            return False
        import ssl

        if not isinstance(error, ssl.SSLEOFError):
            return False
        if self.reader.ends_with_the_connection:
            detail = "TLS was cut (no close_notify) in a body that ends with the connection"
            raise Stopped("http.incomplete_body", "body", detail) from None
        self.reader.eof()
        return True

    def _refused_by_alert(self, error: OSError) -> None:
        """In TLS 1.3 a client is done before its certificate is judged: the alert comes in place of a reply."""
        if self.request.url.scheme != "https" or "first_byte" in self.times:
            return
        from chatproof.transport import tls

        if tls.is_error(error) and (found := tls.fault(error)).code == "tls.client_certificate":
            raise Stopped(found.code, self.reader.phase, found.detail) from None

    def _take(self, data: bytes, at: float) -> None:
        self.last_byte = at
        if not data:
            self.reader.eof()
            return
        since = round((at - self.sent_at) * 1000, 1)
        if "first_byte" not in self.times:
            self.times["first_byte"] = since
        self.reader.feed(data, since)

    def _look_for_early_bytes(self) -> "Steps[None]":
        """What came on a kept connection before anything was asked on it would be taken for the answer."""
        data = yield Take(64)
        if data:
            detail = f"bytes arrived before the request was sent, beginning {snippet(data, 40)}"
            raise Stopped("http.framing", "write", detail)

    def _late(self) -> Stopped:
        """Silence and slowness are different faults: of the one a client says timeout, of the other nothing."""
        allowed, silent = self.options.timeout, self.now() - self.last_byte
        reader = self.reader
        if silent >= allowed / 2:
            detail = f"silent for {silent:.1f} s, {reader.progress} received"
            return Stopped("net.read_timeout", reader.phase, detail)
        detail = f"still receiving after {allowed:g} s: {reader.progress}, message not complete"
        return Stopped("limit.deadline", reader.phase, detail)
