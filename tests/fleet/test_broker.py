"""No variable chooses the broker of a fleet, nor code that its workers load: CHATPROOF_BROKER alone says where."""

from __future__ import annotations

import ast
import importlib
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatproof.fleet import broker
from chatproof.transport import tls
from tests.fleet.support import Counting, environ, write
from tests.unit.test_tls_certificates import Chain, certificate

TRUSTED = "amqp://worker:hunter2-of-the-queue@127.0.0.1:5999//"
BROKERS = (
    "CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL", "BROKER_URL", "CELERY_BROKER",
    "CELERY_WORKER_BROKER", "CELERY_BROKER_HOST",
)  # fmt: skip
CODE = (
    "CELERY_LOADER", "CELERY_APP", "CELERY_CONFIG_MODULE", "CELERY_CONFIG", "CELERY_RESULT_BACKEND", "DJANGO_SETTINGS_MODULE",
    "CELERY_CUSTOM_WORKER_POOL", "CELERY_WORKER_POOL", "CELERY_WORKER_INCLUDE", "APP", "LOADER", "CONFIG_MODULE",
    "RESULT_BACKEND", "CELERY_RESULT_BACKEND_URL",
)  # fmt: skip
FILES = {"CELERY_LOG_FILE": "log", "CELERY_WORKER_LOGFILE": "log", "CELERY_WORKER_STATEDB": "state"}
PACKAGES = ("celery", "kombu", "amqp", "billiard", "vine")
HARMLESS = {
    "AUTOSCALE_KEEPALIVE": "seconds",
    "C_FORCE_ROOT": "asked only where pickles are accepted",
    "DISABLE_TRACEBACKS": "fewer words in the log",
    "EVENTLET_NOBLOCK": "of a pool that is not ours",
    "ITERM_PROFILE": "colours",
    "NUMBER_OF_PROCESSORS": "Windows",
    "PICKLE_PROTOCOL": "nothing is pickled",
    "TERM": "colours",
    "USE_FAST_LOCALS": "speed",
    "celery_dummy_proxy": "set, not read",
}
# test_celery.py sets the variables of celery.bin, too.
NOT_LOADED = ("celery/bin/", "celery/contrib/", "kombu/transport/", "billiard/popen_spawn", "billiard/spawn.py")


@contextmanager
def listening(certificate: Path | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """(port, what each connection said first) of somebody who waits for connections."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
    if context and certificate:
        context.load_cert_chain(certificate)
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            connection.settimeout(5)
            try:
                connection = context.wrap_socket(connection, server_side=True) if context else connection
                heard.append(connection.recv(1000))
            except OSError:
                heard.append(b"")
            connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1], heard
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(10)


def canaries(folder: Path, port: int) -> dict[str, str]:
    """Every variable of Celery's that names a broker, code or a file, each with something of somebody else's; the code is
    in the folder, and leaves a file when it is imported."""
    code = "import pathlib\npathlib.Path(__file__).with_suffix('.loaded').touch()\nbroker_url = 'memory://'\n"
    names = dict.fromkeys(BROKERS, f"amqp://stranger:x@127.0.0.1:{port}//")
    for name in CODE:
        module = f"canary_{name.lower()}"
        (folder / f"{module}.py").write_text(code + "class Backend: pass\nLoader = app = Backend\n")
        wanted = "CONFIG" in name or "SETTINGS" in name or "INCLUDE" in name
        names[name] = module if wanted else f"{module}:Backend"
    (folder / "celeryconfig.py").write_text(code)
    return names | {name: str(folder / f"canary-{value}") for name, value in FILES.items()}


def left_by_canaries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".loaded" or path.name.startswith("canary-"))


def test_an_app_is_its_own_whatever_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even with the variables still there: they are set after they would have been dropped."""
    from celery import current_app

    from chatproof.fleet import queues

    for name, value in canaries(tmp_path, 1).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))  # harder than the console script, which does not import from there
    app = queues.app_of(broker.read(TRUSTED), ["eu"], 60.0)
    for connection in (app.connection(), app.connection_for_read(), app.connection_for_write(), app.pool.connection):
        assert (connection.hostname, connection.port, connection.userid) == ("127.0.0.1", 5999, "worker")
        assert connection.transport_cls == "amqp" and not connection.alt
    assert type(app.loader) is queues.Loader and app.conf.accept_content == ["json"]
    assert type(app.backend).__name__ == "DisabledBackend"
    assert current_app.loader is app.loader, "who asks for the current app gets no default one"
    app.loader.init_worker()
    app.finalize()
    assert not left_by_canaries(tmp_path)


