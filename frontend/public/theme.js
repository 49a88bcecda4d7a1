// Before the first paint: the theme that was chosen, so that nothing flashes, and the code of the screen that was asked for.
try {
  const theme = localStorage.getItem("aion_theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is refused: the system's theme is shown.
}
const [page, part] = location.pathname.split("/").slice(1);
for (const screen of (document.currentScript.dataset.screens ?? "").split(", ")) {
  const [name, href] = screen.split(" ");
  if (!href || name !== (page === "bots" && part ? "bot" : page)) continue;
  const link = document.createElement("link");
  Object.assign(link, { rel: "modulepreload", crossOrigin: "", href });
  document.head.append(link);
}
