/** Switches the node off, after asking. */

import { useRef, useState } from "preact/hooks";

import { post, Refused } from "../api";
import { when } from "../format";
import { nodeNow } from "../model";

const HOURS = [1, 2, 4, 8, 12, 24, 48];

export function SwitchOff({ name, zone }: { name: string; zone: string }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [hours, setHours] = useState(0);
  const [said, say] = useState<{ text: string; bad: boolean } | null>(null);
  const [busy, setBusy] = useState(false);
  const wake = () => new Date(nodeNow().getTime() + hours * 3_600_000);
  const until = hours ? `until ${when(wake(), nodeNow(), zone)}` : "until it would wake by itself";

  const switchOff = async () => {
    setBusy(true);
    try {
      const body = hours ? { wake_utc: wake().toISOString() } : {};
      say({ text: (await post<{ sentence: string }>("power/off", body)).sentence, bad: false });
    } catch (error) {
      const hint = error instanceof Refused && error.hint ? ` (${error.hint})` : "";
      say({ text: error instanceof Refused ? error.message + hint : "The node did not answer.", bad: true });
    }
    setBusy(false);
    dialog.current?.close();
  };

  return (
    <div class="switchoff">
      <label>
        For how long?{" "}
        <select value={hours} onChange={(event) => setHours(Number(event.currentTarget.value))}>
          <option value={0}>as the node itself would</option>
          {HOURS.map((each) => (
            <option key={each} value={each}>
              {each} {each === 1 ? "hour" : "hours"}
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={() => (say(null), dialog.current?.showModal())}>
        Switch off…
      </button>
      {said && (
        <p class={said.bad ? "warn" : undefined} role="status">
          {said.text}
        </p>
      )}
      <dialog ref={dialog} aria-labelledby="sure" aria-describedby="then">
        <h2 id="sure">
          Switch {name} off {until}?
        </h2>
        <p id="then">
          Jobs are paused, everything is saved, and the board cuts the power. Until it wakes, the node answers nobody; the board's button
          wakes it earlier.
        </p>
        <div class="answers">
          <button type="button" autofocus onClick={() => dialog.current?.close()}>
            Keep it on
          </button>
          <button type="button" class="cut" disabled={busy} onClick={() => void switchOff()}>
            Switch off
          </button>
        </div>
      </dialog>
    </div>
  );
}
