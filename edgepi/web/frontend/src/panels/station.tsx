/** Cards of weather stations: what it is like now, and how the last day was. */

import type { Card, State, Status } from "../api";
import { useCourses } from "../series";
import { Air, Pressure } from "./air";
import type { Roles } from "./part";
import { Rain } from "./rain";
import { RecordsToday } from "./records";
import { WindNow, WindOfDay } from "./winds";

interface Props {
  status: Status;
  connected: boolean;
  states: ReadonlyMap<string, State>;
}

const COURSES = ["wind_speed", "wind_direction", "rain_total", "pressure_sea_level"];

/** Cards that plugins declare as weather stations. */
export function StationCards(props: Props) {
  const cards = props.status.cards.filter((card) => card.kind === "station");
  return (
    <>
      {cards.map((card) => (
        <StationCard key={`${card.title} ${card.entities[0]}`} {...props} card={card} />
      ))}
    </>
  );
}

function StationCard({ card, status, connected, states }: Props & { card: Card }) {
  const options = card.options ?? {};
  const roles: Roles = new Map();
  for (const [role, id] of Object.entries(options)) {
    const state = states.get(id);
    if (state) roles.set(role, state);
  }
  const wanted = COURSES.flatMap((role) => roles.get(role)?.entity_id ?? []);
  const courses = useCourses(wanted, 24, connected);
  const course = (role: string) => courses.get(options[role] ?? "") ?? null;
  const zone = status.node.time_zone;
  return (
    <section class="card station" aria-label={card.title}>
      <h2>{card.title}</h2>
      <div class="parts">
        <Air roles={roles} />
        <WindNow roles={roles} />
        <WindOfDay roles={roles} speed={course("wind_speed")} direction={course("wind_direction")} />
        <Rain roles={roles} sum={course("rain_total")} zone={zone} />
        <Pressure roles={roles} course={course("pressure_sea_level")} zone={zone} />
        {options.records && <RecordsToday path={options.records} status={status} connected={connected} />}
      </div>
    </section>
  );
}
