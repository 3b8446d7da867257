import { useEffect, useRef, useState } from "preact/hooks";
import { isAbort, sentenceOf, type Query } from "./client.ts";
import { useInspector } from "./context.ts";

export interface Read<T> {
  /** The last answer, also while the next is on its way. */
  readonly data: T | undefined;
  readonly problem: string | undefined;
}

/**
 * Reads a path of the API, and again whenever something has changed.
 * @param of - only changes of this, see `Live.watch`
 */
export function useLiveRead<T>(path: string, params: Query, of: Query = {}): Read<T> {
  const { client } = useInspector();
  return useLive(keyOf(path, params), (abort) => client.get<T>(path, params, abort), of);
}

/**
 * Reads something, and again whenever something has changed.
 * @param key - it is read anew when this has changed; until then what was read before is shown
 */
export function useLive<T>(key: string, read: (abort: AbortSignal) => Promise<T>, of: Query = {}): Read<T> {
  const { live } = useInspector();
  const [state, setState] = useState<Read<T>>({ data: undefined, problem: undefined });
  useEffect(() => {
    const abort = new AbortController();
    const end = live.watch(of, async () => {
      try {
        const data = await read(abort.signal);
        setState({ data, problem: undefined });
      } catch (error) {
        if (!isAbort(error)) setState(({ data }) => ({ data, problem: sentenceOf(error) }));
      }
    });
    return () => {
      end();
      abort.abort();
    };
  }, [key]);
  return state;
}

/**
 * Reads a path of the API.
 * @param version - it is read again when this has changed
 */
export function useRead<T>(path: string, params: Query, version: string): Read<T> {
  const { client } = useInspector();
  const [read, setRead] = useState<Read<T>>({ data: undefined, problem: undefined });
  const key = keyOf(path, params);
  const shown = useRef(key);
  useEffect(() => {
    const abort = new AbortController();
    client.get<T>(path, params, abort.signal).then(
      (data) => {
        shown.current = key;
        setRead({ data, problem: undefined });
      },
      (error: unknown) => {
        if (isAbort(error)) return;
        shown.current = key;
        setRead({ data: undefined, problem: sentenceOf(error) });
      },
    );
    return () => abort.abort();
  }, [key, version]);
  return shown.current === key ? read : { data: undefined, problem: undefined };
}

const keyOf = (path: string, params: Query): string => `${path}?${JSON.stringify(Object.entries(params))}`;
