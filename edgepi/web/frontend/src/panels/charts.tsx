import { useState } from "preact/hooks";

import type { State, Status } from "../api";
import { Chart, type Line } from "../chart";
import { nodeNow } from "../model";
import { useCourses, type Courses } from "../series";

interface Props {
  status: Status;
  connected: boolean;
  states: ReadonlyMap<string, State>;
}

const SPANS: [number, string][] = [
  [24, "24 hours"],
  [168, "7 days"],
];
const TONES = ["--load", "--sun", "--store", "--price"];

export function EnergyCharts({ status, connected, states }: Props) {
  const [hours, setHours] = useState(24);
  const { battery_percent = "", harvest_w = "", load_w = "", price_points_per_wh = "" } = status.charts;
  const ids = [battery_percent, harvest_w, load_w, price_points_per_wh].filter((id) => states.has(id));
  const courses = useCourses(ids, hours, connected);
  const to = nodeNow().getTime() / 1000;
  const common = { zone: status.node.time_zone, from: to - hours * 3600, to };
  const battery = line(courses, battery_percent, "Battery", "%", 0, "--store", true);
  const harvest = line(courses, harvest_w, "Sun", "W", 1, "--sun", true);
  const load = line(courses, load_w, "Load", "W", 1, "--load", false);
  const price = line(courses, price_points_per_wh, "Price", "points/Wh", 2, "--price", false);
  if (ids.length === 0) return null;
  return (
    <section class="card charts" aria-labelledby="course">
      <div class="heading">
        <h2 id="course">Course</h2>
        <div class="switch" role="group" aria-label="Span">
          {SPANS.map(([span, name]) => (
            <button key={span} type="button" aria-pressed={hours === span} onClick={() => setHours(span)}>
              {name}
            </button>
          ))}
        </div>
      </div>
      <div class="plots">
        {battery && <Chart label="Battery" lines={[battery]} range={[0, 100]} {...common} />}
        {(harvest ?? load) && (
          <Chart label="Power" lines={[harvest, load].filter((l): l is Line => l !== null)} {...common} />
        )}
        {price && <Chart label="Price of a watt-hour" lines={[price]} {...common} />}
      </div>
    </section>
  );
}

/** Cards that plugins declare as charts. */
export function CardCharts(props: Props) {
  const cards = props.status.cards.filter((card) => card.kind === "chart");
  return (
    <>
      {cards.map((card) => (
        <CardChart key={card.title} {...props} title={card.title} entities={card.entities} />
      ))}
    </>
  );
}

function CardChart({ title, entities, status, connected, states }: Props & { title: string; entities: string[] }) {
  const known = entities.filter((id) => states.has(id));
  const courses = useCourses(known, 24, connected);
  const to = nodeNow().getTime() / 1000;
  const common = { zone: status.node.time_zone, from: to - 86_400, to };
  const lines = known.map((id, index) => {
    const state = states.get(id)!;
    const tone = TONES[index % TONES.length]!;
    return line(courses, id, state.name ?? id, state.unit ?? "", state.precision ?? 1, tone, false);
  });
  return (
    <section class="card charts" aria-label={title}>
      <h2>{title}</h2>
      <div class="plots">
        {groups(lines.filter((l): l is Line => l !== null)).map((group) => (
          <Chart key={group[0]!.unit} label={title} lines={group} {...common} />
        ))}
      </div>
    </section>
  );
}

/** Lines of one unit share a chart. */
function groups(lines: Line[]): Line[][] {
  const found = new Map<string, Line[]>();
  for (const each of lines) found.set(each.unit, [...(found.get(each.unit) ?? []), each]);
  return [...found.values()];
}

function line(
  courses: Courses,
  id: string,
  name: string,
  unit: string,
  digits: number,
  tone: string,
  filled: boolean,
): Line | null {
  const course = courses.get(id);
  return course ? { name, unit, digits, tone, filled, ...course } : null;
}
