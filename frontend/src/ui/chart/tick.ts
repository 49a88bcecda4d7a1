/** Where axes have their ticks. Pure. */

const STEPS = [1, 2, 2.5, 5, 10];
const MINUTE_S = 60;
const DAY_S = 86_400;

/** Two to four ticks at 1, 2, 2.5 or 5 x 10^n within `low`..`high`; zero is one where it is inside. */
export function valueTicks(low: number, high: number): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(span / 3));
  for (const scale of [power / 10, power, power * 10]) {
    for (const factor of STEPS) {
      const step = factor * scale;
      const from = Math.ceil(low / step - 1e-9);
      const to = Math.floor(high / step + 1e-9);
      if (to - from + 1 <= 4) {
        return Array.from({ length: Math.max(1, to - from + 1) }, (_, index) => (from + index) * step || 0);
      }
    }
  }
  return [low];
}

/** Decimals that tell `ticks` (fractions) apart as per cents: 0 for whole ones, 2 at most. */
export function tickDecimals(ticks: readonly number[]): number {
  for (let decimals = 0; decimals < 2; decimals += 1) {
    if (ticks.every((tick) => Math.abs(tick * 100 - Number((tick * 100).toFixed(decimals))) < 1e-9)) return decimals;
  }
  return 2;
}

const MINUTE_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720];

export interface TimeTicks {
  at: number[];
  unit: "minute" | "day" | "month";
}

/** Ticks of market time (s) on whole minutes, hours, days or months (UTC), at most `most`. */
export function timeTicks(low: number, high: number, most: number): TimeTicks {
  const span = high - low;
  if (!(span > 0)) return { at: [low], unit: "minute" };
  for (const minutes of MINUTE_STEPS) {
    const step = minutes * MINUTE_S;
    if (span / step <= most) return { at: multiples(low, high, step), unit: "minute" };
  }
  for (const days of [1, 2, 7, 14]) {
    if (span / (days * DAY_S) <= most) return { at: multiples(low, high, days * DAY_S), unit: "day" };
  }
  for (const months of [1, 2, 3, 6, 12, 24, 60]) {
    const at = monthStarts(low, high, months);
    if (at.length <= most) return { at, unit: "month" };
  }
  return { at: [low], unit: "month" };
}

function multiples(low: number, high: number, step: number): number[] {
  const at: number[] = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) at.push(tick);
  return at;
}

function monthStarts(low: number, high: number, months: number): number[] {
  const at: number[] = [];
  const first = new Date(low * 1000);
  let month = Math.ceil((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months;
  for (;;) {
    const tick = Date.UTC(Math.floor(month / 12), month % 12, 1) / 1000;
    if (tick > high) return at;
    if (tick >= low) at.push(tick);
    month += months;
  }
}
