"""The routes. Each is a few lines: what is shown is made in `pages`, what is measured in `metrics`."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from math import isfinite
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from chatproof.files import package_files
from chatproof.journal.events import JournalError
from chatproof.monitoring import log, metrics
from chatproof.monitoring.engine import Happened
from chatproof.monitoring.service import Service
from chatproof.monitoring.values import FREE, MODULES, SMOKE, VALIDATE
from chatproof.monitoring.web import pages
from chatproof.monitoring.web.guard import REPORT_CSP, Guard, Rate, Rules
from chatproof.reporters.cases import clean

_HERE = os.path.join(os.path.dirname(__file__), "html")
_STATIC = {"style.css": "text/css; charset=utf-8", "live.js": "text/javascript; charset=utf-8"}
_SCRAPE = 10.0  # Prometheus' own default, where the header is missing
_MARGIN = 0.5
_FRESHEST = 60.0  # seconds that an answer of /probe holds where a target has no period
_STREAMS = 50
_KEPT_ALIVE = 15.0
Handler = Callable[[Request], Awaitable[Response]]


class Web:
    """The application over a running service."""

    def __init__(self, service: Service, rules: Rules) -> None:
        self.service = service
        self._asked, self._listeners = Rate(10, 60.0), set[asyncio.Queue[str]]()
        service.listeners.append(self._publish)
        routes = [
            Route("/", self._page(self._overview)),
            Route("/targets/{name:path}/run", self._run, methods=["POST"]),  # a name may have slashes
            Route("/targets/{name:path}", self._page(self._target)),
            Route("/incidents/{id:str}", self._page(self._incident)),
            Route("/incidents/{id:str}/escalate", self._page(self._escalate)),
            Route("/runs/{id:str}", self._page(self._report)),
            Route("/events", self._events),
            Route("/login", self._login, methods=["GET", "POST"]),
            Route("/metrics", self._metrics),
            Route("/probe", self._probe),
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/status.json", self._status),
            Route("/badge/{name:path}", self._badge),
            Route("/static/{name:str}", self._static),
            Route("/favicon.ico", self._no_icon),
        ]
        self.app = Guard(Starlette(routes=routes), rules)

    # -- for machines -------------------------------------------------------------------------------------------------

    async def _healthz(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _readyz(self, request: Request) -> Response:
        service = self.service
        if not service.ready or service.trouble:
            return PlainTextResponse(f"not ready: {service.trouble or 'starting'}\n", 503)
        return PlainTextResponse("ready\n")

    async def _metrics(self, request: Request) -> Response:
        wants_open = "application/openmetrics-text" in request.headers.get("accept", "")
        text = self.service.metrics.exposition(openmetrics=wants_open)
        return Response(text, media_type=metrics.OPENMETRICS if wants_open else metrics.TEXT)

    async def _probe(self, request: Request) -> Response:
        name, module = request.query_params.get("target", ""), request.query_params.get("module", SMOKE)
        target = self.service.configured.targets.get(name)
        if target is None:
            return PlainTextResponse("target must be the name of a watched target, not a URL\n", 400)
        if module not in MODULES or (module == VALIDATE and not target.validate):
            return PlainTextResponse("module must be smoke or free; validate where the target enables it\n", 400)
        fresh = (target.every_free if module == FREE else target.every) or _FRESHEST
        try:
            started = await self.service.ask(name, module, fresh)
        except JournalError as error:
            return PlainTextResponse(f"{error.code}\n", 503)
        ended = await self.service.wait_for(name, module, _patience(request))
        last = self.service.last(name, module)
        lines = last.lines if last else ()
        text = self.service.metrics.probe(name, cached=not started, pending=not ended, lines=lines)
        return Response(text, media_type=metrics.TEXT)

    async def _status(self, request: Request) -> Response:
        return _json(pages.status(await self.service.snapshot()))

    async def _badge(self, request: Request) -> Response:
        name, _, kind = request.path_params["name"].rpartition(".")
        snapshot = await self.service.snapshot()
        state = next((status.state for status in snapshot.statuses if status.target == name), "")
        if kind != "svg" or not state:
            return PlainTextResponse("there is no such badge\n", 404)
        return Response(pages.badge(name, state), media_type="image/svg+xml")

    async def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _STATIC:
            return PlainTextResponse("there is no such file\n", 404)
        headers = {"cache-control": "no-cache"}
        return Response(package_files.read(os.path.join(_HERE, name)), media_type=_STATIC[name], headers=headers)

    async def _no_icon(self, request: Request) -> Response:
        return Response(status_code=204)

    async def _events(self, request: Request) -> Response:
        if len(self._listeners) >= _STREAMS:
            return PlainTextResponse("too many streams are open\n", 503)
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue(100)
        self._listeners.add(queue)
        try:
            yield "retry: 5000\n\n"
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), _KEPT_ALIVE)
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            self._listeners.discard(queue)

    def _publish(self, happened: Happened) -> None:
        for change in happened.states:
            told = {"target": clean(change.target), "state": pages.WORDS[change.after], "code": change.cause.code}
            for queue in self._listeners:
                if not queue.full():
                    queue.put_nowait(f"event: state\ndata: {json.dumps(told)}\n\n")

    # -- for people ---------------------------------------------------------------------------------------------------

    def _page(self, make: Handler) -> Handler:
        async def page(request: Request) -> Response:
            try:
                return await make(request)
            except (KeyError, JournalError) as error:
                gone = isinstance(error, KeyError) or error.is_usage
                text = "There is no such page." if gone else "The journal cannot be read at the moment."
                return HTMLResponse(pages.plain("Not found" if gone else "In trouble", text), 404 if gone else 503)

        return page

    def _session(self, request: Request) -> tuple[Guard, str]:
        guard: Guard = request.scope["guard"]
        return guard, guard.session({"cookie": request.headers.get("cookie", "")})

    async def _overview(self, request: Request) -> Response:
        snapshot = await self.service.snapshot()
        text = request.query_params.get("from", "0")
        shown = pages.chosen(snapshot, int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0)
        figures = await self.service.reading(
            partial(pages.figures, at=snapshot.at, names=[s.target for s in shown.rows])
        )
        return HTMLResponse(pages.overview(snapshot, shown, figures, self.service.configured))

    async def _target(self, request: Request) -> Response:
        name = request.path_params["name"]
        target = self.service.configured.targets[name]
        snapshot = await self.service.snapshot()
        runs = await self.service.reading(lambda store: store.runs(name, snapshot.at - 7 * 86400))
        strips = await self.service.reading(lambda store: store.strips(snapshot.at - 7 * 86400, [name]))
        held = await self.service.reading(partial(pages.last_document, runs=runs))
        guard, session = self._session(request)
        form = guard.form_token(session) if session else ""
        return HTMLResponse(pages.target(snapshot, target, runs, strips.get(name, {}), held, form))

    async def _incident(self, request: Request) -> Response:
        snapshot = await self.service.snapshot()
        incident = next((i for i in snapshot.incidents if i.id == request.path_params["id"]), None)
        if incident is None:
            raise KeyError(request.path_params["id"])
        document = await self.service.reading(partial(pages.document_of, run_id=incident.cause.run_id))
        return HTMLResponse(pages.incident(snapshot, incident, document))

    async def _escalate(self, request: Request) -> Response:
        snapshot = await self.service.snapshot()
        incident = next((i for i in snapshot.incidents if i.id == request.path_params["id"]), None)
        run_id = incident.cause.run_id if incident else ""
        document = await self.service.reading(partial(pages.document_of, run_id=run_id))
        if document is None:
            raise KeyError(run_id)
        headers = {"content-disposition": f'attachment; filename="{run_id}.md"'}
        return Response(pages.bundle(document), media_type="text/markdown; charset=utf-8", headers=headers)

    async def _report(self, request: Request) -> Response:
        document = await self.service.reading(partial(pages.document_of, run_id=request.path_params["id"]))
        if document is None:
            raise KeyError(request.path_params["id"])
        snapshot = await self.service.snapshot()
        return HTMLResponse(pages.report(document, snapshot), headers={"content-security-policy": REPORT_CSP})

    async def _login(self, request: Request) -> Response:
        guard: Guard = request.scope["guard"]
        wanted = request.query_params.get("next", "/")
        wanted = wanted if wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted else "/"
        if not guard.rules.token:
            return RedirectResponse("/", 303)
        if request.method == "GET":
            return HTMLResponse(pages.login(wanted, ""))
        form = await _form(request)
        address = request.scope["asked_by"]
        if not guard.logins.allows(address):
            log.write("login_refused", address=address, why="too many attempts")
            return HTMLResponse(pages.login(wanted, "Too many attempts: wait a minute."), 429)
        if not guard.is_token(form.get("token", "")):
            log.write("login_refused", address=address, why="not the token")
            return HTMLResponse(pages.login(wanted, "That is not the token."), 403)
        return RedirectResponse(wanted, 303, headers={"set-cookie": guard.open_session()})

    async def _run(self, request: Request) -> Response:
        """Run now. With the token in a header, or from a form of a session; never without a token at all."""
        guard, session = self._session(request)
        name = request.path_params["name"]
        by_header = guard.has_token({"authorization": request.headers.get("authorization", "")})
        if not guard.rules.token:
            return PlainTextResponse("the button 'run now' works only on a server with --token-file\n", 403)
        form = {} if by_header else await _form(request)
        if not by_header and not guard.is_form_token(session, form.get("form", "")):
            return PlainTextResponse("the form belongs to no session, or to an old one: load the page again\n", 403)
        if name not in self.service.configured.targets:
            return PlainTextResponse("there is no such target\n", 404)
        if not self._asked.allows():
            return PlainTextResponse("too many requests: wait a minute\n", 429)
        try:
            started = await self.service.ask(name, SMOKE)
        except JournalError as error:
            return PlainTextResponse(f"{error.code}\n", 503)
        if by_header:
            said = "started" if started else "not started: a run is in progress, or the budget is spent"
            return PlainTextResponse(f"{said}\n", 202 if started else 409)
        return RedirectResponse(f"/targets/{quote(name, safe='')}", 303)


def _patience(request: Request) -> float:
    """Seconds that the scrape waits: blackbox_exporter's way, the header less half a second."""
    try:
        said = float(request.headers.get("x-prometheus-scrape-timeout-seconds", _SCRAPE))
    except ValueError:
        said = _SCRAPE
    return min(max(said - _MARGIN, 0.05), 120.0) if isfinite(said) else _SCRAPE


def _json(value: Any) -> Response:
    return Response(json.dumps(value, ensure_ascii=True, indent=1) + "\n", media_type="application/json")


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small urlencoded form; empty for anything else."""
    from urllib.parse import parse_qsl

    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > 8192:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=10))
