import type { Plugin } from "../api";
import { title } from "../format";

const GOOD = new Set(["enabled"]);
const QUIET = new Set(["available", "disabled"]);

export function PluginsPanel({ plugins }: { plugins: readonly Plugin[] }) {
  return (
    <section class="card plugins" aria-labelledby="plugins">
      <h2 id="plugins">Plugins</h2>
      <ul>
        {plugins.map((plugin) => (
          <li key={plugin.instance ?? plugin.name}>
            <p>
              <b>{plugin.title ?? title(plugin.name)}</b>
              {plugin.instance && plugin.instance !== plugin.name && <span class="muted"> {plugin.instance}</span>}
              <span class={`chip ${tone(plugin.status)}`}>{plugin.status.replaceAll("_", " ")}</span>
            </p>
            {plugin.reason && <p class="muted">{plugin.reason}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function tone(status: string): string {
  if (GOOD.has(status)) return "good";
  return QUIET.has(status) ? "quiet" : "bad";
}
