/** The days of a camera as short films of its stills. */

import { useState } from "preact/hooks";

import { address, type StillDay } from "../camera";
import { day } from "../format";
import { useAnswer } from "../jobs";
import { Window } from "./player";

const MOST = 14;

export function TimeLapse({ route, version, zone }: { route: string; version: string; zone: string }) {
  const { answer } = useAnswer<{ days: StillDay[] }>(route, version);
  const [open, setOpen] = useState<string | null>(null);
  const days = (answer?.days ?? []).slice(0, MOST);
  if (!answer) return null;
  return (
    <div class="lapse">
      <h3>Time-lapse</h3>
      {days.length === 0 && <p class="muted">No stills yet. The configuration says how often they are taken: <code>timelapse: 5min</code>.</p>}
      <ul class="days">
        {days.map((each) => (
          <li key={each.day}>
            <button type="button" onClick={() => setOpen(each.day)} title={`${each.stills} stills`}>
              ▶ {words(each.day, zone)}
            </button>
          </li>
        ))}
      </ul>
      {open && (
        <Window name={`Time-lapse of ${words(open, zone)}`} close={() => setOpen(null)}>
          <header>
            <p>
              <b>{words(open, zone)}</b> <span class="muted">time-lapse</span>
            </p>
            <button type="button" class="quiet" aria-label="Close" onClick={() => setOpen(null)}>
              ✕
            </button>
          </header>
          <Film source={`${address(route)}/${open}.mp4`} />
        </Window>
      )}
    </div>
  );
}

function Film({ source }: { source: string }) {
  const [state, set] = useState<"waiting" | "ready" | "failed">("waiting");
  return (
    <div class="film">
      {state !== "failed" && (
        <video src={source} controls autoplay muted loop playsInline onLoadedData={() => set("ready")} onError={() => set("failed")} />
      )}
      {state === "waiting" && <p class="caption above">Putting the stills together…</p>}
      {state === "failed" && <p class="caption">The film could not be made; the log says why</p>}
    </div>
  );
}

/** The day is the node's own, so that noon is always in it. */
function words(name: string, zone: string): string {
  return day(new Date(`${name}T12:00:00Z`), zone);
}
