/** The picture of a camera: live while somebody looks, else the last still. */

import { useEffect, useRef, useState } from "preact/hooks";

import { post, Refused } from "../api";
import { address, useSeen, type CameraStatus, type Corner } from "../camera";
import { when } from "../format";
import { nodeNow } from "../model";

interface Props {
  name: string;
  routes: Record<string, string>;
  camera: CameraStatus | null;
  connected: boolean;
  zone: string;
}

/** Levels at which pictures come; at others the camera only opens for a still. */
const WATCHING = new Set(["saver", "full"]);
const AGAIN_MS = 3_000;
/** Put in the place of a stream, so that the browser closes the connection. */
const NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";

export function CameraView({ name, routes, camera, connected, zone }: Props) {
  const [seen, isSeen] = useSeen();
  const [chosen, choose] = useState<boolean | null>(null);
  const [detector, setDetector] = useState(false);
  const [zonesShown, showZones] = useState(false);
  const wanted = chosen ?? true;
  const can = connected && watches(camera);
  const live = can && wanted && isSeen;
  const hasZones = Object.keys(camera?.zones ?? {}).length > 0;
  const route = detector && routes.detector ? routes.detector : (routes.live ?? "");
  return (
    <div class="watch">
      <div class="picture" ref={seen}>
        <Still route={routes.snapshot ?? ""} camera={camera} renew={!live} name={name} />
        {live && <Live key={route} source={address(route)} name={detector ? `What the detector of ${name} sees` : `${name}, live`} />}
        {hasZones && zonesShown && !detector && <Zones camera={camera!} />}
        {!(live && detector) && <Caption camera={camera} live={live} zone={zone} />}
      </div>
      <div class="controls">
        <button type="button" disabled={!can} onClick={() => choose(!wanted)}>
          {wanted && can ? "■ Stop" : "▶ Live"}
        </button>
        {camera && !can && <TakeStill route={`${(routes.status ?? "").replace(/[^/]*$/, "")}snapshot`} connected={connected} />}
        {routes.detector && (
          <button type="button" aria-pressed={detector} disabled={!can} onClick={() => (setDetector(!detector), choose(true))}>
            What the detector sees
          </button>
        )}
        {hasZones && (
          <button type="button" aria-pressed={zonesShown} disabled={detector} onClick={() => showZones(!zonesShown)}>
            Zones
          </button>
        )}
      </div>
      {detector && (
        <p class="muted legend">
          Tinted is what differs from the background, framed is what counts as motion; the other colours say why something was set aside.
        </p>
      )}
    </div>
  );
}

/** A picture now, at any level; the node says when it came by its next status. */
function TakeStill({ route, connected }: { route: string; connected: boolean }) {
  const [said, say] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const take = async () => {
    setBusy(true);
    say(null);
    try {
      await post(route, {});
    } catch (error) {
      say(error instanceof Refused ? error.message : "The node did not answer.");
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" disabled={!connected || busy} onClick={() => void take()}>
        {busy ? "Taking a picture…" : "Take a picture"}
      </button>
      {said && (
        <span class="warn" role="status">
          {said}
        </span>
      )}
    </>
  );
}

/** A stream of pictures; asked for again when it breaks off. */
function Live({ source, name }: { source: string; name: string }) {
  const image = useRef<HTMLImageElement>(null);
  const [attempt, again] = useState(0);
  useEffect(() => {
    const element = image.current!;
    let timer: ReturnType<typeof setTimeout> | undefined;
    element.onerror = () => {
      element.hidden = true;
      timer = setTimeout(() => again((n) => n + 1), AGAIN_MS);
    };
    element.hidden = false;
    element.src = `${source}?attempt=${attempt}`;
    return () => {
      clearTimeout(timer);
      element.onerror = null;
      element.src = NOTHING;
    };
  }, [source, attempt]);
  return <img class="live" ref={image} alt={name} />;
}

function watches(camera: CameraStatus | null): boolean {
  return camera?.link === "running" && WATCHING.has(camera.level);
}

/** The last picture that the node has, if any; asked for anew only where nothing live is shown. */
function Still({ route, camera, renew, name }: { route: string; camera: CameraStatus | null; renew: boolean; name: string }) {
  const [shown, show] = useState<string | null>(null);
  const [missing, setMissing] = useState(false);
  const taken = camera && (camera.still_utc ?? (watches(camera) ? camera.level : null));
  useEffect(() => {
    if (taken && !renew && shown) return;
    show(taken);
    setMissing(false);
  }, [taken, renew]);
  if (!shown || !route || missing) return null;
  return (
    <img class="still" src={`${address(route)}?of=${encodeURIComponent(shown)}`} alt={`${name}, last picture`} onError={() => setMissing(true)} />
  );
}

function Caption({ camera, live, zone }: { camera: CameraStatus | null; live: boolean; zone: string }) {
  if (!camera) return null;
  if (live) {
    return (
      <p class="caption">
        <span class="pulse" /> live
      </p>
    );
  }
  const still = camera.still_utc ? `still of ${when(new Date(camera.still_utc), nodeNow(), zone)}` : "";
  return <p class="caption">{[stateWords(camera), still].filter(Boolean).join(", ") || "still"}</p>;
}

function stateWords(camera: CameraStatus): string {
  if (camera.level === "off") return "off";
  if (camera.link === "opening") return "opening the camera…";
  if (camera.link === "lost") return "no picture now";
  return "";
}

function Zones({ camera }: { camera: CameraStatus }) {
  const [width, height] = [camera.width ?? 1600, camera.height ?? 900];
  const drawn = (corners: Corner[]) => corners.map(([x, y]) => `${x * width},${y * height}`).join(" ");
  return (
    <svg class="zones" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`Zones: ${Object.keys(camera.zones).join(", ")}`}>
      {Object.entries(camera.zones).map(([name, corners]) => (
        <g key={name}>
          <polygon points={drawn(corners)} />
          <text {...anchor(corners, width, height)} font-size={height / 17}>
            {name}
          </text>
        </g>
      ))}
    </svg>
  );
}

/** The name stands in the middle of the corners. */
function anchor(corners: Corner[], width: number, height: number): { x: number; y: number } {
  const mean = (index: 0 | 1) => corners.reduce((sum, corner) => sum + corner[index], 0) / Math.max(corners.length, 1);
  return { x: mean(0) * width, y: mean(1) * height };
}
