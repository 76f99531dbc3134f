import type { Status } from "../api";
import { when } from "../format";
import { nodeNow, type Model } from "../model";

export function PowerPanel({ model, status }: { model: Model; status: Status }) {
  const { power } = model;
  if (!power) return null;
  const wake = power.wake_utc ?? status.energy.plan?.wake_utc;
  const sleep = status.energy.plan?.sleep_utc;
  const shown = (moment: string) => when(new Date(moment), nodeNow(), status.node.time_zone);
  return (
    <section class="card power" aria-labelledby="power">
      <h2 id="power">{power.board ?? "Power board"}</h2>
      <dl class="rows">
        {power.last_reason && (
          <div>
            <dt>Last woken by</dt>
            <dd>{power.last_reason.text}</dd>
          </div>
        )}
        {sleep && (
          <div>
            <dt>Sleeps</dt>
            <dd>{shown(sleep)}</dd>
          </div>
        )}
        <div>
          <dt>Next wake</dt>
          <dd>{wake ? shown(wake) : "none is armed"}</dd>
        </div>
        {power.triggers && power.triggers.length > 0 && (
          <div>
            <dt>Wakes on</dt>
            <dd>{power.triggers.join(", ")}</dd>
          </div>
        )}
      </dl>
      {power.doubts?.map((doubt) => (
        <p key={doubt} class="warn">
          {doubt}
        </p>
      ))}
    </section>
  );
}
