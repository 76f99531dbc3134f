from __future__ import annotations

from types import ModuleType

import pytest

import edgepi.model
import edgepi.plugin


@pytest.mark.parametrize("package", [edgepi.model, edgepi.plugin], ids=lambda package: package.__name__)
def test_every_public_name_can_be_had(package: ModuleType) -> None:
    assert sorted(package._HOMES) == sorted(package.__all__)
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = package.Nonsense
