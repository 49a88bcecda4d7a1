/**
 * Lets the page open while the desk cannot be reached: keeps the scripts of one build, and never data. Whoever answers
 * is asked first; what is kept is shown only where nobody does.
 *
 * The page registers it as `sw.js?<build>`: another build is another worker, with a cache of its own.
 */

const BASE = location.pathname.slice(0, location.pathname.lastIndexOf("/"));
const NAME = `aion-page:${BASE}:`;
const KEPT = NAME + location.search.slice(1);
const PAGE = `${BASE}/bots`;
const SCREEN = /^\/(bots|portfolio|intraday|logs|system|bot)(\/|$)/;
/** What a proxy says where the desk behind it does not answer. */
const GONE = [502, 504];

/** The page and all scripts, styles and icons that it names. */
async function keep() {
  const page = await fetch(PAGE, { cache: "no-store" });
  if (!page.ok || page.redirected) throw new Error("the page cannot be kept: log in first");
  const html = await page.clone().text();
  const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address);
  const parts = (/data-parts="([^"]*)"/.exec(html)?.[1] ?? "").split(" ").filter(Boolean);
  const cache = await caches.open(KEPT);
  await cache.addAll([...new Set([...named, ...parts])]);
  await cache.put(PAGE, page);
}

async function forget() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(NAME) && name !== KEPT).map((name) => caches.delete(name)));
}

async function open(event) {
  let answer;
  try {
    answer = (await event.preloadResponse) ?? (await fetch(event.request));
    if (!GONE.includes(answer.status)) return answer;
  } catch (error) {
    return (await caches.match(PAGE, { cacheName: KEPT })) ?? Promise.reject(error);
  }
  return (await caches.match(PAGE, { cacheName: KEPT })) ?? answer;
}

/** A file of the build: asked for where it is not kept, and kept files whose name has no hash only where nobody answers. */
async function file(request) {
  const kept = await caches.match(request, { cacheName: KEPT, ignoreSearch: true });
  if (kept && request.url.includes(`${BASE}/assets/`)) return kept;
  try {
    return await fetch(request);
  } catch (error) {
    return kept ?? Promise.reject(error);
  }
}

addEventListener("install", (event) => event.waitUntil(keep()));

addEventListener("activate", (event) =>
  event.waitUntil(Promise.all([forget(), registration.navigationPreload?.enable(), clients.claim()])),
);

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || !pathname.startsWith(`${BASE}/`)) return;
  const below = pathname.slice(BASE.length);
  if (request.mode === "navigate") {
    if (below === "/" || SCREEN.test(below)) event.respondWith(open(event));
  } else if (/^\/(assets\/|theme\.js$|icon|manifest\.webmanifest$)/.test(below)) event.respondWith(file(request));
});
