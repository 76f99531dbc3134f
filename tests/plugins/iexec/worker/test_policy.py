from __future__ import annotations

from typing import Any

import pytest

from edgepi_iexec.chain.model import Resource
from edgepi_iexec.config import IexecConfig
from edgepi_iexec.protocol.tags import GPU, TEE, tag_text
from edgepi_iexec.worker.policy import OwnersPolicy, Parties, refusal
from tests.plugins.iexec.worker.deals import APP, REQUESTER, RLC, terms

OTHER = "0x" + "9" * 40
DATA = Resource(OTHER, REQUESTER, 0)


def test_an_owner_without_wishes_takes_any_standard_task() -> None:
    assert refusal(OwnersPolicy(), terms()) is None


@pytest.mark.parametrize(
    ("policy", "task", "why"),
    [
        ({"apps": Parties(deny=frozenset({APP}))}, {}, "app .* denied"),
        ({"apps": Parties(allow=frozenset({OTHER}))}, {}, "app .* not on the owner's list"),
        ({"requesters": Parties(deny=frozenset({REQUESTER}))}, {}, "requester .* denied"),
        ({"requesters": Parties(allow=frozenset({OTHER}))}, {}, "requester .* not on"),
        ({"datasets": Parties(deny=frozenset({OTHER}))}, {"dataset": DATA}, "dataset .* denied"),
        ({"datasets": Parties(allow=frozenset({APP}))}, {"dataset": DATA}, "dataset .* not on"),
        ({"categories": frozenset({1, 2})}, {}, "no tasks of category 0"),
        ({"longest_s": 120.0}, {}, "may run 5 min, longer than the owner's 2 min"),
        ({"most_trust": 10}, {"trust": 16}, "trust of 16, more than the owner's 10"),
        ({"min_price_nrlc": 2 * RLC}, {}, "pays 1 RLC, less than the owner's 2 RLC"),
        ({}, {"tag": tag_text(TEE)}, "enclave"),
        ({}, {"tag": tag_text(GPU)}, "GPU"),
        ({}, {"kind": "SCONE"}, "not a Docker image"),
    ],
)
def test_each_refusal_is_one_sentence(policy: dict[str, Any], task: dict[str, Any], why: str) -> None:
    import re

    said = refusal(OwnersPolicy(**policy), terms(**task))
    assert said is not None
    assert re.search(why, said)
    assert "\n" not in said


def test_a_list_of_allowed_ones_does_not_undo_a_denial() -> None:
    both = Parties(allow=frozenset({APP}), deny=frozenset({APP}))
    assert refusal(OwnersPolicy(apps=both), terms()) is not None


def test_a_list_of_datasets_says_nothing_of_tasks_without_one() -> None:
    assert refusal(OwnersPolicy(datasets=Parties(allow=frozenset({OTHER}))), terms()) is None


def test_a_configuration_becomes_a_policy() -> None:
    config = IexecConfig(
        allow_apps=(APP,),
        deny_requesters=(OTHER,),
        categories=(0, 2),
        longest=60.0,
        most_trust=3,
        min_price=0.5,
        floor_per_wh=0.1,
    )
    policy = OwnersPolicy.of(config)
    assert policy.apps == Parties(allow=frozenset({APP}))
    assert policy.requesters == Parties(deny=frozenset({OTHER}))
    assert (policy.categories, policy.most_trust) == (frozenset({0, 2}), 3)
    assert (policy.longest_s, policy.min_price_nrlc, policy.floor_nrlc_per_wh) == (60.0, RLC // 2, RLC * 0.1)
