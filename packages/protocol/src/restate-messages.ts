import { define } from "./message.ts";

/** What a run on Restate cannot do, and what to do in its place. */
const features = {
  queues:
    "leave the queue out; what one key may do at a time, and how much at once, are settings of Restate (a virtual object, the concurrency of the service)",
  conditions:
    "leave the option out; begin the workflow with `await sleep(…)` for a delay, and let one workflow collect signals for a debounce or a batch",
  retry:
    "start a run with another id; what it has in common with the failed one can be a child workflow, whose result is recorded under its own id",
  tags: "leave the tags out; find runs with Restate's UI, or with its SQL: `select * from sys_invocation`",
  streams: "write the chunks elsewhere in a task (a topic, a channel of a database), under the id of the run",
  progress: "leave it out, or tell others of it in a task",
} as const;

/** The messages about runs on Restate. */
export const restateMessages = {
  RESTATE_NODE: define((p: { node: string }) => ({
    text: `perdure-restate serves workflows on Node 22.12 or later, and this is Node ${p.node}`,
    hint: "run the program with a later Node; the client, restate(url), runs on this one",
  })),
  RESTATE_NAME_TAKEN: define((p: { service: string; locations: readonly string[] }) => ({
    text: `two workflows would be the service ${p.service} of Restate: ${p.locations.join(" and ")}`,
    hint: "rename one of them",
  })),
  RESTATE_NOT_SERVED: define((p: { workflow: string; run: string; caller: string }) => ({
    text: `run ${p.run} of the workflow ${p.caller} calls the workflow ${p.workflow}, which this program does not serve`,
    hint: `name it in serve({ workflows: [${p.caller}, ${p.workflow}] })`,
  })),
  RESTATE_UNSUPPORTED: define((p: { what: string; workflow: string; feature: keyof typeof features }) => ({
    text: `${p.what} is not possible on Restate (workflow ${p.workflow})`,
    hint: features[p.feature],
  })),
  RESTATE_NO_STORE: define((_: object) => ({
    text: "this program serves workflows on Restate, and has no store for runs of its own",
    hint: "start, complete and cancel runs with restate(url); list them with Restate's UI or its SQL; in place of retry() start a run with another id. If the program has runs of its own as well, call configure({ store }) before serve()",
  })),
  RESTATE_CODE_CHANGED: define((p: { run: string; workflow: string }) => ({
    text: `run ${p.run} of the workflow ${p.workflow} was begun by other code than this program has, and its journal on Restate fits that code only`,
    hint: "deploy changed code under a new URL and register that one; keep the program with the old code until its runs have ended. To edit code under live runs, use an SQLite or PostgreSQL store",
  })),
  RESTATE_CALL_HELD: define((p: { run: string; workflow: string; step: string }) => ({
    text: `run ${p.run} of the workflow ${p.workflow} called step ${p.step} after a wait for something that is not durable, while other steps were open: it begins when one of them has ended`,
    hint: "do in a task what the workflow waited for",
  })),
  RESTATE_RUN_LOST: define((p: { run: string; workflow: string; detail: string }) => ({
    text: `run ${p.run} of the workflow ${p.workflow} has no result: ${p.detail}`,
    hint: "it was killed or purged on the server of Restate; start a run with another id",
  })),
  RESTATE_UNREACHABLE: define((p: { url: string; detail: string }) => ({
    text: `the server of Restate at ${p.url} cannot be reached, or does not answer: ${p.detail}`,
    hint: "check that it runs; a start with the same id may be called again",
  })),
  RESTATE_REFUSED: define((p: { url: string; detail: string }) => ({
    text: `the server of Restate at ${p.url} refuses: ${p.detail}`,
    hint: "check that the program with the workflow is registered: serve({ admin }), or `restate deployments register <url>`",
  })),
};
