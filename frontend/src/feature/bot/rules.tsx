/** The rules editor: validated by the limits of the desk, shown as a difference, saved against a version. */

import { useState } from "preact/hooks";
import type { BotView, RuleField, RulesAnswer } from "../../api/schema";
import { ended } from "../../bot/sentence";
import { type AskError, resetRules, saveRules } from "../../lib/ask";
import { useMayAsk } from "../../lib/role";
import { instant } from "../../lib/time";
import { useFetched } from "../../lib/use-fetched";
import { useId } from "../../lib/use-id";
import { Ago } from "../../ui/age";
import { ConfirmButton } from "../../ui/confirm";
import { FetchState, Panel } from "../../ui/panel";
import {
  type Change,
  changesOf,
  complaint,
  keepDraft,
  keptDraft,
  limitsOf,
  shown,
  type Texts,
  title,
  toText,
  UNIT,
} from "./rule-draft";

type Said = { kind: "saved" | "failed" | "conflict"; text: string } | undefined;

export function Rules({ bot }: { bot: BotView }) {
  const name = bot.bot;
  const version = `${bot.asked?.saved?.version ?? 0} ${bot.config_version ?? 0} ${bot.config_error ?? ""}`;
  const fetched = useFetched<RulesAnswer>(`/api/bots/${encodeURIComponent(name)}/rules`, version);
  const [answered, setAnswered] = useState<RulesAnswer>();
  const [texts, setTexts] = useState<Texts>(() => keptDraft(name));
  const [edited, setEdited] = useState<number>();
  const [said, setSaid] = useState<Said>();
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const mayAsk = useMayAsk();

  // an answer to a save is newer than a fetch that began before it
  const rules = (answered?.version ?? -1) > (fetched.data?.version ?? -1) ? answered : fetched.data;
  if (!rules) {
    return (
      <Panel title="Rules">
        <FetchState fetched={fetched} what="rules" />
      </Panel>
    );
  }
  if (!rules.editable) return <ForeignRules rules={rules} />;

  const fields = Object.entries(rules.fields ?? {});
  const changes = changesOf(texts, rules);
  const bad = fields.filter(([key, field]) => key in texts && complaint(texts[key] ?? "", field) !== "");
  const overtaken = edited !== undefined && changes.length > 0 && rules.version > edited;

  const put = (next: Texts): void => {
    setTexts(next);
    keepDraft(name, next);
  };
  const type = (key: string, text: string): void => {
    setEdited((before) => before ?? rules.version);
    setSaid(undefined);
    const { [key]: _, ...others } = wrong;
    setWrong(others);
    put({ ...texts, [key]: text });
  };
  const forget = (): void => {
    put({});
    setEdited(undefined);
    setWrong({});
  };
  const save = async (): Promise<void> => {
    setBusy(true);
    setSaid(undefined);
    try {
      const values = Object.fromEntries(changes.map((change) => [change.name, change.value]));
      const found = await saveRules(name, edited ?? rules.version, values);
      setAnswered(found);
      forget();
      setSaid({ kind: "saved", text: `Saved as version ${found.version}.` });
    } catch (error) {
      const { status, message, fields: faults } = error as AskError;
      setWrong(faults ?? {});
      if (status === 409) fetched.again();
      setSaid({ kind: status === 409 ? "conflict" : "failed", text: ended(message) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel
      title="Rules"
      at={instant(rules.saved_at)}
      verb={`version ${rules.version} saved by ${rules.saved_by || "someone"}`}
      className="rules"
    >
      <p className="soft pad">
        <InForce bot={bot} rules={rules} />
      </p>
      {rules.error && (
        <p className="pad attention-text">The saved rules cannot be read: {ended(rules.error)} Saving replaces them.</p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (changes.length > 0 && bad.length === 0 && !busy) void save();
        }}
      >
        <div className="rule-grid">
          {fields.map(([key, field]) => (
            <RuleInput
              key={key}
              name={key}
              field={field}
              text={texts[key] ?? toText(rules.rules?.[key], field)}
              wrong={wrong[key] ?? ""}
              isChanged={changes.some((change) => change.name === key)}
              disabled={!mayAsk || busy}
              onText={(text) => type(key, text)}
            />
          ))}
        </div>
        {(overtaken || said?.kind === "conflict") && (
          <div className="pad notice-row attention-text" role="alert">
            <p>
              <b>Someone else saved changes.</b>{" "}
              {said?.kind === "conflict" ? said.text : `${rules.saved_by || "Someone"} saved version ${rules.version}.`}{" "}
              Your draft is safe; below it is compared with version {rules.version}.
            </p>
            <button
              type="button"
              className="button"
              onClick={() => {
                setEdited(rules.version);
                setSaid(undefined);
              }}
            >
              Continue from version {rules.version}
            </button>
          </div>
        )}
        <Difference changes={changes} />
        {said && said.kind !== "conflict" && (
          <p
            className={said.kind === "failed" ? "pad attention-text" : "pad soft"}
            role={said.kind === "failed" ? "alert" : "status"}
          >
            {said.kind === "failed" ? `Not saved: ${said.text} Your draft is safe.` : said.text}
          </p>
        )}
        {!mayAsk && <p className="pad soft">You are logged in as a viewer. Only administrators can change rules.</p>}
        <div className="rule-buttons" hidden={!mayAsk}>
          <button
            type="submit"
            className="button strong"
            disabled={
              !mayAsk || busy || changes.length === 0 || bad.length > 0 || overtaken || said?.kind === "conflict"
            }
          >
            {busy ? "Saving" : "Save rules"}
          </button>
          <button
            type="button"
            className="button"
            disabled={Object.keys(texts).length === 0}
            onClick={() => {
              forget();
              setSaid(undefined);
            }}
          >
            Discard draft
          </button>
          <ConfirmButton
            label="Reset to settings"
            of={name}
            title={`Reset the rules of ${name}?`}
            confirm="Reset rules"
            withReason={false}
            disabled={!mayAsk || rules.version === 0}
            run={async () => {
              const found = await resetRules(name, rules.version);
              setAnswered(found);
              forget();
              setSaid({ kind: "saved", text: `Reset to the settings file, saved as version ${found.version}.` });
            }}
          >
            <p>The values from the settings file are saved as version {rules.version + 1}:</p>
            <ul className="soft">
              {fields
                .filter(([key, field]) => rules.rules?.[key] !== field.default)
                .map(([key, field]) => (
                  <li key={key}>
                    {title(key)}: {shown(rules.rules?.[key], field)} → {shown(field.default, field)}
                  </li>
                ))}
            </ul>
          </ConfirmButton>
        </div>
      </form>
    </Panel>
  );
}

/** Whether the bot goes by what was saved. */
function InForce({ bot, rules }: { bot: BotView; rules: RulesAnswer }) {
  const inForce = Math.max(bot.config_version ?? 0, rules.config_version ?? 0);
  const error = bot.config_error || rules.config_error;
  if (error) {
    return (
      <span className="attention-text">
        The bot rejected the newest rules and still uses version {inForce}: {ended(error)}
      </span>
    );
  }
  if (rules.version === 0) return <>Using the values from the settings file.</>;
  if (inForce >= rules.version) return <>In use: the bot confirms version {inForce}.</>;
  return (
    <span role="status">
      Saved, not in use yet: the bot uses {inForce === 0 ? "its settings file" : `version ${inForce}`} until its next
      cycle
      {bot.asked?.saved && (
        <>
          {" "}
          (saved <Ago at={instant(bot.asked.saved.saved_at) ?? 0} />)
        </>
      )}
      .
    </span>
  );
}

function Difference({ changes }: { changes: Change[] }) {
  if (changes.length === 0) return null;
  return (
    <div className="pad difference">
      <h3>Changes to save</h3>
      <ul>
        {changes.map((change) => (
          <li key={change.name}>
            <span>{title(change.name)}</span> <del>{change.before}</del> → <ins>{change.after}</ins>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface InputProps {
  name: string;
  field: RuleField;
  text: string;
  /** What the desk said is wrong with it. */
  wrong: string;
  isChanged: boolean;
  disabled: boolean;
  onText: (text: string) => void;
}

function RuleInput({ name, field, text, wrong, isChanged, disabled, onText }: InputProps) {
  const id = useId();
  const fault = complaint(text, field) || wrong;
  const common = {
    id,
    disabled,
    "aria-invalid": fault !== "",
    "aria-describedby": `${id}-help`,
  };
  return (
    <div className={`rule${isChanged ? " changed" : ""}`}>
      <label htmlFor={id}>{title(name)}</label>
      {field.type === "boolean" ? (
        <select {...common} value={text} onChange={(event) => onText(event.currentTarget.value)}>
          <option value="true">on</option>
          <option value="false">off</option>
        </select>
      ) : (
        <span className="with-unit">
          <input
            {...common}
            inputMode="decimal"
            autoComplete="off"
            value={text}
            onInput={(event) => onText(event.currentTarget.value)}
          />
          {UNIT[field.unit] && <span className="unit">{UNIT[field.unit]}</span>}
        </span>
      )}
      <small id={`${id}-help`}>
        {fault && <b className="attention-text">{ended(fault)} </b>}
        {field.description} {limitsOf(field) && `Range: ${limitsOf(field)}.`} Settings: {shown(field.default, field)}.
      </small>
    </div>
  );
}

function ForeignRules({ rules }: { rules: RulesAnswer }) {
  const entries = Object.entries(rules.rules ?? {});
  return (
    <Panel title="Rules">
      <p className="soft pad">
        {rules.bot} belongs to another program: change its rules there.
        {entries.length === 0 && " Its state file lists none."}
      </p>
      {entries.length > 0 && (
        <dl className="figures">
          {entries.map(([key, value]) => (
            <div key={key}>
              <dt>{title(key)}</dt>
              <dd>{String(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </Panel>
  );
}
