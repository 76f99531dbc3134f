import type { Decision, Plugin } from "../api";
import { capital, titleOf, when } from "../format";
import { nodeNow } from "../model";

interface Props {
  decisions: readonly Decision[];
  plugins: readonly Plugin[];
  zone: string;
}

export function WhyPanel({ decisions, plugins, zone }: Props) {
  const now = nodeNow();
  return (
    <section class="card why" aria-labelledby="why">
      <h2 id="why">Why</h2>
      {decisions.length === 0 && <p class="muted">Nothing has been decided yet.</p>}
      <ol tabIndex={0} aria-label="Latest decisions, newest first">
        {decisions.map((decision) => (
          <li key={`${decision.time_utc} ${decision.subject} ${decision.action}`}>
            <time dateTime={decision.time_utc}>{when(new Date(decision.time_utc), now, zone)}</time>
            <Sentence decision={decision} plugins={plugins} />
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The sentence; with its subject before it where it does not name it itself. */
function Sentence({ decision, plugins }: { decision: Decision; plugins: readonly Plugin[] }) {
  const { sentence, subject } = decision;
  if (subject === "node" || sentence.toLowerCase().includes(subject.toLowerCase())) {
    return <p>{capital(sentence)}</p>;
  }
  return (
    <p>
      <b>{titleOf(subject, plugins)}</b> {sentence}
    </p>
  );
}
