/**
 * Parts of the page whose code comes later. One that does not arrive is waited for, never given up: it is asked for again
 * under a new address, since browsers remember that an address failed, and where the desk has it no more, because it was
 * updated, the page is loaded anew.
 */

import { getConnection, pageNow } from "../live";
import { at, ownName } from "./base";
import { useStore } from "./use-store";

const AGAIN_MS = 5000; // between two tries; the network's return is not waited for so long
const RELOAD_PAUSE_MS = 60_000; // a page that was loaded anew for this is not loaded anew again at once
const NOT_ARRIVED = /dynamically imported module|module script/i; // Chromium and Firefox; Safari
const RELOADED = ownName("aion_reloaded");

/** Why a part is not there: nothing answers, the desk lacks it, or it is only slow. */
export type Lack = "" | "offline" | "gone";

let lack: Lack = "";
const watchers = new Set<() => void>();

function say(next: Lack): void {
  if (next === lack) return;
  lack = next;
  for (const watcher of [...watchers]) watcher();
}

/** Why a part of the page that is waited for has not arrived; empty when nothing is wrong. */
export function useLack(): Lack {
  return useStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => lack,
  );
}

/** The next moment at which another try may help: the network is back, the desk answers again, or some time went by. */
function chance(): Promise<void> {
  return new Promise((done) => {
    const over = (): void => {
      clearTimeout(timer);
      removeEventListener("online", over);
      stop();
      done();
    };
    const { state } = getConnection().status;
    const timer = setTimeout(over, AGAIN_MS);
    const stop = getConnection().watch(() => {
      const now = getConnection().status.state;
      if (now !== state && (now === "streaming" || now === "polling")) over();
    });
    addEventListener("online", over);
  });
}

/** Whether the desk answers for the file at `href`, and has it. */
async function look(href: string): Promise<Lack> {
  try {
    const { ok, status, body } = await fetch(href, { cache: "no-store" });
    body?.cancel().catch(() => undefined); // one that nobody reads keeps its request open
    return ok ? "" : status === 404 ? "gone" : "offline";
  } catch {
    return "offline";
  }
}

/** Load the page anew, unless that was done for the same reason just now. */
function reload(): void {
  try {
    if (pageNow() - Number(sessionStorage.getItem(RELOADED) ?? 0) < RELOAD_PAUSE_MS) return;
    sessionStorage.setItem(RELOADED, String(pageNow()));
  } catch {
    return; // without storage nothing tells how often that was: the button is there
  }
  location.reload();
}

/**
 * What `load` imports, as soon as it arrives; rejects only with what its own code throws.
 *
 * @param again Imports a script by its address; for tests.
 */
export async function arrive<T>(
  load: () => Promise<T>,
  again: (href: string) => Promise<T> = (href) => import(/* @vite-ignore */ href) as Promise<T>,
): Promise<T> {
  let href: string | undefined;
  for (let tries = 0; ; tries += 1) {
    try {
      const found = await (href && tries > 0 ? again(`${href}?again=${tries}`) : load());
      say("");
      return found;
    } catch (error) {
      const { message } = error as Error;
      if (!NOT_ARRIVED.test(message)) throw error;
      href ??= /https?:\/\/\S+?\.js/.exec(message)?.[0];
    }
    const why = navigator.onLine ? await look(href ?? location.href) : "offline";
    if (why === "gone" || (why === "" && tries > 0)) {
      say("gone"); // a script that this one needs may be what is lost, and that has no other address
      reload();
    } else say(why);
    if (why !== "" || tries > 0) await chance();
  }
}

/** Fetch, when there is nothing else to do, the code of what was not opened yet: then it opens without the network too. */
export function fetchParts(): void {
  const idle: (run: () => void) => unknown = window.requestIdleCallback ?? ((run) => setTimeout(run));
  const hrefs = document.querySelector<HTMLScriptElement>("script[data-parts]")?.dataset.parts?.split(" ") ?? [];
  idle(() => {
    for (const href of hrefs) {
      const link = document.createElement("link");
      Object.assign(link, { rel: "modulepreload", crossOrigin: "", fetchPriority: "low", href });
      document.head.append(link);
    }
  });
}

/** Keep this build's scripts, where the browser may, so that the page opens while the desk cannot be reached. */
export function keepPage(): void {
  const { build } = document.documentElement.dataset;
  if (build) navigator.serviceWorker?.register(at(`/sw.js?${build}`)).catch(() => undefined); // private windows refuse
}
