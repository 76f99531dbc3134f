import type { Details, Plugin, Status } from "../api";
import { Chart, type Line } from "../chart";
import type { Known } from "../details";
import { capital, number, titleOf, watts, wh, when } from "../format";
import { nodeNow } from "../model";
import { capacityOf, expected, pair, past, rows, startOf, type Expected } from "../plan";
import { useCourses } from "../series";

interface Props {
  known: Known;
  status: Status;
  connected: boolean;
  plugins: readonly Plugin[];
}

const PAST_H = 12;
const AHEAD_H = 48;
const FIRST = 3;

export function PlanPanel({ known, status, connected, plugins }: Props) {
  const now = nodeNow().getTime() / 1000;
  const plan = expected(known.details, now, now + AHEAD_H * 3600);
  return (
    <section class="card plan" aria-labelledby="plan">
      <h2 id="plan">The coming two days</h2>
      <Reasons sentences={known.why} />
      {plan ? (
        <>
          <PlanCharts plan={plan} status={status} connected={connected} now={now} />
          <PlanTable details={known.details} now={now} zone={status.node.time_zone} plugins={plugins} />
        </>
      ) : (
        <p class="muted">
          <Missing details={known.details} />
        </p>
      )}
      <Outlook details={known.details} />
    </section>
  );
}

/** The first sentences say the most; the rest is there for who asks. */
function Reasons({ sentences }: { sentences: string[] }) {
  const list = (some: string[]) => (
    <ul class="reasons">
      {some.map((sentence) => (
        <li key={sentence}>{capital(sentence)}</li>
      ))}
    </ul>
  );
  const rest = sentences.slice(FIRST);
  return (
    <>
      {sentences.length > 0 && list(sentences.slice(0, FIRST))}
      {rest.length > 0 && (
        <details class="more">
          <summary>
            {rest.length} more {rest.length === 1 ? "reason" : "reasons"}
          </summary>
          {list(rest)}
        </details>
      )}
    </>
  );
}

/** Why there is no plan. */
function Missing({ details }: { details: Details }) {
  if (!details.soc) return <>Nothing measures a battery, so there is nothing to plan: the supply counts as steady.</>;
  if (details.governor !== "thresholds") return <>There is no plan yet. It is made once battery and sun are measured.</>;
  return (
    <>
      The governor in force goes by the battery’s charge alone and plans nothing ahead; <code>energy.governor: price</code> does.
    </>
  );
}

interface ChartsProps {
  plan: Expected;
  status: Status;
  connected: boolean;
  now: number;
}

function PlanCharts({ plan, status, connected, now }: ChartsProps) {
  const { battery_percent = "", harvest_w = "", load_w = "", price_points_per_wh = "" } = status.charts;
  const courses = useCourses([battery_percent, harvest_w, load_w, price_points_per_wh].filter(Boolean), PAST_H, connected);
  const from = now - PAST_H * 3600;
  const common = { zone: status.node.time_zone, from, to: now + AHEAD_H * 3600, now, bands: plan.bands };
  const course = (id: string) => past(courses.get(id), from, now);
  const ahead = (values: number[]) => ({ times: plan.times, values });
  const line = (name: string, unit: string, digits: number, tone: string) => ({ name, unit, digits, tone, filled: false });
  const power = { ...line("Sun", "W", 1, "--sun"), stepped: true };
  const load = { ...line("Load", "W", 1, "--load"), stepped: true };
  const price = line("Price", "points/Wh", 2, "--price");
  const store: Line[] =
    plan.unit === "%"
      ? pair({ ...line("Battery", "%", 0, "--store"), filled: true }, course(battery_percent), ahead(plan.battery), now)
      : [{ ...line("Battery, expected", "Wh", 1, "--store"), dashed: true, rest: plan.battery[0] ?? null, ...ahead(plan.battery) }];
  return (
    <>
      <div class="plots">
        <div class="wide">
          <Chart label="Battery, recorded and expected" lines={store} {...(plan.unit === "%" ? { range: [0, 100] } : {})} {...common} />
        </div>
        <Chart
          label="Power, recorded and expected"
          lines={[...pair(power, course(harvest_w), ahead(plan.harvest), now), ...pair(load, course(load_w), ahead(plan.load), now)]}
          {...common}
        />
        <Chart label="Price of a watt-hour, recorded and expected" lines={pair(price, course(price_points_per_wh), ahead(plan.price), now)} {...common} />
      </div>
      <p class="key muted">
        <span>
          <i class="swatch dashes" />
          expected
        </span>
        <span>
          <i class="swatch night" />
          no sun
        </span>
        {plan.bands.some((band) => band.kind === "sleep") && (
          <span>
            <i class="swatch sleep" />
            the node sleeps
          </span>
        )}
      </p>
    </>
  );
}

