/** Temperature and pressure of a weather station. */

import { Chart } from "../chart";
import { capital, NOTHING, number, text } from "../format";
import { nodeNow } from "../model";
import type { Course } from "../series";
import { Fact, known, Part, Problem, type Roles } from "./part";

const DAY_S = 86_400;
/** Met Office, Marine forecasts glossary: up to so many hPa in three hours. */
const PACES: [number, string][] = [
  [1.5, " slowly"],
  [3.5, ""],
  [6.0, " quickly"],
  [Infinity, " very rapidly"],
];

export function Air({ roles }: { roles: Roles }) {
  const temperature = roles.get("temperature");
  if (!temperature) return null;
  const outlook = roles.get("outlook");
  const felt = feltRole(roles);
  return (
    <Part name="Air" kind="air">
      <p class="huge">
        {temperature.availability === "known" ? text(temperature) : NOTHING}
        <small> {temperature.unit}</small>
      </p>
      <Problem state={temperature} />
      <dl class="facts">
        <Fact name="Feels like" state={felt ? roles.get(felt) : undefined} />
        <Fact name="Dew point" state={roles.get("dew_point")} />
        <Fact name="Humidity" state={roles.get("humidity")} />
      </dl>
      {outlook?.availability === "known" && typeof outlook.value === "string" && (
        <p class="next">
          <b>{capital(outlook.value)}</b> <small>expected for the next half day, from the barometer alone</small>
        </p>
      )}
    </Part>
  );
}

/** What says best how warm it feels: wind chill and heat index mean something in cold and heat only. */
function feltRole(roles: Roles): string | null {
  if (roles.has("apparent_temperature")) return "apparent_temperature";
  const temperature = known(roles, "temperature") ?? 15;
  if (temperature <= 10 && roles.has("wind_chill")) return "wind_chill";
  return temperature >= 27 && roles.has("heat_index") ? "heat_index" : null;
}

interface PressureProps {
  roles: Roles;
  course: Course | null;
  zone: string;
}

export function Pressure({ roles, course, zone }: PressureProps) {
  const state = roles.get("pressure_sea_level");
  if (!state) return null;
  const to = nodeNow().getTime() / 1000;
  const line = { name: "At sea level", unit: state.unit ?? "hPa", digits: 1, tone: "--price", filled: false };
  return (
    <Part name="Air pressure" kind="pressure">
      <dl class="facts">
        <Fact name="At sea level" state={state} />
        {roles.has("pressure_tendency") && (
          <div>
            <dt>In the last 3 hours</dt>
            <dd>
              <Tendency change={known(roles, "pressure_tendency")} />
            </dd>
          </div>
        )}
      </dl>
      <Problem state={state} />
      {course && <Chart label="Air pressure of the last 24 hours" lines={[{ ...line, ...course }]} zone={zone} from={to - DAY_S} to={to} />}
    </Part>
  );
}

function Tendency({ change }: { change: number | null }) {
  if (change === null) return <>not known yet</>;
  const rounded = Math.round(change * 10) / 10;
  const turn = -Math.max(-60, Math.min(60, rounded * 15));
  return (
    <>
      <svg class="tendency" viewBox="-10 -10 20 20" aria-hidden="true">
        <path d="M-8 0H7M2 -5L7 0L2 5" transform={`rotate(${turn})`} />
      </svg>
      {trendWords(rounded)} <small>({signed(rounded)} hPa)</small>
    </>
  );
}

function trendWords(change: number): string {
  if (change === 0) return "steady";
  const pace = PACES.find(([limit]) => Math.abs(change) <= limit)?.[1] ?? "";
  return `${change > 0 ? "rising" : "falling"}${pace}`;
}

function signed(value: number): string {
  return value > 0 ? `+${number(value, 1)}` : number(value, 1);
}
