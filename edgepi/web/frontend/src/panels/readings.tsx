import type { State, Status } from "../api";
import { reading, time, titleOf } from "../format";
import { nodeNow, type Model } from "../model";
import { useCourses, type Course } from "../series";

const MOST_SPARKS = 20;

/** The budget's own entities; the panels of battery and energy show them better. */
const ENERGY = "energy";

/** A group per plugin instance. */
export function Readings({ model, status }: { model: Model; status: Status }) {
  const all = [...model.states.values()].filter((state) => state.instance !== ENERGY);
  const numeric = all.filter((state) => typeof state.value === "number").map((state) => state.entity_id);
  const courses = useCourses(numeric.sort().slice(0, MOST_SPARKS), 24, model.connected);
  return (
    <div class="groups">
      {[...byInstance(all)].map(([instance, members]) => (
        <section
          key={instance}
          class="card readings"
          style={{ flexGrow: members.length, flexBasis: `${Math.min(members.length, 6) * 9.2 + 2.5}rem` }}
          aria-label={`Readings of ${titleOf(instance, model.plugins)}`}
        >
          <h2>{titleOf(instance, model.plugins)}</h2>
          <ul>
            {members.map((state) => (
              <Reading key={state.entity_id} state={state} course={courses.get(state.entity_id)} zone={status.node.time_zone} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function Reading({ state, course, zone }: { state: State; course: Course | undefined; zone: string }) {
  const name = state.name ?? state.entity_id;
  const hint = `${state.entity_id}, ${time(new Date(state.updated_utc), zone)}`;
  return (
    <li class={state.availability} title={state.reason ?? hint} data-entity={state.entity_id}>
      <span class="name">{name}</span>
      {state.availability === "known" ? (
        <>
          <span class={typeof state.value === "string" ? "value words" : "value"}>
            {reading(state, nodeNow(), zone)}
            {state.unit && <small> {state.unit}</small>}
          </span>
          {course && typeof state.value === "number" && <Spark course={course} />}
        </>
      ) : (
        <>
          <span class="value">{state.availability === "unknown" ? "?" : "unavailable"}</span>
          <span class="reason">{state.reason ?? (state.availability === "unknown" ? "not measured yet" : "")}</span>
        </>
      )}
    </li>
  );
}

/** The last day as a thin line, without axes. */
function Spark({ course }: { course: Course }) {
  const path = sparkPath(course, 120, 26);
  if (!path) return null;
  return (
    <svg class="spark" viewBox="0 0 120 30" preserveAspectRatio="none" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

function sparkPath({ times, values }: Course, width: number, height: number): string {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return "";
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const [first, last] = [times[0]!, times.at(-1)!];
  if (last <= first) return "";
  const stride = Math.max(1, Math.floor(times.length / 90));
  let path = "";
  let pen = "M";
  for (let index = 0; index < times.length; index += stride) {
    const value = values[index];
    if (value === null || value === undefined) {
      pen = "M";
      continue;
    }
    const x = (width * (times[index]! - first)) / (last - first);
    const y = 2 + height - (height * (value - least)) / Math.max(most - least, 1e-9);
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
  }
  return path;
}

function byInstance(states: State[]): Map<string, State[]> {
  const groups = new Map<string, State[]>();
  for (const state of states) {
    const instance = state.instance ?? state.source;
    groups.set(instance, [...(groups.get(instance) ?? []), state]);
  }
  for (const members of groups.values()) members.sort(byImportance);
  return groups;
}

function byImportance(a: State, b: State): number {
  return Number(Boolean(a.category)) - Number(Boolean(b.category));
}
