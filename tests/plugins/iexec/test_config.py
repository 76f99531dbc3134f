from __future__ import annotations

from typing import Any

import pytest
import voluptuous as vol

from edgepi_iexec.config import IexecConfig, config_schema
from edgepi_iexec.worker.policy import OwnersPolicy

POOL = {"pool": "0x" + "1" * 40, "scheduler": "http://pool.test"}


def built(**keys: Any) -> IexecConfig:
    schema = config_schema()
    return schema.build(**vol.Schema(dict(schema.fields))({**POOL, **keys}))


@pytest.mark.parametrize(("written", "numbers"), [(0, {0}), ([0, 3], {0, 3}), ([], set())])
def test_the_owner_names_one_category_or_several(written: Any, numbers: set[int]) -> None:
    assert OwnersPolicy.of(built(categories=written)).categories == numbers


def test_without_a_word_any_category_and_any_trust_will_do() -> None:
    policy = OwnersPolicy.of(built())
    assert (policy.categories, policy.most_trust) == (frozenset(), None)


@pytest.mark.parametrize("wrong", [{"categories": -1}, {"categories": ["XS"]}, {"most_trust": 0}])
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        built(**wrong)
