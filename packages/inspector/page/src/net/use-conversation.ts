import { useEffect, useRef, useState } from "preact/hooks";
import type { ConversationPage } from "../../../src/api-conversation.ts";
import { isAbort, sentenceOf } from "./client.ts";
import { coalesced, type Coalesced } from "./coalesce.ts";
import { useInspector } from "./context.ts";
import type { Read } from "./use-read.ts";

/** A conversation is read again at most once in this many milliseconds. */
const INTERVAL = 250;

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
      try {
        const data = await client.get<ConversationPage>("conversation", { run }, abort.signal);
        setState({ data, problem: undefined });
      } catch (error) {
        if (!isAbort(error)) setState(({ data }) => ({ data, problem: sentenceOf(error) }));
      }
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
