from __future__ import annotations

import pytest

from edgepi_camera.events import store


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power is cut in these tests, and syncing takes most of their time."""
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
