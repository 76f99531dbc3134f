/** What a camera answers, and when its picture is wanted. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { get, Refused } from "./api";

export type Corner = [number, number];

export interface CameraStatus {
  instance: string;
  link: string;
  reason: string | null;
  level: string;
  levels?: string[];
  fps: number | null;
  width: number | null;
  height: number | null;
  codec: string | null;
  moving: boolean;
  note: string | null;
  /** What the picture is, where it is not of a camera: "rendered". */
  label: string | null;
  viewers: number;
  stored_bytes: number | null;
  free_bytes: number | null;
  /** What the storage makes difficult. */
  storage?: string | null;
  events_today: number;
  privacy: boolean;
  zones: Record<string, Corner[]>;
  /** When the picture was taken that the snapshot route gives. */
  still_utc?: string | null;
}

export interface CameraEvent {
  id: string;
  began_utc: string;
  ended_utc: string | null;
  clip_s: number | null;
  score: number;
  zones: string[];
  labels: string[];
  clip: string | null;
  picture: string | null;
  bytes: number;
  kept: boolean;
  reason: string | null;
  /** Whether the clock could be believed. */
  dated?: boolean;
}

/** A day of stills, newest first. */
export interface StillDay {
  day: string;
  stills: number;
}

interface Page {
  events: CameraEvent[];
  more: boolean;
}

export interface Events extends Page {
  /** Whether the node has answered. */
  known: boolean;
  problem: string | null;
  loadMore: () => Promise<void>;
  change: (id: string, event: CameraEvent | null) => void;
}

const AT_ONCE = 12;

export function address(route: string): string {
  return `/api/v1/${route}`;
}

/** Whether somebody can see the element: the tab is shown, and it lies in the window. */
export function useSeen(): [(element: Element | null) => void, boolean] {
  const [inside, setInside] = useState(false);
  const [shown, setShown] = useState(!document.hidden);
  const observer = useRef<IntersectionObserver | null>(null);
  useEffect(() => {
    const change = () => setShown(!document.hidden);
    document.addEventListener("visibilitychange", change);
    return () => document.removeEventListener("visibilitychange", change);
  }, []);
  const watch = useCallback((element: Element | null) => {
    observer.current?.disconnect();
    observer.current = null;
    if (!element) return;
    observer.current = new IntersectionObserver((entries) => setInside(entries.at(-1)!.isIntersecting), { threshold: 0.1 });
    observer.current.observe(element);
  }, []);
  return [watch, inside && shown];
}

/** The latest events, asked for anew when *version* changes, and older ones on demand. */
export function useEvents(route: string, version: string, connected: boolean): Events {
  const [state, set] = useState({ events: [] as CameraEvent[], more: false, known: false, problem: null as string | null });
  useEffect(() => {
    if (!connected || !route) return;
    let gone = false;
    void ask(`${route}?limit=${AT_ONCE}`).then(({ page, problem }) => {
      if (gone) return;
      set((before) => (page ? { ...merged(before, page), known: true, problem: null } : { ...before, problem }));
    });
    return () => {
      gone = true;
    };
  }, [route, version, connected]);
  const loadMore = useCallback(async () => {
    const last = state.events.at(-1);
    if (!last) return;
    const { page, problem } = await ask(`${route}?limit=${AT_ONCE}&before=${encodeURIComponent(last.id)}`);
    set((before) =>
      page ? { ...before, events: joined(before.events, page.events), more: page.more, problem: null } : { ...before, problem },
    );
  }, [route, state.events]);
  const change = useCallback((id: string, event: CameraEvent | null) => {
    set((before) => ({ ...before, events: before.events.flatMap((each) => (each.id === id ? (event ? [event] : []) : [each])) }));
  }, []);
  return { ...state, loadMore, change };
}

/** The newest page replaces what it covers; what was loaded beyond it stays. */
function merged(before: Page, page: Page): Page {
  const oldest = page.events.at(-1);
  if (!oldest || !page.more) return page;
  const known = new Set(page.events.map((each) => each.id));
  const older = before.events.filter((each) => each.began_utc < oldest.began_utc && !known.has(each.id));
  return { events: [...page.events, ...older], more: older.length > 0 ? before.more : page.more };
}

function joined(before: CameraEvent[], older: CameraEvent[]): CameraEvent[] {
  const known = new Set(before.map((each) => each.id));
  return [...before, ...older.filter((each) => !known.has(each.id))];
}

async function ask(path: string): Promise<{ page: Page | null; problem: string | null }> {
  try {
    return { page: await get<Page>(path), problem: null };
  } catch (error) {
    return { page: null, problem: error instanceof Refused ? error.message : null };
  }
}
