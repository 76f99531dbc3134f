/** Plays the clip of an event; goes to the one before and after, keeps and deletes. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { post, Refused, remove } from "../api";
import { address, type CameraEvent, type Events } from "../camera";
import { day, length, number, size, time } from "../format";
import { subjects } from "./camera_events";

interface Props {
  route: string;
  events: Events;
  id: string;
  zone: string;
  show: (id: string | null) => void;
}

export function Player({ route, events, id, zone, show }: Props) {
  const at = events.events.findIndex((each) => each.id === id);
  const event = events.events[at];
  const newer = events.events[at - 1];
  const older = events.events[at + 1];
  const [said, say] = useState<string | null>(null);
  useEffect(() => {
    say(null);
    // The one after the last is fetched before it is asked for.
    if (at >= 0 && !older && events.more) void events.loadMore();
  }, [id, older === undefined]);
  useEffect(() => {
    if (!event) show(null);
  }, [event === undefined]);
  if (!event) return null;
  const path = `${route}/${encodeURIComponent(event.id)}`;
  const keep = async () => {
    try {
      await post(`${path}/keep`, { keep: !event.kept });
      events.change(event.id, { ...event, kept: !event.kept });
      say(event.kept ? "It is deleted when its time has come." : "It is kept until you delete it.");
    } catch (error) {
      say(problemOf(error));
    }
  };
  const erase = async () => {
    try {
      await remove(path);
      show((older ?? newer)?.id ?? null);
      events.change(event.id, null);
    } catch (error) {
      say(problemOf(error));
    }
  };
  const began = new Date(event.began_utc);
  return (
    <Window name={`Event of ${time(began, zone)}`} close={() => show(null)} step={(by) => step(by, newer, older, show)}>
      <header>
        <p>
          <b>
            {day(began, zone)}, {time(began, zone)}
          </b>{" "}
          <span class="muted">{subjects(event)}</span>
        </p>
        <button type="button" class="quiet" aria-label="Close" onClick={() => show(null)}>
          ✕
        </button>
      </header>
      <Film key={event.id} event={event} path={path} />
      <p class="muted facts-line">{facts(event)}</p>
      <footer>
        <button type="button" disabled={!newer} onClick={() => step(-1, newer, older, show)}>
          ◂ Newer
        </button>
        <button type="button" disabled={!older} onClick={() => step(1, newer, older, show)}>
          Older ▸
        </button>
        <span class="gap" />
        {event.clip && (
          <a class="button" href={`${address(path)}/clip.mp4`} download={`${event.id}.mp4`}>
            Download
          </a>
        )}
        <button type="button" aria-pressed={event.kept} onClick={() => void keep()}>
          {event.kept ? "★ Kept" : "☆ Keep"}
        </button>
        <Erase key={event.id} erase={erase} />
      </footer>
      <p class="answer" role="status">
        {said}
      </p>
    </Window>
  );
}

function step(by: number, newer: CameraEvent | undefined, older: CameraEvent | undefined, show: (id: string) => void): void {
  const next = by < 0 ? newer : older;
  if (next) show(next.id);
}

function facts(event: CameraEvent): string {
  return [
    event.clip_s !== null && event.clip_s > 0 && length(event.clip_s),
    event.bytes > 0 && size(event.bytes),
    event.score > 0 && `score ${number(event.score, 2)}`,
    event.reason,
    event.dated === false && "the clock was not set yet",
  ]
    .filter(Boolean)
    .join(" · ");
}

function problemOf(error: unknown): string {
  if (!(error instanceof Refused)) return "The node did not answer.";
  return error.hint ? `${error.message} (${error.hint})` : error.message;
}

function Film({ event, path }: { event: CameraEvent; path: string }) {
  const [problem, setProblem] = useState(false);
  const picture = event.picture ? `${address(path)}/picture.jpg` : undefined;
  if (!event.clip || problem) {
    return (
      <div class="film">
        {picture ? <img src={picture} alt="Best picture of the event" /> : <span />}
        <p class="caption">{words(event, problem)}</p>
      </div>
    );
  }
  return (
    <div class="film">
      <video src={`${address(path)}/clip.mp4`} poster={picture} controls autoplay muted playsInline onError={() => setProblem(true)} />
    </div>
  );
}

function words(event: CameraEvent, problem: boolean): string {
  if (problem) return "This browser cannot play the clip; download it and open it in a player";
  return event.ended_utc ? "No clip was recorded" : "Being recorded";
}

/** Asks once more before it deletes. */
function Erase({ erase }: { erase: () => Promise<void> }) {
  const [sure, ask] = useState(false);
  if (!sure) {
    return (
      <button type="button" onClick={() => ask(true)}>
        Delete…
      </button>
    );
  }
  return (
    <span class="sure" role="group" aria-label="Delete this event?">
      <button type="button" class="cut" onClick={() => (ask(false), void erase())}>
        Delete it
      </button>
      <button type="button" autofocus ref={(button) => button?.focus()} onClick={() => ask(false)}>
        No
      </button>
    </span>
  );
}

interface WindowProps {
  name: string;
  close: () => void;
  step?: (by: number) => void;
  children: ComponentChildren;
}

/** A dialog over the page; Escape and a click beside it close it, arrow keys step where no film has them. */
export function Window({ name, close, step: go, children }: WindowProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  const pressed = (event: KeyboardEvent) => {
    const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (!by || !go || event.target instanceof HTMLVideoElement) return;
    event.preventDefault();
    go(by);
  };
  return (
    <dialog
      class="player"
      ref={dialog}
      aria-label={name}
      onClose={close}
      onKeyDown={pressed}
      onClick={(event) => event.target === event.currentTarget && close()}
    >
      {children}
    </dialog>
  );
}
