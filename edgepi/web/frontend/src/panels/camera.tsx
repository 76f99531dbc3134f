/** Cards of cameras: what they see, how they do, and what has moved. */

import { useState } from "preact/hooks";

import type { Card, Decision, State, Status } from "../api";
import { useEvents, type CameraStatus } from "../camera";
import { capital, number, size, title, when } from "../format";
import { usePolled } from "../jobs";
import { nodeNow } from "../model";
import { CameraEvents } from "./camera_events";
import { CameraView } from "./camera_view";
import { TimeLapse } from "./timelapse";

interface Props {
  status: Status;
  connected: boolean;
  states: ReadonlyMap<string, State>;
  decisions: readonly Decision[];
}

const PACE_MS = 5_000;
const LEVEL_WORDS: Record<string, string> = {
  full: "Looks at every picture.",
  saver: "Looks at few pictures, and at every one once something moves.",
  snapshot: "Takes a still now and then, and rests between.",
  off: "Switched off to save energy.",
};
/** What the detector says in one word. */
const NOTE_WORDS: Record<string, string> = {
  learning: "Learns what the place looks like.",
  light: "The light has changed, which is no motion.",
};

/** Cards that plugins declare as cameras. */
export function CameraCards(props: Props) {
  const cards = props.status.cards.filter((card) => card.kind === "camera");
  return (
    <>
      {cards.map((card) => (
        <CameraCard key={`${card.title} ${card.options?.status}`} {...props} card={card} />
      ))}
    </>
  );
}

function CameraCard({ card, status, connected, states, decisions }: Props & { card: Card }) {
  const routes = card.options ?? {};
  const { answer, problem } = usePolled<CameraStatus>(routes.status ?? "", connected, status.clock.rate, PACE_MS);
  const moving = movingNow(card, states) ?? answer?.moving ?? false;
  const version = `${moving} ${answer?.events_today ?? ""} ${answer?.stored_bytes ?? ""}`;
  const events = useEvents(routes.events ?? "", version, connected);
  const [open, setOpen] = useState<string | null>(null);
  const zone = status.node.time_zone;
  return (
    <section class="card camera" aria-label={card.title} style={{ "--ratio": ratioOf(answer) }}>
      <div class="heading">
        <h2>{card.title}</h2>
        <p class="chips">
          {moving && (
            <span class="chip moving" role="status">
              <span class="pulse" /> Motion now
            </span>
          )}
          {answer?.label && <span class="chip">{labelWords(answer.label)}</span>}
          {answer && <span class={`chip ${answer.link === "running" ? "good" : ""}`}>{capital(answer.level)}</span>}
        </p>
      </div>
      {problem && <p class="warn">{problem}</p>}
      <div class="scene">
        <CameraView name={card.title} routes={routes} camera={answer} connected={connected && open === null} zone={zone} />
        <div class="beside">
          {answer && <Level camera={answer} decisions={decisions} zone={zone} />}
          {answer && <Figures camera={answer} />}
          {routes.timelapse && <TimeLapse route={routes.timelapse} version={String(answer?.events_today)} zone={zone} />}
        </div>
      </div>
      <CameraEvents route={routes.events ?? ""} events={events} zone={zone} open={open} show={setOpen} />
    </section>
  );
}

function ratioOf(camera: CameraStatus | null): string {
  return camera?.width && camera.height ? (camera.width / camera.height).toFixed(4) : "1.7778";
}

/** What the card's motion sensor says, which is pushed at once; null without one. */
function movingNow(card: Card, states: ReadonlyMap<string, State>): boolean | null {
  const found = card.entities.map((id) => states.get(id)).find((state) => state?.device_class === "motion");
  return found?.availability === "known" && typeof found.value === "boolean" ? found.value : null;
}

function labelWords(label: string): string {
  return label === "rendered" ? "Rendered film" : capital(label);
}

interface LevelProps {
  camera: CameraStatus;
  decisions: readonly Decision[];
  zone: string;
}

function Level({ camera, decisions, zone }: LevelProps) {
  const [all, showAll] = useState(false);
  const made = decisions.filter((each) => each.subject === `${camera.instance}.watch`);
  const trouble = troubleWords(camera);
  return (
    <div class="level">
      {trouble && <p class="warn">{trouble}</p>}
      {camera.storage && <p class="warn">{capital(camera.storage)}</p>}
      <p>
        <b>{title(camera.level)}.</b> {camera.link === "lost" ? "Begins once there is a picture." : (LEVEL_WORDS[camera.level] ?? "")}
      </p>
      {camera.link === "running" && camera.note && <p class="muted note">{NOTE_WORDS[camera.note] ?? capital(camera.note)}</p>}
      {made.slice(0, all ? 6 : 1).map((each) => (
        <p class="muted because" key={each.time_utc}>
          <time dateTime={each.time_utc}>{when(new Date(each.time_utc), nodeNow(), zone)}</time> {capital(each.sentence)}
        </p>
      ))}
      {made.length > 1 && (
        <button class="quiet" type="button" aria-expanded={all} onClick={() => showAll(!all)}>
          {all ? "Only the last decision" : "Earlier decisions"}
        </button>
      )}
    </div>
  );
}

/** What keeps the camera from working, in words; nothing where it is only resting. */
function troubleWords(camera: CameraStatus): string | null {
  if (camera.link === "lost") return `No picture: ${camera.reason ?? "the camera does not answer"}. Trying again…`;
  if (camera.link === "running" && camera.reason) return capital(camera.reason);
  return null;
}

function Figures({ camera }: { camera: CameraStatus }) {
  const shape = camera.width && camera.height ? `${camera.width} × ${camera.height}` : null;
  return (
    <dl class="facts">
      <Figure name="Events today" value={String(camera.events_today)} />
      {camera.fps !== null && <Figure name="Pictures a second" value={number(camera.fps, camera.fps < 10 ? 1 : 0)} />}
      {shape && <Figure name={camera.codec ? camera.codec.toUpperCase() : "Picture"} value={shape} />}
      {camera.stored_bytes !== null && <Figure name="Stored" value={size(camera.stored_bytes)} note={free(camera)} />}
    </dl>
  );
}

function free(camera: CameraStatus): string | undefined {
  return camera.free_bytes === null ? undefined : `${size(camera.free_bytes)} free`;
}

function Figure({ name, value, note }: { name: string; value: string; note?: string | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value} {note && <small>{note}</small>}
      </dd>
    </div>
  );
}
