/** Strength of a signal: a bar from 0 to 1 with a notch at the entry level, grey below it. Never a per cent. */

import { decimal, isNumber } from "../lib/money";
import "./meter.css";

const WIDTH = 150;

export function Meter({ value, threshold }: { value: number; threshold: number | undefined }) {
  const strength = Math.min(1, Math.max(0, value));
  const entry = isNumber(threshold) && threshold > 0 ? Math.min(1, threshold) : undefined;
  const from = entry === undefined ? "" : `, entry from ${decimal(entry, 2)}`;
  const label = `strength ${decimal(value, 2)} of 1${from}`;
  return (
    <svg className="meter" viewBox={`0 0 ${WIDTH} 12`} preserveAspectRatio="none" role="img" aria-label={label}>
      <rect className="track" y="3" width={WIDTH} height="6" rx="3" />
      {strength > 0 && (
        <rect
          className={entry !== undefined && strength < entry ? "low" : "fill"}
          y="3"
          width={Math.max(3, strength * WIDTH)}
          height="6"
          rx="3"
        />
      )}
      {entry !== undefined && (
        <rect className="notch" x={Math.min(WIDTH - 2, entry * WIDTH - 1)} width="2" height="12" />
      )}
    </svg>
  );
}
