/** A compass of the wind now, and the winds of a day as a rose. */

import { number } from "../format";
import { forceWords, point, pointName, pointWords, SPEED_NAMES, total, type Rose } from "../wind";

const RIM = 76;
const CALM_R = 10;
const PETAL_R = 74;
/** Half of a petal's angle by speed class: broader is faster, so that colour alone says nothing. */
const HALF_WIDTHS = [3.5, 5.5, 7.5, 9, 10.5];
const RINGS = [10, 20, 30, 40, 50, 60, 80, 100];

interface Now {
  direction: number | null;
  speed: number | null;
  gust: number | null;
  unit: string;
}

export function Compass({ direction, speed, gust, unit }: Now) {
  const from = direction === null ? null : point(direction);
  const label = [
    from === null ? "Wind direction not known" : `Wind from ${pointWords(from)}, ${number(direction, 0)} degrees`,
    speed === null ? "speed not known" : `${number(speed, 1)} ${unit}, ${forceWords(speed)}`,
    gust === null ? "" : `gusts up to ${number(gust, 1)} ${unit}`,
  ];
  return (
    <svg class="compass" viewBox="-100 -100 200 200" role="img" aria-label={label.filter(Boolean).join("; ")}>
      <circle class="rim" r={RIM} />
      {Array.from({ length: 16 }, (_, index) => (
        <line key={index} class="tick" y1={-RIM} y2={-RIM + (index % 4 ? 4 : 8)} transform={`rotate(${index * 22.5})`} />
      ))}
      <Letters />
      {direction !== null && (
        <path class="now" d={`M0 ${-RIM + 30}L-10 ${-RIM - 4}L0 ${-RIM + 3}L10 ${-RIM - 4}Z`} transform={`rotate(${direction})`} />
      )}
      <text class="speed" y={6}>
        {number(speed, 1)}
      </text>
      <text class="unit" y={24}>
        {unit}
      </text>
      {from !== null && (
        <text class="from" y={-24}>
          {pointName(from)}
        </text>
      )}
    </svg>
  );
}

function Letters() {
  return (
    <>
      <text class="letter" y={-RIM - 9}>
        N
      </text>
      <text class="letter" x={RIM + 14} y={5}>
        E
      </text>
      <text class="letter" y={RIM + 19}>
        S
      </text>
      <text class="letter" x={-RIM - 14} y={5}>
        W
      </text>
    </>
  );
}

export function WindRose({ rose }: { rose: Rose }) {
  const most = Math.max(...rose.shares.map(total), 0.01);
  const ring = RINGS.find((percent) => percent >= most * 100) ?? 100;
  const radius = (share: number) => CALM_R + ((PETAL_R - CALM_R) * share * 100) / ring;
  return (
    <svg class="rose" viewBox="-100 -100 200 200" role="img" aria-label={roseWords(rose)}>
      {[ring / 2, ring].map((percent) => (
        <circle key={percent} class="ring" r={radius(percent / 100)} />
      ))}
      {rose.shares.map((classes, index) => (
        <g key={index} transform={`rotate(${index * 22.5})`}>
          <title>{petalWords(classes, index)}</title>
          {classes.map((share, kind) => share > 0 && <path class={`speed${kind}`} d={petal(classes, kind, radius)} />)}
        </g>
      ))}
      <circle class="ring" r={CALM_R} />
      {[ring / 2, ring].map((percent) => (
        <text key={percent} class="percent" transform="rotate(33.75)" y={-radius(percent / 100) + 3}>
          {percent} %
        </text>
      ))}
      <Letters />
    </svg>
  );
}

/** A piece of a ring, as seen with north up. */
function petal(classes: number[], kind: number, radius: (share: number) => number): string {
  const inner = radius(total(classes.slice(0, kind)));
  const outer = radius(total(classes.slice(0, kind + 1)));
  const half = (HALF_WIDTHS[kind]! * Math.PI) / 180;
  const at = (r: number, angle: number) => `${(r * Math.sin(angle)).toFixed(1)} ${(-r * Math.cos(angle)).toFixed(1)}`;
  const arc = (r: number, angle: number, sweep: number) => `A${r.toFixed(1)} ${r.toFixed(1)} 0 0 ${sweep} ${at(r, angle)}`;
  return `M${at(inner, -half)}L${at(outer, -half)}${arc(outer, half, 1)}L${at(inner, half)}${arc(inner, -half, 0)}Z`;
}

export function percent(share: number): string {
  return share > 0 && share < 0.005 ? "below 1 %" : `${number(share * 100, 0)} %`;
}

function petalWords(classes: number[], index: number): string {
  const parts = classes.flatMap((share, kind) => (share > 0 ? [`${SPEED_NAMES[kind]} m/s ${percent(share)}`] : []));
  return `From ${pointWords(index)} ${percent(total(classes))}: ${parts.join(", ")}`;
}

/** The two commonest directions, and the calm. */
function roseWords(rose: Rose): string {
  if (rose.measured_s === 0) return "Wind of the last 24 hours: no data";
  const common = rose.shares
    .map((classes, index) => ({ index, share: total(classes) }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)
    .slice(0, 2)
    .map(({ index, share }) => `from ${pointWords(index)} ${percent(share)}`);
  return `Wind of the last 24 hours: ${[...common, `calm ${percent(rose.calm)}`].join(", ")} of the time measured`;
}
