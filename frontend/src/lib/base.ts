/** Addresses and names of this desk's own, which a proxy may show below a path of a host name that others share. */

import { BASE } from "../live";

/** The address of `path`, which begins with a slash. */
export function at(path: string): string {
  return BASE + path;
}

/** `address` without what stands before the desk's own path. */
export function pathBelow(address: string): string {
  return BASE && (address === BASE || address.startsWith(`${BASE}/`)) ? address.slice(BASE.length) : address;
}

/** A name in storage, or of a channel, that no other desk of this origin has. */
export function ownName(name: string): string {
  return BASE ? `${BASE}/${name}` : name;
}
