import { useEffect, useRef, useState } from "preact/hooks";
import type { ConversationPage } from "../../../src/api-conversation.ts";
import { isAbort, sentenceOf } from "./client.ts";
import { coalesced, type Coalesced } from "./coalesce.ts";
import { useInspector } from "./context.ts";
import { pause } from "./live.ts";
import type { Read } from "./use-read.ts";

/** A conversation is read again at most once in this many milliseconds, */
const INTERVAL = 250;
/** and no sooner than after this many times as long as the last reading took. */
const PAUSE = 4;

/**
 * Reads what the models and tools of a run have said.
 * @param version - it is read again when this has changed. Undefined: the run calls no model
 */
export function useConversation(run: string, version: number | undefined): Read<ConversationPage> {
  const { client } = useInspector();
  const [state, setState] = useState<Read<ConversationPage>>({ data: undefined, problem: undefined });
  const reading = useRef<Coalesced>(undefined);
  useEffect(() => {
    const abort = new AbortController();
    const work = coalesced(INTERVAL, async () => {
      const began = performance.now();
      try {
        const data = await client.get<ConversationPage>("conversation", { run }, abort.signal);
        setState({ data, problem: undefined });
      } catch (error) {
        if (!isAbort(error)) setState(({ data }) => ({ data, problem: sentenceOf(error) }));
      }
      await pause((performance.now() - began) * PAUSE, abort.signal);
    });
    reading.current = work;
    return () => {
      work.stop();
      abort.abort();
    };
  }, [run]);
  useEffect(() => {
    if (version !== undefined) reading.current?.ask();
  }, [run, version]);
  return state;
}
