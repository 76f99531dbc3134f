"""Power flowing in, out and into the battery at one moment, and how they are made to add up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgepi.model import Supply

__all__ = ["Flows", "Settled", "settle"]


@dataclass(frozen=True, slots=True)
class Flows:
    """Watts as measured: *input_w* from the panel, *output_w* to the node behind its converter,
    *battery_w* into the battery. What is not measured is None.
    """  # noqa: D205 (one sentence)

    input_w: float | None = None
    output_w: float | None = None
    battery_w: float | None = None

    @classmethod
    def of(cls, supply: Supply) -> Flows:
        """Take the powers of a supply record, or make them of volts and amperes."""
        return cls(
            _power(supply.input_w, supply.input_v, supply.input_a),
            _power(supply.output_w, supply.output_v, supply.output_a),
            _power(supply.battery_w, supply.battery_v, supply.battery_a),
        )

    def mean(self, other: Flows) -> Flows:
        """Mean of two moments; a flow that one of them lacks is lacking."""
        return Flows(
            _mean(self.input_w, other.input_w),
            _mean(self.output_w, other.output_w),
            _mean(self.battery_w, other.battery_w),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Flows that add up: harvested = used + stored + lost.

    *stated_share* is how much of a stated power (as the battery sees it) is used behind the
    converter, where the converter's loss is booked apart.
    *pending_w* is what an estimate of the charge lost beyond what was used, or gained in the dark; it
    waits for the next sun, for a harvest is never negative, and there is none at night.
    """

    harvested_w: float
    used_w: float
    stored_w: float
    lost_w: float
    pending_w: float = 0.0
    from_estimate: bool = False
    stated_share: float = 1.0


def settle(
    flows: Flows,
    *,
    stated_w: float,
    efficiency: float,
    battery_efficiency: float = 1.0,
    stored_w: float | None = None,
    dark: bool = False,
) -> Settled | None:
    """Make flows add up, deriving what is not measured; None if too little is known.

    *stored_w* is the change of the estimated charge, taken where no battery power is measured; *dark*
    says that the sun can have no part in it. Of measured power the battery keeps, and gives, but a
    share of *battery_efficiency*; an estimate knows that already.
    """
    share = efficiency
    if flows.output_w is not None:
        used, lost = flows.output_w, flows.output_w * (1.0 / efficiency - 1.0)
    elif flows.input_w is not None and flows.battery_w is not None:
        drawn = max(0.0, flows.input_w - flows.battery_w)
        used, lost = drawn * efficiency, drawn * (1.0 - efficiency)
    else:
        # Stated powers are as the battery sees them: the converter's loss is in them.
        used, lost, share = stated_w, 0.0, 1.0
    settled = _balance(flows, used, lost, stored_w, dark=dark)
    if settled is None:
        return None
    return replace(_within(settled, battery_efficiency), stated_share=share)


def _within(settled: Settled, efficiency: float) -> Settled:
    """Book what the battery itself loses, on the way in and on the way out, as lost."""
    if settled.from_estimate:
        return settled
    power_w = settled.stored_w
    inside_w = power_w * efficiency if power_w > 0.0 else power_w / efficiency
    return replace(settled, stored_w=inside_w, lost_w=settled.lost_w + power_w - inside_w)


def _balance(
    flows: Flows, used: float, lost: float, estimated_w: float | None, *, dark: bool
) -> Settled | None:
    harvested, stored = flows.input_w, flows.battery_w
    if harvested is not None and stored is not None:
        # All is measured: what does not add up was lost on the way (or is the meters' error).
        return Settled(harvested_w=harvested, used_w=used, stored_w=stored, lost_w=harvested - used - stored)
    if harvested is not None:
        return Settled(harvested_w=harvested, used_w=used, stored_w=harvested - used - lost, lost_w=lost)
    if stored is not None:
        short = max(0.0, -(used + lost + stored))
        return Settled(
            harvested_w=used + lost + stored + short, used_w=used + short, stored_w=stored, lost_w=lost
        )
    if estimated_w is None:
        return None
    gained = used + lost + estimated_w
    pending = gained if dark else min(0.0, gained)
    return Settled(
        harvested_w=gained - pending,
        used_w=used,
        stored_w=estimated_w - pending,
        lost_w=lost,
        pending_w=pending,
        from_estimate=True,
    )


def _power(power_w: float | None, voltage_v: float | None, current_a: float | None) -> float | None:
    if power_w is not None:
        return power_w
    return None if voltage_v is None or current_a is None else voltage_v * current_a


def _mean(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else (one + other) / 2.0
