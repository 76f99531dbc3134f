import type { Decision } from "../api";
import { title, when } from "../format";
import { nodeNow } from "../model";

export function WhyPanel({ decisions, zone }: { decisions: readonly Decision[]; zone: string }) {
  const now = nodeNow();
  return (
    <section class="card why" aria-labelledby="why">
      <h2 id="why">Why</h2>
      {decisions.length === 0 && <p class="muted">Nothing has been decided yet.</p>}
      <ol tabIndex={0} aria-label="Latest decisions, newest first">
        {decisions.map((decision) => (
          <li key={`${decision.time_utc} ${decision.subject} ${decision.action}`}>
            <time dateTime={decision.time_utc}>{when(new Date(decision.time_utc), now, zone)}</time>
            <p>
              <b>{title(decision.subject)}</b> {decision.sentence}
            </p>
          </li>
        ))}
      </ol>
    </section>
  );
}
