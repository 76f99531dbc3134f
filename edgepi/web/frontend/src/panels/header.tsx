import { useEffect, useState } from "preact/hooks";

import { post, type Status } from "../api";
import { day, number, time } from "../format";
import { nodeNow, type Model } from "../model";

export function Header({ model, status }: { model: Model; status: Status }) {
  return (
    <>
      <header class="top">
        <h1>
          <Sun />
          {status.node.name}
        </h1>
        {status.simulated && (
          <span class="badge" title={status.notes.join(" ")}>
            simulated world
            {status.clock.rate !== 1 && <b> {number(status.clock.rate, 0)}×</b>}
          </span>
        )}
        <NodeClock zone={status.node.time_zone} trusted={status.clock.trusted} />
        <button class="quiet" type="button" onClick={() => void logOut()}>
          Log out
        </button>
      </header>
      {!model.connected && (
        <div class="banner" role="status">
          <span class="pulse" /> Connection lost. The node may be asleep; trying again…
        </div>
      )}
    </>
  );
}

function NodeClock({ zone, trusted }: { zone: string; trusted: boolean }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 500);
    return () => clearInterval(timer);
  }, []);
  const now = nodeNow();
  return (
    <time class="clock" dateTime={now.toISOString()} title={trusted ? zone : "the clock has not been set yet"}>
      <span class="muted">{day(now, zone)}</span> {time(now, zone)}
      {!trusted && <span class="muted"> ?</span>}
    </time>
  );
}

function Sun() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <circle cx="16" cy="16" r="7" />
      <path d="M16 2.5v3.2M16 26.3v3.2M2.5 16h3.2M26.3 16h3.2M6.5 6.5l2.2 2.2M23.3 23.3l2.2 2.2M6.5 25.5l2.2-2.2M23.3 8.7l2.2-2.2" />
    </svg>
  );
}

export function Footer({ status }: { status: Status }) {
  return (
    <footer class="muted">
      {status.notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      <p>EdgePi {status.version}</p>
    </footer>
  );
}

async function logOut(): Promise<void> {
  await post("logout", {}).catch(() => undefined);
  location.assign("/");
}
