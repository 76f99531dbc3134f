/** Numbers and times for people, in the node's own time zone. */

import type { Plugin, State } from "./api";

export const NOTHING = "–";

export function number(value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING;
  const rounded = value.toFixed(digits);
  return (Number(rounded) === 0 ? rounded.replace("-", "") : rounded).replace("-", "\u2212");
}

/** Energy with three figures that count. */
export function wh(value: number | null | undefined): string {
  const size = Math.abs(value ?? 0);
  return number(value, size >= 100 ? 0 : size >= 1 ? 1 : 2);
}

export function watts(value: number | null | undefined): string {
  const size = Math.abs(value ?? 0);
  return number(value, size >= 100 || size === 0 ? 0 : size >= 1 ? 1 : 2);
}

/** Power with its unit; what is tiny, as most sensors are, in milliwatts. */
export function inWatts(value: number): string {
  return tiny(value) ? `${number(value * 1000, 1)} mW` : `${watts(value)} W`;
}

/** Energy with its unit; what is tiny in milliwatt-hours. */
export function inWh(value: number): string {
  return tiny(value) ? `${number(value * 1000, 1)} mWh` : `${wh(value)} Wh`;
}

/** A span in the unit that suits it. */
export function span(seconds: number): string {
  if (seconds < 120) return `${number(seconds, 0)} s`;
  return seconds < 7200 ? `${number(seconds / 60, 0)} min` : `${number(seconds / 3600, 1)} h`;
}

/** A file's size. */
export function size(bytes: number): string {
  if (bytes < 1e6) return `${number(bytes / 1e3, 0)} kB`;
  return bytes < 1e9 ? `${number(bytes / 1e6, bytes < 1e7 ? 1 : 0)} MB` : `${number(bytes / 1e9, 1)} GB`;
}

/** Length of a film, as players show it. */
export function length(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), String(whole % 60).padStart(2, "0")];
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function tiny(value: number): boolean {
  return value !== 0 && Math.abs(value) < 0.01;
}

export function text(state: State): string {
  const { value } = state;
  if (value === null) return NOTHING;
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "string") return state.device_class === "enum" ? capital(value.replaceAll("_", " ")) : value;
  return number(value, state.precision ?? (Math.abs(value) >= 100 ? 0 : 2));
}

/** A reading's value, moments in the node's own time. */
export function reading(state: State, now: Date, zone: string): string {
  const moment = state.device_class === "timestamp" && typeof state.value === "string" ? Date.parse(state.value) : NaN;
  return Number.isNaN(moment) ? text(state) : when(new Date(moment), now, zone);
}

export function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function title(name: string): string {
  return capital(name.replace(/[_-]+/g, " "));
}

/** The plugin's own title for an instance; its name where there is none, or several instances. */
export function titleOf(name: string, plugins: readonly Plugin[]): string {
  const [instance = "", ...part] = name.split(".");
  const plugin = plugins.find((each) => each.instance === instance);
  const whose = plugin?.title && plugin.name === instance ? plugin.title : title(instance);
  return part.length > 0 ? `${whose}, ${part.join(" ")}` : whose;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(kind: string, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${kind} ${zone}`;
  let found = formats.get(key);
  if (!found) {
    try {
      found = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
    } catch {
      found = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
    }
    formats.set(key, found);
  }
  return found;
}

export function time(moment: Date, zone: string): string {
  return format("time", zone, { hour: "2-digit", minute: "2-digit" }).format(moment);
}

export function day(moment: Date, zone: string): string {
  return format("day", zone, { weekday: "short", day: "numeric", month: "short" }).format(moment);
}

/** Time alone if on the same day, else with the day. */
export function when(moment: Date, now: Date, zone: string): string {
  const there = day(moment, zone);
  return there === day(now, zone) ? time(moment, zone) : `${there}, ${time(moment, zone)}`;
}
