/** The power board: what it did, what it holds, how it is. */

import type { ComponentChildren } from "preact";

import type { Plugin, PowerBoard, PowerEvent, Status } from "../api";
import { capital, number, span, titleOf, when } from "../format";
import { nodeNow } from "../model";
import { SwitchOff } from "./switchoff";

/** A clock that counts whole seconds cannot be compared better. */
const CLOCKS_AGREE_S = 2;

interface Props {
  status: Status;
  log: readonly PowerEvent[];
  plugins: readonly Plugin[];
}

export function PowerPanel({ status, log, plugins }: Props) {
  const { board } = status.energy;
  if (!board) return null;
  const zone = status.node.time_zone;
  return (
    <section class="card power" aria-labelledby="power">
      <h2 id="power">Power board: {board.identity || titleOf(board.name.split(".")[0]!, plugins)}</h2>
      {!board.working && <p class="warn">{board.failure ?? "It is being started."}</p>}
      <Facts board={board} status={status} woke={log.find((each) => each.event === "on")} />
      <Health board={board} />
      {log.length > 0 && <Log events={log} zone={zone} />}
      {board.working && board.capabilities?.can_cut && <SwitchOff name={status.node.name} zone={zone} />}
    </section>
  );
}

interface FactsProps {
  board: PowerBoard;
  status: Status;
  woke: PowerEvent | undefined;
}

function Facts({ board, status, woke }: FactsProps) {
  const shown = (moment: string) => when(new Date(moment), nodeNow(), status.node.time_zone);
  const { armed, last_reason: reason, capabilities: able } = board;
  const held = armed ?? board.standing;
  const sleep = status.energy.plan?.sleep_utc;
  return (
    <dl class="rows">
      {reason && (
        <Row name="Last woken by">
          {reason.text}
          {woke?.time_utc && woke.reason === reason.text && <small>{shown(woke.time_utc)}</small>}
        </Row>
      )}
      {sleep && <Row name="Will sleep">{shown(sleep)}</Row>}
      <Row name="Next wake">{armed?.wake_utc ? shown(armed.wake_utc) : held ? "no sleep is planned" : "none is armed"}</Row>
      {held && held.triggers.length > 0 && (
        <Row name={armed ? "Wakes on" : "If its power goes, wakes on"}>
          {held.triggers.map((trigger) => (
            <span key={trigger} class="line">
              {trigger}
            </span>
          ))}
        </Row>
      )}
      {able?.can_cut && able.cut_delay_s[1] > 0 && <Row name="Cuts after a halt">within {delay(able.cut_delay_s)}</Row>}
      {typeof board.clock_off_s === "number" && <Row name="Its clock">{clockWords(board.clock_off_s)}</Row>}
    </dl>
  );
}

function Row({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function delay([least, most]: [number, number]): string {
  return least === most || least === 0 ? span(most) : `${number(least, 0)} to ${span(most)}`;
}

function clockWords(off: number): string {
  if (Math.abs(off) <= CLOCKS_AGREE_S) return "agrees with the node's";
  return `${span(Math.abs(off))} ${off > 0 ? "ahead of" : "behind"} the node's`;
}

/** What ails the board, and why a wake is not certain. */
function Health({ board }: { board: PowerBoard }) {
  const ails = [...new Set([...(board.health ?? []), ...((board.armed ?? board.standing)?.doubts ?? [])])];
  if (ails.length > 0) {
    return (
      <ul class="ails" aria-label="To look after">
        {ails.map((sentence) => (
          <li key={sentence} class="warn">
            {capital(sentence)}
          </li>
        ))}
      </ul>
    );
  }
  return board.working && board.health ? <p class="muted well">✓ The board reports nothing to look after.</p> : null;
}

const NAMES = { on: "On", off: "Off", lost: "Power lost" };

function Log({ events, zone }: { events: readonly PowerEvent[]; zone: string }) {
  const shown = (moment: string) => when(new Date(moment), nodeNow(), zone);
  return (
    <>
      <h3>Latest wakes and sleeps</h3>
      <ol class="powerlog">
        {events.map((each, index) => (
          <li key={`${each.time_utc} ${index}`} class={each.event}>
            <time dateTime={each.time_utc ?? undefined}>{each.time_utc ? shown(each.time_utc) : "Time not known"}</time>
            <p>
              <b>{NAMES[each.event]}</b>
              {!each.planned && each.event !== "lost" && <span class="chip">not planned</span>}{" "}
              <span>{capital(each.reason)}</span>
              {each.wake_utc && <small class="line">The board held a wake at {shown(each.wake_utc)}.</small>}
            </p>
          </li>
        ))}
      </ol>
    </>
  );
}
