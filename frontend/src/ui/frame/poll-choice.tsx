/** How often the page asks while no stream works: 2, 5 or 15 s, kept on this browser. */

import { POLL_CHOICES, setPollEvery, usePollEvery } from "../../lib/preference";
import { useId } from "../../lib/use-id";

export function PollChoice() {
  const every = usePollEvery();
  const group = useId(); // two of these on a page must not take each other's choice
  return (
    <fieldset className="segments">
      <legend>If live updates fail, refresh every</legend>
      {POLL_CHOICES.map((choice) => (
        <label key={choice}>
          <input type="radio" name={group} checked={every === choice} onChange={() => setPollEvery(choice)} />
          <span>{choice} s</span>
        </label>
      ))}
    </fieldset>
  );
}
