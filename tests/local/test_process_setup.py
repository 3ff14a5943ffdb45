"""Processes reach loopback without a proxy, whatever the user's variables say."""

import os
from urllib.request import proxy_bypass_environment

import pytest

from local.aws.resources import client
from local.stack.process_setup import no_proxy_variables, set_up_process
from local.stack.settings import StackSettings

PROXIES = {f"{scheme}_proxy": "http://127.0.0.1:1" for scheme in ("http", "https", "all")}


@pytest.mark.parametrize(
    ("environ", "hosts"),
    [
        ({}, "127.0.0.1,localhost,::1"),
        ({"NO_PROXY": "corp.example, 127.0.0.1"}, "corp.example,127.0.0.1,localhost,::1"),
        ({"no_proxy": "a.example", "NO_PROXY": "b.example"}, "b.example,a.example,127.0.0.1,localhost,::1"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_loopback_is_added_to_the_hosts_without_a_proxy(environ, hosts):
    assert no_proxy_variables(environ) == {"NO_PROXY": hosts, "no_proxy": hosts}


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "localhost", "[::1]:80"])
def test_python_bypasses_the_proxy_for_loopback(host):
    bypassed = {"no": no_proxy_variables(PROXIES)["no_proxy"]}
    assert proxy_bypass_environment(host.removeprefix("[").replace("]:80", ""), bypassed)
    assert not proxy_bypass_environment("example.com", bypassed)


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_clients_of_boto3_reach_loopback_directly(monkeypatch, spelling):
    for name, value in PROXIES.items():
        monkeypatch.setenv(spelling(name), value)
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    umask = os.umask(0o022)
    try:
        set_up_process()
        assert os.umask(umask) == 0o077
    finally:
        os.umask(umask)
    dynamodb = client("dynamodb", StackSettings.from_environ({}).aws_variables())
    assert dynamodb._endpoint.http_session._proxy_config.proxy_url_for("http://127.0.0.1:4566") is None
