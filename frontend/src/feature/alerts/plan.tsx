/** When alerts are sent: quiet hours, messages an hour, summaries. */

import { useState } from "preact/hooks";
import type { AlertPlan, AlertsAnswer } from "../../api/schema";
import type { AskError } from "../../lib/ask";
import { useMayAsk } from "../../lib/role";
import { Panel } from "../../ui/panel";
import { Field } from "./field";
import { faultsOf, planOf, refusal, WEEKDAYS } from "./words";

type Texts = Record<keyof AlertPlan, string>;

interface Props {
  found: AlertsAnswer;
  /** Save the plan; throws `AskError`. */
  save: (plan: Record<string, string | number>) => Promise<void>;
}

const textsOf = (plan: AlertPlan): Texts => ({
  zone: plan.zone ?? "UTC",
  quiet_from: plan.quiet_from ?? "",
  quiet_to: plan.quiet_to ?? "",
  most_an_hour: String(plan.most_an_hour ?? 30),
  daily_at: plan.daily_at ?? "",
  weekly_on: plan.weekly_on ?? "",
});

export function PlanPanel({ found, save }: Props) {
  const mayAsk = useMayAsk();
  const [draft, setDraft] = useState<Partial<Texts>>({});
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [said, setSaid] = useState<{ isBad: boolean; text: string }>();
  const [busy, setBusy] = useState(false);
  const texts: Texts = { ...textsOf(found.plan), ...draft };
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;

  const put = async (): Promise<void> => {
    setBusy(true);
    setSaid(undefined);
    setWrong({});
    try {
      await save(planOf(texts));
      setDraft({});
      setSaid({ isBad: false, text: "Saved." });
    } catch (error) {
      const { message, fields } = error as AskError;
      setWrong(faultsOf(fields ?? {}, "plan"));
      setSaid({ isBad: true, text: refusal(message, fields) });
    } finally {
      setBusy(false);
    }
  };
  const input = (name: keyof Texts, label: string, about: string, isTime = false) => (
    <Field label={label} wrong={wrong[name]} about={about}>
      {(common) => (
        <input
          {...common}
          placeholder={isTime ? "such as 22:30" : undefined}
          disabled={!mayAsk}
          autoComplete="off"
          value={texts[name]}
          onInput={(event) => setDraft({ ...draft, [name]: event.currentTarget.value })}
        />
      )}
    </Field>
  );
  return (
    <Panel title="When alerts are sent" className="alerts">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void put();
        }}
      >
        <div className="alert-form">
          {input("zone", "Time zone", `Of these times of day. This browser is in ${own}.`)}
          {input("quiet_from", "Quiet from", "Nothing is sent in quiet hours.", true)}
          {input("quiet_to", "Quiet until", "What came meanwhile is sent then, together.", true)}
          {input("most_an_hour", "Messages an hour", "At most; what is more is counted in the next one.")}
          {input("daily_at", "Daily summary at", "Empty for none.", true)}
          <Field label="Weekly summary on" wrong={wrong.weekly_on} about="At the time of the daily one, or at 18:00.">
            {(common) => (
              <select
                {...common}
                disabled={!mayAsk}
                value={texts.weekly_on}
                onChange={(event) => setDraft({ ...draft, weekly_on: event.currentTarget.value })}
              >
                <option value="">none</option>
                {WEEKDAYS.map((day) => (
                  <option key={day} value={day}>
                    {`${day[0]?.toUpperCase()}${day.slice(1)}`}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        {mayAsk && (
          <div className="alert-buttons">
            <button type="submit" className="button strong" disabled={busy}>
              {busy ? "Saving" : "Save times"}
            </button>
            {said && (
              <span className={said.isBad ? "attention-text" : "soft"} role={said.isBad ? "alert" : "status"}>
                {said.text}
              </span>
            )}
          </div>
        )}
      </form>
    </Panel>
  );
}
