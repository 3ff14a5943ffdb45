"""``make run`` starts the shop, keeps its state, logs no personal data, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from local.stack.processes import StackFailed
from local.stack.settings import StackSettings, local_url
from local.stack.state_folder import exclusive_stack
from tests.local.personal import find_in_logs, visit
from tests.local.shop_process import OPEN, ORDER, ROOT, environ_for, have_ended, shop

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a child when its parent dies")

SITE = "https://shop.example"
PROXIES = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), "http://127.0.0.1:1")


def public_files(folder):
    """The folder, and files in it, that others can read or write."""
    return [path for path in (folder, *folder.rglob("*")) if path.lstat().st_mode & 0o077 and not path.is_symlink()]


def allowed_origin(shop, origin):
    """The origin that the gateway allows, for a preflight of a page of ``origin``."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    request = urllib.request.Request(f"{shop.settings.api_url}/orders", headers=headers, method="OPTIONS")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.headers["Access-Control-Allow-Origin"]
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.headers["Access-Control-Allow-Origin"]


@linux_only
def test_the_shop_keeps_its_state_and_leaves_no_process_behind(tmp_path):
    environ = {**environ_for(tmp_path), "SITE_ORIGIN": SITE, **PROXIES}
    tmp_path.chmod(0o755)
    with shop(environ) as first:
        secrets = [file.read_bytes() for file in tmp_path.glob("*.secret")]
        assert len(secrets) == 3
        assert not any(secret in line for secret in secrets for line in first.command_lines())
        assert any(OPEN in line for line in first.output)
        assert allowed_origin(first, SITE) == SITE
        assert allowed_origin(first, "https://elsewhere.example") is None
        assert first.ask("GET", "/health") == (200, {"status": "ok"})
        token = first.token()
        status, placed = first.ask("POST", "/orders", ORDER, token, key="first")
        assert status == 202
        private = visit(first)
        children = first.children()
        assert len(children) == 7
        assert public_files(tmp_path) == []
        assert first.end(signal.SIGTERM) == 0
        assert have_ended(children)
        assert public_files(tmp_path) == []
        assert find_in_logs(private, tmp_path / "logs") == set()

    with shop(environ) as second:
        token = second.token()
        status, again = second.ask("POST", "/orders", ORDER, token, key="first")
        assert (status, again["order_id"]) == (200, placed["order_id"])
        command = [sys.executable, "-m", "local.commands.reconcile"]
        reconciled = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
        assert (reconciled.returncode, reconciled.stderr) == (0, ""), reconciled.stdout
        assert "Full report: s3://reports/reconciliations/by-hand-" in reconciled.stdout
        reindexed = subprocess.run(
            [sys.executable, "-m", "local.commands.reindex"], cwd=ROOT, env=environ, capture_output=True
        )
        assert reindexed.stdout.startswith(b"50 products indexed in ")
        children = second.children()
        second.end(signal.SIGKILL)
        assert have_ended(children)
        assert find_in_logs(private, tmp_path / "logs") == set()


@linux_only
def test_stores_without_their_tables_are_moved_aside(tmp_path):
    environ = environ_for(tmp_path)
    with shop(environ) as first:
        status, lost = first.ask("POST", "/orders", ORDER, first.token(), key="first")
        assert status == 202
        os.kill(first.running["pids"]["ministack"], signal.SIGKILL)
        assert first.process.wait() == 1

    with shop(environ) as second:
        (target,) = tmp_path.glob("killed-*")
        problem = "ministack/dynamodb.json was not saved by the last run"
        line = f"· {problem}: all stores were moved to {target}\n"
        assert line in second.output
        stores = {"engine.sqlite", "payments.sqlite", "carrier.sqlite", "seeded.json"}
        assert stores <= {path.name for path in target.iterdir()}
        status, again = second.ask("POST", "/orders", ORDER, second.token(), key="first")
        assert (status, again["order_id"]) == (202, lost["order_id"])