interface TableProps {
  details: Details;
  now: number;
  zone: string;
  plugins: readonly Plugin[];
}

function PlanTable({ details, now, zone, plugins }: TableProps) {
  const capacity = capacityOf(details);
  const shown = rows(details, now, now + AHEAD_H * 3600);
  const moment = new Date(now * 1000);
  return (
    <details class="as-table">
      <summary>The plan as a table</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="The plan as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">Battery</th>
              <th scope="col">Sun</th>
              <th scope="col">Load</th>
              <th scope="col">Price</th>
              <th scope="col">Runs</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((step) => (
              <tr key={step.start_utc}>
                <th scope="row">{when(new Date(startOf(step) * 1000), moment, zone)}</th>
                <td>{capacity ? `${number((100 * step.stored_wh) / capacity, 0)} %` : `${wh(step.stored_wh)} Wh`}</td>
                <td>{watts(step.harvest_w)} W</td>
                <td>{watts(step.load_w)} W</td>
                <td>{number(step.price_points_per_wh, 2)}</td>
                <td class="words">{step.awake ? runs(step.runs, plugins) : "asleep"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function runs(what: Record<string, string>, plugins: readonly Plugin[]): string {
  const on = Object.entries(what).filter(([, level]) => level !== "off");
  if (on.length === 0) return "only the computer";
  return on.map(([name, level]) => `${titleOf(name, plugins)}${level === "full" || level === "run" ? "" : ` (${level})`}`).join(", ");
}

/** How much sun is expected, and who says so. */
function Outlook({ details }: { details: Details }) {
  const { insight } = details;
  if (!insight || details.governor === "thresholds") return null;
  const said = [
    insight.clearness_today == null ? "" : `Today is ${number(100 * insight.clearness_today, 0)} % of a clear day`,
    insight.harvest_left_wh == null ? "" : toCome(insight.harvest_left_wh),
    insight.harvest_tomorrow_wh == null ? "" : `${wh(insight.harvest_tomorrow_wh)} Wh tomorrow`,
  ].filter(Boolean);
  const days = insight.days_learned;
  return (
    <p class="outlook muted">
      {said.length > 0 && <>{said.join("; ")}. </>}
      {insight.forecast_source ? (
        <>
          Forecast: <Source name={insight.forecast_source} />
          {insight.forecast_sd != null && <>, right to within {number(100 * insight.forecast_sd, 0)} % so far</>}.
        </>
      ) : (
        <>{days > 0 ? `No forecast: this is what ${days === 1 ? "one day" : `${days} days`} taught the node.` : "No forecast, and the node has not seen a whole day yet."}</>
      )}
    </p>
  );
}

function toCome(energy: number): string {
  return energy < 0.05 ? "no more sun is to come today" : `${wh(energy)} Wh are still to come`;
}

const LINKS: [string, string][] = [
  ["Open-Meteo.com", "https://open-meteo.com/"],
  ["CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"],
];

/** The source's own words, with links where its licence wants them. */
function Source({ name }: { name: string }) {
  let parts: (string | preact.JSX.Element)[] = [name];
  for (const [words, href] of LINKS) {
    parts = parts.flatMap((part) => {
      if (typeof part !== "string" || !part.includes(words)) return [part];
      const [before = "", ...after] = part.split(words);
      return [
        before,
        <a key={words} href={href} rel="noreferrer" target="_blank">
          {words}
        </a>,
        after.join(words),
      ];
    });
  }
  return <>{parts}</>;
}

