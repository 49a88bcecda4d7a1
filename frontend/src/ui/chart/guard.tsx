/** A chart that cannot be drawn costs the chart, not the page. */

import { Component, type ReactNode } from "react";

interface Props {
  /** Draws again when this changes. */
  data?: unknown;
  children: ReactNode;
}

interface State {
  error?: Error;
  data?: unknown;
}

export class ChartGuard extends Component<Props, State> {
  override state: State = {};

  static getDerivedStateFromProps({ data }: Props, state: State): State {
    return data === state.data ? state : { data, error: undefined };
  }

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div className="curve empty">
        <p role="note">This chart cannot be drawn here: {error.message}. The figures beside it are not affected.</p>
      </div>
    );
  }
}
