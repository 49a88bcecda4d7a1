/** What to say where the desk did not give what was asked for. */

import type { FetchError } from "../live";

/** What happened and what happens next; nothing of no error. */
export function troubleText(error: FetchError | undefined): string {
  if (!error) return "";
  if (error.status === 0) return "Cannot reach the desk. Retrying automatically.";
  const what = error.status < 300 ? "with something that is not its data" : `with error ${error.status}`;
  return `The desk answered ${what}. Retrying automatically.`;
}
