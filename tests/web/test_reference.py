"""The reference names every route, topic and error key that the code has."""

from pathlib import Path

import pytest

from edgepi.web.answers import _KEYS, _STATUS
from edgepi.web.api import ENDPOINTS
from edgepi.web.endpoint import Endpoint
from edgepi.web.events import TOPICS

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: f"{e.method} {e.path}")
def test_every_route_is_described_with_its_query(endpoint: Endpoint) -> None:
    row = next(
        (line for line in REFERENCE.splitlines() if f"| `{endpoint.method} /{endpoint.path}" in line), ""
    )
    assert row
    for marker in endpoint.query:
        assert marker.schema in row
    assert f"| {endpoint.scope.value if endpoint.scope else 'open'} |" in row


def test_every_topic_and_key_is_described() -> None:
    keys = {key for _, _, key in _STATUS} | set(_KEYS.values())
    missing = {word for word in keys | set(TOPICS) if f"`{word}`" not in REFERENCE}
    assert missing == set()
