/** The alert rules: a table of those that are saved, and a form for one. */

import { useState } from "preact/hooks";
import type { AlertRule, AlertsAnswer } from "../../api/schema";
import type { AskError } from "../../lib/ask";
import { useMayAsk } from "../../lib/role";
import type { Roster } from "../../lib/roster";
import { instant } from "../../lib/time";
import { Panel } from "../../ui/panel";
import { type Column, TableBox } from "../../ui/table";
import { Field } from "./field";
import { type Draft, draftOf, EMPTY, faultsOf, KINDS, type Kind, newName, refusal, ruleOf, told, whose } from "./words";

interface Props {
  found: AlertsAnswer;
  roster: Roster;
  /** Save all rules; throws `AskError`. */
  save: (rules: Record<string, AlertRule>) => Promise<void>;
}

type Row = [name: string, rule: AlertRule];

export function RulesPanel({ found, roster, save }: Props) {
  const mayAsk = useMayAsk();
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [edited, setEdited] = useState<string>();
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [said, setSaid] = useState<{ isBad: boolean; text: string }>();
  const [busy, setBusy] = useState(false);
  const rules = found.rules;

  const put = async (next: Record<string, AlertRule>, text: string, name = ""): Promise<void> => {
    setBusy(true);
    setSaid(undefined);
    setWrong({});
    try {
      await save(next);
      setSaid({ isBad: false, text });
      if (name) {
        setDraft({ ...EMPTY, kind: draft.kind });
        setEdited(undefined);
      }
    } catch (error) {
      const { message, fields } = error as AskError;
      setWrong(faultsOf(fields ?? {}, `rules.${name}`));
      setSaid({ isBad: true, text: refusal(message, fields) });
    } finally {
      setBusy(false);
    }
  };
  const columns: Column<Row>[] = [
    { name: "Rule", cell: ([, rule]) => <b>{told(rule)}</b> },
    { name: "Of", className: "left", cell: ([, rule]) => whose(rule) },
    { name: "Note", className: "left text", cell: ([, rule]) => rule.note ?? "" },
    { name: "State", className: "left", cell: ([, rule]) => (rule.is_on === false ? "off" : "on") },
    {
      name: "Change",
      head: <span className="spoken">Change</span>,
      cell: ([name, rule]) =>
        mayAsk && (
          <>
            <button
              type="button"
              className="button"
              disabled={busy}
              onClick={() => {
                const isOn = rule.is_on === false;
                void put({ ...rules, [name]: { ...rule, is_on: isOn } }, isOn ? "Switched on." : "Switched off.");
              }}
            >
              {rule.is_on === false ? "Switch on" : "Switch off"}
              <span className="spoken"> {spokenOf(rule)}</span>
            </button>
            <button
              type="button"
              className="button"
              onClick={() => {
                setEdited(name);
                setDraft(draftOf(rule));
                setWrong({});
                setSaid(undefined);
              }}
            >
              Edit<span className="spoken"> {spokenOf(rule)}</span>
            </button>
            <button
              type="button"
              className="button"
              disabled={busy}
              onClick={() => {
                const { [name]: _, ...rest } = rules;
                if (edited === name) setEdited(undefined);
                void put(rest, "Deleted.");
              }}
            >
              Delete<span className="spoken"> {spokenOf(rule)}</span>
            </button>
          </>
        ),
    },
  ];
  const rows = Object.entries(rules);
  return (
    <Panel
      title="Alert rules"
      at={instant(found.saved_at)}
      verb={found.version > 0 ? `version ${found.version} saved by ${found.saved_by || "someone"}` : "saved"}
      className="alerts"
    >
      {found.error && (
        <p className="pad attention-text">The saved rules cannot be read: {found.error}. Saving replaces them.</p>
      )}
      {rows.length > 0 ? (
        <TableBox
          box="table-box"
          name="Alert rules, table"
          className="rows"
          columns={columns}
          rows={rows}
          keyOf={([name]) => name}
          rowClass={([, rule]) => (rule.is_on === false ? "is-off" : undefined)}
        />
      ) : (
        <p className="note">There is no rule yet. Choose below what you want to be told.</p>
      )}
      {mayAsk ? (
        <form
          aria-label={edited === undefined ? "New rule" : "Edit rule"}
          onSubmit={(event) => {
            event.preventDefault();
            const name = edited !== undefined && edited in rules ? edited : newName(rules);
            const isOn = rules[name]?.is_on !== false;
            if (!busy) void put({ ...rules, [name]: ruleOf(draft, isOn) }, "Saved.", name);
          }}
        >
          <RuleFields
            draft={draft}
            roster={roster}
            wrong={wrong}
            onChange={(next) => setDraft({ ...draft, ...next })}
          />
          <div className="alert-buttons">
            <button type="submit" className="button strong" disabled={busy}>
              {busy ? "Saving" : edited === undefined ? "Add rule" : "Save rule"}
            </button>
            {edited !== undefined && (
              <button
                type="button"
                className="button"
                onClick={() => {
                  setEdited(undefined);
                  setDraft(EMPTY);
                  setWrong({});
                }}
              >
                Cancel
              </button>
            )}
            {said && (
              <span className={said.isBad ? "attention-text" : "soft"} role={said.isBad ? "alert" : "status"}>
                {said.text}
              </span>
            )}
          </div>
        </form>
      ) : (
        <p className="pad soft">You are logged in as a viewer. Only administrators can change alert rules.</p>
      )}
    </Panel>
  );
}

