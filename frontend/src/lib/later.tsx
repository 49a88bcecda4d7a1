import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { arrive } from "./part";

/**
 * A component whose code comes when it is first drawn; what `waiting` draws stands in its place until then. What the code throws is
 * thrown where it is drawn.
 */
export function later<P extends object>(
  load: () => Promise<{ default: ComponentType<P> }>,
  waiting: (props: P) => ComponentChildren,
): ComponentType<P> {
  let Part: ComponentType<P> | undefined;
  let coming: Promise<void> | undefined;
  return function Later(props: P) {
    const [fault, setFault] = useState<{ error: unknown }>();
    const [, setHere] = useState(Part !== undefined);
    coming ??= arrive(load).then((found) => {
      Part = found.default;
    });
    useEffect(() => {
      if (!Part)
        coming?.then(
          () => setHere(true),
          (error) => setFault({ error }),
        );
    }, []);
    if (fault) throw fault.error;
    return Part ? <Part {...props} /> : waiting(props);
  };
}
