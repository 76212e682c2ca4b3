"""`chatproof serve` as its users meet it: a process, its routes, who may come, how it ends."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as families

from chatproof.monitoring.values import STATES
from tests.monitoring.served import Served, config_of, keys, serving, simulated

TOKEN = "a-token-of-the-monitor-0123456789"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One target that is fine, one behind a dead gateway; checked often at first, then only when asked."""
    with simulated("", "html-502") as (good, bad):
        targets = {"good": good, "bad": bad}
        folder = tmp_path_factory.mktemp("served")
        with serving(folder, config_of(targets), environ=keys(targets)) as started:
            started.wait_for({"good": "passing", "bad": "failing"})
            yield started
        text = "".join(path.read_bytes().decode("latin-1") for path in folder.iterdir() if path.is_file())
        assert good.key not in text and bad.key not in text, "the key is in no file, log or journal"


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families(text)
        for sample in family.samples
    }


def of(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, tuple(sorted(labels.items()))


def test_metrics_say_verdict_cause_and_state(served: Served) -> None:
    found = samples(served.get("/metrics").text)
    assert (found[of("probe_success", target="good")], found[of("probe_success", target="bad")]) == (1, 0)
    assert found[of("chatproof_verdict", target="bad", verdict="NO-GO")] == 1
    assert found[of("chatproof_diagnosis_info", target="bad", code="gateway.error", owner="gateway")] == 1
    assert {state: found[of("chatproof_state", target="bad", state=state)] for state in STATES} == {
        state: float(state == "failing") for state in STATES
    }
    assert found[of("chatproof_requests_total", target="good", billable="true")] >= 1
    assert 0 < found[of("chatproof_budget_remaining_requests", target="good")] < 2000
    assert found[of("chatproof_tokens_total", target="good", kind="reported")] > 0


def test_openmetrics_has_exemplars_and_is_whole(served: Served) -> None:
    reply = served.get("/metrics", {"Accept": "application/openmetrics-text"})
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    found = {family.name: family for family in open_families(reply.text)}
    assert {"chatproof_requests", "chatproof_phase_seconds", "chatproof_state"} <= found.keys()
    exemplars = [s.exemplar.labels["run_id"] for s in found["chatproof_phase_seconds"].samples if s.exemplar]
    assert exemplars and all(run.startswith("smoke-") for run in exemplars)
    assert "# {" not in served.get("/metrics").text, "exemplars are of OpenMetrics only"


def test_status_names_cause_owner_since_and_next_step(served: Served) -> None:
    said = json.loads(served.get("/status.json").text)
    bad = next(row for row in said["targets"] if row["target"] == "bad")
    assert (bad["code"], bad["owner"]) == ("gateway.error", "gateway") and bad["next_step"] and bad["since"]
    assert [i["targets"] for i in said["incidents"]] == [["bad"]] and said["incidents"][0]["id"] == bad["incident"]


def test_pages_show_it(served: Served) -> None:
    said = json.loads(served.get("/status.json").text)["incidents"][0]
    for path, texts in {
        "/": ("1 failing", "1 passing", "gateway.error"),
        "/targets/bad": ("gateway.error", "first byte", said["id"]),
        "/targets/good": ("passing", "Tokens a day"),
        f"/incidents/{said['id']}": ("Evidence", "chatproof explain gateway.error", "What changed on our side"),
        f"/runs/{said['run_id']}": (
            "gateway.error",
            said["run_id"],
            'href="/"',
            'href="/targets/bad"',
            f'href="/incidents/{said["id"]}"',
        ),
        "/badge/bad.svg": ("<svg", "failing"),
    }.items():
        reply = served.get(path)
        assert reply.status == 200 and len(reply.text) < 150_000, path
        assert [text for text in texts if text not in reply.text] == [], path
    good = next(row for row in json.loads(served.get("/status.json").text)["targets"] if row["target"] == "good")
    page = served.get(f"/runs/{good['run_id']}").text
    assert 'href="/targets/good"' in page and "/incidents/" not in page, "its target had no incident"
    bundle = served.get(f"/incidents/{said['id']}/escalate")
    assert bundle.status == 200 and "attachment" in bundle.headers["content-disposition"]
    assert "502" in bundle.text


@pytest.mark.parametrize("path", ["/targets/none", "/incidents/none", "/runs/smoke-none", "/runs/latest", "/nowhere",
                                  "/badge/none.svg", "/badge/good", "/static/base.html", "/static/..%2f..%2fapp.py"])  # fmt: skip
def test_what_is_not_there_is_not_found(served: Served, path: str) -> None:
    assert served.get(path).status == 404


def test_a_probe_answers_from_the_last_run_and_takes_names_only(served: Served) -> None:
    first = samples(served.get("/probe?target=good").text)
    assert first[of("probe_success", target="good")] == 1
    assert not [key for key in first if dict(key[1]).get("target") == "bad"]
    free = samples(served.get("/probe?target=bad&module=free").text)
    assert free[of("chatproof_verdict", target="bad", verdict="GO")] == 0
    for query in ("", "target=", "target=http://127.0.0.1:1/v1", "target=good&module=validate", "target=good&module=x"):
        assert served.get(f"/probe?{query}").status == 400, query


@pytest.mark.parametrize("host", ["rebound.example", "127.0.0.1.nip.io", "", "rebound.example:80", "[::2]"])
def test_another_name_for_this_address_is_refused(served: Served, host: str) -> None:
    assert served.get("/status.json", {"Host": host}).status in (400, 421)
    assert served.get("/healthz", {"Host": host}).status in (400, 421)


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                                     {"Origin": "https://evil.example"}, {"Origin": "null"}])  # fmt: skip
def test_a_page_of_another_origin_makes_us_send_nothing(served: Served, headers: dict[str, str]) -> None:
    assert served.get("/probe?target=good", headers).status == 403
    assert served.get("/targets/good/run", headers, data=b"").status == 403


