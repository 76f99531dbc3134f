/** The long record of energy: asked for at a modest pace, only while somebody looks. */

import { useEffect, useState } from "preact/hooks";

import { get, type Details } from "./api";

export interface Known {
  details: Details;
  /** Why the node does what it does, in sentences. */
  why: string[];
}

const PACE_MS = 60_000;
const QUICKEST_MS = 10_000;
/** After a request that was lost. */
const AGAIN_MS = 2_000;

/** Null until the node has answered once; the last answer stays while it does not. */
export function useDetails(connected: boolean, rate: number): Known | null {
  const [known, set] = useState<Known | null>(null);
  const pace = Math.max(QUICKEST_MS, PACE_MS / Math.max(rate, 1));
  useEffect(() => {
    if (!connected) return;
    let gone = false;
    let again: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      clearTimeout(again);
      if (document.hidden) return;
      const found = await fetchAll();
      if (gone) return;
      if (found) set(found);
      else again = setTimeout(() => void ask(), AGAIN_MS);
    };
    void ask();
    const timer = setInterval(() => void ask(), pace);
    const shown = () => void ask();
    document.addEventListener("visibilitychange", shown);
    return () => {
      gone = true;
      clearTimeout(again);
      clearInterval(timer);
      document.removeEventListener("visibilitychange", shown);
    };
  }, [connected, pace]);
  return known;
}

async function fetchAll(): Promise<Known | null> {
  try {
    const [details, why] = await Promise.all([
      get<Details>("energy"),
      get<{ sentences: string[] }>("energy/explain").catch(() => ({ sentences: [] })),
    ]);
    return { details, why: why.sentences };
  } catch {
    return null; // asked again soon; a lost connection has its own banner
  }
}
