/** A chart that cannot be drawn costs the chart, not the page. */

import { Component, type ComponentChildren } from "preact";

interface Props {
  /** Draws again when this changes. */
  data?: unknown;
  children: ComponentChildren;
}

interface State {
  error?: Error;
  data?: unknown;
}

export class ChartGuard extends Component<Props, State> {
  override state: State = {};

  static override getDerivedStateFromProps({ data }: Props, state: State): State {
    return data === state.data ? state : { data, error: undefined };
  }

  static override getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override render(): ComponentChildren {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div className="curve empty">
        <p role="note">This chart cannot be drawn here: {error.message}. The figures beside it are not affected.</p>
      </div>
    );
  }
}
