/** Stands where a page will be whose code has not arrived. */

import { useLack } from "../lib/part";

export function Lacking() {
  const lack = useLack();
  if (!lack) return null;
  return (
    <section className="panel empty-desk" role="alert">
      <h1>{lack === "offline" ? "This page is not loaded yet" : "Aion was updated"}</h1>
      <p>
        {lack === "offline"
          ? "You are offline and this page has not been loaded yet. It will open as soon as the connection is back. "
          : "This tab shows an older version. Reload to open this page. "}
        Your bots are not affected.
      </p>
      {lack === "gone" && (
        <p>
          <button type="button" className="button" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
      )}
    </section>
  );
}
