/** Log out everywhere, as admin: what ends, what stays, and whether bearer tokens end as well. */

import { useEffect, useState } from "preact/hooks";
import type { TokenList } from "../../api/schema";
import { at } from "../../lib/base";
import { logOut } from "../../lib/role";
import { useId } from "../../lib/use-id";
import { ConfirmButton } from "../confirm";

export function Everywhere() {
  const [revokes, setRevokes] = useState(true);
  return (
    <ConfirmButton
      label="Log out everywhere"
      title="Log out everywhere as admin?"
      confirm="Log out everywhere"
      withReason={false}
      run={() => logOut(true, revokes)}
    >
      <p>Every browser logged in as admin, including this one, must log in again. Open pages stop updating at once.</p>
      <Tokens revokes={revokes} onChange={setRevokes} />
      <p>
        Viewers stay logged in, and passwords stay as they are. If somebody else knows one, change it with{" "}
        <code>aion password set</code>.
      </p>
    </ConfirmButton>
  );
}

/** The tokens that there are, and whether they end too. */
function Tokens({ revokes, onChange }: { revokes: boolean; onChange: (revokes: boolean) => void }) {
  const [names, setNames] = useState<string[]>();
  const noteId = useId();
  useEffect(() => {
    const leaving = new AbortController();
    fetch(at("/api/tokens"), { signal: leaving.signal })
      .then((answer) => (answer.ok ? (answer.json() as Promise<TokenList>) : undefined))
      .then((found) => setNames(found && Object.keys(found.tokens)))
      .catch(() => {}); // what they are called is not known: they can be revoked all the same
    return () => leaving.abort();
  }, []);
  if (names?.length === 0) return <p>There are no bearer tokens.</p>;
  return (
    <>
      <label className="tick-row">
        <input
          type="checkbox"
          checked={revokes}
          aria-describedby={noteId}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />{" "}
        Revoke {names ? (names.length === 1 ? "the token" : `the ${names.length} tokens`) : "all bearer tokens"} as well
      </label>
      <p id={noteId}>
        {names && <b>{names.join(", ")}</b>}
        {names && ": "}
        {revokes ? "scripts that use them stop working until they get new ones." : "anyone who has one keeps access."}
      </p>
    </>
  );
}
