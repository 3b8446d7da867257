import { useEffect, useState } from "preact/hooks";

/** Below this width tables become cards, and the timeline stacks. The style sheets have the same number. */
const NARROW = "(max-width: 719px)";

export function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const query = matchMedia(NARROW);
    const change = (): void => setNarrow(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  return isNarrow;
}
