/** What the desk asks of a bot and what the bot answered, as `control.py` of the Python client. */

import fs from "node:fs";
import path from "node:path";
import { readJson } from "./store.js";

const ID = /^c(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(\d{6})?-[0-9a-z]{1,16}$/;
const MOST_BYTES = 64 << 10;
const MOST_ANSWERS = 50;
const FINAL = new Set(["done", "refused", "superseded"]);
const ACTIONS = ["pause", "resume", "flatten"];
const DAY_MS = 86_400_000;

export const oneLine = (value, longest = 2000) =>
  (value === undefined || value === null ? "" : String(value)).replace(/[\u0000-\u001f\u007f]/g, " ").slice(0, longest);

export class Controls {
  constructor(root, bot, since, touch) {
    this.bot = bot;
    this.folder = path.join(root, "control", bot);
    this.kills = [path.join(this.folder, "kill.json"), path.join(root, "control", "desk", "kill.json")];
    this.since = since;
    this.touch = touch;
    this.state = "active";
    this.reason = this.paused = this.error = "";
    this.newest = undefined;
    this.answers = {};
  }

  killed() {
    for (const file of this.kills) {
      if (!fs.lstatSync(file, { throwIfNoEntry: false })) continue;
      try {
        const value = readJson(file, MOST_BYTES);
        if (value === undefined) continue;
        const who = file === this.kills[1] ? "of all bots " : "";
        const [by, why] = [oneLine(value.killed_by, 64), oneLine(value.reason, 200)];
        return `kill switch ${who}on${by ? ` by ${by}` : ""}${why ? `: ${why}` : ""}`;
      } catch {
        return "stopped to be safe: the file of the kill switch cannot be read";
      }
    }
    return undefined;
  }

  asks() {
    if (this.newest === undefined) {
      this.newest = "";
      this.touch();
    }
    const found = [];
    const waiting = this.#requests().filter(({ id }) => !FINAL.has((this.answers[id] ?? "").split(":")[0]));
    const lastResume = waiting.map(({ action }) => action).lastIndexOf("resume");
    waiting.forEach((each, index) => {
      const ask = this.#ask(each);
      if (!ACTIONS.includes(ask.action)) ask.refused(`this bot knows ${ACTIONS.join(", ")}`);
      else if (ask.action !== "resume" && index < lastResume) this.#answer(each, "superseded", "resumed before it was done");
      else found.push(ask);
    });
    const killed = this.killed();
    if (killed !== undefined && this.state !== "stopped") found.unshift(this.#ask({ action: "kill", reason: killed }));
    else if (killed === undefined && this.state === "stopped") {
      this.#setState();
      this.touch();
      found.push(this.#ask({ action: "clear", reason: "the kill switch is off again" }));
    }
    return found;
  }

  document() {
    const said = { state_reason: this.reason, paused: this.paused, control_error: this.error };
    return {
      state: this.state,
      ...(this.newest !== undefined && { control_id: this.newest, control_answers: { ...this.answers } }),
      ...Object.fromEntries(Object.entries(said).filter(([, text]) => text)),
    };
  }

  restore(document) {
    this.answers = document.control_answers ?? {};
    this.newest = Object.keys(this.answers).length ? document.control_id : undefined;
    this.paused = document.paused ?? "";
    this.#setState();
    if (document.state === "stopped") [this.state, this.reason] = ["stopped", document.state_reason ?? ""];
  }

  #requests() {
    let names = [];
    try {
      names = fs.readdirSync(this.folder);
    } catch {
      return [];
    }
    const found = [];
    for (const name of names.filter((each) => each.endsWith(".json"))) {
      const id = name.slice(0, -5);
      const match = ID.exec(id);
      const at = match ? Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`) : Number.NaN;
      const micros = Number(match?.[7] ?? 0) / 1000;
      if (Number.isNaN(at) || at + micros < this.since || at < Date.now() - 7 * DAY_MS || at > Date.now() + DAY_MS) continue;
      try {
        const value = readJson(path.join(this.folder, name), MOST_BYTES);
        if (value?.schema !== "aion/control/1" || value.id !== id || value.bot !== this.bot) continue;
        found.push({
          id, at: at + micros, action: oneLine(value.action, 32), by: oneLine(value.requested_by, 200), reason: oneLine(value.reason, 200),
          value: oneLine(value.value, 200),
        });
      } catch {
        // one that cannot be read costs itself alone
      }
    }
    return found.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  }

  #ask({ id = "", action, by = "", reason = "", value = "" }) {
    const about = { id, action, by, reason, value };
    return {
      ...about,
      done: (detail = "") => this.#answer(about, "done", detail),
      accepted: (detail = "") => this.#answer(about, "accepted", detail),
      refused: (why) => this.#answer(about, "refused", why),
    };
  }

  #answer(ask, word, given) {
    const detail = oneLine(given, 500);
    if (ask.action === "kill") {
      if (word === "done") this.state = "stopped";
      this.reason = word === "done" ? ask.reason : detail;
    } else if (ask.id) {
      this.answers[ask.id] = detail ? `${word}: ${detail}` : word;
      for (const old of Object.keys(this.answers).slice(0, -MOST_ANSWERS)) delete this.answers[old];
      if (ask.id > (this.newest ?? "")) this.newest = ask.id;
      this.error = word === "refused" ? detail : "";
      if (word === "done") {
        const paused = `paused${ask.by ? ` by ${ask.by}` : ""}${ask.reason ? `: ${ask.reason}` : ""}`;
        this.paused = ask.action === "resume" ? "" : paused;
        if (this.state !== "stopped") this.#setState();
      }
    }
    this.touch();
  }

  #setState() {
    this.state = this.paused ? "paused" : "active";
    this.reason = this.paused;
  }
}
