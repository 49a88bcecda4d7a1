// Before the first paint: the theme that was chosen, so that nothing flashes, and the code of the screen that was asked for.
const base = document.documentElement.dataset.base ?? "";
try {
  const theme = localStorage.getItem(base ? `${base}/aion_theme` : "aion_theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is refused: the system's theme is shown.
}
// Opened past the proxy that shows the desk below a path: everything on the page leads there.
if (base && location.pathname !== base && !location.pathname.startsWith(`${base}/`)) {
  location.replace(base + location.pathname + location.search + location.hash);
}
const [page, part] = location.pathname.slice(base.length).split("/").slice(1);
for (const screen of (document.currentScript.dataset.screens ?? "").split(", ")) {
  const [name, href] = screen.split(" ");
  if (!href || name !== (page === "bots" && part ? "bot" : page)) continue;
  const link = document.createElement("link");
  Object.assign(link, { rel: "modulepreload", crossOrigin: "", href });
  document.head.append(link);
}
// A script or the style sheet that did not arrive: nothing else is there yet to say so, or to ask again.
let isLost = false;
const again = () =>
  fetch(`${base}/healthz`, { cache: "no-store" }).then(
    ({ ok }) => (ok ? location.reload() : setTimeout(again, 5000)),
    () => setTimeout(again, 5000),
  );
const say = () =>
  document.body.prepend("A part of this page did not arrive. It is loaded again when the desk answers.");
addEventListener(
  "error",
  ({ target }) => {
    if (isLost || !(target.rel === "stylesheet" || target.localName === "script")) return;
    isLost = true;
    if (document.body) say();
    else addEventListener("DOMContentLoaded", say);
    setTimeout(again, 5000);
  },
  true,
);
