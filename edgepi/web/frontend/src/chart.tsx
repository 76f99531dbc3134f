/** One uPlot with the page's colours; follows its width and the theme. */

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

import { NOTHING, number } from "./format";

export interface Line {
  name: string;
  unit: string;
  digits: number;
  /** Name of a CSS colour variable. */
  tone: string;
  filled: boolean;
  /** Drawn in dashes: expected, not measured. */
  dashed?: boolean;
  /** Holds until the next value instead of gliding to it. */
  stepped?: boolean;
  /** What the legend shows while nothing is pointed at; else the newest value. */
  rest?: number | null;
  times: number[];
  values: (number | null)[];
}

export interface Band {
  from: number;
  to: number;
  kind: "night" | "sleep";
}

interface Props {
  label: string;
  lines: Line[];
  zone: string;
  range?: [number, number];
  from: number;
  to: number;
  bands?: Band[];
  /** The moment that divides what was from what is expected. */
  now?: number;
}

const HEIGHT = 190;
const STRIP = 7;

export function Chart(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const shape = props.lines.map((line) => line.name + line.tone).join();

  useEffect(() => {
    const element = host.current!;
    const build = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(latest, element.clientWidth), data(latest.current), element);
    };
    build();
    const resize = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resize.observe(element);
    const theme = matchMedia("(prefers-color-scheme: dark)");
    theme.addEventListener("change", build);
    return () => {
      theme.removeEventListener("change", build);
      resize.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape, props.zone]);

  useEffect(() => plot.current?.setData(data(props)), [props.lines, props.bands, props.from, props.to]);

  return <div class="plot" ref={host} role="img" aria-label={summary(props)} />;
}

function data(props: Props): uPlot.AlignedData {
  const tables = props.lines.map((line) => [line.times, line.values] as uPlot.AlignedData);
  if (tables.length === 1) return tables[0]!;
  return uPlot.join(
    tables,
    tables.map(() => [1, 2]),
  );
}

function options(latest: { current: Props }, width: number): uPlot.Options {
  const { lines, zone, range } = latest.current;
  return {
    width,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    padding: [10, 18, 0, 0],
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false, setScale: false } },
    legend: { live: true },
    scales: {
      x: { time: true, range: () => [latest.current.from, latest.current.to] },
      y: { range: range ?? ((_plot, low, high) => spread(low, high)) },
    },
    axes: [axis({ size: 26, space: 60, values: (plot, ticks) => hours(plot, ticks, zone) }), axis({ size: 46, values: (_plot, ticks) => ticks.map((t) => `${t}`) })],
    series: [
      { label: "Time", value: (_plot, seconds) => (seconds == null ? "now" : label(seconds, zone)) },
      ...lines.map((line, index) => curve(line, () => latest.current.lines[index] ?? line)),
    ],
    hooks: {
      drawClear: [(plot) => shade(plot, latest.current.bands ?? [])],
      draw: [(plot) => mark(plot, latest.current.now)],
    },
  };
}

/** Nights as a shade behind everything, planned sleep as a strip along the bottom. */
function shade(plot: uPlot, bands: Band[]): void {
  const { ctx, bbox } = plot;
  const strip = STRIP * devicePixelRatio;
  ctx.save();
  for (const { from, to, kind } of bands) {
    const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true));
    if (right <= left) continue;
    const height = kind === "night" ? bbox.height : strip;
    ctx.fillStyle = colour(kind === "night" ? "--night" : "--sleep");
    ctx.fillRect(left, bbox.top + bbox.height - height, right - left, height);
  }
  ctx.restore();
}

function mark(plot: uPlot, now: number | undefined): void {
  if (now === undefined) return;
  const { ctx, bbox } = plot;
  const at = Math.round(plot.valToPos(now, "x", true));
  ctx.save();
  ctx.strokeStyle = colour("--ink");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(at, bbox.top);
  ctx.lineTo(at, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

function curve(line: Line, latest: () => Line): uPlot.Series {
  const stroke = colour(line.tone);
  return {
    label: line.name,
    stroke,
    width: 1.75,
    spanGaps: false,
    points: { show: false },
    value: (plot, value, at, index) =>
      said(index == null ? (latest().rest ?? newest(plot.data[at])) : value, line),
    ...(line.filled ? { fill: colour(line.tone, "22") } : {}),
    ...(line.dashed ? { dash: [5, 4] } : {}),
    ...(line.stepped ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
  };
}

function said(value: number | null | undefined, line: Line): string {
  return value == null ? NOTHING : `${number(value, line.digits)} ${line.unit}`;
}

function newest(values: ArrayLike<number | null | undefined> | undefined): number | null {
  for (let index = (values?.length ?? 0) - 1; index >= 0; index--) {
    const value = values![index];
    if (value != null) return value;
  }
  return null;
}

function axis(extra: Partial<uPlot.Axis>): uPlot.Axis {
  return {
    stroke: colour("--muted"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    ...extra,
  };
}

function hours(plot: uPlot, ticks: number[], zone: string): (string | null)[] {
  const days = (plot.scales.x!.max! - plot.scales.x!.min!) / 86_400;
  const two = (n: number) => String(n).padStart(2, "0");
  return ticks.map((seconds) => {
    const there = uPlot.tzDate(new Date(seconds * 1000), zone);
    if (days > 1.5 && there.getHours() === 0) return `${WEEK[there.getDay()]} ${there.getDate()}`;
    if (days > 3) return null;
    return `${two(there.getHours())}:${two(there.getMinutes())}`;
  });
}

const WEEK = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

function label(seconds: number, zone: string): string {
  const there = uPlot.tzDate(new Date(seconds * 1000), zone);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${WEEK[there.getDay()]} ${two(there.getHours())}:${two(there.getMinutes())}`;
}

function spread(low: number | null, high: number | null): [number, number] {
  if (low == null || high == null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const room = Math.max((high - low) * 0.12, Math.abs(high) * 0.002, 0.1);
  return [low >= 0 && low < (high - low) * 1.5 ? 0 : low - room, high + room];
}

function colour(name: string, alpha = ""): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() + alpha;
}

function summary({ label: what, lines }: Props): string {
  const said = lines.map((line) => {
    const known = line.values.filter((value): value is number => value !== null);
    if (known.length === 0) return `${line.name}: no data`;
    const [least, most] = [Math.min(...known), Math.max(...known)];
    return `${line.name} from ${number(least, line.digits)} to ${number(most, line.digits)} ${line.unit}`;
  });
  return `${what}: ${said.join("; ")}`;
}
