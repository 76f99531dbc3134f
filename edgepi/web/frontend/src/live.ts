/** Keeps the model true: one full fetch, then pushes; again after each lost connection. */

import { get, Refused, type Decision, type Plugin, type State, type Status } from "./api";
import { current, putDecision, putPlugin, putState, update } from "./model";

const TOPICS = ["states", "decisions", "status", "plugins"];
const SHORTEST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const SILENCE_MS = 25_000;

type Message =
  | { type: "state"; data: State }
  | { type: "decision"; data: Decision }
  | { type: "status"; data: Status }
  | { type: "plugin"; data: { instance: string; status: string; reason: string } }
  | { type: "lost" | "hello" | "subscribed" | "pong" | "error"; data: unknown };

let wait = SHORTEST_WAIT_MS;
let retry: ReturnType<typeof setTimeout> | undefined;
let socket: WebSocket | undefined;
let heardAt = 0;

export function start(): void {
  void connect();
  setInterval(watch, 5_000);
  addEventListener("online", retryNow);
  document.addEventListener("visibilitychange", () => document.hidden || retryNow());
}

/** Try again at once, for instance after a login. */
export function retryNow(): void {
  if (current().connected) return;
  clearTimeout(retry);
  wait = SHORTEST_WAIT_MS;
  void connect();
}

async function connect(): Promise<void> {
  if (socket && socket.readyState <= WebSocket.OPEN) return;
  try {
    // Asked first, so that a missing login is told from a missing node.
    const status = await get<Status>("status");
    update({ status, statusAt: performance.now() });
    open();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) update({ phase: "login" });
    else lost();
  }
}

function open(): void {
  const opened = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/events`);
  socket = opened;
  opened.onopen = () => {
    heardAt = performance.now();
    opened.send(JSON.stringify({ type: "subscribe", topics: TOPICS }));
    void resync();
  };
  opened.onmessage = (event) => {
    heardAt = performance.now();
    receive(JSON.parse(event.data as string) as Message);
  };
  opened.onclose = () => {
    if (socket === opened) lost();
  };
}

/** Everything anew; what is pushed meanwhile is newer or the same. */
async function resync(): Promise<void> {
  try {
    const [status, states, decisions, plugins] = await Promise.all([
      get<Status>("status"),
      get<State[]>("states"),
      get<Decision[]>("decisions?start=-7d&limit=60"),
      get<Plugin[]>("plugins"),
    ]);
    wait = SHORTEST_WAIT_MS;
    update({
      phase: "ready",
      connected: true,
      lostAt: null,
      status,
      statusAt: performance.now(),
      states: new Map(states.map((state) => [state.entity_id, state])),
      decisions,
      plugins,
    });
  } catch {
    socket?.close();
  }
}

function receive(message: Message): void {
  switch (message.type) {
    case "state":
      putState(message.data);
      break;
    case "decision":
      putDecision(message.data);
      break;
    case "status":
      update({ status: message.data, statusAt: performance.now() });
      break;
    case "plugin":
      putPlugin(message.data.instance, message.data.status, message.data.reason);
      break;
    case "lost":
      void resync();
      break;
  }
}

/** A connection that has died silently is noticed by a question without answer. */
function watch(): void {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const silent = performance.now() - heardAt;
  if (silent > SILENCE_MS) {
    const dead = socket;
    socket = undefined;
    dead.close();
    lost();
  } else if (silent > SILENCE_MS / 3) {
    socket.send('{"type":"ping"}');
  }
}

function lost(): void {
  const { lostAt } = current();
  update({ connected: false, lostAt: lostAt ?? performance.now() });
  clearTimeout(retry);
  retry = setTimeout(() => void connect(), wait * (0.75 + Math.random() / 2));
  wait = Math.min(wait * 2, LONGEST_WAIT_MS);
}
