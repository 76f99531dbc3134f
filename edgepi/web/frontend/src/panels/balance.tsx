import type { Account, Details, Earned, LearnedLoad, Plugin } from "../api";
import { inWatts, number, titleOf, wh } from "../format";

interface Props {
  details: Details;
  plugins: readonly Plugin[];
}

/** What came of it: energy, points, and what the grid did not have to make. */
export function BalancePanel({ details, plugins }: Props) {
  const { ledger, earnings, co2 } = details;
  if (!ledger) return null;
  return (
    <section class="card balance" aria-labelledby="balance">
      <h2 id="balance">Balance</h2>
      <dl class="rows">
        <Row name="Today" value={`${signed(ledger.today.stored_wh)} Wh`} note={sides(ledger.today)} />
        {co2 && co2.avoided_g_total >= 1 && (
          <Row
            name="CO₂ that the grid did not emit"
            value={grams(co2.avoided_g_total)}
            note={`${grams(co2.avoided_g_today)} today, at ${number(co2.grid_g_per_kwh, 0)} g/kWh`}
          />
        )}
        {earnings && earnings.total.jobs > 0 && <Row name="Earned" value={`${number(earnings.total.points, 1)} points`} note={perWh(earnings.total)} />}
        {earnings &&
          Object.entries(earnings.by_consumer).map(([name, each]) => (
            <Row key={name} name={titleOf(name, plugins)} value={`${number(each.points, 1)} points`} note={`${jobs(each.jobs)}, ${wh(each.used_wh)} Wh`} />
          ))}
      </dl>
      {earnings && earnings.total.jobs === 0 && <p class="muted">No job has earned anything yet.</p>}
    </section>
  );
}

/** What the node has found out about its battery and about what things really draw. */
export function LearnedPanel({ details, plugins }: Props) {
  const advice = details.battery?.advice ?? [];
  const loads = details.insight?.loads ?? [];
  if (advice.length === 0 && loads.length === 0) return null;
  return (
    <section class="card learned" aria-labelledby="learned">
      <h2 id="learned">What the node has learned</h2>
      {advice.length > 0 && (
        <ul class="reasons">
          {advice.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
      {loads.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Draws</th>
              <th scope="col">Stated</th>
              <th scope="col">Learned</th>
            </tr>
          </thead>
          <tbody>
            {loads.map((load) => (
              <tr key={load.part} class={load.excessive ? "warn" : ""}>
                <th scope="row">{part(load.part, plugins)}</th>
                <td>{inWatts(load.stated_w)}</td>
                <td title={`measured for ${number(load.hours, 1)} h`}>{learned(load)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {loads.some((load) => load.excessive) && <p class="warn">What is marked with ▲ uses much more than it said.</p>}
    </section>
  );
}

function Row({ name, value, note }: { name: string; value: string; note: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        <small>{note}</small>
      </dd>
    </div>
  );
}

function learned(load: LearnedLoad): string {
  if (load.hours <= 0) return "not yet";
  return `${load.excessive ? "▲ " : ""}${inWatts(load.learned_w)}`;
}

/** ``idle``, ``consumer:level`` or ``consumer:run``. */
function part(name: string, plugins: readonly Plugin[]): string {
  if (name === "idle") return "The computer, idle";
  const cut = name.lastIndexOf(":");
  if (cut < 0) return titleOf(name, plugins);
  const how = name.slice(cut + 1);
  return `${titleOf(name.slice(0, cut), plugins)}, ${how === "run" ? "a job" : how}`;
}

function sides(account: Account): string {
  const used = Object.values(account.used_wh).reduce((sum, each) => sum + each, 0);
  return `${wh(account.harvested_wh)} Wh came in, ${wh(used + account.lost_wh)} Wh were used or lost`;
}

function perWh(earned: Earned): string {
  const each = earned.points_per_wh == null ? "" : `, ${number(earned.points_per_wh, 2)} a watt-hour`;
  return `${jobs(earned.jobs)}${each}`;
}

function jobs(count: number): string {
  return count === 1 ? "1 job" : `${count} jobs`;
}

function signed(value: number): string {
  return `${value > 0 ? "+" : ""}${wh(value)}`;
}

function grams(value: number): string {
  return value >= 1000 ? `${number(value / 1000, 1)} kg` : `${number(value, 0)} g`;
}
