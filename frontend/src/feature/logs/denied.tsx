/** The Logs page for those who may not read logs: why, and the way to somebody who may. */

import { at } from "../../lib/base";
export function Denied({ who }: { who: string }) {
  return (
    <section className="panel empty-desk">
      <h1>Only administrators can see logs</h1>
      <p>
        You are logged in as {who}. Logs contain file names, addresses and commands. To see what the bots did and why,
        open the <a href={at("/bots")}>page of each bot</a>.
      </p>
      <p>
        <a className="button" href={at("/login?next=/logs")}>
          Log in as admin
        </a>
      </p>
    </section>
  );
}
