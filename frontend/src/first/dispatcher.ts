/**
 * Hooks as they are in a component's very first call, without React's renderer: state is what it starts with, effects
 * are not run, a store is read once.
 *
 * React's package holds the components and leaves the hooks to whichever renderer sets its dispatcher; renderers other
 * than react-dom do the same. The name of that place is React's way to say that it may change: where it does, nothing is
 * drawn early, react-dom draws the first frame as it always would, and the tests of this folder say so.
 */

import * as React from "react";

const PLACE = "__CLIENT_INTERNALS_DO_NOT_USE_OR_WARN_USERS_THEY_CANNOT_UPGRADE";

type Hooks = Record<string, (...given: never[]) => unknown>;

/** Values of the contexts around the component that is drawn. */
export type Contexts = Map<unknown, unknown>;

function hooksOf(contexts: Contexts): Hooks {
  let ids = 0;
  const none = (): void => {};
  const read = (context: { _currentValue?: unknown }): unknown =>
    contexts.has(context) ? contexts.get(context) : context._currentValue;
  const start = (value: unknown): unknown => (typeof value === "function" ? value() : value);
  return {
    use: read,
    useContext: read,
    useState: (value: unknown) => [start(value), none],
    useReducer: (_: unknown, value: unknown, init?: (value: unknown) => unknown) => [init ? init(value) : value, none],
    useMemo: (make: () => unknown) => make(),
    useCallback: (run: unknown) => run,
    useRef: (current: unknown) => ({ current }),
    useSyncExternalStore: (_: unknown, snapshot: () => unknown) => snapshot(),
    useDeferredValue: (value: unknown, first?: unknown) => (first === undefined ? value : first),
    useTransition: () => [false, none],
    useId: () => `first-${++ids}`,
    useEffect: none,
    useLayoutEffect: none,
    useInsertionEffect: none,
    useImperativeHandle: none,
    useDebugValue: none,
  };
}

/**
 * Run `draw` with these hooks in place of a renderer's.
 *
 * @throws Error when React does not take hooks in the known place.
 */
export function withHooks(contexts: Contexts, draw: () => void): void {
  const shared = Reflect.get(React, PLACE) as { H?: unknown } | undefined;
  if (!shared || !("H" in shared)) throw new Error("this React takes no hooks in the known place");
  const before = shared.H;
  shared.H = hooksOf(contexts);
  try {
    draw();
  } finally {
    shared.H = before;
  }
}
