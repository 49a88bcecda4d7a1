import { Component, type ComponentType, h } from "preact";

function isSame(some: object, others: object): boolean {
  const names = Object.keys(some);
  return (
    names.length === Object.keys(others).length &&
    names.every((name) => Object.is(Reflect.get(some, name), Reflect.get(others, name)))
  );
}

/** The component `Drawn`, drawn again only when one of its properties is another one. */
export function memo<P extends object>(Drawn: ComponentType<P>): ComponentType<P> {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      return !isSame(this.props, next);
    }

    override render() {
      return h(Drawn, this.props as P & { children?: never });
    }
  };
}
