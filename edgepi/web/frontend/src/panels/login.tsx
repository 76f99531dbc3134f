import { useState } from "preact/hooks";

import { post, Refused } from "../api";
import { capital } from "../format";
import { retryNow } from "../live";
import { update } from "../model";

export function Login() {
  const expired = location.hash === "#expired";
  const [message, setMessage] = useState(expired ? "That link has been used already, or is too old." : "");
  const [token, setToken] = useState("");

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    try {
      await post("login", { token: token.trim() });
      history.replaceState(null, "", "/");
      update({ phase: "starting" });
      retryNow();
    } catch (error) {
      setMessage(error instanceof Refused ? sentence(error) : "The node does not answer.");
    }
  }

  return (
    <main class="alone">
      <form class="card login" onSubmit={(event) => void submit(event)}>
        <h1>EdgePi</h1>
        <p>
          Open the link that the node printed when it started, or get a new one with{" "}
          <code>edgepi token link</code>.
        </p>
        <label>
          Or log in with a token
          <input
            type="password"
            name="token"
            autoComplete="current-password"
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Log in</button>
        <p class="bad" role="alert">
          {message}
        </p>
      </form>
    </main>
  );
}

function sentence(error: Refused): string {
  const first = capital(error.message);
  return error.status === 429 && error.hint ? `${first}; ${error.hint}.` : `${first}.`;
}
