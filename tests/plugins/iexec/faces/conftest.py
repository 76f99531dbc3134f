from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edgepi.compute.journal import JobJournal
from tests.plugins.iexec.faces.house import FakeBackend


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[FakeBackend]:
    journal = JobJournal(tmp_path / "jobs.db")
    await journal.open()
    yield FakeBackend(journal)
    await journal.close()
