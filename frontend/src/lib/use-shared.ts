import { useMemo, useRef } from "react";
import { share } from "./share";

/** The newest of something, with every part that did not change being the very same object. */
export function useShared<T>(data: T | undefined): T | undefined {
  const kept = useRef<T>(undefined);
  return useMemo(() => {
    if (data !== undefined) kept.current = share(kept.current, data);
    return kept.current;
  }, [data]);
}
