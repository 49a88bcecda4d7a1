/** One field of a form: its label, what is put in, and beside it what it means or what is wrong with it. */

import type { ComponentChildren } from "preact";
import { useId } from "../../lib/use-id";

interface Props {
  label: string;
  /** What the desk said is wrong with it. */
  wrong?: string | undefined;
  about?: string;
  children: (common: { id: string; "aria-invalid": boolean; "aria-describedby": string }) => ComponentChildren;
}

export function Field({ label, wrong = "", about = "", children }: Props) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-invalid": wrong !== "", "aria-describedby": `${id}-help` })}
      <small id={`${id}-help`}>
        {wrong && <b className="attention-text">{wrong}. </b>}
        {about}
      </small>
    </div>
  );
}
