/** The lines in a box that draws only those in sight: a hundred thousand scroll like a hundred. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { LogEntry } from "../../api/schema";
import { drawNow } from "../../lib/draw-now";
import { useStore } from "../../lib/use-store";
import { Line } from "./line";
import { keyOf } from "./tail";

const ROW = 22; // px; a line of text on the desktop
const PRINTED = 2000; // newest lines that go on paper
const PHONE_ROW = 44; // px; two
const AROUND = 12; // lines drawn above and below those in sight
const PHONE = "(max-width: 760px)";

function subscribePhone(listener: () => void): () => void {
  const media = matchMedia(PHONE);
  media.addEventListener("change", listener);
  return () => media.removeEventListener("change", listener);
}

interface Props {
  lines: readonly LogEntry[];
  /** Place of the line whose pane is open. */
  chosen: number | undefined;
  onChoose: (index: number | undefined) => void;
  /** True to stay at the newest line while that is in sight. */
  follows: boolean;
}

export function LineList({ lines, chosen, onChoose, follows }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const sticks = useRef(true);
  const first = useRef<string>();
  const [view, setView] = useState({ top: 0, height: 600 });
  const [isPrinting, setPrinting] = useState(false);
  const row = useStore(subscribePhone, () => matchMedia(PHONE).matches) ? PHONE_ROW : ROW;

  // the newest line stays in sight; older lines that come in above move nothing
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const before = first.current;
    first.current = lines[0] && keyOf(lines[0]);
    if (follows && sticks.current) element.scrollTop = element.scrollHeight;
    else if (before !== undefined && before !== first.current) {
      const added = lines.findIndex((line) => keyOf(line) === before);
      if (added > 0) element.scrollTop += added * row;
    }
    setView({ top: element.scrollTop, height: element.clientHeight });
  }, [lines, follows, row]);

  useEffect(() => {
    const printed = (isOn: boolean) => (): void => drawNow(() => setPrinting(isOn));
    const on = printed(true);
    const off = printed(false);
    addEventListener("beforeprint", on);
    addEventListener("afterprint", off);
    return () => {
      removeEventListener("beforeprint", on);
      removeEventListener("afterprint", off);
    };
  }, []);

  const show = (index: number): void => {
    const element = box.current;
    if (!element) return;
    if (index * row < element.scrollTop) element.scrollTop = index * row;
    const under = (index + 1) * row - element.clientHeight;
    if (under > element.scrollTop) element.scrollTop = under;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && chosen !== undefined) {
      const next = Math.min(lines.length - 1, Math.max(0, chosen + step));
      onChoose(next);
      show(next);
    } else if (event.key === "Enter" && chosen === undefined) onChoose(Math.floor((view.top + view.height) / row) - 1);
    else if (event.key === "Escape" && chosen !== undefined) onChoose(undefined);
    else return;
    event.preventDefault();
  };
  const from = isPrinting ? Math.max(0, lines.length - PRINTED) : Math.max(0, Math.floor(view.top / row) - AROUND);
  const to = isPrinting ? lines.length : Math.min(lines.length, Math.ceil((view.top + view.height) / row) + AROUND);
  return (
    <div
      ref={box}
      className="panel log"
      role="listbox"
      tabIndex={0}
      aria-label="Log lines"
      aria-activedescendant={chosen === undefined ? undefined : `line-${chosen}`}
      onKeyDown={onKeyDown}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        sticks.current = scrollHeight - scrollTop - clientHeight < row;
        setView({ top: scrollTop, height: clientHeight });
      }}
    >
      <div role="presentation" style={{ height: lines.length * row }}>
        {lines.slice(from, to).map((line, index) => (
          <Line
            key={keyOf(line)}
            entry={line}
            index={from + index}
            total={lines.length}
            top={(from + index) * row}
            isChosen={chosen === from + index}
            onChoose={onChoose}
          />
        ))}
      </div>
    </div>
  );
}
