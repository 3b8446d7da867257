import { ABI_VERSION, module } from "perdure/internal";

const handle = module(ABI_VERSION, {
  file: "ids",
  package: "perdure-ai",
  hash: "",
  imports: [],
  functions: [],
  loops: [],
  sites: [],
});

const generateId = (): string => handle.recorded("uuid", crypto.randomUUID());

/**
 * What the AI SDK makes ids and dates with, so that they are the same in every replay: pass it as `_internal` to `generateText`, `streamText` or `ToolLoopAgent`. Needed
 * only where such an id is read, such as that of an approval request of the SDK itself. Outside of runs the ids are random and the dates those of the clock.
 */
export const recordedIds: {
  readonly generateId: () => string;
  readonly generateCallId: () => string;
  readonly currentDate: () => Date;
} = {
  generateId,
  generateCallId: generateId,
  currentDate: () => handle.recorded("date", new Date()),
};
