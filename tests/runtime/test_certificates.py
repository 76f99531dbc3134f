"""Certificates are read when a connection needs them, and not before."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Callable

import pytest

from edgepi.runtime.certificates import LateContext, load_certificates, put_off_certificates


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[ssl.SSLContext]:
    """Contexts that have loaded the machine's certificates."""
    loaded: list[ssl.SSLContext] = []
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda self, *_: loaded.append(self))
    return loaded


def _with_bio(context: ssl.SSLContext) -> None:
    context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="example.org")


def _with_socket(context: ssl.SSLContext) -> None:
    with pytest.raises(AttributeError):  # after the certificates: what it wraps is no socket
        context.wrap_socket(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("connect", [_with_bio, _with_socket])
def test_the_first_connection_loads_certificates_once(
    loads: list[ssl.SSLContext], connect: Callable[[ssl.SSLContext], None]
) -> None:
    with put_off_certificates():
        context = ssl.create_default_context()
    assert loads == []
    connect(context)
    connect(context)
    assert loads == [context]
    assert type(context) is ssl.SSLContext


def test_a_late_context_checks_as_strictly_as_any() -> None:
    usual = ssl.create_default_context()
    with put_off_certificates():
        late = ssl.create_default_context()
    assert isinstance(late, LateContext)
    load_certificates()
    assert type(late) is ssl.SSLContext
    assert late.verify_mode is ssl.CERT_REQUIRED
    assert late.check_hostname
    assert (late.verify_flags, late.options) == (usual.verify_flags, usual.options)
    assert late.cert_store_stats() == usual.cert_store_stats()


def test_a_context_for_a_server_loads_at_once(loads: list[ssl.SSLContext]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with put_off_certificates():
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
    assert loads == [context]


def test_afterwards_contexts_load_at_once_again(loads: list[ssl.SSLContext]) -> None:
    with put_off_certificates():
        pass
    assert loads == [ssl.create_default_context()]


_IMPORT = """
import ssl
from edgepi.runtime.certificates import LateContext, put_off_certificates
with put_off_certificates():
    import aiohttp
from aiohttp.connector import _SSL_CONTEXT_VERIFIED as context
assert isinstance(context, LateContext), type(context)
context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="example.org")
assert type(context) is ssl.SSLContext
assert context.cert_store_stats() == ssl.create_default_context().cert_store_stats()
"""


def test_aiohttp_trusts_whom_the_machine_trusts_from_its_first_connection_on() -> None:
    done = subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
