/** A desk without bots: what will fill it, and how to make one appear. */

import { EXAMPLE } from "./example";
import "./empty.css";

export default function EmptyDesk() {
  return (
    <section className="panel empty-desk" aria-labelledby="empty-title">
      <h2 id="empty-title">No bots yet</h2>
      <p>
        A bot appears here within a second of writing its first state file; you need not register it. To try it, run
        this Python code in the folder that contains <code>aion-data</code>, or set <code>AION_DATA</code>.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard */}
      <section className="example" tabIndex={0} aria-label="Example in Python">
        <pre>
          <code>{EXAMPLE}</code>
        </pre>
      </section>
    </section>
  );
}