@linux_only
def test_a_process_that_is_killed_is_restarted_once(tmp_path):
    with shop(environ_for(tmp_path)) as running:
        url = local_url(running.settings.carrier_port)
        line = f"carrier was ended by SIGKILL: carrier sandbox on {url} (see {tmp_path / 'logs' / 'carrier.log'})\n"
        os.kill(running.running["pids"]["carrier"], signal.SIGKILL)
        assert [running.next_line(), running.next_line()] == [f"· {line}", "· carrier was restarted\n"]
        status, _ = running.ask("POST", "/orders", ORDER, running.token(), key="first")
        assert status == 202
        os.kill(running.running["pids"]["carrier"], signal.SIGKILL)
        assert [running.next_line(), running.next_line()] == ["· stopping\n", f"make run: {line}"]
        assert running.process.wait() == 1


def test_ctrl_c_while_it_starts_leaves_no_process_behind(tmp_path):
    environ = environ_for(tmp_path)
    command = [sys.executable, "-u", "-m", "local"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()

    assert process.returncode == 0
    assert OPEN not in output
    for port in ("PORT", "MINISTACK_PORT", "PAYMENTS_PORT"):
        with socket.create_server(("127.0.0.1", int(environ[port]))):
            pass  # the port is free again


def test_a_taken_port_is_named_in_one_line(tmp_path):
    environ = environ_for(tmp_path)
    with socket.create_server(("127.0.0.1", int(environ["CARRIER_PORT"]))):
        run = subprocess.run([sys.executable, "-m", "local"], cwd=ROOT, env=environ, capture_output=True, text=True)

    assert run.returncode == 1
    expected = f"make run: port {environ['CARRIER_PORT']} (carrier) is taken: choose another with CARRIER_PORT=…\n"
    assert run.stdout + run.stderr == expected


def test_a_port_for_two_is_named_in_one_line(tmp_path):
    environ = environ_for(tmp_path)
    environ["COGNITO_PORT"] = environ["ASL_PORT"]
    run = subprocess.run([sys.executable, "-m", "local"], cwd=ROOT, env=environ, capture_output=True, text=True)

    assert run.returncode == 1
    expected = f"port {environ['ASL_PORT']} (cognito) is the engine's too: choose another with COGNITO_PORT=…\n"
    assert run.stdout + run.stderr == f"make run: {expected}"


def test_a_folder_that_can_t_be_created_is_named_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    environ = environ_for(tmp_path / "file" / "shop")
    run = subprocess.run([sys.executable, "-m", "local"], cwd=ROOT, env=environ, capture_output=True, text=True)

    assert run.stdout + run.stderr == f"make run: {tmp_path / 'file' / 'shop'} can't be created: Not a directory\n"


def test_ctrl_c_during_the_imports_prints_no_traceback():
    code = "import runpy, signal, sys, threading; sys.argv[0] = 'local'\n"
    code += "class Impatient:\n  def find_spec(self, name, *_):\n"
    code += "    if name == 'rich': signal.raise_signal(signal.SIGINT)\n"
    code += "sys.meta_path.insert(0, Impatient()); runpy.run_module('local', run_name='__main__')"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert (run.returncode, run.stderr) == (-signal.SIGINT, "")


def test_a_short_secret_is_named_in_one_line(tmp_path):
    (tmp_path / "guest.secret").write_text("")
    environ = environ_for(tmp_path)
    run = subprocess.run([sys.executable, "-m", "local"], cwd=ROOT, env=environ, capture_output=True, text=True)

    problem = f"{tmp_path / 'guest.secret'} holds no secret of 16 characters or more"
    assert run.returncode == 1
    assert run.stdout + run.stderr == f"make run: {problem}: delete it, and the next start creates a new one\n"


def test_two_shops_do_not_share_a_folder(tmp_path):
    one, other = StackSettings.from_environ(environ_for(tmp_path)), StackSettings.from_environ(environ_for(tmp_path))
    refused = pytest.raises(StackFailed, match="another stack keeps its state")
    with exclusive_stack(one, print), refused, exclusive_stack(other, print):
        pass
