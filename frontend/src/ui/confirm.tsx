/** A button whose deed needs a second, separate tap in a dialog, with a reason for the audit. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useId } from "../lib/use-id";
import "./dialog.css";

/** A double tap on the first button must not reach the second one, which may lie under the same finger. */
const GUARD_MS = 400;
const MAX_REASON = 500;

interface Props {
  /** Words of the button, e.g. `Flatten`. */
  label: string;
  /** Added for readers: `orb_ny`. */
  of?: string;
  /** Question of the dialog. */
  title: string;
  /** What will happen, for people. */
  children: ComponentChildren;
  /** Words of the second button. */
  confirm: string;
  disabled?: boolean;
  /** False for what needs no reason. */
  withReason?: boolean;
  /** Words of a box to tick: what is to be different from what the dialog says. */
  choice?: string;
  className?: string;
  /** Another, smaller deed that the same question may end in. */
  also?: { confirm: string; run: (reason: string) => Promise<unknown> };
  /** Do it; a failure is shown in the dialog, which stays open with what was written. */
  run: (reason: string, chosen: boolean) => Promise<unknown>;
}

export function ConfirmButton(props: Props) {
  const { label, of, title, children, confirm, disabled, withReason = true, className = "button" } = props;
  const { choice, also, run } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const openedAt = useRef(0);
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [chosen, setChosen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  const titleId = useId();

  // what is in the dialog is drawn after it opened, too late for its own search for something to focus
  useEffect(() => {
    if (open) dialog.current?.querySelector<HTMLElement>("input, button")?.focus();
  }, [open]);

  const show = (): void => {
    setFailed("");
    setChosen(false);
    setOpen(true);
    openedAt.current = performance.now();
    dialog.current?.showModal();
  };
  const go = async (deed = run): Promise<void> => {
    if (busy || performance.now() - openedAt.current < GUARD_MS) return;
    setBusy(true);
    setFailed("");
    try {
      await deed(reason.trim(), choice !== undefined && chosen);
      setReason("");
      dialog.current?.close();
    } catch (error) {
      setFailed(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" className={className} disabled={disabled} onClick={show}>
        {label}
        {of && <span className="spoken"> {of}</span>}
      </button>
      <dialog ref={dialog} className="keys confirm" aria-labelledby={titleId} onClose={() => setOpen(false)}>
        {open && (
          // no form of its own: the button may stand in one
          <>
            <h2 id={titleId}>{title}</h2>
            {children}
            {choice && (
              <label className="choice">
                <input type="checkbox" checked={chosen} onChange={(event) => setChosen(event.currentTarget.checked)} />{" "}
                {choice}
              </label>
            )}
            {withReason && (
              <label className="field">
                Reason <small>(optional, for the audit log)</small>
                <input
                  value={reason}
                  maxLength={MAX_REASON}
                  autoComplete="off"
                  onInput={(event) => setReason(event.currentTarget.value)}
                  onKeyDown={(event) => {
                    if (event.key !== "Enter") return;
                    event.preventDefault();
                    if (!also) void go(); // else nobody knows which
                  }}
                />
              </label>
            )}
            {failed && (
              <p className="attention-text" role="alert">
                Not done: {failed}
              </p>
            )}
            <div className="buttons">
              <button type="button" className="button" onClick={() => dialog.current?.close()}>
                Cancel
              </button>
              {also && (
                <button type="button" className="button strong" disabled={busy} onClick={() => void go(also.run)}>
                  {also.confirm}
                </button>
              )}
              <button type="button" className="button strong" disabled={busy} onClick={() => void go()}>
                {busy ? "Sending" : confirm}
              </button>
            </div>
          </>
        )}
      </dialog>
    </>
  );
}
