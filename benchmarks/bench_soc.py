"""How well the charge is known: months of weather on a cell that is harder to read than its table."""

from __future__ import annotations

from table import show

from edgepi.energy.battery import CHEMISTRIES, Battery
from edgepi.energy.health import BatteryHealth, HealthWatch, health
from edgepi.energy.simulation.lifetime import SENSES, live, score

DAYS = 180
METERS = ((1, 0.03, 0.01), (2, -0.03, -0.01))
TARGETS = {"voltage": "5 %", "voltage and load": "5 %", "voltage and current": "3 %"}
WORN_WH, STATED_WH = 118.0, 154.0


def charge_rows() -> list[tuple[str, str, str]]:
    """Error of the charge by chemistry and sense."""
    rows = []
    for chemistry in CHEMISTRIES:
        for sense in SENSES:
            scores = [
                score(live(chemistry, sense, days=DAYS, seed=seed, gain=gain, offset_a=offset_a))
                for seed, gain, offset_a in METERS
            ]
            errors = ", ".join(f"{rms:.1%}" for rms, _ in scores)
            inside = ", ".join(f"{share:.0%}" for _, share in scores)
            rows.append(
                (f"{chemistry}, {sense}", f"{errors} (within 2 sd: {inside})", TARGETS.get(sense, ""))
            )
    return rows


def health_rows() -> list[tuple[str, str, str]]:
    """When a worn battery is found, and as what."""
    rows = []
    for chemistry in CHEMISTRIES:
        said = []
        for seed, gain, offset_a in METERS:
            watch, battery, first = HealthWatch(), Battery.of(chemistry, STATED_WH), "never"
            month = None
            for moment in live(
                chemistry,
                "voltage and current",
                days=40,
                seed=seed,
                gain=gain,
                offset_a=offset_a,
                capacity_wh=WORN_WH,
                stated_wh=STATED_WH,
            ):
                watch.note(moment.day * 86400.0, moment.battery_w)
                known = health(battery, moment.estimator.learned, watch)
                if first == "never" and known.advice:
                    first = f"day {moment.day:.0f}"
                if moment.day < 30.0:
                    month = known
            said.append(f"{first}, then {_wh(month)}")
        rows.append((f"{chemistry}, first said and after 30 days", "; ".join(said), "30 days"))
    return rows


def _wh(known: BatteryHealth | None) -> str:
    if known is None or known.capacity_estimate_wh is None or known.capacity_sd_wh is None:
        return "not known"
    return f"{known.capacity_estimate_wh:.0f} ± {known.capacity_sd_wh:.0f} Wh"


def main() -> None:
    show("State of charge, error (rms) of half a year with two meters", charge_rows())
    show("A battery of 118 Wh stated as 154 Wh", health_rows())


if __name__ == "__main__":
    main()
