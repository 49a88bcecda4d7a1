/**
 * Draws React elements as DOM once: what react-dom's first commit would show, before react-dom is there.
 *
 * The components are the page's own, so that nothing is drawn in two ways. No listeners, no refs, no effects; text goes in
 * as text nodes only.
 */

import type { ReactNode } from "react";
import { type Contexts, withHooks } from "./dispatcher";

const SVG = "http://www.w3.org/2000/svg";
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

/**
 * Draw `node`. A part whose code is still on its way shows its `Suspense` fallback.
 *
 * @throws Error of a component that cannot be drawn.
 */
export function draw(node: ReactNode): Drawn {
  const contexts: Contexts = new Map();
  const waiting: PromiseLike<unknown>[] = [];
  const nodes = document.createDocumentFragment();

  function put(child: ReactNode, into: Node, isSvg: boolean): void {
    if (child === null || child === undefined || typeof child === "boolean") return;
    if (typeof child === "string" || typeof child === "number" || typeof child === "bigint") {
      if (child !== "") into.appendChild(document.createTextNode(String(child)));
    } else if (Array.isArray(child)) {
      for (const each of child) put(each, into, isSvg);
    } else if (Symbol.iterator in child) {
      for (const each of child) put(each, into, isSvg);
    } else if ("props" in child) element(child as ReactElementLike, into, isSvg);
    else throw new Error("only elements, text and lists of them are drawn");
  }

  function element({ type, props }: ReactElementLike, into: Node, isSvg: boolean): void {
    const kind = type as Kind;
    if (typeof type === "string") host(type, props, into, isSvg);
    else if (type === SUSPENSE) suspend(props, into, isSvg);
    else if (typeof type === "symbol")
      put(props.children, into, isSvg); // fragments and the like
    else if (kind.$$typeof === MEMO) element({ type: kind.type, props }, into, isSvg);
    else if (kind.$$typeof === LAZY) element({ type: kind._init(kind._payload), props }, into, isSvg);
    else if (kind.$$typeof === FORWARD) put(kind.render(props, null), into, isSvg);
    else if (kind.$$typeof === CONTEXT) provide(kind, props, into, isSvg);
    else if (kind.prototype?.isReactComponent) put(instance(kind, props).render(), into, isSvg);
    else put(kind(props), into, isSvg);
  }

  function instance(kind: Kind, props: Props): Instance {
    const made = new kind(props);
    made.props = props;
    return made;
  }

  function provide(context: unknown, props: Props, into: Node, isSvg: boolean): void {
    const had = contexts.has(context);
    const before = contexts.get(context);
    contexts.set(context, props.value);
    try {
      put(props.children, into, isSvg);
    } finally {
      if (had) contexts.set(context, before);
      else contexts.delete(context);
    }
  }

  function suspend(props: Props, into: Node, isSvg: boolean): void {
    const part = document.createDocumentFragment();
    try {
      put(props.children, part, isSvg);
      into.appendChild(part);
    } catch (thrown) {
      if (typeof (thrown as PromiseLike<unknown> | undefined)?.then !== "function") throw thrown;
      waiting.push(thrown as PromiseLike<unknown>);
      put(props.fallback as ReactNode, into, isSvg);
    }
  }

  function host(tag: string, props: Props, into: Node, isOutside: boolean): void {
    const isSvg = isOutside || tag === "svg";
    const made = isSvg ? document.createElementNS(SVG, tag) : document.createElement(tag);
    const isChoice = tag === "select"; // what is chosen is no attribute, and known once the options are there
    for (const name in props) if (!(isChoice && name === "value")) attribute(made, name, props[name], isSvg);
    put(props.children, made, isSvg && tag !== "foreignObject");
    if (isChoice) Reflect.set(made, "value", props.value);
    into.appendChild(made);
  }

  withHooks(contexts, () => put(node, nodes, false));
  return { nodes, waiting };
}

function attribute(made: Element, name: string, value: unknown, isSvg: boolean): void {
  if (name === "children" || name === "ref" || name === "key" || value === null || value === undefined) return;
  if (typeof value === "function") return;
  if (name === "style") {
    for (const [key, given] of Object.entries(value)) {
      Reflect.set((made as HTMLElement).style, key, typeof given === "number" && given ? `${given}px` : String(given));
    }
    return;
  }
  const isWord = WORDED.test(name);
  if (value === false && !isWord) return;
  const kebab = isSvg && !CAMEL.has(name) ? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) : name;
  made.setAttribute(NAMES[name] ?? kebab, value === true && !isWord ? "" : String(value));
}
