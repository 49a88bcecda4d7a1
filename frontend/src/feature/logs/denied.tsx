/** The Logs page for those who may not read logs: why, and the way to somebody who may. */

import { at } from "../../lib/base";
export function Denied({ who }: { who: string }) {
  return (
    <section className="panel empty-desk">
      <h1>Logs are for admins</h1>
      <p>
        You are logged in as {who}. Log lines name files, addresses and what people asked of the bots, so the desk keeps
        them for the role admin. What the bots did stands on the <a href={at("/bots")}>page of each bot</a>, with every
        reason.
      </p>
      <p>
        <a className="button" href={at("/login?next=/logs")}>
          Log in as admin
        </a>
      </p>
    </section>
  );
}
