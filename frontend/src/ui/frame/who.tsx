/** Who is logged in, and the way out; nothing on a desk without a password, where nobody logs in. */

import { useState } from "preact/hooks";
import { logOut, useWho } from "../../lib/role";
import { Everywhere } from "./everywhere";

export function WhoRow() {
  const { session } = useWho();
  const [failed, setFailed] = useState("");
  if (!session || session.role === "none" || session.who === "local") return null;
  const leave = (isEverywhere: boolean): void => {
    logOut(isEverywhere).catch((error: unknown) => setFailed(error instanceof Error ? error.message : String(error)));
  };
  return (
    <p className="who-row">
      <span>
        Logged in as <b>{session.who}</b>
        {session.role === "viewer" && <small> read-only</small>}
      </span>
      <button type="button" className="button" onClick={() => leave(false)}>
        Log out
      </button>
      {session.who === "admin" && <Everywhere />}
      {session.who === "viewer" && (
        <button
          type="button"
          className="button"
          title="Log out every browser logged in as viewer"
          onClick={() => leave(true)}
        >
          Log out everywhere
        </button>
      )}
      {failed && <small className="attention-text">Not logged out: {failed}.</small>}
    </p>
  );
}
