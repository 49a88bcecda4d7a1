/** Times are milliseconds since 1970 here, and ISO 8601 in UTC in files. */

import { ClientError } from "./errors.js";
import { shown } from "./decimal.js";

const WITH_ZONE = /(Z|[+-]\d\d:?\d\d)$/i;
const SPAN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/;
const UNIT_S = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** Return a time as state files have it, in the shortest exact form. */
export function iso(at) {
  const text = new Date(at).toISOString();
  if (!text.endsWith(".000Z")) return `${text.slice(0, -1)}000Z`;
  return text.endsWith(":00.000Z") ? `${text.slice(0, -8)}Z` : `${text.slice(0, -5)}Z`;
}

export const dayOf = (at) => new Date(at).toISOString().slice(0, 10);

/** Return a time: of a Date, text with a zone, or seconds (milliseconds from 1e11 on) since 1970; undefined is now. */
export function moment(name, value) {
  if (value === undefined || value === null) return Date.now();
  let at = Number.NaN;
  if (value instanceof Date) at = value.getTime();
  else if (typeof value === "number") at = Math.abs(value) >= 1e11 ? value : value * 1000;
  else if (typeof value === "string") {
    if (!WITH_ZONE.test(value.trim())) throw new ClientError(`${name}=${shown(value)} has no time zone: say UTC with Z`);
    at = Date.parse(value.trim());
  }
  const year = Number.isNaN(at) ? Number.NaN : new Date(at).getUTCFullYear();
  if (Number.isNaN(year)) throw new ClientError(`${name}=${shown(value)} is no time, such as 2026-11-30T14:05:00Z`);
  if (year < 1900 || year >= 2200) throw new ClientError(`${name}=${shown(value)} is not within the years 1900 to 2199`);
  return Math.trunc(at);
}

/** Return a duration in seconds: of "1m", "4h" or seconds; undefined for none. */
export function span(name, value) {
  if (value === undefined || value === null) return undefined;
  const match = SPAN.exec(String(value).trim().toLowerCase());
  const seconds = match ? Number(match[1]) * UNIT_S[match[2]] : Number(value);
  if (!Number.isFinite(seconds)) throw new ClientError(`${name}=${shown(value)} is no duration, such as '1m', '4h' or 60 seconds`);
  if (seconds <= 0 || seconds > 86400 * 400) throw new ClientError(`${name}=${shown(value)} must be above 0 and at most 400 days`);
  return seconds;
}
