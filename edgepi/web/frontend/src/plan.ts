/** From the node's plan to what charts and tables show. */

import type { Details, PlanStep } from "./api";
import type { Band, Line } from "./chart";
import type { Course } from "./series";

export interface Expected {
  times: number[];
  battery: number[];
  harvest: number[];
  load: number[];
  price: number[];
  bands: Band[];
  /** Unit of `battery`: percent where the capacity is known. */
  unit: "%" | "Wh";
}

const DARK_W = 0.02;
const DAY_S = 86_400;

/** The steps from `from` to `to` (seconds since 1970); null without any. */
export function expected(details: Details, from: number, to: number): Expected | null {
  const all = details.plan?.steps ?? [];
  const ends = all.map((_step, index) => endOf(all, index));
  const steps = all.filter((step, index) => ends[index]! > from && startOf(step) < to);
  if (steps.length === 0) return null;
  const capacity = capacityOf(details);
  const times = steps.map((step) => Math.max(startOf(step), from));
  return {
    times,
    battery: steps.map((step) => (capacity ? (100 * step.stored_wh) / capacity : step.stored_wh)),
    harvest: steps.map((step) => step.harvest_w),
    load: steps.map((step) => step.load_w),
    price: steps.map((step) => step.price_points_per_wh),
    bands: [...nights(all), ...spans(all, (step) => !step.awake).map(named("sleep"))],
    unit: capacity ? "%" : "Wh",
  };
}

/** A recorded course before now, cut off where the plan takes over. */
export function past(course: Course | undefined, from: number, now: number): Course {
  const times: number[] = [];
  const values: (number | null)[] = [];
  course?.times.forEach((time, index) => {
    if (time < from || time > now) return;
    times.push(time);
    values.push(course.values[index] ?? null);
  });
  return { times, values };
}

/** The value that a course has at a moment; null outside of it. */
export function at(times: number[], values: (number | null)[], moment: number): number | null {
  const index = times.findLastIndex((time) => time <= moment);
  return index < 0 ? null : (values[index] ?? null);
}

/** What was and what is expected, as two lines of one colour. */
export function pair(before: Omit<Line, "times" | "values">, was: Course, after: Course, now: number): Line[] {
  const measured = { ...before, ...was, rest: was.values.at(-1) ?? null };
  const name = `${before.name}, expected`;
  const coming = { ...before, ...after, name, filled: false, dashed: true, rest: at(after.times, after.values, now) };
  return was.times.length > 0 ? [measured, coming] : [coming];
}

/** Every few hours one row, for those who read instead of look. */
export function rows(details: Details, from: number, to: number, every = 3 * 3600): PlanStep[] {
  const all = details.plan?.steps ?? [];
  const steps = all.filter((step, index) => endOf(all, index) > from && startOf(step) < to);
  let next = -Infinity;
  return steps.filter((step) => {
    if (startOf(step) < next) return false;
    next = startOf(step) + every;
    return true;
  });
}

export function capacityOf(details: Details): number | null {
  const stated = details.battery?.capacity_wh;
  if (stated) return stated;
  const soc = details.soc;
  return soc && soc.percent > 1 ? (100 * soc.stored_wh) / soc.percent : null;
}

export function startOf(step: PlanStep): number {
  return Date.parse(step.start_utc) / 1000;
}

function endOf(steps: PlanStep[], index: number): number {
  const next = steps[index + 1];
  if (next) return startOf(next);
  const before = steps[index - 1];
  return startOf(steps[index]!) + (before ? startOf(steps[index]!) - startOf(before) : 1800);
}

function spans(steps: PlanStep[], wanted: (step: PlanStep) => boolean): [number, number][] {
  const found: [number, number][] = [];
  steps.forEach((step, index) => {
    if (!wanted(step)) return;
    const last = found.at(-1);
    const [begin, end] = [startOf(step), endOf(steps, index)];
    if (last && last[1] >= begin) last[1] = end;
    else found.push([begin, end]);
  });
  return found;
}

/** Where no sun is expected, and the same hours of the day before for what is past. */
function nights(steps: PlanStep[]): Band[] {
  const most = Math.max(...steps.map((step) => step.harvest_w));
  if (most <= 0) return [];
  const begin = startOf(steps[0]!);
  const dark = spans(steps, (step) => step.harvest_w <= DARK_W * most);
  const before = dark
    .map(([start, end]): [number, number] => [start - DAY_S, Math.min(end - DAY_S, begin)])
    .filter(([start, end]) => end > start);
  return [...before, ...dark].map(named("night"));
}

function named(kind: Band["kind"]): (span: [number, number]) => Band {
  return ([from, to]) => ({ from, to, kind });
}
