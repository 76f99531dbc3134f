import type { Consumer, Energy } from "../api";
import { title, watts, wh } from "../format";

interface Part {
  key: string;
  name: string;
  energy: number;
  tone: string;
  now?: Consumer | undefined;
}

const KNOWN: Record<string, string> = { node: "The computer itself", unexplained: "Unexplained" };

export function EnergyPanel({ energy }: { energy: Energy }) {
  const today = energy.today;
  if (!today) return null;
  const stored = today.stored_wh ?? 0;
  const income = parts([
    { key: "sun", name: "Sun", energy: today.harvested_wh ?? 0, tone: "sun" },
    { key: "drawn", name: "Out of the battery", energy: Math.max(0, -stored), tone: "store" },
  ]);
  const use = parts([
    ...consumers(energy),
    { key: "stored", name: "Into the battery", energy: Math.max(0, stored), tone: "store" },
    { key: "lost", name: "Lost in conversion", energy: Math.max(0, today.lost_wh ?? 0), tone: "lost" },
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
              <td>{part.now?.power_w == null ? "" : `${watts(part.now.power_w)} W`}</td>
              <td>{wh(part.energy)} Wh</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Stream({ label, parts: shown, scale }: { label: string; parts: Part[]; scale: number }) {
  return (
    <div class="stream">
      <p>
        <span class="muted">{label}</span> <b>{wh(sum(shown))} Wh</b>
      </p>
      <div class="bar" role="img" aria-label={shown.map((p) => `${p.name} ${wh(p.energy)} Wh`).join(", ")}>
        {shown
          .filter((part) => part.energy > 0)
          .map((part) => (
            <span
              key={part.key}
              class={part.tone}
              style={{ width: `${(100 * part.energy) / scale}%` }}
              title={`${part.name}: ${wh(part.energy)} Wh`}
            />
          ))}
      </div>
    </div>
  );
}

function consumers(energy: Energy): Part[] {
  const used = energy.today?.used_wh ?? {};
  const now = new Map((energy.consumers ?? []).map((consumer) => [consumer.name, consumer]));
  const names = [...new Set([...Object.keys(used), ...now.keys()])];
  names.sort((a, b) => (used[b] ?? 0) - (used[a] ?? 0));
  return names.map((name, index) => ({
    key: `use ${name}`,
    name: KNOWN[name] ?? title(name),
    energy: used[name] ?? 0,
    tone: `tone${index % 6}`,
    now: now.get(name),
  }));
}

function parts(all: Part[]): Part[] {
  return all.filter((part) => part.energy > 0 || part.now !== undefined);
}

function sum(all: Part[]): number {
  return all.reduce((total, part) => total + Math.max(0, part.energy), 0);
}
