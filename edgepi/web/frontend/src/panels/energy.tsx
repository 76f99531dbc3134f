import type { Energy, Plugin, State } from "../api";
import { inWatts, inWh, number, titleOf, wh } from "../format";

interface Part {
  key: string;
  name: string;
  energy: number;
  tone: string;
  now?: Now | undefined;
}

interface Now {
  level: string;
  power: number | null;
}

const NODE = "node";
const UNEXPLAINED = "unexplained";
const KNOWN: Record<string, string> = { [NODE]: "The computer", [UNEXPLAINED]: "Unexplained" };

interface Props {
  energy: Energy;
  states: ReadonlyMap<string, State>;
  plugins: readonly Plugin[];
}

export function EnergyPanel({ energy, states, plugins }: Props) {
  if (!energy.ledger) return null;
  const { today, total } = energy.ledger;
  const stored = today.stored_wh;
  const income = parts([
    { key: "sun", name: "Sun", energy: today.harvested_wh, tone: "sun" },
    { key: "drawn", name: "Out of the battery", energy: Math.max(0, -stored), tone: "store" },
  ]);
  const use = parts([
    ...consumers(energy, states, plugins),
    { key: "stored", name: "Into the battery", energy: Math.max(0, stored), tone: "store" },
    { key: "lost", name: "Conversion losses", energy: Math.max(0, today.lost_wh), tone: "lost" },
  ]);
  const scale = Math.max(sum(income), sum(use), 1e-9);
  return (
    <section class="card energy" aria-labelledby="energy">
      <h2 id="energy">Energy today</h2>
      <div class="streams">
        <Stream label="Came in" parts={income} scale={scale} />
        <Stream label="Went to" parts={use} scale={scale} />
      </div>
      <table>
        <thead>
          <tr>
            <th scope="col">Where it went</th>
            <th scope="col">Level</th>
            <th scope="col">Now</th>
            <th scope="col">Today</th>
          </tr>
        </thead>
        <tbody>
          {use.map((part) => (
            <tr key={part.key}>
              <th scope="row">
                <i class={`swatch ${part.tone}`} />
                {part.name}
              </th>
              <td>{part.now?.level ?? ""}</td>
              <td>{part.now?.power == null ? "" : inWatts(part.now.power)}</td>
              <td>{inWh(part.energy)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="since muted">
        Since installation: {kwh(total.harvested_wh)} harvested, {kwh(total.total_used_wh)} used
      </p>
    </section>
  );
}

function Stream({ label, parts: shown, scale }: { label: string; parts: Part[]; scale: number }) {
  return (
    <div class="stream">
      <p>
        <span class="muted">{label}</span> <b>{wh(sum(shown))} Wh</b>
      </p>
      <div class="bar" role="img" aria-label={shown.map((p) => `${p.name} ${inWh(p.energy)}`).join(", ")}>
        {shown
          .filter((part) => part.energy > 0)
          .map((part) => (
            <span
              key={part.key}
              class={part.tone}
              style={{ width: `${(100 * part.energy) / scale}%` }}
              title={`${part.name}: ${inWh(part.energy)}`}
            />
          ))}
      </div>
    </div>
  );
}

function consumers(energy: Energy, states: ReadonlyMap<string, State>, plugins: readonly Plugin[]): Part[] {
  const used = explained(energy.ledger?.today.used_wh ?? {});
  const now = running(energy);
  const names = [...new Set([...Object.keys(used), ...now.keys()])];
  names.sort((a, b) => (used[b] ?? 0) - (used[a] ?? 0));
  return names.map((name, index) => ({
    key: `use ${name}`,
    name: KNOWN[name] ?? titleOf(name, plugins),
    energy: used[name] ?? 0,
    tone: `tone${index % 6}`,
    now: now.get(name) ?? (name === NODE ? idle(energy, now) : undefined) ?? stated(name, states),
  }));
}

/** Where consumers stated more than was measured, the computer drew less than was reckoned for it. */
function explained(used: Record<string, number>): Record<string, number> {
  const { [UNEXPLAINED]: rest = 0, ...known } = used;
  if (rest >= 0 || known[NODE] === undefined) return used;
  return { ...known, [NODE]: Math.max(0, known[NODE] + rest) };
}

/** What is left of a measured load for the computer itself. */
function idle(energy: Energy, others: Map<string, Now>): Now | undefined {
  if (!energy.load_measured || energy.load_w == null) return undefined;
  const power = [...others.values()].reduce((left, { power: taken }) => left - (taken ?? 0), energy.load_w);
  return power > 0 ? { level: "", power } : undefined;
}

/** What the budget reckons for a consumer that has no levels, such as the idle node. */
function stated(consumer: string, states: ReadonlyMap<string, State>): Now | undefined {
  const key = consumer.toLowerCase().replace(/[^a-z0-9_]+/g, "_");
  const value = states.get(`energy.${key}_power`)?.value;
  return typeof value === "number" ? { level: "", power: value } : undefined;
}

/** Duties at their level, and jobs under the name of whoever runs them. */
function running({ duties = [], leases = [] }: Energy): Map<string, Now> {
  const now = new Map<string, Now>();
  for (const { consumer, level, power_w, failure } of duties) {
    now.set(consumer, { level: failure ? "failing" : level, power: power_w });
  }
  for (const { offer, state, power_w } of leases) {
    const before = now.get(offer.consumer);
    now.set(offer.consumer, { level: state.replaceAll("_", " "), power: (before?.power ?? 0) + power_w });
  }
  return now;
}

function parts(all: Part[]): Part[] {
  return all.filter((part) => part.energy > 0 || part.now !== undefined);
}

function sum(all: Part[]): number {
  return all.reduce((total, part) => total + Math.max(0, part.energy), 0);
}

function kwh(energy: number): string {
  return energy >= 1000 ? `${number(energy / 1000, 1)} kWh` : `${wh(energy)} Wh`;
}