def test_run_now_needs_a_server_with_a_token(served: Served) -> None:
    assert served.get("/targets/good/run", data=b"").status == 403


def test_every_reply_has_a_strict_policy(served: Served) -> None:
    for path in ("/", "/metrics", "/nowhere", "/targets/bad"):
        headers = served.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"] and "unsafe" not in str(headers), path
        assert headers["x-content-type-options"] == "nosniff" and headers["cache-control"] == "no-store", path


def test_with_a_token_all_but_health_need_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    with simulated("") as (good,):
        targets = {"good": good}
        config = config_of(targets, 'every = "1h"\nevery_free = "0s"')
        with serving(tmp_path, config, "--token-file", str(tmp_path / "token"), environ=keys(targets)) as started:
            assert [started.get(path).status for path in ("/healthz", "/readyz")] == [200, 200]
            for path in ("/", "/metrics", "/probe?target=good", "/status.json", "/events", "/static/live.js"):
                assert started.get(path).status == 401, path
                assert started.get(path, {"Authorization": "Bearer wrong"}).status == 401, path
            assert started.get("/", {"Accept": "text/html"}).headers["location"] == "/login?next=/"
            assert started.get("/metrics", BEARER).status == 200
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            assert started.get("/login", form, data=b"token=wrong").status == 403
            reply = started.get("/login?next=//evil.example", form, data=f"token={TOKEN}".encode())
            cookie = reply.headers["set-cookie"]
            assert reply.status == 303 and reply.headers["location"] == "/"
            assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and TOKEN not in cookie
            session = {"Cookie": cookie.partition(";")[0]}
            page = started.get("/targets/good", session)
            assert page.status == 200 and "Run now" in page.text
            assert started.get("/targets/good/run", {**form, **session}, data=b"form=wrong").status == 403
            field = page.text.partition('name="form" value="')[2].partition('"')[0]
            ran = started.get("/targets/good/run", {**form, **session}, data=f"form={field}".encode())
            assert ran.status == 303
            started.wait_for({"good": "passing"}, BEARER)
            statuses = [started.get("/targets/good/run", BEARER, data=b"").status for _ in range(12)]
            assert statuses[-1] == 429 and set(statuses) <= {202, 409, 429}
        assert TOKEN not in (tmp_path / "log").read_text()


