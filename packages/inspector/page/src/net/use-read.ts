import { useEffect, useRef, useState } from "preact/hooks";
import { isAbort, sentenceOf, type Query } from "./client.ts";
import { useInspector } from "./context.ts";

export interface Read<T> {
  /** The last answer, also while the next is on its way. */
  readonly data: T | undefined;
  readonly problem: string | undefined;
}

/** Reads a path of the API, and again whenever something has changed. */
export function useLiveRead<T>(path: string, params: Query): Read<T> {
  const { client, live } = useInspector();
  const [read, setRead] = useState<Read<T> & { readonly key: string }>({
    key: "",
    data: undefined,
    problem: undefined,
  });
  const key = keyOf(path, params);
  useEffect(() => {
    const abort = new AbortController();
    const end = live.watch(undefined, async () => {
      try {
        const data = await client.get<T>(path, params, abort.signal);
        setRead({ key, data, problem: undefined });
      } catch (error) {
        if (!isAbort(error)) setRead(({ data }) => ({ key, data, problem: sentenceOf(error) }));
      }
    });
    return () => {
      end();
      abort.abort();
    };
  }, [key]);
  return read.key === key ? read : { data: undefined, problem: undefined };
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
