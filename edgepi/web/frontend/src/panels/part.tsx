/** What the parts of a weather station's card share. */

import type { ComponentChildren } from "preact";

import type { State } from "../api";
import { capital, NOTHING, text } from "../format";

/** The states of a card by role; a role without an entity is not there. */
export type Roles = Map<string, State>;

export function Part({ name, kind, children }: { name: string; kind: string; children: ComponentChildren }) {
  return (
    <section class={`part ${kind}`} aria-label={name}>
      <h3>{name}</h3>
      {children}
    </section>
  );
}

export function known(roles: Roles, role: string): number | null {
  const state = roles.get(role);
  return state?.availability === "known" && typeof state.value === "number" ? state.value : null;
}

export function Problem({ state }: { state: State | undefined }) {
  if (!state || state.availability === "known") return null;
  const said = state.availability === "unknown" ? "not measured yet" : `unavailable: ${state.reason ?? "no reason is known"}`;
  return <p class={state.availability === "unknown" ? "muted" : "warn"}>{capital(said)}</p>;
}

export function Fact({ name, state, tone }: { name: string; state: State | undefined; tone?: string }) {
  if (!state) return null;
  const fits = state.availability === "known" && state.value !== null;
  return (
    <div class={tone} title={state.reason ?? undefined}>
      <dt>{name}</dt>
      <dd>{fits ? `${text(state)} ${state.unit ?? ""}` : state.availability === "unavailable" ? "unavailable" : NOTHING}</dd>
    </div>
  );
}
