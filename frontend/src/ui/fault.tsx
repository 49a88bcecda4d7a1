/** The last line of defence: what cannot be drawn is said, never left blank. */

import { Component, type ReactNode } from "react";
import { clearAllCache } from "../live";

interface Props {
  /** Draws again when this changes: newer data may be sound. */
  data: unknown;
  children: ReactNode;
}

interface State {
  error?: Error;
  /** The data that could not be drawn. */
  data?: unknown;
}

export class Fault extends Component<Props, State> {
  override state: State = {};

  static getDerivedStateFromProps({ data }: Props, state: State): State {
    return data === state.data ? state : { data, error: undefined };
  }

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override componentDidCatch(): void {
    clearAllCache(); // what is kept may be what cannot be drawn
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <section className="panel empty-desk" role="alert">
        <h1>This page could not be drawn</h1>
        <p>
          {error.message}. What this browser kept is forgotten; the page tries again with the next data of the desk. The
          bots are not concerned.
        </p>
        <p>
          <button type="button" onClick={() => location.reload()}>
            Load again
          </button>
        </p>
      </section>
    );
  }
}
