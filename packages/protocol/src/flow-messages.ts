import { define } from "./message.ts";

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");

/** The messages about queues and about the conditions under which runs begin. */
export const flowMessages = {
  QUEUE_UNKNOWN: define(
    (p: { queue: string; wanted: string; known: readonly string[]; suggestion?: string | undefined }) => ({
      text: `${p.wanted} uses the queue "${p.queue}", which no loaded module defines${p.suggestion === undefined ? "" : `; did you mean "${p.suggestion}"?`}`,
      hint: `define it where this program begins: queue("${p.queue}", { concurrency: 5 })${p.known.length === 0 ? "" : `; known: ${quoted(p.known)}`}`,
    }),
  ),
  QUEUE_NAME_TAKEN: define((p: { queue: string; first: string; second: string }) => ({
    text: `${p.first} and ${p.second} both have limits of their own, under the same name "${p.queue}"`,
    hint: `give one of them a name in its directive ("use task: name=…"), or define one queue for both: queue("…", { … }) and queue=… in the directives`,
  })),
  QUEUE_KEY_INVALID: define((p: { queue: string; name: string; problem: string }) => ({
    text: `the key of ${p.name} in the queue "${p.queue}" cannot be made: ${p.problem}`,
    hint: "pass a text or a number there, or correct key, so that it gives one for these arguments, at once",
  })),
  QUEUE_DEADLOCK: define(
    (p: {
      waits: readonly {
        readonly run: string;
        readonly task: string;
        readonly queue: string;
        readonly calls: string;
        readonly needs: string;
      }[];
    }) => ({
      text: `tasks of the queues ${quoted(p.waits.map(({ queue }) => queue))} wait for one another, and none of them can go on: ${p.waits.map(({ run, task, queue, calls, needs }) => `${task} of run ${run} has a slot of "${queue}" and calls ${calls}, which waits for one of "${needs}"`).join("; ")}`,
      hint: "call them from the workflow, which has no slot of theirs, or always in the same order; a timeout of the task, or run.cancel(), ends this wait",
    }),
  ),
  QUEUE_NOT_FOUND: define((p: { queue: string; store: string; known: readonly string[] }) => ({
    text: `the store ${p.store} knows no queue "${p.queue}"`,
    hint: p.known.length === 0 ? "no process has used a queue yet" : `known: ${quoted(p.known)}`,
  })),
  QUEUES_NOT_SUPPORTED: define((p: { store: string; wanted: string }) => ({
    text: `the store ${p.store} has no queues, which ${p.wanted} needs`,
    hint: 'use "sqlite:path/to/file.db", "postgres://user@host/database" or "memory:", or implement the methods of FlowStore',
  })),
  OPTIONS_EXCLUDE: define((p: { owner: string; first: string; second: string }) => ({
    text: `${p.owner} was called with ${p.first} and with ${p.second}, which exclude each other`,
    hint: "give one of them",
  })),
};
