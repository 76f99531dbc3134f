import type { Plugin, Status } from "../api";
import { titleOf, when } from "../format";
import { nodeNow } from "../model";

export function PowerPanel({ status, plugins }: { status: Status; plugins: readonly Plugin[] }) {
  const { board, plan } = status.energy;
  if (!board) return null;
  const shown = (moment: string) => when(new Date(moment), nodeNow(), status.node.time_zone);
  const { armed, last_reason: reason } = board;
  const wake = armed?.wake_utc ?? null;
  return (
    <section class="card power" aria-labelledby="power">
      <h2 id="power">Power board: {titleOf(board.name.split(".")[0]!, plugins)}</h2>
      {!board.working && <p class="warn">{board.failure ?? "It is being started."}</p>}
      <dl class="rows">
        {reason && (
          <div>
            <dt>Last woken by</dt>
            <dd>{reason.text}</dd>
          </div>
        )}
        {plan?.sleep_utc && (
          <div>
            <dt>Will sleep</dt>
            <dd>{shown(plan.sleep_utc)}</dd>
          </div>
        )}
        <div>
          <dt>Next wake</dt>
          <dd>{wake ? shown(wake) : "none is armed"}</dd>
        </div>
        {armed && armed.triggers.length > 0 && (
          <div>
            <dt>Wakes on</dt>
            <dd>{armed.triggers.join(", ")}</dd>
          </div>
        )}
      </dl>
      {armed?.doubts.map((doubt) => (
        <p key={doubt} class="warn">
          {doubt}
        </p>
      ))}
    </section>
  );
}
