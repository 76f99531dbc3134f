/** Wind of a weather station: now, and of a day. */

import { capital, number, span } from "../format";
import { nodeNow } from "../model";
import type { Course } from "../series";
import { forceWords, point, pointName, pointWords, rose, SPEED_NAMES, total, type Rose } from "../wind";
import { known, Part, Problem, type Roles } from "./part";
import { Compass, percent, WindRose } from "./wind";

const DAY_S = 86_400;
/** Less is missing between any two readings. */
const WORTH_SAYING_S = 1200;

export function WindNow({ roles }: { roles: Roles }) {
  const [speed, direction] = [roles.get("wind_speed"), roles.get("wind_direction")];
  if (!speed && !direction) return null;
  const unit = speed?.unit ?? "m/s";
  const now = {
    direction: known(roles, "wind_direction"),
    speed: known(roles, "wind_speed"),
    gust: known(roles, "wind_gust"),
  };
  return (
    <Part name="Wind now" kind="windnow">
      <Compass {...now} unit={unit} />
      <p>
        <b>{capital(windWords(now.speed, now.direction))}</b>
        {now.gust !== null && <span class="line">gusts up to {`${number(now.gust, 1)} ${unit}`}</span>}
      </p>
      <Problem state={speed} />
      {direction?.availability === "unavailable" && <Problem state={direction} />}
    </Part>
  );
}

function windWords(speed: number | null, direction: number | null): string {
  const force = speed === null ? "wind" : forceWords(speed);
  if (force === "calm") return force;
  return direction === null ? force : `${force} from ${pointWords(point(direction))}`;
}

interface DayProps {
  roles: Roles;
  speed: Course | null;
  direction: Course | null;
}

export function WindOfDay({ roles, speed, direction }: DayProps) {
  if (!roles.has("wind_speed") || !roles.has("wind_direction")) return null;
  const to = nodeNow().getTime() / 1000;
  const found = speed && direction ? rose(speed, direction, to - DAY_S, to) : null;
  return (
    <Part name="Wind of the last 24 hours" kind="windday">
      {!found && <p class="muted">…</p>}
      {found && found.measured_s === 0 && <p class="muted">No data of the last 24 hours.</p>}
      {found && found.measured_s > 0 && <Day rose={found} />}
    </Part>
  );
}

function Day({ rose: found }: { rose: Rose }) {
  const used = SPEED_NAMES.map((name, kind) => ({ name, kind })).filter(({ kind }) =>
    found.shares.some((classes) => classes[kind]! > 0),
  );
  return (
    <>
      <WindRose rose={found} />
      <p class="key muted">
        {used.map(({ name, kind }) => (
          <span key={kind}>
            <i class={`swatch petal speed${kind}`} />
            {name}
            {kind === used.at(-1)!.kind ? " m/s" : ""}
          </span>
        ))}
      </p>
      <p class="muted since">
        Calm {percent(found.calm)} of the time.
        {found.missing_s > WORTH_SAYING_S && ` No data for ${span(found.missing_s)}, which are left out.`}
      </p>
      <RoseTable rose={found} />
    </>
  );
}

function RoseTable({ rose: found }: { rose: Rose }) {
  const rows = found.shares.map((classes, index) => ({ classes, index })).filter(({ classes }) => total(classes) > 0);
  return (
    <details class="as-table">
      <summary>As a table</summary>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              {SPEED_NAMES.map((name) => (
                <th key={name} scope="col">
                  {name} m/s
                </th>
              ))}
              <th scope="col">all</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ classes, index }) => (
              <tr key={index}>
                <th scope="row">{pointName(index)}</th>
                {classes.map((share, kind) => (
                  <td key={kind}>{share > 0 ? percent(share) : ""}</td>
                ))}
                <td>{percent(total(classes))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