def test_two_scrapes_at_once_pay_once(tmp_path: Path) -> None:
    seen: list[object] = []
    from chatproof import simulator

    slow = simulator.start("", seen=seen.append, switchable=True)
    try:
        targets = {"good": slow}
        config = config_of(targets, 'every = "0s"\nevery_free = "0s"')
        with serving(tmp_path, config, environ=keys(targets)) as started:
            with ThreadPoolExecutor(8) as pool:
                texts = list(pool.map(lambda _: started.get("/probe?target=good").text, range(8)))
            assert all(samples(text)[of("probe_success", target="good")] == 1 for text in texts)
            assert sum(samples(text)[of("chatproof_probe_cached", target="good")] == 0 for text in texts) == 1
    finally:
        slow.stop()
    assert len(seen) == 4, "one smoke run"


def test_a_run_that_outlives_the_scrape_answers_the_next(tmp_path: Path) -> None:
    with simulated("silence") as (silent,):
        targets = {"slow": silent}
        config = config_of(targets, 'every = "0s"\nevery_free = "0s"\nconfirm = false').replace(
            "[targets.slow.monitor]", 'timeout = "3s"\n[targets.slow.monitor]'
        )
        with serving(tmp_path, config, environ=keys(targets)) as started:
            scrape = {"X-Prometheus-Scrape-Timeout-Seconds": "1"}
            first = samples(started.get("/probe?target=slow", scrape).text)
            assert first[of("chatproof_probe_pending", target="slow")] == 1
            assert of("probe_success", target="slow") not in first, "what is not known is not said"
            started.wait_for({"slow": "unknown"})
            second = samples(started.get("/probe?target=slow", scrape).text)
            assert second[of("probe_success", target="slow")] == 0
            assert second[of("chatproof_verdict", target="slow", verdict="UNDECIDED")] == 1
            assert second[of("chatproof_probe_cached", target="slow")] == 1


def test_a_restart_continues_and_a_changed_file_is_read(tmp_path: Path) -> None:
    with simulated("", "quota-429") as (good, bad):
        targets = {"good": good, "bad": bad}
        config = config_of(targets)
        with serving(tmp_path, config, environ=keys(targets)) as started:
            before = started.wait_for({"good": "passing", "bad": "failing"})
            incident = json.loads(started.get("/status.json").text)["incidents"][0]
            assert started.stop() == 0
        calm = config.replace('"5s"', '"1h"')
        with serving(tmp_path, calm, environ=keys(targets)) as started:
            assert started.states() == before, "nothing was asked yet"
            assert json.loads(started.get("/status.json").text)["incidents"][0]["id"] == incident["id"]
            (tmp_path / "watch.toml").write_text("[monitor]\nevery = 7\n")
            started.process.send_signal(signal.SIGHUP)
            wait(lambda: "reload_failed" in started.log())
            assert started.states() == before, "a bad file keeps the old one"
            assert samples(started.get("/metrics").text)[of("chatproof_config_last_reload_successful")] == 0
            (tmp_path / "watch.toml").write_text(config_of({"good": good}, 'every = "1h"'))
            started.process.send_signal(signal.SIGHUP)
            wait(lambda: started.states() == {"good": "passing"})
            assert not json.loads(started.get("/status.json").text)["incidents"]


def wait(met: object) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if met():  # type: ignore[operator]
            return
        time.sleep(0.1)
    raise AssertionError("it did not come")


