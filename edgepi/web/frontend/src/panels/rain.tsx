/** Rain of a weather station: now, today, and of each of the last 24 hours as a bar. */

import { number, time } from "../format";
import { nodeNow } from "../model";
import { incomplete, wetHours, type WetHour } from "../rain";
import type { Course } from "../series";
import { Fact, Part, Problem, type Roles } from "./part";

const WIDTH = 360;
const HEIGHT = 96;
const LEFT = 26;
const TOP = 8;
const FOOT = 16;
const NICE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

interface Props {
  hours: WetHour[];
  zone: string;
}

interface RainProps {
  roles: Roles;
  sum: Course | null;
  zone: string;
}

export function Rain({ roles, sum, zone }: RainProps) {
  const [rate, today] = [roles.get("rain_rate"), roles.get("rain_today")];
  if (!rate && !today && !sum) return null;
  const hours = sum && wetHours(sum, nodeNow().getTime() / 1000);
  const partly = hours?.filter(incomplete).length ?? 0;
  return (
    <Part name="Rain" kind="rain">
      <dl class="facts">
        <Fact name="Now" state={rate} />
        <Fact name="Last hour" state={roles.get("rain_hour")} />
        <Fact name="Today" state={today} />
      </dl>
      <Problem state={rate} />
      {hours && <RainBars hours={hours} zone={zone} />}
      {hours && (
        <p class="muted since">
          {hours.some((hour) => hour.mm) ? "Millimetres in each of the last 24 hours." : "No rain was counted in the last 24 hours."}
          {partly > 0 && ` In ${partly === 1 ? "one" : partly} of them (hatched) nobody counted for all or part of the hour.`}
        </p>
      )}
    </Part>
  );
}

function RainBars({ hours, zone }: Props) {
  const most = Math.max(...hours.map((hour) => hour.mm ?? 0));
  const top = NICE.find((mm) => mm >= most) ?? most;
  const step = (WIDTH - LEFT) / hours.length;
  const height = (mm: number) => (HEIGHT * mm) / top;
  return (
    <svg class="rainbars" viewBox={`0 0 ${WIDTH} ${TOP + HEIGHT + FOOT}`} role="img" aria-label={rainWords(hours, zone)}>
      <defs>
        <pattern id="nobody" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line class="hatch" y2="6" />
        </pattern>
      </defs>
      {[top, top / 2, 0].map((mm) => (
        <g key={mm}>
          <line class="grid" x1={LEFT} x2={WIDTH} y1={TOP + HEIGHT - height(mm)} y2={TOP + HEIGHT - height(mm)} />
          <text class="axis end" x={LEFT - 5} y={TOP + HEIGHT - height(mm) + 4}>
            {mm}
          </text>
        </g>
      ))}
      {hours.map((hour, index) => (
        <g key={hour.from}>
          <title>{hourWords(hour, zone)}</title>
          <rect class="hover" x={LEFT + index * step} y={TOP} width={step} height={HEIGHT} />
          {incomplete(hour) && (
            <rect class="nobody" x={LEFT + index * step} y={TOP} width={step} height={HEIGHT} fill="url(#nobody)" />
          )}
          {hour.mm !== null && hour.mm > 0 && (
            <rect
              class="wet"
              x={LEFT + index * step + 1.5}
              y={TOP + HEIGHT - Math.max(height(hour.mm), 1.5)}
              width={step - 3}
              height={Math.max(height(hour.mm), 1.5)}
              rx="1.5"
            />
          )}
          {index > 0 && index < hours.length - 1 && isQuarter(hour, zone) && (
            <text class="axis" x={LEFT + (index + 0.5) * step} y={TOP + HEIGHT + 13}>
              {time(new Date(hour.from * 1000), zone)}
            </text>
          )}
        </g>
      ))}
    </svg>
  );
}

/** Whether a quarter of the day begins. */
function isQuarter(hour: WetHour, zone: string): boolean {
  return Number.parseInt(time(new Date(hour.from * 1000), zone), 10) % 6 === 0;
}

function hourWords(hour: WetHour, zone: string): string {
  const from = `From ${time(new Date(hour.from * 1000), zone)}`;
  if (hour.mm === null) return `${from}: no data`;
  const partly = incomplete(hour) ? `, counted ${number(hour.counted * 60, 0)} min of the hour` : "";
  return `${from}: ${number(hour.mm, 1)} mm${partly}`;
}

function rainWords(hours: WetHour[], zone: string): string {
  const sum = hours.reduce((mm, hour) => mm + (hour.mm ?? 0), 0);
  const unknown = hours.filter((hour) => hour.mm === null).length;
  const wettest = hours.reduce((best, hour) => ((hour.mm ?? 0) > (best.mm ?? 0) ? hour : best));
  const parts = [`Rain of the last 24 hours: ${number(sum, 1)} mm`];
  if ((wettest.mm ?? 0) > 0) parts.push(`most ${hourWords(wettest, zone).toLowerCase()}`);
  if (unknown > 0) parts.push(`no data for ${unknown} ${unknown === 1 ? "hour" : "hours"}`);
  return parts.join("; ");
}
