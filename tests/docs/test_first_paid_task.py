"""The tutorial on paid tasks names what a local chain really has."""

from __future__ import annotations

import re

from edgepi_iexec.devchain.accounts import roles
from edgepi_iexec.devchain.demo.app import PORT
from tests.docs.pages import ROOT, text_of

PAGE = text_of("tutorial/first-paid-task.md")
ACCOUNTS = {account.role: account for account in roles()}


def test_its_keys_are_those_of_the_requester_and_of_the_pools_owner() -> None:
    imported = re.findall(r"wallet import (0x\w+) \\\n +--keystoredir \"\$PWD/(\w+)\"", PAGE)
    assert {role: key for key, role in imported} == {
        role: ACCOUNTS[role].private_key for role in ("requester", "pool")
    }
    assert f'"owner": "{ACCOUNTS["requester"].address}"' in PAGE.lower()


def test_its_image_is_where_the_demo_serves_it() -> None:
    assert f'"127.0.0.1:{PORT}/edgepi/demo:1"' in PAGE


def test_its_folders_are_those_of_make_run() -> None:
    script = (ROOT / "tools" / "run").read_text(encoding="utf-8")
    assert "cache=$here/.cache/run" in script
    assert "--dir $cache/devchain --cache $here/.cache/iexec --demand 20min" in script
    assert "--dir .cache/run/devchain --cache .cache/iexec" in PAGE


def test_the_sdk_is_the_one_that_was_tried() -> None:
    tried = (ROOT / "tests" / "peers" / "package.json").read_text(encoding="utf-8")
    assert '"iexec-token": "npm:iexec@9.0.0"' in tried
    assert "npm install iexec@9.0.0" in PAGE
