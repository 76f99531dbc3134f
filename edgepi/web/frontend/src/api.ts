/** What the node answers, and how it is asked. */

export type Value = number | string | boolean | null;

export interface State {
  entity_id: string;
  value: Value;
  availability: "known" | "unknown" | "unavailable";
  reason: string | null;
  updated_utc: string;
  changed_utc: string;
  source: string;
  plugin?: string;
  instance?: string;
  name?: string;
  unit?: string | null;
  device_class?: string | null;
  precision?: number | null;
  category?: string | null;
}

export interface Decision {
  time_utc: string;
  subject: string;
  action: string;
  sentence: string;
  numbers: Record<string, number>;
}

export interface Plugin {
  name: string;
  instance: string | null;
  title: string | null;
  status: string;
  reason: string;
  version: string | null;
}

export interface Supply {
  time_utc: string;
  input_w: number | null;
  output_w: number | null;
  battery_v: number | null;
  battery_a: number | null;
  battery_w: number | null;
  battery_percent: number | null;
}

export interface Account {
  harvested_wh: number;
  used_wh: Record<string, number>;
  stored_wh: number;
  lost_wh: number;
}

export interface Duty {
  consumer: string;
  level: string;
  power_w: number;
  failure: string | null;
}

export interface Lease {
  offer: { consumer: string; title: string };
  state: string;
  power_w: number;
}

export interface Held {
  wake_utc: string | null;
  triggers: string[];
  doubts: string[];
}

export interface PowerBoard {
  name: string;
  working: boolean;
  failure: string | null;
  last_reason: { kind: string; text: string } | null;
  /** What it holds for a sleep. */
  armed: Held | null;
  /** What it holds while no sleep is planned, in case the power goes. */
  standing?: Held | null;
  /** What a person should look after. */
  health?: string[];
  /** Model and firmware. */
  identity?: string | null;
  clock_off_s?: number | null;
  capabilities?: { can_cut: boolean; cut_delay_s: [number, number] };
}

/** A wake, a sleep, or a loss of power; of a loss `time_utc` is when the node was last seen alive. */
export interface PowerEvent {
  event: "on" | "off" | "lost";
  time_utc: string | null;
  reason: string;
  planned: boolean;
  wake_utc: string | null;
}

/** The budget's record; what is not known is null or absent, never zero. */
export interface Energy {
  supply?: Supply | null;
  soc?: { percent: number; uncertainty_percent: number; stored_wh: number } | null;
  harvest_w?: number | null;
  load_w?: number | null;
  load_measured?: boolean;
  guard?: { in_force: string; run_v: number; commit_v: number };
  ledger?: { today: Account; total: Account & { total_used_wh: number } };
  price_points_per_wh?: number | null;
  duties?: Duty[];
  leases?: Lease[];
  plan?: { sleep_utc: string | null; wake_utc: string | null };
  board?: PowerBoard | null;
}

/** What is expected from `start_utc` until the next step begins. */
export interface PlanStep {
  start_utc: string;
  awake: boolean;
  price_points_per_wh: number;
  harvest_w: number;
  load_w: number;
  stored_wh: number;
  runs: Record<string, string>;
}

export interface Plan {
  made_utc: string | null;
  sleep_utc: string | null;
  wake_utc: string | null;
  steps: PlanStep[];
}

export interface LearnedLoad {
  part: string;
  stated_w: number;
  learned_w: number;
  hours: number;
  excessive: boolean;
}

export interface Insight {
  days_learned: number;
  clearness_today: number | null;
  clear_day_wh: number | null;
  harvest_left_wh: number | null;
  harvest_tomorrow_wh: number | null;
  forecast_source: string;
  forecast_sd: number | null;
  floor_wh: number | null;
  loads: LearnedLoad[];
}

export interface Earned {
  points: number;
  used_wh: number;
  jobs: number;
  points_per_wh: number | null;
}

/** The same record at length: what is planned, what was learned, earned and spared. */
export interface Details extends Omit<Energy, "plan"> {
  governor?: string;
  plan?: Plan | null;
  insight?: Insight | null;
  earnings?: { total: Earned; by_consumer: Record<string, Earned>; points_per_rlc: number | null } | null;
  co2?: { grid_g_per_kwh: number; avoided_g_today: number; avoided_g_total: number } | null;
  battery?: { chemistry?: string; capacity_wh?: number | null; advice?: string[] } | null;
  /** The latest wakes and sleeps, newest first. */
  power_log?: PowerEvent[];
}

export interface Card {
  title: string;
  entities: string[];
  kind: "readings" | "chart" | "jobs" | "station" | "camera";
  options?: Record<string, string>;
}

export interface Status {
  node: { name: string; time_zone: string };
  version: string;
  time_utc: string;
  clock: { rate: number; trusted: boolean };
  simulated: boolean;
  notes: string[];
  energy: Energy;
  charts: Record<string, string>;
  cards: Card[];
  has_power_board: boolean;
}

export interface Series {
  entity_id: string;
  unit: string | null;
  times_s: number[];
  values: Value[];
}

/** The node said no; `status` is HTTP's. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly hint: string | null,
  ) {
    super(message);
  }
}

export function get<T>(path: string): Promise<T> {
  return call<T>(path, {});
}

export function post<T>(path: string, body: unknown): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  return call<T>(path, { method: "POST", headers, body: JSON.stringify(body) });
}

export function remove<T>(path: string): Promise<T> {
  return call<T>(path, { method: "DELETE" });
}

async function call<T>(path: string, options: RequestInit): Promise<T> {
  const response = await fetch(`/api/v1/${path}`, { ...options, credentials: "same-origin" });
  const answer = (await response.json()) as { result: string; data: T; message: string; hint: string | null };
  if (answer.result !== "ok") throw new Refused(answer.message, response.status, answer.hint);
  return answer.data;
}

export function history(entities: string[], start: string): Promise<Series[]> {
  const query = new URLSearchParams({ start });
  for (const entity of entities.slice(0, 20)) query.append("entity", entity);
  return get<Series[]>(`history?${query}`);
}
