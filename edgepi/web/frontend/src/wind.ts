/** Winds of a day by direction and speed; pure. */

import type { Course } from "./series";

/** Upper limits of the classes in m/s; the last has none. */
export const SPEEDS = [2, 5, 8, 12];
export const SPEED_NAMES = ["below 2", "2 to 5", "5 to 8", "8 to 12", "12 and more"];

const POINTS = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"];
const WORDS: Record<string, string> = { N: "north", E: "east", S: "south", W: "west" };

/** Below this no air moves: Beaufort's force 0. */
const CALM_BELOW = 0.3;
const FORCES: [number, string][] = [
  [0.3, "calm"],
  [1.6, "light air"],
  [3.4, "light breeze"],
  [5.5, "gentle breeze"],
  [8.0, "moderate breeze"],
  [10.8, "fresh breeze"],
  [13.9, "strong breeze"],
  [17.2, "near gale"],
  [20.8, "gale"],
  [24.5, "strong gale"],
  [28.5, "storm"],
  [32.7, "violent storm"],
];

/** A value counts until the next, but no longer than this or some of its usual intervals. */
const REACH_S = 900;
const REACH_INTERVALS = 2.5;

export interface Rose {
  /** Share of the measured time: 16 directions, each by speed class. */
  shares: number[][];
  calm: number;
  measured_s: number;
  missing_s: number;
}

export interface Piece {
  from: number;
  to: number;
  value: number | null;
}

/** 0 to 15, clockwise from north. */
export function point(degrees: number): number {
  return Math.round(degrees / 22.5) % 16;
}

export function pointName(index: number): string {
  return POINTS[index]!;
}

/** Written out: "west", "south-southwest". */
export function pointWords(index: number): string {
  const [first = "", ...rest] = POINTS[index]!;
  const tail = rest.map((letter) => WORDS[letter]!).join("");
  return rest.length === 2 ? `${WORDS[first]!}-${tail}` : WORDS[first]! + tail;
}

/** Source: WMO-No. 306, code table 1100. */
export function forceWords(speed: number): string {
  return FORCES.find(([below]) => Math.round(speed * 10) / 10 < below)?.[1] ?? "hurricane";
}

/** How long each value was the latest one known, within a span; what is not covered was not measured. */
export function pieces({ times, values }: Course, from: number, to: number): Piece[] {
  const steps = times.slice(1).map((time, index) => time - times[index]!);
  const usual = steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const reach = Math.max(REACH_S, REACH_INTERVALS * usual);
  const found: Piece[] = [];
  times.forEach((time, index) => {
    const begin = Math.max(time, from);
    const end = Math.min(times[index + 1] ?? to, time + reach, to);
    if (end > begin) found.push({ from: begin, to: end, value: values[index] ?? null });
  });
  return found;
}

export function rose(speed: Course, direction: Course, from: number, to: number): Rose {
  const seconds = POINTS.map(() => SPEED_NAMES.map(() => 0));
  const directions = pieces(direction, from, to);
  let calm = 0;
  let at = 0;
  for (const wind of pieces(speed, from, to)) {
    if (wind.value === null) continue;
    if (wind.value < CALM_BELOW) {
      calm += wind.to - wind.from;
      continue;
    }
    const kind = speedClass(wind.value);
    while (at < directions.length && directions[at]!.to <= wind.from) at++;
    for (let other = at; other < directions.length && directions[other]!.from < wind.to; other++) {
      const { from: begin, to: end, value } = directions[other]!;
      if (value === null) continue;
      seconds[point(value)]![kind]! += Math.min(end, wind.to) - Math.max(begin, wind.from);
    }
  }
  const measured = calm + seconds.flat().reduce((sum, each) => sum + each, 0);
  return {
    shares: seconds.map((classes) => classes.map((each) => each / Math.max(measured, 1))),
    calm: calm / Math.max(measured, 1),
    measured_s: measured,
    missing_s: Math.max(0, to - from - measured),
  };
}

function speedClass(speed: number): number {
  const found = SPEEDS.findIndex((limit) => speed < limit);
  return found < 0 ? SPEEDS.length : found;
}

export function total(classes: number[]): number {
  return classes.reduce((sum, each) => sum + each, 0);
}
