/** Market times and days as text, in the zone that the user chose unless another is given. The zone is always written. */

export const UTC = "UTC";

let shown = UTC;

/** Choose the zone (IANA) of every text that is given no other. */
export function setShownZone(zone: string): void {
  shown = zone;
}

/** The zone (IANA) of every text that is given no other. */
export function shownZone(): string {
  return shown;
}

/** This machine's zone. */
export function localZone(): string {
  return format(Intl.DateTimeFormat().resolvedOptions().timeZone).resolvedOptions().timeZone || UTC;
}

const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

interface Parts {
  weekday: string;
  year: number;
  month: string;
  monthNumber: string;
  day: number;
  clock: string;
  seconds: string;
}

/** One for the distance and the name of a zone: to make it takes longer than all that is asked of it on a page. */
function format(zone: string): Intl.DateTimeFormat {
  let made = formats.get(zone);
  if (!made) {
    const locale = zone.startsWith("America/") ? "en-US" : zone.startsWith("Europe/") ? "en-GB" : "en-HK";
    const make = (timeZone: string): Intl.DateTimeFormat =>
      new Intl.DateTimeFormat(locale, {
        timeZone,
        timeZoneName: "short",
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
      });
    try {
      made = make(zone);
    } catch {
      made = make(UTC); // a zone that this browser does not know: shown, and named, as UTC
    }
    formats.set(zone, made);
  }
  return made;
}

