/** What sources of jobs answer: asked for at a modest pace, only while somebody looks. */

import { useEffect, useState } from "preact/hooks";

import { get, Refused } from "./api";

export interface Job {
  job_id: string;
  title: string;
  state: "working" | "waiting" | "paused" | "done" | "failed";
  stage: string;
  sentence: string;
  progress: number | null;
  energy_wh: number;
  run_s: number;
  earned: number | null;
  expected: number | null;
  created_utc: string;
  ended_utc: string | null;
}

export interface Jobs {
  state: string;
  sentence: string;
  unit: string;
  paid: number;
  energy_wh: number;
  earned: number;
  earned_per_wh: number | null;
  facts: { name: string; value: string }[];
  jobs: Job[];
}

export interface JobDetails {
  stages: { stage: string; time_utc: string }[];
  result?: string | null;
  logs: { stdout: string; stderr: string } | null;
}

export interface Answered<T> {
  answer: T | null;
  /** Why there is none, or no newer one; null while the connection is lost, which has its own banner. */
  problem: string | null;
}

const PACE_MS = 10_000;
const QUICKEST_MS = 2_000;

/** The latest answer stays while the node does not answer. */
export function usePolled<T>(path: string, connected: boolean, rate: number, pace_ms = PACE_MS): Answered<T> {
  const [known, set] = useState<Answered<T>>({ answer: null, problem: null });
  const pace = Math.max(QUICKEST_MS, pace_ms / Math.max(rate, 1));
  useEffect(() => {
    if (!connected || !path) return;
    let gone = false;
    let again: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      clearTimeout(again);
      if (document.hidden) return;
      const found = await answered<T>(path);
      if (gone) return;
      set((before) => ({ answer: found.answer ?? before.answer, problem: found.problem }));
      if (!found.answer && !found.problem) again = setTimeout(() => void ask(), QUICKEST_MS);
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
  }, [path, connected, pace]);
  return known;
}

/** One answer, asked for anew when *version* changes. */
export function useAnswer<T>(path: string, version: string): Answered<T> {
  const [known, set] = useState<Answered<T>>({ answer: null, problem: null });
  useEffect(() => {
    let gone = false;
    void answered<T>(path).then((found) => {
      if (!gone) set((before) => ({ answer: found.answer ?? before.answer, problem: found.problem }));
    });
    return () => {
      gone = true;
    };
  }, [path, version]);
  return known;
}

async function answered<T>(path: string): Promise<Answered<T>> {
  try {
    return { answer: await get<T>(path), problem: null };
  } catch (error) {
    return { answer: null, problem: error instanceof Refused ? error.message : null };
  }
}
