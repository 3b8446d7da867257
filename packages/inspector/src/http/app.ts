import { inspect } from "node:util";
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { GenericSchema, InferOutput } from "valibot";
import { actions, scheduleActions } from "../actions.ts";
import type { ActionAnswer, ActionName, ScheduleActionName } from "../api.ts";
import { conversationPage } from "../conversation/page.ts";
import { hasWriting } from "../conversation/writing.ts";
import { overview, runList, waitList, workflowList } from "../read/lists.ts";
import { queueList, queuePage } from "../read/queues.ts";
import { runPage, stepList, stepPage, type Project } from "../read/run-page.ts";
import { scheduleList } from "../read/schedules.ts";
import { workflowPage } from "../read/workflow-page.ts";
import { changesOf, type Changes } from "./changes.ts";
import { deliberate, headers, knownHosts, sameOrigin } from "./guard.ts";
import * as input from "./input.ts";
import { pageFile } from "./page.ts";
import { answerTo, refusal } from "./refusal.ts";
import type { ClientSource } from "../store-file.ts";

/** Whether the request may see the runs (`read`), or change them (`act`). */
export type Authorize = (request: Request, access: "read" | "act") => boolean | Promise<boolean>;

export interface AppOptions {
  readonly client: ClientSource;
  readonly project: Project;
  readonly changes: Changes;
  readonly authorize: Authorize;
  /** Names that the inspector is reached by, beside `localhost` and numeric addresses. */
  readonly hosts: readonly string[];
  /** The path that it is mounted at, without a slash at its end; paths without it are answered too. */
  readonly base: string;
  /** Whether the files of the page, which are the same everywhere, are given to everybody. */
  readonly isPagePublic: boolean;
}

/** A payload of a signal. */
const LARGEST_BODY = 10_000_000;

export function createApp({ client, project, changes, authorize, base, hosts, isPagePublic }: AppOptions): Hono {
  const app = new Hono({ getPath: (request) => pathBelow(base, new URL(request.url).pathname) });
  const isAllowed = async (request: Request, access: "read" | "act"): Promise<boolean> => {
    try {
      return await authorize(request, access);
    } catch (error) {
      process.emitWarning(inspect(error)); // who asked must not read it
      throw refusal(500, "AUTHORIZE_FAILED", "authorize() threw an error\n  → see the log of the server");
    }
  };
  const allow = async ({ req }: Context, access: "read" | "act"): Promise<void> => {
    if (!(await isAllowed(req.raw, access)))
      throw refusal(
        401,
        "NOT_AUTHORIZED",
        access === "read" ? "this needs authorization" : "this action needs authorization",
      );
  };
  app.onError(answerTo);
  app.notFound((context) => answerTo(refusal(404, "NOT_FOUND", `there is no ${context.req.path}`), context));
  app.use(headers, knownHosts(hosts), sameOrigin);

  const get = <S extends GenericSchema>(
    path: string,
    schema: S,
    answer: (query: InferOutput<S>, context: Context) => Promise<unknown>,
  ): void => {
    app.get(`/api/${path}`, async (context) => {
      await allow(context, "read");
      context.header("cache-control", "no-store");
      return context.json(await answer(input.checked(schema, input.queryOf(context.req.url)), context));
    });
  };
  get("overview", input.noQuery, async (_, { req }) => overview(client(), await isAllowed(req.raw, "act")));
  get("runs", input.runsQuery, (query) => {
    const { tag, "created-after": createdAfter, "created-before": createdBefore, limit, ...same } = query;
    const dates = { ...(createdAfter && { createdAfter }), ...(createdBefore && { createdBefore }) };
    return runList(client(), { ...defined(same), ...(tag && { tags: tag }), ...dates, limit });
  });
  get("run", input.runQuery, async ({ id }) => ({
    ...(await runPage(client(), id, project)),
    hasWriting: await hasWriting(client(), id),
  }));
  get("steps", input.stepsQuery, (query) => stepList(client(), query));
  get("step", input.stepQuery, ({ run, id }) => stepPage(client(), run, id, project));
  get("conversation", input.conversationQuery, ({ run }) => conversationPage(client(), run));
  get("workflows", input.noQuery, () => workflowList(client()));
  get("workflow", input.workflowQuery, async ({ name }) => {
    const page = await workflowPage(client(), name);
    if (!page) throw refusal(404, "WORKFLOW_NOT_FOUND", `no run of a workflow ${name} is recorded`);
    return page;
  });
  get("queues", input.noQuery, () => queueList(client()));
  get("queue", input.queueQuery, ({ name, limit }) => queuePage(client(), name, limit));
  get("schedules", input.noQuery, () => scheduleList(client()));
  get("waiting", input.waitingQuery, ({ after, limit }) =>
    waitList(client(), { limit, ...(after !== undefined && { after }) }),
  );
  app.get("/api/changes", async (context) => {
    await allow(context, "read");
    const { run, queue, after } = input.checked(input.changesQuery, input.queryOf(context.req.url));
    if (context.req.method === "HEAD") return context.body(null); // nobody would read the stream, nor end it
    if (run !== undefined) return changesOf(context, changes.ofRun(client(), run, after));
    return changesOf(context, queue === undefined ? changes.ofLists(client()) : changes.ofQueue(client(), queue));
  });

  const post = (path: string, answer: (name: string, context: Context) => Promise<ActionAnswer>): void => {
    app.post(`/api/${path}/:name`, deliberate, bodyLimit({ maxSize: LARGEST_BODY }), async (context) => {
      await allow(context, "act");
      return context.json(await answer(context.req.param("name"), context));
    });
  };
  post("actions", async (name, context) => {
    if (!isAction(name)) throw refusal(404, "NOT_FOUND", `there is no action ${name}`);
    return actions[name](client(), input.checked(input.bodies[name], await jsonOf(context)));
  });
  post("schedule-actions", async (name, context) => {
    if (!isScheduleAction(name)) throw refusal(404, "NOT_FOUND", `there is no action ${name}`);
    return scheduleActions[name](client(), input.checked(input.scheduleBody, await jsonOf(context)).schedule);
  });

  app.get("/*", async (context) => {
    if (!isPagePublic) await allow(context, "read");
    return pageFile(context);
  });
  return app;
}

const jsonOf = ({ req }: Context): Promise<unknown> =>
  req.json<unknown>().catch((error: unknown) => {
    throw error instanceof SyntaxError
      ? refusal(400, "REQUEST_INVALID", `the body is not JSON: ${error.message}`)
      : error;
  });

const pathBelow = (base: string, path: string): string =>
  path.startsWith(`${base}/`) ? path.slice(base.length) : path;

const isAction = (name: string): name is ActionName => Object.hasOwn(actions, name);

const isScheduleAction = (name: string): name is ScheduleActionName => Object.hasOwn(scheduleActions, name);

/** Without the properties that are undefined. */
const defined = <T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
