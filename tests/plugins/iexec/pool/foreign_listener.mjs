// Listens to the notifications of one task with another people's SockJS and STOMP.
// Usage: node foreign_listener.mjs URL TRANSPORT TASK; prints a line of JSON for all that happens.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_PATH}/`);
const { Client } = require("@stomp/stompjs");
const SockJS = require("sockjs-client");
const [url, transport, task] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));

const client = new Client({
  webSocketFactory: () => {
    const socket = new SockJS(`${url}/connect`, null, { transports: [transport] });
    socket.addEventListener("open", () => say({ opened: socket._transport?.transportName ?? transport }));
    return socket;
  },
  reconnectDelay: 200,
  heartbeatIncoming: 10000,
  heartbeatOutgoing: 10000,
  onConnect: (frame) => {
    say({ connected: frame.headers.version });
    client.subscribe(`/topic/task/${task}`, (message) => say({ heard: JSON.parse(message.body) }), {});
    client.watchForReceipt("ready", () => say({ ready: true }));
    client.publish({ destination: "/nowhere", headers: { receipt: "ready" } });
  },
  onStompError: (frame) => say({ error: frame.headers.message }),
  onWebSocketClose: (event) => say({ closed: event.code }),
});
client.activate();

process.stdin.once("data", async () => {
  await client.deactivate();
  say({ bye: true });
  process.exit(0);
});
