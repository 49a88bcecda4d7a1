/** Files of one bot: the state, written whole and renamed; the journal; the lock. As `store.py` of the Python client. */

import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import { ClientError, NameTakenError } from "./errors.js";

const MOST_BYTES = 16 << 20;
const NEW = fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW;
const READ = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;
let numbers = 0;

export const statePath = (root, bot) => path.join(root, "swing", `rolling_${bot}.json.gz`);

export const activityPath = (root, bot, day) => path.join(root, "swing", "bot_logs", "1d", `bot_activity_${day}_${bot}.json`);

/** Replace a file with `value`; its folder is made if missing, `.gz` is packed. */
export function writeJson(file, value) {
  let data = Buffer.from(JSON.stringify(value));
  if (file.endsWith(".gz")) data = zlib.gzipSync(data, { level: 3 });
  numbers += 1;
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${numbers}.tmp-${process.pid}`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  try {
    const descriptor = fs.openSync(temporary, NEW, 0o640);
    try {
      fs.writeFileSync(descriptor, data);
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

/** Return the object in a regular file; undefined if there is no file. */
export function readJson(file, most = MOST_BYTES) {
  let descriptor;
  try {
    descriptor = fs.openSync(file, READ);
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw new ClientError(`${file} cannot be read (${error.code}): remove it`);
  }
  try {
    const status = fs.fstatSync(descriptor);
    if (!status.isFile() || status.size > most) throw new ClientError(`${file} is not a regular file of at most ${most} bytes`);
    const data = fs.readFileSync(descriptor);
    const value = JSON.parse((file.endsWith(".gz") ? zlib.gunzipSync(data, { maxOutputLength: most }) : data).toString());
    if (value === null || typeof value !== "object" || Array.isArray(value)) throw new ClientError(`${file} holds no JSON object`);
    return value;
  } catch (error) {
    if (error instanceof ClientError) throw error;
    throw new ClientError(`${file} cannot be read (${error.message}): move it away to begin anew`);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Remove what killed processes left of writing the files of a bot; the caller holds its lock. */
export function removeTemporaries(root, bot) {
  for (const file of [statePath(root, bot), activityPath(root, bot, "0000-00-00")]) {
    const form = path.basename(file).replace(/[.]/g, "\\.").replace("0000-00-00", "[0-9-]{10}");
    const left = new RegExp(`^\\.${form}\\.\\d+\\.tmp-\\d+$`);
    const folder = path.dirname(file);
    for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
      if (left.test(name)) fs.rmSync(path.join(folder, name), { force: true });
    }
  }
}

/** Holds a name by the id of its process; Node has no locks that end with a process. */
export class Lock {
  constructor(folder, bot) {
    this.file = path.join(folder, `.${bot}.lock`);
    this.bot = bot;
  }

  take() {
    fs.mkdirSync(path.dirname(this.file), { recursive: true });
    const holder = this.#holder();
    if (holder !== undefined && holder !== process.pid && isAlive(holder)) {
      throw new NameTakenError(
        `name='${this.bot}': process ${holder} reports under this name in ${path.dirname(this.file)}: stop it, or choose another name`,
      );
    }
    if (holder === process.pid && Lock.held.has(this.file)) throw new NameTakenError(`name='${this.bot}': this process has opened it already`);
    fs.rmSync(this.file, { force: true });
    const descriptor = fs.openSync(this.file, NEW, 0o600);
    fs.writeSync(descriptor, `node ${process.pid}`);
    fs.closeSync(descriptor);
    Lock.held.add(this.file);
  }

  isLost() {
    return this.#holder() !== process.pid;
  }

  close() {
    Lock.held.delete(this.file);
    if (!this.isLost()) fs.rmSync(this.file, { force: true });
  }

  #holder() {
    try {
      const match = /^(?:node )?(\d+)$/.exec(fs.readFileSync(this.file, "utf8"));
      return match ? Number(match[1]) : undefined;
    } catch {
      return undefined;
    }
  }

  static held = new Set();
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Lines of what happened since the state was written. */
export class Journal {
  constructor(folder, bot) {
    this.file = path.join(folder, `.${bot}.journal`);
    this.aside = path.join(folder, `.${bot}.journal-aside`);
    this.descriptor = undefined;
    this.size = 0;
    this.hasAside = fs.existsSync(this.aside);
  }

  read() {
    return [this.aside, this.file].flatMap((file) => {
      if (!fs.existsSync(file)) return [];
      return fs.readFileSync(file, "utf8").split("\n").flatMap((line) => {
        try {
          return line ? [JSON.parse(line)] : [];
        } catch {
          return [];
        }
      });
    });
  }

  add(value) {
    if (this.descriptor === undefined) this.#open();
    const data = Buffer.from(`${JSON.stringify(value)}\n`);
    let written = 0;
    try {
      written = fs.writeSync(this.descriptor, data);
    } finally {
      if (written < data.length) fs.ftruncateSync(this.descriptor, this.size);
    }
    if (written < data.length) throw new Error(`${this.file}: no space left on the device`);
    this.size += written;
  }

  setAside() {
    if (this.descriptor === undefined || !this.size || this.hasAside) return;
    if (fs.existsSync(this.file)) {
      fs.renameSync(this.file, this.aside);
      this.hasAside = true;
    }
    this.close();
  }

  forget() {
    if (this.hasAside) fs.rmSync(this.aside, { force: true });
    this.hasAside = false;
  }

  close() {
    if (this.descriptor !== undefined) fs.closeSync(this.descriptor);
    this.descriptor = undefined;
    this.size = 0;
  }

  #open() {
    fs.mkdirSync(path.dirname(this.file), { recursive: true });
    const flags = fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_APPEND | fs.constants.O_NOFOLLOW;
    this.descriptor = fs.openSync(this.file, flags, 0o600);
    const data = fs.readFileSync(this.file);
    this.size = data.lastIndexOf(10) + 1;
    if (this.size < data.length) fs.ftruncateSync(this.descriptor, this.size);
  }
}
