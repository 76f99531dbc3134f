/** What a camera saw moving, by day, newest first; each opens in a player. */

import { useState } from "preact/hooks";

import { address, type CameraEvent, type Events } from "../camera";
import { day, length, time } from "../format";
import { nodeNow } from "../model";
import { Player } from "./player";

interface Props {
  route: string;
  events: Events;
  zone: string;
  /** The event that is played. */
  open: string | null;
  show: (id: string | null) => void;
}

export function CameraEvents({ route, events, zone, open, show }: Props) {
  const [busy, setBusy] = useState(false);
  const more = async () => {
    setBusy(true);
    await events.loadMore();
    setBusy(false);
  };
  return (
    <div class="events">
      <h3>Events</h3>
      {events.problem && <p class="warn">{events.problem}</p>}
      {!events.known && !events.problem && <p class="muted">…</p>}
      {events.known && events.events.length === 0 && (
        <p class="muted empty">No motion yet. Once something moves, its clip appears here.</p>
      )}
      {byDay(events.events, zone).map(([name, list]) => (
        <section key={name} aria-label={name}>
          <h4>{name}</h4>
          <ul class="thumbs">
            {list.map((event) => (
              <li key={event.id}>
                <Thumb route={route} event={event} zone={zone} open={() => show(event.id)} />
              </li>
            ))}
          </ul>
        </section>
      ))}
      {events.more && (
        <button type="button" class="more-events" disabled={busy} onClick={() => void more()}>
          {busy ? "…" : "Earlier events"}
        </button>
      )}
      {open !== null && <Player route={route} events={events} id={open} zone={zone} show={show} />}
    </div>
  );
}

function byDay(events: CameraEvent[], zone: string): [string, CameraEvent[]][] {
  const today = day(nodeNow(), zone);
  const yesterday = day(new Date(nodeNow().getTime() - 86_400_000), zone);
  const days = new Map<string, CameraEvent[]>();
  for (const event of events) {
    const name = day(new Date(event.began_utc), zone);
    const words = name === today ? "Today" : name === yesterday ? "Yesterday" : name;
    days.set(words, [...(days.get(words) ?? []), event]);
  }
  return [...days];
}

interface ThumbProps {
  route: string;
  event: CameraEvent;
  zone: string;
  open: () => void;
}

function Thumb({ route, event, zone, open }: ThumbProps) {
  const began = time(new Date(event.began_utc), zone);
  const said = subjects(event);
  const lasted = event.clip_s ? length(event.clip_s) : null;
  const spoken = [began, said, lasted && `clip of ${lasted}`, event.kept && "kept", !event.ended_utc && "still going on"];
  return (
    <button type="button" class="thumb" onClick={open} aria-label={spoken.filter(Boolean).join(", ")} data-event={event.id}>
      <span class="frame">
        <Picture route={route} event={event} />
        {event.ended_utc === null ? (
          <span class="tag now">
            <span class="pulse" /> now
          </span>
        ) : (
          lasted && <span class="tag">{lasted}</span>
        )}
        {event.kept && <span class="tag kept">★ kept</span>}
      </span>
      <span class="told">
        <b>{began}</b> <span class="muted">{said}</span>
      </span>
    </button>
  );
}

function Picture({ route, event }: { route: string; event: CameraEvent }) {
  const [missing, setMissing] = useState(false);
  if (!event.picture || missing) return <span class="muted none">no picture</span>;
  const version = event.ended_utc ? "" : `?at=${Math.round(event.score * 100)}`;
  return (
    <img
      src={`${address(route)}/${encodeURIComponent(event.id)}/picture.jpg${version}`}
      alt=""
      loading="lazy"
      decoding="async"
      onError={() => setMissing(true)}
    />
  );
}

/** What was seen and where: labels, then zones. */
export function subjects(event: CameraEvent): string {
  const where = event.zones.length > 0 ? event.zones.join(", ") : "";
  if (event.labels.length === 0) return where;
  return where ? `${event.labels.join(", ")} (${where})` : event.labels.join(", ");
}
