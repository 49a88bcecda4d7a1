import { useEffect, useReducer, useRef } from "preact/hooks";

/**
 * What `read` gives, drawn again when it is something else after `subscribe` has called back.
 *
 * @param subscribe Takes what to call after a change and returns how to stop; asked again when it is another function.
 */
export function useStore<T>(subscribe: (watcher: () => void) => () => void, read: () => T): T {
  const value = read();
  const [, drawAgain] = useReducer((times: number, _: undefined) => times + 1, 0);
  const drawn = useRef({ value, read });
  drawn.current = { value, read };
  useEffect(() => {
    const look = (): void => {
      if (!Object.is(drawn.current.value, drawn.current.read())) drawAgain(undefined);
    };
    look(); // it may have changed between the drawing and now
    return subscribe(look);
  }, [subscribe]);
  return value;
}