/** Pay now for the first use of `Intl`, which takes longer than all others: nothing that is drawn waits for it then. */
export function warmZones(): void {
  format("Europe/London");
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (value: number): string => String(value).padStart(2, "0");

/** A zone's distance from UTC holds for a quarter of an hour: asking Intl for each time costs a page its frames. */
const SHIFT_MS = 900_000;
const MOST_SHIFTS = 5000;
const shifts = new Map<string, number>();

/** Milliseconds that the clocks of `zone` are ahead of UTC at that time. */
function shift(ms: number, zone: string): number {
  if (zone === UTC) return 0;
  const key = `${zone} ${Math.floor(ms / SHIFT_MS)}`;
  let found = shifts.get(key);
  if (found === undefined) {
    const at: Record<string, number> = {};
    for (const { type, value } of format(zone).formatToParts(ms)) at[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = at;
    found = Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
    if (shifts.size > MOST_SHIFTS) shifts.clear();
    shifts.set(key, found);
  }
  return found;
}

function parts(ms: number, zone: string): Parts {
  const at = new Date(ms + shift(ms, zone));
  const month = at.getUTCMonth();
  return {
    weekday: WEEKDAYS[at.getUTCDay()] ?? "",
    year: at.getUTCFullYear(),
    month: MONTHS[month] ?? "",
    monthNumber: two(month + 1),
    day: at.getUTCDate(),
    clock: `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`,
    seconds: two(at.getUTCSeconds()),
  };
}

/** Milliseconds of an ISO time; undefined for what is absent or no time. */
export function instant(iso: string | undefined): number | undefined {
  if (!iso) return undefined;
  const ms = Date.parse(iso);
  return Number.isFinite(ms) ? ms : undefined;
}

const names = new Map<string, string>();

/** `UTC`, `EDT`: the short name of the shown zone at that time. */
export function shownName(ms: number): string {
  return zoneName(shown, ms);
}

/** `UTC`, `BST`, `EDT`, `HKT`: the short name of `zone` at that time, or its offset where it has none. */
export function zoneName(zone: string, ms: number): string {
  if (zone === UTC) return UTC;
  const key = `${zone} ${Math.floor(ms / DAY_MS)}`;
  let name = names.get(key);
  if (name === undefined) {
    name =
      format(zone)
        .formatToParts(ms)
        .find((part) => part.type === "timeZoneName")?.value ?? zone;
    if (name.startsWith("GMT") && zone === "Asia/Hong_Kong") name = "HKT";
    names.set(key, name);
  }
  return name;
}

/** `14:32`, without a zone: for columns whose head or neighbour names it. */
export function clock(ms: number, zone = shown): string {
  return parts(ms, zone).clock;
}

/** `14:32:07`. */
export function clockSeconds(ms: number, zone = shown): string {
  const found = parts(ms, zone);
  return `${found.clock}:${found.seconds}`;
}

/** `2022-05-19` of that instant in `zone`. */
export function isoDay(ms: number, zone = shown): string {
  const found = parts(ms, zone);
  return `${found.year}-${found.monthNumber}-${String(found.day).padStart(2, "0")}`;
}

/** `14:32 UTC` on the day of `now`, `18 May 20:00 UTC` otherwise, with the year when that differs too. */
export function stamp(ms: number, now: number | undefined, zone = shown): string {
  return `${shortStamp(ms, now, zone)} ${zoneName(zone, ms)}`;
}

/** As `stamp`, without the zone. */
export function shortStamp(ms: number, now: number | undefined, zone = shown): string {
  const there = parts(ms, zone);
  if (now === undefined) return `${there.day} ${there.month} ${there.year} ${there.clock}`;
  const here = parts(now, zone);
  if (there.year !== here.year) return `${there.day} ${there.month} ${there.year} ${there.clock}`;
  if (there.day !== here.day || there.month !== here.month) return `${there.day} ${there.month} ${there.clock}`;
  return there.clock;
}

/** `14:32` on the day of `now`, else the day alone: `18 May`, `19 Nov 2021`. */
export function dayOrClock(ms: number, now: number | undefined, zone = shown): string {
  if (now !== undefined && isoDay(ms, zone) === isoDay(now, zone)) return clock(ms, zone);
  return dayName(isoDay(ms, zone), now, zone);
}

/** `Fri 09:30 HKT` in the zone of an exchange; without the weekday on the day of `now` there. */
export function localStamp(ms: number, now: number, zone: string): string {
  const there = parts(ms, zone);
  const day = isoDay(ms, zone) === isoDay(now, zone) ? "" : `${there.weekday} `;
  return `${day}${there.clock} ${zoneName(zone, ms)}`;
}

/** `19 May`, or `19 May 2021` in another year than `now`; an unusable day is returned as it is. */
export function dayName(day: string, now: number | undefined, zone = shown): string {
  const [year, month, date] = day.split("-").map(Number);
  if (!year || !month || !date || month > 12) return day;
  const text = `${date} ${MONTHS[month - 1]}`;
  return now !== undefined && parts(now, zone).year === year ? text : `${text} ${year}`;
}

/** `May 2022` of `2022-05`. */
export function monthTitle(month: string): string {
  const [year, number] = month.split("-").map(Number);
  return `${MONTHS[(number ?? 0) - 1] ?? ""} ${year}`;
}

/** `Thu`. */
export function weekday(ms: number, zone = shown): string {
  return parts(ms, zone).weekday;
}

/** `May`, `Mar 22`: month label of an axis; the year on the first and where it changes. */
export function monthName(ms: number, withYear: boolean, zone = shown): string {
  const found = parts(ms, zone);
  return withYear ? `${found.month} ${String(found.year).slice(2)}` : found.month;
}

/** Start of the day that holds `ms`. */
export function dayStart(ms: number, zone = shown): number {
  if (zone === UTC) return Math.floor(ms / DAY_MS) * DAY_MS;
  const found = parts(ms, zone);
  const [hours = 0, minutes = 0] = found.clock.split(":").map(Number);
  return Math.floor(ms / 1000) * 1000 - (hours * 3600 + minutes * 60 + Number(found.seconds)) * 1000;
}

/** Milliseconds of `2022-05-19T14:32` (as a date field gives it) in `zone`; undefined for what is no time. */
export function fromField(text: string, zone = shown): number | undefined {
  const wanted = Date.parse(`${text}Z`);
  if (!Number.isFinite(wanted)) return undefined;
  let at = wanted;
  for (let step = 0; step < 2; step += 1) at += wanted - Date.parse(`${toField(at, zone)}Z`);
  return at;
}

/** `2022-05-19T14:32`: the text of a date field. */
export function toField(ms: number, zone = shown): string {
  return `${isoDay(ms, zone)}T${clock(ms, zone)}`;
}
