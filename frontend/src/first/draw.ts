/**
 * Draws React elements as DOM once: what react-dom's first commit would show, before react-dom is there.
 *
 * The components are the page's own, so that nothing is drawn in two ways. No listeners, no refs, no effects. Their markup
 * goes to the browser's parser in one piece, which is twice as fast as a call for each node; every text and every value of
 * an attribute is escaped, so that it stays text whatever it looks like.
 */

import type { ReactNode } from "react";
import { type Contexts, withHooks } from "./dispatcher";

/** Elements without an end. */
const VOID = new Set(["area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]);
/** Marks an element that is not all said by its markup. */
const LATER = "data-later";
const CAMEL = new Set(["viewBox", "preserveAspectRatio", "gradientUnits", "pathLength"]);
const NAMES: Record<string, string> = { className: "class", htmlFor: "for" };
/** False is a word here, not the absence of the attribute. */
const WORDED = /^(aria-|data-|spellCheck$|draggable$)/;

const symbol = (name: string): symbol => Symbol.for(`react.${name}`);
const MEMO = symbol("memo");
const LAZY = symbol("lazy");
const CONTEXT = symbol("context");
const FORWARD = symbol("forward_ref");
const SUSPENSE = symbol("suspense");

type Props = Record<string, unknown> & { children?: ReactNode };

interface ReactElementLike {
  type: unknown;
  props: Props;
}

interface Instance {
  props: Props;
  render(): ReactNode;
}

/** Everything that a type of element can be, seen from here. */
interface Kind {
  (props: Props): ReactNode;
  new (props: Props): Instance;
  $$typeof?: symbol;
  prototype?: { isReactComponent?: unknown };
  type: unknown;
  render(props: Props, ref: unknown): ReactNode;
  _init(payload: unknown): unknown;
  _payload: unknown;
}

/** What was drawn, and the parts of the page's code that it waits for. */
export interface Drawn {
  nodes: DocumentFragment;
  waiting: PromiseLike<unknown>[];
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const SPECIAL = /[&<>"]/g;

function escaped(text: string): string {
  return text.replace(SPECIAL, (found) => ESCAPES[found] as string);
}

/**
 * Draw `node`. A part whose code is still on its way shows its `Suspense` fallback.
 *
 * @throws Error of a component that cannot be drawn.
 */
export function draw(node: ReactNode): Drawn {
  const contexts: Contexts = new Map();
  const waiting: PromiseLike<unknown>[] = [];
  const later: ((made: HTMLElement) => void)[] = [];
  let markup = "";

  function put(child: ReactNode, isSvg: boolean): void {
    if (child === null || child === undefined || typeof child === "boolean") return;
    if (typeof child === "string") markup += escaped(child);
    else if (typeof child === "number" || typeof child === "bigint") markup += child;
    else if (Array.isArray(child)) {
      for (const each of child) put(each, isSvg);
    } else if (Symbol.iterator in child) {
      for (const each of child) put(each, isSvg);
    } else if ("props" in child) element(child as ReactElementLike, isSvg);
    else throw new Error("only elements, text and lists of them are drawn");
  }

  function element({ type, props }: ReactElementLike, isSvg: boolean): void {
    const kind = type as Kind;
    if (typeof type === "string") host(type, props, isSvg);
    else if (type === SUSPENSE) suspend(props, isSvg);
    else if (typeof type === "symbol")
      put(props.children, isSvg); // fragments and the like
    else if (kind.$$typeof === MEMO) element({ type: kind.type, props }, isSvg);
    else if (kind.$$typeof === LAZY) element({ type: kind._init(kind._payload), props }, isSvg);
    else if (kind.$$typeof === FORWARD) put(kind.render(props, null), isSvg);
    else if (kind.$$typeof === CONTEXT) provide(kind, props, isSvg);
    else if (kind.prototype?.isReactComponent) put(instance(kind, props).render(), isSvg);
    else put(kind(props), isSvg);
  }

  function instance(kind: Kind, props: Props): Instance {
    const made = new kind(props);
    made.props = props;
    return made;
  }

  function provide(context: unknown, props: Props, isSvg: boolean): void {
    const had = contexts.has(context);
    const before = contexts.get(context);
    contexts.set(context, props.value);
    try {
      put(props.children, isSvg);
    } finally {
      if (had) contexts.set(context, before);
      else contexts.delete(context);
    }
  }

  function suspend(props: Props, isSvg: boolean): void {
    const before = markup;
    const wereLater = later.length;
    try {
      put(props.children, isSvg);
    } catch (thrown) {
      if (typeof (thrown as PromiseLike<unknown> | undefined)?.then !== "function") throw thrown;
      waiting.push(thrown as PromiseLike<unknown>);
      markup = before;
      later.length = wereLater;
      put(props.fallback as ReactNode, isSvg);
    }
  }

  function host(tag: string, props: Props, isOutside: boolean): void {
    const isSvg = isOutside || tag === "svg";
    const isChoice = tag === "select"; // what is chosen is no attribute, and known once the options are there
    const { style } = props;
    markup += `<${tag}`;
    for (const name in props) if (!(isChoice && name === "value")) markup += attribute(name, props[name], isSvg);
    if (style || isChoice) {
      markup += ` ${LATER}="${later.length}"`;
      later.push((made) => {
        if (style) setStyle(made, style);
        if (isChoice) Reflect.set(made, "value", props.value);
      });
    }
    markup += ">";
    if (VOID.has(tag)) return;
    put(props.children, isSvg && tag !== "foreignObject");
    markup += `</${tag}>`;
  }

  withHooks(contexts, () => put(node, false));
  const nodes = document.createRange().createContextualFragment(markup);
  if (later.length > 0) {
    for (const made of nodes.querySelectorAll<HTMLElement>(`[${LATER}]`)) {
      later[Number(made.getAttribute(LATER))]?.(made);
      made.removeAttribute(LATER);
    }
  }
  return { nodes, waiting };
}

/** A style attribute in markup is what the page's Content-Security-Policy refuses. */
function setStyle(made: HTMLElement, style: object): void {
  for (const [key, given] of Object.entries(style)) {
    Reflect.set(made.style, key, typeof given === "number" && given ? `${given}px` : String(given));
  }
}

function attribute(name: string, value: unknown, isSvg: boolean): string {
  if (value === null || value === undefined || typeof value === "function") return "";
  if (name === "children" || name === "ref" || name === "key" || name === "style") return "";
  const isWord = WORDED.test(name);
  if (value === false && !isWord) return "";
  const kebab = isSvg && !CAMEL.has(name) ? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) : name;
  return ` ${NAMES[name] ?? kebab}="${value === true && !isWord ? "" : escaped(String(value))}"`;
}