@pytest.mark.timeout(120)
def test_commands_speak_to_the_broker_that_was_given(tmp_path: Path) -> None:
    """Both ends, as processes, with everything set: only the trusted broker is spoken to, and nothing is loaded."""
    server = Counting("sk-nobody-0123456789abcdef")
    targets = write(tmp_path, server.targets(["t"], "CELERY_KEY"))  # a name of theirs may be a key's
    with listening() as (theirs, stolen), listening() as (ours, heard):
        given = environ(
            tmp_path, {"CELERY_KEY": server.key, "CHATPROOF_BROKER": f"amqp://worker:pw@127.0.0.1:{ours}//"}
        )
        given |= canaries(tmp_path, theirs)
        common = ["--targets", targets, "--region", "eu"]
        for what in (["submit"], ["worker", "--journal", str(tmp_path / "runs.sqlite")]):
            before = len(heard)
            command = [sys.executable, "-m", "chatproof", "fleet", *what, *common]
            # The broker hangs up each time: this is as far as either comes before it gives up or tries again.
            with subprocess.Popen(
                command, env=given, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                for _ in range(400):
                    if len(heard) > before or process.poll() is not None:
                        break
                    threading.Event().wait(0.1)
                process.terminate()
            assert len(heard) > before, f"{what[0]} spoke to its broker"
        assert not stolen
    server.stop()
    assert not left_by_canaries(tmp_path)


def test_no_variable_of_theirs_is_unknown() -> None:
    """A new Celery may read more: each variable is dropped, or somebody has said why it does no harm."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        root = Path(str(importlib.import_module(package).__file__)).parent
        for path in root.rglob("*.py"):
            place = path.relative_to(root.parent).as_posix()
            if not place.startswith(NOT_LOADED):
                found.update(dict.fromkeys(_read_in(path), place))
    assert {"CELERY_BROKER_URL", "CELERY_LOADER", "MP_LOG", "CELERY_RDBSIG", "DJANGO_SETTINGS_MODULE"} <= set(found)
    unknown = {name: place for name, place in found.items() if not broker.is_dropped(name) and name not in HARMLESS}
    assert not unknown, "say what it does, in HARMLESS or in fleet/broker.py"


def _read_in(path: Path) -> Iterator[str]:
    """Names of variables that a file reads, and texts that look like one where a name is a value."""
    text = path.read_text(encoding="utf-8")
    if "environ" not in text and "getenv" not in text and "envvar" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="get" | "getenv" | "pop" | "setdefault"), args=[ast.Constant(str(name)), *_]
            ):
                if "environ" in ast.unparse(node.func) or "getenv" in ast.unparse(node.func):
                    yield name
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(str(name))):
                yield name
            case ast.arguments():  # def read_configuration(self, env='CELERY_CONFIG_MODULE')
                named = [*node.posonlyargs, *node.args][-len(node.defaults) :] if node.defaults else []
                for argument, default in zip(named, node.defaults, strict=True):
                    if argument.arg.startswith("env") and isinstance(default, ast.Constant) and default.value:
                        yield str(default.value)


@pytest.mark.parametrize(
    "said",
    [
        "redis://h/0", "memory://", "AMQP://h//", "sqla+amqp://h", "amqp://h//;redis://evil/0", "amqp://h;evil//",
        "amqp://h// ;x", "amqp://h\n//", "amqp:///", "amqps://h//?ssl_cert_reqs=none", "amqp://h//?ca_file=/x",
        "amqp://h//?transport=filesystem", "amqp://h//?login_method=x", "amqp://h//#x", "amqp://[::1//", "amqp://h:99999//",
        " amqp://h//",
    ],
)  # fmt: skip
def test_one_url_is_one_broker(said: str) -> None:
    with pytest.raises(ValueError, match=r"^[a-zA-Z #;,():%0-9_]+$") as caught:
        broker.read(said)
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "how", "spoken_to"),
    [
        ("localhost", "url", True),
        ("other.example", "url", False),
        ("localhost", "variable", False),
    ],
)
def test_a_broker_over_tls_is_the_one_that_was_named(
    name: str, how: str, spoken_to: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password for the broker goes to nobody whose certificate is for another name, or whose authority a variable
    names."""
    from chatproof.fleet import queues

    chain = Chain(tmp_path)
    chain.leaf = certificate(name, chain.key, by=chain.root_key, san=name)
    chain.play()  # writes them
    ca_file = tmp_path / "ca.pem"
    ca_file.chmod(0o600)
    if how == "variable":
        monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    with listening(tmp_path / "leaf.pem") as (port, heard):
        said = f"amqps://worker:pw@localhost:{port}//" + (f"?ca_file={ca_file}" if how == "url" else "")
        app = queues.app_of(broker.read(said), ["eu"], 60.0)
        with pytest.raises(OSError), app.connection_for_write() as connection:
            connection.connect()
    assert {text[:4] for text in heard} == {b"AMQP" if spoken_to else b""}


def test_without_authorities_there_is_no_broker_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "_bundle", str)
    with pytest.raises(tls.TrustError):
        broker.tls_of(broker.read("amqps://h//"))
    assert broker.tls_of(broker.read("amqp://h//")) is None
    assert "pw" not in repr(broker.read("amqp://u:pw@h//"))
