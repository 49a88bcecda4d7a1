/** A table of many rows: it draws those that were scrolled to, and all of them on paper or when they are asked for. */

import { useEffect, useRef, useState } from "preact/hooks";
import { drawNow } from "../lib/draw-now";
import { count } from "../lib/money";
import { type BoxProps, TableBox } from "./table";

const STEP = 200; // rows at a time: more than a screen holds
const NEAR = "600px"; // around the window: drawn before it is scrolled to

export function LongTable<T>({ rows, ...table }: Omit<BoxProps<T>, "children">) {
  const [most, setMost] = useState(() =>
    typeof IntersectionObserver === "undefined" ? Number.POSITIVE_INFINITY : STEP,
  );
  const end = useRef<HTMLTableRowElement>(null);
  const isLong = rows.length > most;
  // biome-ignore lint/correctness/useExhaustiveDependencies: after each step the end may still be in sight
  useEffect(() => {
    if (!end.current) return;
    const watch = new IntersectionObserver(
      (seen) => seen.some(({ isIntersecting }) => isIntersecting) && setMost((before) => before + STEP),
      { rootMargin: NEAR },
    );
    watch.observe(end.current);
    return () => watch.disconnect();
  }, [isLong, most]);
  useEffect(() => {
    const print = (): void => drawNow(() => setMost(Number.POSITIVE_INFINITY));
    addEventListener("beforeprint", print);
    return () => removeEventListener("beforeprint", print);
  }, []);
  return (
    <TableBox {...table} rows={isLong ? rows.slice(0, most) : rows}>
      {isLong && (
        <tr ref={end} className="none">
          <td colSpan={table.columns.length}>
            <button type="button" className="quiet" onClick={() => setMost(Number.POSITIVE_INFINITY)}>
              Show all {count(rows.length)} rows
            </button>
          </td>
        </tr>
      )}
    </TableBox>
  );
}