const spokenOf = (rule: AlertRule): string => `${told(rule)}, ${whose(rule)}`;

interface FieldsProps {
  draft: Draft;
  roster: Roster;
  wrong: Record<string, string>;
  onChange: (next: Partial<Draft>) => void;
}

function RuleFields({ draft, roster, wrong, onChange }: FieldsProps) {
  const isOfMachine = draft.kind === "held_machine";
  const names = isOfMachine
    ? Object.keys(roster.machines ?? {})
    : [...new Set(roster.bots.map(({ bot }) => bot))].sort();
  const known = draft.bot === "*" || names.includes(draft.bot) ? names : [draft.bot, ...names];
  return (
    <div className="alert-form">
      <Field label="Tell me of" wrong={wrong.kind} about={`Told: ${KINDS[draft.kind].about}.`}>
        {(common) => (
          <select
            {...common}
            value={draft.kind}
            onChange={(event) => {
              const kind = event.currentTarget.value as Kind;
              const isOther = (kind === "held_machine") !== isOfMachine;
              onChange({ kind, ...(isOther && { bot: "*" }) });
            }}
          >
            {Object.entries(KINDS).map(([kind, { name }]) => (
              <option key={kind} value={kind}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field
        label={isOfMachine ? "Machine" : "Bot"}
        wrong={wrong.bot}
        about={isOfMachine ? "" : "All bots: also those that come later."}
      >
        {(common) => (
          <select {...common} value={draft.bot} onChange={(event) => onChange({ bot: event.currentTarget.value })}>
            <option value="*">{isOfMachine ? "All machines" : "All bots"}</option>
            {known.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      {(draft.kind === "day_loss" || draft.kind === "drawdown") && (
        <Field
          label={draft.kind === "drawdown" ? "Limit, per cent" : "Limit"}
          wrong={wrong.limit}
          about={
            draft.kind === "drawdown" ? "Below the highest equity so far, such as 10." : "Without a sign, such as 500."
          }
        >
          {(common) => (
            <input
              {...common}
              inputMode="decimal"
              autoComplete="off"
              value={draft.limit}
              onInput={(event) => onChange({ limit: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
      {draft.kind === "day_loss" && (
        <Field label="Unit" wrong={wrong.unit} about="Money is in the currency of the account.">
          {(common) => (
            <select
              {...common}
              value={draft.unit}
              onChange={(event) => onChange({ unit: event.currentTarget.value as Draft["unit"] })}
            >
              <option value="percent">per cent of equity</option>
              <option value="money">money</option>
            </select>
          )}
        </Field>
      )}
      {draft.kind === "no_fill" && (
        <Field label="Minutes" wrong={wrong.minutes} about="By the bot's market time; nights and weekends count too.">
          {(common) => (
            <input
              {...common}
              inputMode="numeric"
              autoComplete="off"
              value={draft.minutes}
              onInput={(event) => onChange({ minutes: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
      <Field label="Note" wrong={wrong.note} about="For yourself; it is not sent.">
        {(common) => (
          <input
            {...common}
            maxLength={128}
            autoComplete="off"
            value={draft.note}
            onInput={(event) => onChange({ note: event.currentTarget.value })}
          />
        )}
      </Field>
    </div>
  );
}
