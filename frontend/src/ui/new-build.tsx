/** Says that the desk has newer pages than this tab. */

import "./new-build.css";

/** Name of the front end that this tab was loaded with; undefined in tests and where a page was not served by a desk. */
const OWN_BUILD = document.documentElement.dataset.build;

/** A quiet line; `build` is what the desk says it has now. Drafts of rules outlive the loading. */
export function NewBuild({ build, own = OWN_BUILD }: { build: string | undefined; own?: string | undefined }) {
  if (!build || !own || build === own) return null;
  return (
    <p className="notice new-build">
      Aion was updated.{" "}
      <button type="button" className="quiet" onClick={() => location.reload()}>
        Reload
      </button>
    </p>
  );
}
