/** History of a few entities, fetched once per span and lengthened by what is pushed. */

import { useEffect, useRef, useState } from "preact/hooks";

import { history } from "./api";
import { nodeNow, onState } from "./model";

export interface Course {
  times: number[];
  values: (number | null)[];
}

export type Courses = ReadonlyMap<string, Course>;

const DRAW_EVERY_MS = 1000;
const POINTS_PER_SPAN = 700;

export function useCourses(entities: string[], hours: number, connected: boolean): Courses {
  const [courses, set] = useState<Courses>(new Map());
  const kept = useRef<Map<string, Course>>(new Map());
  const wanted = entities.join(" ");

  useEffect(() => {
    if (!connected || wanted === "") return;
    let gone = false;
    void fetchAll(entities, hours).then((found) => {
      if (gone) return;
      kept.current = found;
      set(new Map(found));
    });
    return () => {
      gone = true;
    };
  }, [wanted, hours, connected]);

  useEffect(() => {
    const stop = onState((state) => {
      const course = kept.current.get(state.entity_id);
      if (!course) return;
      lengthen(course, Date.parse(state.updated_utc) / 1000, state.value, hours);
    });
    const timer = setInterval(() => set(copy(kept.current)), DRAW_EVERY_MS);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [wanted, hours]);

  return courses;
}

async function fetchAll(entities: string[], hours: number): Promise<Map<string, Course>> {
  const found = new Map<string, Course>();
  try {
    for (const series of await history(entities, `-${hours}h`)) {
      const values = series.values.map((value) => (typeof value === "number" ? value : null));
      found.set(series.entity_id, { times: series.times_s, values });
    }
  } catch {
    for (const entity of entities) found.set(entity, { times: [], values: [] });
  }
  return found;
}

function lengthen(course: Course, time: number, value: unknown, hours: number): void {
  const { times, values } = course;
  const step = (hours * 3600) / POINTS_PER_SPAN;
  const last = times.at(-1);
  const known = typeof value === "number" ? value : null;
  if (last !== undefined && time <= last) return;
  if (times.length > 1 && time - times.at(-2)! < step) {
    times[times.length - 1] = time;
    values[values.length - 1] = known;
  } else {
    times.push(time);
    values.push(known);
  }
  const oldest = nodeNow().getTime() / 1000 - hours * 3600;
  while (times.length > 0 && times[0]! < oldest) {
    times.shift();
    values.shift();
  }
}

function copy(courses: Map<string, Course>): Courses {
  return new Map([...courses].map(([id, { times, values }]) => [id, { times: [...times], values: [...values] }]));
}
