/** Controls of a replay: hold still, how fast, and to which day. A request is `requested` until the bots answer it. */

import { type ComponentChildren, createContext } from "preact";
import { useContext, useRef, useState } from "preact/hooks";
import { type ControlRequest, useControl } from "../../lib/control";
import { useMayAsk } from "../../lib/role";
import { dayName, instant, isoDay, UTC } from "../../lib/time";
import { Icon } from "../icon";
import { useDesk } from "./desk";
import "./replay.css";

const SPEEDS = [1, 10, 60, 300] as const;

interface Controls extends ReturnType<typeof useControl> {
  isHeld: boolean;
  /** Hold still, or go on at the speed before. */
  toggle: () => void;
}

const ReplayContext = createContext<Controls | undefined>(undefined);

/** Holds the one request that button, panel and key share. */
export function ReplayControls({ isReplay, children }: { isReplay: boolean; children: ComponentChildren }) {
  const { clock } = useDesk();
  const mayAsk = useMayAsk();
  const control = useControl(clock);
  const isHeld = clock?.state === "paused";
  const before = useRef(60);
  if (clock?.speed && clock.speed > 0) before.current = clock.speed;
  const toggle = (): void => control.ask({ action: "speed", value: isHeld ? before.current : 0 });
  return (
    <ReplayContext value={isReplay && mayAsk ? { ...control, isHeld, toggle } : undefined}>{children}</ReplayContext>
  );
}

/** The controls, of a replay only, for who may ask. */
export function useReplay(): Controls | undefined {
  return useContext(ReplayContext);
}

/** Hold or go on: the one control that stands in the bar itself. */
export function HoldButton() {
  const controls = useReplay();
  if (!controls) return null;
  const { isHeld, state, toggle } = controls;
  return (
    <button
      type="button"
      className="button hold"
      aria-label={isHeld ? "Resume the replay" : "Pause the replay"}
      disabled={state === "requested"}
      onClick={toggle}
    >
      <Icon name={isHeld ? "play" : "pause"} />
    </button>
  );
}

/** Words of a request, and of one under way. */
function words({ action, value }: ControlRequest, state?: string): string {
  if (action === "jump" && state === "accepted") return `Jumping to ${dayName(String(value), undefined, UTC)}`;
  if (action === "jump") return `Jump to ${dayName(String(value), undefined, UTC)}`;
  return value === 0 ? "Pause" : `Speed x${value}`;
}

/** What became of the last request. */
export function ReplayAnswer() {
  const controls = useReplay();
  const { clock } = useDesk();
  const { asked, state, detail } = controls ?? {};
  if (!asked || !state) return null;
  const progress = clock?.progress === undefined ? "" : ` ${Math.floor(clock.progress * 100)}\u00a0%`;
  const said = {
    requested: "requested.",
    accepted: `...${progress}`,
    done: "done.",
    superseded: `superseded: ${detail}.`,
    late: "no response. The bots have written nothing since; the request is still open.",
    failed: `refused: ${detail}`,
  }[state];
  return (
    <p className={`answer ${state === "late" || state === "failed" ? "attention-text" : "soft"}`} role="status">
      {words(asked, state)}
      {state === "late" ? ": " : " "}
      {said}
    </p>
  );
}

/** A request that came to nothing is said where the panel is shut too. */
export function ReplayTrouble() {
  const [closed, setClosed] = useState<unknown>();
  const controls = useReplay();
  if (!controls?.asked || controls.asked.at === closed) return null;
  if (controls.state !== "late" && controls.state !== "failed") return null;
  const { at } = controls.asked;
  return (
    <div className="toast">
      <ReplayAnswer />
      <button type="button" className="quiet" onClick={() => setClosed(at)}>
        Close
      </button>
    </div>
  );
}

/** The panel's part. */
export function Replay() {
  const { clock } = useDesk();
  const controls = useReplay();
  const [day, setDay] = useState("");
  if (!controls || !clock) return null;
  const { isHeld, state, ask, toggle } = controls;
  const from = instant(clock.data_from);
  const to = instant(clock.data_to);
  const isBusy = state === "requested"; // a jump under way may be replaced by another
  return (
    <>
      <h2>Replay</h2>
      <fieldset className="segments">
        <legend className="spoken">Speed (market seconds per second)</legend>
        <button type="button" className="button" aria-pressed={isHeld} disabled={isBusy} onClick={toggle}>
          <Icon name={isHeld ? "play" : "pause"} />
          {isHeld ? "Resume" : "Pause"}
        </button>
        {SPEEDS.map((speed) => (
          <button
            key={speed}
            type="button"
            className="button"
            aria-pressed={!isHeld && clock.speed === speed}
            disabled={isBusy}
            onClick={() => ask({ action: "speed", value: speed })}
          >
            {speed}x
          </button>
        ))}
      </fieldset>
      <form
        className="jump"
        onSubmit={(event) => {
          event.preventDefault();
          if (day) ask({ action: "jump", value: day });
        }}
      >
        <label>
          <span>Day</span>
          <input
            type="date"
            required
            value={day}
            min={from === undefined ? undefined : isoDay(from, UTC)}
            max={to === undefined ? undefined : isoDay(to, UTC)}
            onInput={(event) => setDay(event.currentTarget.value)}
          />
        </label>
        <button type="submit" className="button" disabled={isBusy}>
          Jump
        </button>
      </form>
      <ReplayAnswer />
      {from !== undefined && to !== undefined && (
        <p className="soft">
          Data available: {dayName(isoDay(from, UTC), undefined, UTC)} to {dayName(isoDay(to, UTC), undefined, UTC)}. A
          later day plays the bars in between; an earlier one starts a new run.
        </p>
      )}
    </>
  );
}
