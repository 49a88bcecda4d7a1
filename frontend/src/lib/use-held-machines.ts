/** Machines that are not heard of, for what is drawn of them. */

import { getConnection, pageNow } from "../live";
import { heldBots } from "./proof";
import { useTicking } from "./ticker";

/** Those of `names` that are held: since when nothing is heard of each, by the desk's time, ms; NaN for never. */
export function useHeldMachines(names: readonly string[]): ReadonlyMap<string, number> {
  const text = useTicking(() => {
    const held = heldBots(getConnection().status, pageNow());
    return names.flatMap((name) => (held.since(name) === undefined ? [] : [`${name} ${held.since(name)}`])).join();
  });
  const pairs = text.split(",").filter(Boolean);
  return new Map(pairs.map((each) => [each.slice(0, each.indexOf(" ")), Number(each.slice(each.indexOf(" ") + 1))]));
}
