import type { Energy } from "../api";
import { NOTHING, number, watts, wh } from "../format";

const GUARDS: Record<string, string> = {
  run: "Run guard: the voltage is low, so nothing new starts and duties are shed.",
  commit: "Commit guard: the voltage is very low, so only work that must be finished runs.",
};

export function BatteryPanel({ energy }: { energy: Energy }) {
  const percent = percentOf(energy);
  const flow = flowOf(energy);
  const guard = GUARDS[energy.guard?.in_force ?? "none"];
  const { soc } = energy;
  return (
    <section class="card battery" aria-labelledby="battery">
      <h2 id="battery">Battery</h2>
      <div class="charge">
        <p class="huge">
          {number(percent, 0)}
          <small>%</small>
        </p>
        <Cell percent={percent} low={guard !== undefined} />
      </div>
      <p class="flow">{flow}</p>
      <dl class="facts">
        <Fact name="Voltage" value={number(energy.supply?.battery_v, 2)} unit="V" />
        <Fact name="Sun" value={watts(energy.harvest_w)} unit="W" tone="sun" />
        <Fact name={energy.load_measured === false ? "Load, as stated" : "Load"} value={watts(energy.load_w)} unit="W" tone="load" />
        {soc && <Fact name="Stored" value={wh(soc.stored_wh)} unit={`Wh ± ${number(soc.uncertainty_percent, 0)} %`} />}
        {energy.price_points_per_wh != null && (
          <Fact name="A watt-hour is worth" value={number(energy.price_points_per_wh, 2)} unit="points" tone="price" />
        )}
      </dl>
      <p class={guard ? "guard warn" : "guard muted"}>
        {guard ??
          (energy.guard == null
            ? "No guard is in force."
            : `No guard is in force; the first acts below ${number(energy.guard.run_v, 2)}\u00a0V.`)}
      </p>
    </section>
  );
}

function Fact(props: { name: string; value: string; unit: string; tone?: string }) {
  return (
    <div class={props.tone}>
      <dt>{props.name}</dt>
      <dd>
        {props.value} <small>{props.value === NOTHING ? "" : props.unit}</small>
      </dd>
    </div>
  );
}

function Cell({ percent, low }: { percent: number | null; low: boolean }) {
  const width = Math.max(0, Math.min(100, percent ?? 0));
  return (
    <svg class={low ? "cell low" : "cell"} viewBox="0 0 112 44" aria-hidden="true">
      <rect class="shell" x="1.5" y="1.5" width="103" height="41" rx="9" />
      <rect class="tip" x="106.5" y="14" width="4.5" height="16" rx="2" />
      <rect class="fill" x="6" y="6" width={0.94 * width} height="32" rx="5" />
    </svg>
  );
}

function percentOf(energy: Energy): number | null {
  return energy.soc?.percent ?? energy.supply?.battery_percent ?? null;
}

function flowOf(energy: Energy): string {
  const { supply } = energy;
  const measured =
    supply?.battery_w ??
    (supply?.battery_v != null && supply.battery_a != null ? supply.battery_v * supply.battery_a : null);
  const net =
    measured ?? (energy.harvest_w != null && energy.load_w != null ? energy.harvest_w - energy.load_w : null);
  if (net === null) return "Whether it charges is not measured.";
  if (Math.abs(net) < 0.05) return "Neither charging nor discharging.";
  return net > 0 ? `Charging with ${watts(net)} W` : `Discharging with ${watts(-net)} W`;
}
