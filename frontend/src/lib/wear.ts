/**
 * Put the style sheet of a part whose code comes later on the page. It is in the part's script, so that neither is there
 * without the other, and the first page has none of it.
 */
export function wear(css: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
