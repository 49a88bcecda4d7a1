/** The last line of defence: what cannot be drawn is said, never left blank. */

import { Component, type ComponentChildren } from "preact";
import { clearAllCache } from "../live";

interface Props {
  /** Draws again when this changes: newer data may be sound. Where it is not given, all is drawn anew, from nothing kept. */
  data?: unknown;
  children: ComponentChildren;
}

interface State {
  error?: Error;
  /** The data that could not be drawn. */
  data?: unknown;
}

const FIRST_MS = 100;
const AGAIN_MS = 5000;

export class Fault extends Component<Props, State> {
  override state: State = {};
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  static override getDerivedStateFromProps({ data }: Props, state: State): State {
    return data === state.data ? state : { data, error: undefined };
  }

  static override getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override componentDidCatch(): void {
    clearAllCache(); // what is kept may be what cannot be drawn
    if ("data" in this.props) return;
    this.#timer = setTimeout(() => this.setState({ error: undefined }), this.#tries > 0 ? AGAIN_MS : FIRST_MS);
    this.#tries += 1;
  }

  override componentWillUnmount(): void {
    clearTimeout(this.#timer);
  }

  override render(): ComponentChildren {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <section className="panel empty-desk" role="alert">
        <h1>This page could not be displayed</h1>
        <p>
          {error.message}. The saved copy in this browser was cleared; the page retries with the next update. Your bots
          are not affected.
        </p>
        <p>
          <button type="button" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
      </section>
    );
  }
}
