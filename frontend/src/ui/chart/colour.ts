/** Colours of the tokens for canvases, which cannot read custom properties. */

const TOKENS = [
  "ink",
  "mut",
  "fnt",
  "line",
  "line2",
  "ctl",
  "s1",
  "s2",
  "s3",
  "up",
  "dn",
  "warn",
  "warnln",
  "acc",
] as const;
export type Token = (typeof TOKENS)[number];
export type Palette = Record<Token, string>;

let palette: Palette | undefined;
const listeners = new Set<() => void>();
let watching = false;

function watch(): void {
  if (watching) return;
  watching = true;
  const changed = (): void => {
    palette = undefined;
    for (const listener of [...listeners]) listener();
  };
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "print"]) {
    matchMedia(query).addEventListener("change", changed);
  }
  // what is on a canvas is printed as it was drawn
  const { dataset } = document.documentElement;
  addEventListener("beforeprint", () => {
    dataset.print = "";
    changed();
  });
  addEventListener("afterprint", () => {
    delete dataset.print;
    changed();
  });
  new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

/** The tokens as the browser resolves them in the present theme. */
export function colours(): Palette {
  if (palette) return palette;
  watch();
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const found = {} as Palette;
  for (const token of TOKENS) {
    probe.style.color = `var(--${token})`;
    found[token] = getComputedStyle(probe).color;
  }
  probe.remove();
  palette = found;
  return found;
}

/** `rgb(..)` with an opacity of 0..1. */
export function translucent(colour: string, opacity: number): string {
  const channels = colour.match(/[\d.]+/g)?.slice(0, 3);
  return channels?.length === 3 ? `rgba(${channels.join(",")},${opacity})` : colour;
}

/** Call `listener` when the theme changes; returns how to stop. */
export function onTheme(listener: () => void): () => void {
  watch();
  listeners.add(listener);
  return () => listeners.delete(listener);
}
