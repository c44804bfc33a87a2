"""Proxies and their exceptions, in the forms that curl accepts."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.servers.misbehaving import Honest, Misbehaving
from tests.servers.nginx import missing_tools, nginx
from tests.servers.socks import SocksProxy
from tests.transfer.fetches import Fetch, archive, sha256
from wizard.errors import EnvironmentFault, WizardError
from wizard.proxies import ProxyRules, read_proxy, without_login
from wizard.transfer.errors import InsecureConnection, Unreachable

DATA = archive(3_000_000, seed=12)
_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("variables", "address", "found"),
    [
        ({"http_proxy": "http://p:3128"}, "http://host/a", "http://p:3128"),
        ({"http_proxy": "http://p:3128"}, "https://host/a", None),
        ({"HTTP_PROXY": "p:8080"}, "http://host/a", "http://p:8080"),
        ({"HTTP_PROXY": "p:8080", "REQUEST_METHOD": "GET"}, "http://host/a", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://host/a", "http://p:1"),
        ({"https_proxy": "p:1", "HTTPS_PROXY": "q:1"}, "https://host/a", "http://p:1"),
        ({"ALL_PROXY": "socks5h://p:1"}, "https://host/a", "socks5h://p:1"),
        ({"all_proxy": "p:1", "https_proxy": ""}, "https://host/a", "http://p:1"),
        ({"ALL_PROXY": "SOCKS5://p"}, "http://host/a", "socks5://p:1080"),
        ({"ALL_PROXY": "socks://p"}, "http://host/a", "socks4://p:1080"),
        ({"ALL_PROXY": "https://p"}, "http://host/a", "https://p:443"),
        ({"ALL_PROXY": "p"}, "http://host/a", "http://p:1080"),
        ({"ALL_PROXY": "http://[::1]:8080"}, "http://host/a", "http://[::1]:8080"),
        ({"ALL_PROXY": "  http://p:8/  "}, "http://host/a", "http://p:8"),
    ],
)
def test_the_variable_that_applies_is_that_of_curl(
    variables: dict[str, str], address: str, found: str | None
) -> None:
    proxy = ProxyRules(variables).proxy_for(address)
    assert (proxy and proxy.address) == found


@pytest.mark.parametrize(
    ("said", "address", "direct"),
    [
        ("*", "http://any.org/", True),
        ("localhost,example.org", "http://example.org/", True),
        ("localhost example.org", "http://data.example.org/", True),
        (".example.org", "http://example.org/", True),
        (".example.org", "http://data.example.org/", True),
        ("*.example.org", "http://data.example.org/", True),
        ("example.org.", "http://example.org/", True),
        ("example.org", "http://example.org./", True),
        ("EXAMPLE.org", "http://data.Example.ORG/", True),
        ("example.org", "http://notexample.org/", False),
        ("ample.org", "http://example.org/", False),
        ("example.org:8080", "http://example.org:8080/", True),
        ("example.org:8080", "http://example.org/", False),
        ("example.org:443", "https://example.org/", True),
        ("10.0.0.0/8", "http://10.1.2.3/", True),
        ("10.0.0.0/8", "http://11.1.2.3/", False),
        ("10.1.2.3/8", "http://10.9.9.9/", True),
        ("192.168.7.1", "http://192.168.7.1:81/", True),
        ("192.168.7.1", "http://192.168.7.12/", False),
        ("192.168.7.1:81", "http://192.168.7.1:81/", True),
        ("2001:db8::/32", "http://[2001:db8::7]/", True),
        ("[::1]", "http://[::1]:8080/", True),
        ("[::1]:8080", "http://[::1]:8080/", True),
        ("[::1]:8080", "http://[::1]:81/", False),
        ("::1", "http://[0:0:0:0:0:0:0:1]/", True),
        ("10.0.0.0/99, ,,/", "http://10.1.2.3/", False),
    ],
)
def test_exceptions_are_names_suffixes_ports_and_networks(
    said: str, address: str, direct: bool
) -> None:
    proxy = ProxyRules({"all_proxy": "p:1", "NO_PROXY": said}).proxy_for(address)
    assert (proxy is None) is direct


@pytest.mark.parametrize(
    "value", ["socks7://p:1", "ftp://p", "http://[", "http://", "http://p:99999", "http://u:pw@[::"]
)
def test_a_value_that_is_no_proxy_is_named_and_shown_without_its_login(value: str) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        read_proxy("ALL_PROXY", value)
    assert (caught.value.where, caught.value.exit_code) == ("ALL_PROXY", 4)
    assert "pw" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("value", ["http://u:p%40w/x@host:1/", "u:pw@host:1", "socks5://u:p@w@h/"])
def test_a_login_is_never_shown(value: str) -> None:
    assert without_login(value) in ("http://host:1/", "host:1", "socks5://h/")


def test_an_exempt_host_needs_no_readable_proxy() -> None:
    rules = ProxyRules({"ALL_PROXY": "socks7://p", "NO_PROXY": "127.0.0.1"})
    assert rules.proxy_for("http://127.0.0.1/a") is None
    assert [fault.where for fault in rules.faults()] == ["ALL_PROXY"]


@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5", "socks5h"])
@pytest.mark.parametrize("drip", [False, True])
def test_every_kind_of_socks_brings_the_file(
    scheme: str,
    drip: bool,
    server: Misbehaving,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = server.put("a.zip", DATA, Honest())
    with SocksProxy(drip=drip) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.address(scheme))
        Fetch(tmp_path, "a.zip", (url,), {"sha256": sha256(DATA)}).run()
        assert proxy.asked
    assert (tmp_path / "a.zip").read_bytes() == DATA


@pytest.mark.parametrize(("scheme", "name"), [("socks4a", "far.test"), ("socks5h", "far.test")])
def test_the_proxy_looks_up_names_where_its_kind_says_so(
    scheme: str,
    name: str,
    server: Misbehaving,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = server.put("a.zip", DATA, Honest()).replace("127.0.0.1", name)
    with SocksProxy() as proxy:
        proxy.names[name] = "127.0.0.1"
        monkeypatch.setenv("all_proxy", proxy.address(scheme))
        Fetch(tmp_path, "a.zip", (url,), {"sha256": sha256(DATA)}).run()
        assert {host for _, host, _ in proxy.asked} == {name}


def test_names_are_looked_up_here_for_the_other_kinds(
    server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.put("a.zip", DATA, Honest()).replace("127.0.0.1", "localhost")
    with SocksProxy() as proxy:
        monkeypatch.setenv("all_proxy", proxy.address("socks4"))
        Fetch(tmp_path, "a.zip", (url,), {"sha256": sha256(DATA)}).run()
        assert {host for _, host, _ in proxy.asked} == {"127.0.0.1"}


def test_a_login_of_the_proxy_is_sent_and_a_wrong_one_told(
    server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.put("a.zip", DATA, Honest())
    with SocksProxy(login=("ann", "p@ss")) as proxy:
        good = f"socks5://ann:p%40ss@127.0.0.1:{proxy.port}"
        monkeypatch.setenv("http_proxy", good)
        Fetch(tmp_path, "a.zip", (url,), {"sha256": sha256(DATA)}).run()
        monkeypatch.setenv("http_proxy", good.replace("p%40ss", "canary"))
        with pytest.raises(InsecureConnection, match="did not accept the login") as caught:
            Fetch(tmp_path, "b.zip", (url,)).run()
    assert "http_proxy" in str(caught.value)
    assert "canary" not in f"{caught.value} {caught.value.hint}"


def test_a_proxy_that_is_not_there_is_named_with_its_variable(
    server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.put("a.zip", DATA, Honest())
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"proxy socks5://127\.0\.0\.1:9 \(ALL_PROXY\)"):
        Fetch(tmp_path, "a.zip", (url,)).run()
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    Fetch(tmp_path, "a.zip", (url,), {"sha256": sha256(DATA)}).run()


def test_an_unreadable_proxy_stops_what_needs_it_and_names_itself(
    server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.put("a.zip", DATA, Honest())
    monkeypatch.setenv("ALL_PROXY", "socks7://ann:canary@127.0.0.1:9")
    with pytest.raises(WizardError, match="socks7://127.0.0.1:9") as caught:
        Fetch(tmp_path, "a.zip", (url,)).run()
    assert caught.value.exit_code == 4
    assert "canary" not in str(caught.value)


@pytest.mark.skipif(bool(missing_tools()), reason=f"{missing_tools()} not installed")
def test_tls_is_checked_through_a_socks_proxy_and_read_at_full_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.zip").write_bytes(DATA)
    (tmp_path / "nginx").mkdir()
    with nginx(tmp_path / "site", tmp_path / "nginx", rate="9m") as web, SocksProxy() as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.address("socks5h"))
        with pytest.raises(InsecureConnection, match="not trusted"):
            Fetch(tmp_path, "a.zip", (f"{web.https}/a.zip",)).run()
        monkeypatch.setenv("CURL_CA_BUNDLE", str(web.certificate))
        Fetch(tmp_path, "a.zip", (f"{web.https}/a.zip",), {"sha256": sha256(DATA)}).run()
        assert proxy.asked


def test_an_http_proxy_is_asked_for_the_whole_address_with_its_login(
    server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = server.put("a.zip", DATA, Honest())
    port = place.split(":")[2].split("/")[0]
    monkeypatch.setenv("HTTP_PROXY", f"ann:p%40ss@127.0.0.1:{port}")
    url = place.replace(f"127.0.0.1:{port}", "far.test")
    Fetch(tmp_path, "a.zip", (url,), {"sha256": sha256(DATA)}).run()
    login = server.seen[0].headers["proxy-authorization"]
    assert base64.b64decode(login.removeprefix("Basic ")) == b"ann:p@ss"
