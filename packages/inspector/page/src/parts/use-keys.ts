import { useEffect, useRef } from "preact/hooks";

export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Keys that work anywhere on the page, but not while somebody writes, or in a dialog. `Escape` works while somebody writes as well. */
export function useKeys(keys: Keys): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const { target } = event;
      const writes = target instanceof HTMLElement && target.matches("input, textarea, select");
      if (document.querySelector("dialog[open]") || (writes && event.key !== "Escape")) return;
      const handler = Object.hasOwn(current.current, event.key) ? current.current[event.key] : undefined;
      handler?.(event);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
