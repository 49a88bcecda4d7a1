/** A chart that cannot be drawn costs the chart, not the page. */

import { Component, type ComponentChildren } from "preact";
import "./curve.css";

interface Props {
  /** What somebody chose for the chart, e.g. its span: another choice is tried anew. New data is not, or it would flicker. */
  settings?: string;
  children: ComponentChildren;
}

interface State {
  error?: Error;
  settings?: string;
}

export class ChartGuard extends Component<Props, State> {
  override state: State = {};

  static override getDerivedStateFromProps({ settings }: Props, state: State): State {
    return settings === state.settings ? state : { settings, error: undefined };
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
