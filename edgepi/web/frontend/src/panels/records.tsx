/** The extremes of today, which the node keeps itself. */

import type { Status } from "../api";
import { day, number, time } from "../format";
import { usePolled } from "../jobs";
import { nodeNow } from "../model";
import { Part } from "./part";

const PACE_MS = 300_000;

interface Figures {
  min?: number | null;
  min_at?: string | null;
  max?: number | null;
  max_at?: string | null;
  sum?: number | null;
  gaps?: number;
}

interface Month {
  quantities: Record<string, { name: string; unit: string }>;
  days: { day: string; values: Record<string, Figures> }[];
}

/** In this order; the others of the record are for the command line. */
const SHOWN = ["temperature", "apparent_temperature", "humidity", "pressure_sea_level", "wind_gust", "rain_rate"];
const DIGITS: Record<string, number> = { humidity: 0 };

interface Props {
  path: string;
  status: Status;
  connected: boolean;
}

export function RecordsToday({ path, status, connected }: Props) {
  const { answer, problem } = usePolled<Month>(path, connected, status.clock.rate, PACE_MS);
  const zone = status.node.time_zone;
  const latest = answer?.days.at(-1);
  const shown = SHOWN.filter((key) => latest?.values[key] && answer?.quantities[key]);
  if (!answer && !problem) return null;
  return (
    <Part name={latest && !isToday(latest.day, zone) ? `Records of ${latest.day}` : "Records of today"} kind="records">
      {problem && <p class="warn">{problem}</p>}
      {answer && shown.length === 0 && <p class="muted">Nothing is recorded yet.</p>}
      {latest && shown.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col" />
              <th scope="col">Lowest</th>
              <th scope="col">Highest</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((key) => (
              <tr key={key}>
                <th scope="row">{answer!.quantities[key]!.name}</th>
                <Extreme value={latest.values[key]!.min} at={latest.values[key]!.min_at} kind={key} {...answer!.quantities[key]!} zone={zone} />
                <Extreme value={latest.values[key]!.max} at={latest.values[key]!.max_at} kind={key} {...answer!.quantities[key]!} zone={zone} />
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Part>
  );
}

interface ExtremeProps {
  value: number | null | undefined;
  at: string | null | undefined;
  kind: string;
  unit: string;
  zone: string;
}

function Extreme({ value, at, kind, unit, zone }: ExtremeProps) {
  if (value === null || value === undefined) return <td />;
  return (
    <td>
      {number(value, DIGITS[kind] ?? 1)} {unit}
      {at && (
        <small>
          <time dateTime={at}>{time(new Date(at), zone)}</time>
        </small>
      )}
    </td>
  );
}

function isToday(date: string, zone: string): boolean {
  return day(new Date(`${date}T12:00:00Z`), "UTC") === day(nodeNow(), zone);
}