@pytest.mark.parametrize(
    ("config", "more", "said"),
    [
        ("", (), "so none is watched\n"),
        ('[targets.x]\nbase_url = "http://127.0.0.1:1/v1"\nno_auth = true\n[targets.x.monitor]\n', (), "needs a model"),
        ('[targets.x.monitor]\nevery = "7"\n', (), "duration"),
        ('[targets.x.monitor]\nfail_after = "5 of 3"\n', (), "m of n|3 of 5"),
        ("[monitor]\nevry = 1\n", (), "unknown name"),
        ("[monitor]\nwindows = [{ cron = \"0 3 * *\", duration = \"2h\" }]\n[targets.x]\nbase_url = \"http://127.0.0.1:1/v1\"\n"
         "no_auth = true\nmodel = \"m\"\n[targets.x.monitor]\n", (), "cron"),
        ("[targets.x.monitor]\nwindows = [3]\n", (), "cron"),
        ("", ("--listen", "0.0.0.0:0"), "--token-file"),
        ("", ("--listen", "nowhere"), "HOST:PORT"),
        ("", ("--token-file", "/nonexistent"), "--token-file"),
        ('[targets.x]\nbase_url = "http://127.0.0.1:1/v1"\nno_auth = true\nmodel = "m"\n[targets.x.monitor]\n',
         ("--journal", "runs.jsonl"), "database"),
        ('[targets.x]\nbase_url = "http://127.0.0.1:1/v1"\nno_auth = true\nmodel = "m"\n[targets.x.monitor]\nbudget_money = 1\n',
         (), "prices"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_at_once(config: str, more: tuple[str, ...], said: str, tmp_path: Path) -> None:
    (tmp_path / "watch.toml").write_text(config)
    argv = [sys.executable, "-m", "chatproof", "serve", "--config", "watch.toml", *more]
    argv += [] if "--journal" in more else ["--journal", "j.sqlite3"]
    env = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=env)
    assert done.returncode == 2, done.stderr
    assert any(word in done.stderr for word in said.split("|")), done.stderr


def test_a_file_that_was_merely_found_watches_nothing(tmp_path: Path) -> None:
    (tmp_path / "chatproof.toml").write_text(
        '[targets.x]\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "m"\n[targets.x.monitor]\n'
    )
    argv = [sys.executable, "-m", "chatproof", "serve", "--journal", "j.sqlite3"]
    env = {**os.environ, "HOME": str(tmp_path / "home")}
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=env)
    assert done.returncode == 2 and "not approved" in done.stderr


def test_the_demonstration_needs_nothing(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "chatproof", "serve", "--demo", "--listen", "127.0.0.1:0"]
    env = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tmp_path, env=env
    )
    assert process.stdout
    lines = [next(process.stdout) for _ in range(3)]
    assert "2 targets" in lines[0] and "listening on http://127.0.0.1:" in lines[2]
    started = Served(process, lines[2].split()[-1], tmp_path)
    started.wait_for({"shop-assistant": "passing", "search-summaries": "failing"})
    assert list(tmp_path.glob("chatproof-demo-*/journal.sqlite3")), "simulated runs stand apart from real ones"
    assert started.stop(signal.SIGINT) == 0
    assert not list(tmp_path.rglob("*.sqlite3"))
    process.stdout.close()


def test_a_name_of_any_letters_is_shown_inert_and_leads_to_its_page(tmp_path: Path) -> None:
    names = ["a/b", "../etc/run", "<b>x</b>", "\u202egnp.exe", "50% of? #1", ".svg"]
    with simulated("") as (at,):
        config = '[monitor]\nevery = "1h"\nevery_free = "0s"\n' + "\n".join(
            f'[targets.{json.dumps(name)}]\nbase_url = "{at.base_url}"\nmodel = "{at.model}"\nkey_env = "A_KEY"\n'
            f"[targets.{json.dumps(name)}.monitor]"
            for name in names
        )
        with serving(tmp_path, config, environ={"A_KEY": at.key}) as started:
            overview = started.get("/").text
            links = {html.unescape(link) for link in re.findall(r'<th scope="row"><a href="([^"]+)"', overview)}
            pages = [started.get(link) for link in links]
            badges = [started.get(f"/badge/{quote(name, safe='')}.svg") for name in names]
    assert len(links) == len(names)
    assert {page.status for page in (*pages, *badges)} == {200}
    assert {re.search("<h1>(.*?) <span", page.text)[1] for page in pages} == {  # type: ignore[index]
        "a/b", "../etc/run", "&lt;b&gt;x&lt;/b&gt;", "\\u202egnp.exe", "50% of? #1", ".svg"
    }  # fmt: skip
    assert (
        not any("\u202e" in each.text or "<b>x" in each.text for each in (*pages, *badges)) and "\u202e" not in overview
    )
