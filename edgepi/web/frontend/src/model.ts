/** Everything that the page knows, replaced as a whole at most once per frame. */

import type { Decision, Plugin, State, Status } from "./api";

export interface Model {
  phase: "starting" | "login" | "ready";
  connected: boolean;
  /** When the connection was lost, in the browser's milliseconds. */
  lostAt: number | null;
  status: Status | null;
  /** The browser's milliseconds at which `status` arrived. */
  statusAt: number;
  states: ReadonlyMap<string, State>;
  decisions: readonly Decision[];
  plugins: readonly Plugin[];
}

const MOST_DECISIONS = 60;

let model: Model = {
  phase: "starting",
  connected: false,
  lostAt: null,
  status: null,
  statusAt: 0,
  states: new Map(),
  decisions: [],
  plugins: [],
};
let scheduled = false;
const listeners = new Set<() => void>();
const stateListeners = new Set<(state: State) => void>();

export function current(): Model {
  return model;
}

export function update(change: Partial<Model>): void {
  model = { ...model, ...change };
  if (scheduled) return;
  scheduled = true;
  const draw = () => {
    if (!scheduled) return;
    scheduled = false;
    for (const listener of listeners) listener();
  };
  requestAnimationFrame(draw);
  setTimeout(draw, 250); // a hidden tab gets no frames
}

export function onChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Hears every pushed state, for charts. */
export function onState(listener: (state: State) => void): () => void {
  stateListeners.add(listener);
  return () => stateListeners.delete(listener);
}

export function putState(state: State): void {
  const states = new Map(model.states);
  states.set(state.entity_id, state);
  update({ states });
  for (const listener of stateListeners) listener(state);
}

export function putDecision(decision: Decision): void {
  update({ decisions: [decision, ...model.decisions].slice(0, MOST_DECISIONS) });
}

export function putPlugin(instance: string, status: string, reason: string): void {
  const plugins = model.plugins.map((p) => (p.instance === instance ? { ...p, status, reason } : p));
  update({ plugins });
}

/** The node's own time now: its clock may run fast. */
export function nodeNow(): Date {
  const { status, statusAt } = model;
  if (!status) return new Date();
  return new Date(Date.parse(status.time_utc) + (performance.now() - statusAt) * status.clock.rate);
}
