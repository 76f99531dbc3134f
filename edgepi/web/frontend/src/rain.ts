/** Rain of a day by the hour; pure. */

import type { Course } from "./series";
import { pieces } from "./wind";

export interface WetHour {
  /** When it begins, in seconds. */
  from: number;
  /** Null if nobody counted. */
  mm: number | null;
  /** Share of the hour in which somebody counted. */
  counted: number;
}

const HOUR_S = 3600;
/** So much of an hour must be missing before it is said. */
const NEARLY_WHOLE = 0.9;
const LEAST_COUNTED = 0.02;

/** The last 24 whole hours of the clock and the present one, from a sum that only grows. */
export function wetHours(sum: Course, now: number): WetHour[] {
  const last = (Math.ceil(now / HOUR_S) - 1) * HOUR_S;
  const hours: WetHour[] = [];
  for (let from = last - 23 * HOUR_S; from <= last; from += HOUR_S) hours.push({ from, mm: null, counted: 0 });
  const first = hours[0]!.from;
  const hourOf = (time: number) => hours[Math.floor((time - first) / HOUR_S)];
  for (const piece of pieces(sum, first, now)) {
    if (piece.value === null) continue;
    for (let begin = piece.from; begin < piece.to; ) {
      const hour = hourOf(begin)!;
      const end = Math.min(piece.to, hour.from + HOUR_S);
      hour.counted += (end - begin) / Math.min(HOUR_S, now - hour.from);
      begin = end;
    }
  }
  const known = sum.times.flatMap((time, index) => (sum.values[index] == null ? [] : [{ time, mm: sum.values[index]! }]));
  known.slice(1).forEach(({ time, mm }, index) => {
    const hour = time >= first ? hourOf(time) : undefined;
    if (hour) hour.mm = (hour.mm ?? 0) + Math.max(0, mm - known[index]!.mm);
  });
  for (const hour of hours) hour.mm = hour.counted < LEAST_COUNTED ? null : (hour.mm ?? 0);
  return hours;
}

export function incomplete(hour: WetHour): boolean {
  return hour.counted < NEARLY_WHOLE;
}
