/** What runs on Restate can do, what is refused, and the client, on a real server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CancelledError, PerdureError, queue } from "perdure";
import { restate, restateServices, serve, type Restate } from "perdure-restate";
import { Cluster, type Program } from "./cluster.ts";
import * as workflows from "./features.ts";
import { freePort } from "../servers.ts";
import { restateBinary } from "./server.ts";
import { effectsIn } from "./world.ts";

const {
  values,
  letters,
  failing,
  handles,
  attempts,
  long,
  stops,
  callsUnserved,
  startsWith,
  changes,
  outside,
  itself,
} = workflows;

describe.skipIf(restateBinary() === undefined)(
  "workflows on Restate (skipped where npm has no server for the platform)",
  () => {
    let cluster: Cluster;
    let program: Program;
    let client: Restate;
    let port: number;
    let bundle: string;

    beforeAll(async () => {
      cluster = await Cluster.start();
      bundle = await cluster.bundle("features");
      port = await freePort();
      program = await cluster.serve(bundle, "features", port);
      client = restate(cluster.server.url);
    });
    afterAll(() => cluster.remove());

    const done = (name: string): (readonly [string, number])[] =>
      effectsIn(program.effects).flatMap((effect) =>
        effect.name === name ? [[effect.name, effect.attempt] as const] : [],
      );

    /** What the server knows of the invocation of a run. */
    const invocation = async (service: string, id: string): Promise<Record<string, unknown>> => {
      const sql = `select status, last_failure from sys_invocation where target_service_name = '${service}' and target_service_key = '${id}' and target_handler_name = 'run'`;
      return (await cluster.query(sql))[0] ?? {};
    };

    test("values keep their types, and keys of steps begin with the workflow, since ids are of one workflow each", async () => {
      const when = new Date(1_000);
      const run = await client.start(values, [when, new Map([["a", 1n]])], { id: "a/b ü" });
      expect(await run.result()).toEqual({
        when,
        amounts: new Map([["a", 1n]]),
        none: undefined,
        runId: "a/b ü",
        workflow: "values",
        key: { idempotencyKey: "values:a%2Fb%20%C3%BC/key[0]", runId: "a/b ü", stepId: "key[0]" },
        isDate: true,
      });
      expect(await run.status()).toBe("completed");
    });

    test("a start with the id of a run attaches to it, and refuses another input", async () => {
      const first = await client.start(letters, ["once"]);
      const second = await client.start(letters, ["once"]);
      expect([first.id, second.id]).toEqual(["letters-once", "letters-once"]);
      await expect(client.start(letters, ["other"], { id: "letters-once" })).rejects.toMatchObject({
        code: "RUN_INPUT_DIFFERS",
      });
      await first.cancel();
      await expect(second.result()).rejects.toBeInstanceOf(CancelledError);
    });

    test("messages come in their order, also before the run, and none is lost among many senders", async () => {
      const run = client.run(letters, "letters-many");
      expect(await run.complete("letter", "early")).toBe(true);
      await client.start(letters, ["many"]);
      await Promise.all([2, 3, 4].map((n) => run.complete("letter", n)));
      await run.complete("letter", "last");
      const { id, got } = await run.result();
      expect(id).toBe("many");
      expect(got[0]).toBe("early");
      expect(got.slice(1, 4).toSorted()).toEqual([2, 3, 4]);
      expect(got[4]).toBe("last");
      expect(await run.complete("letter", "too late")).toBe(false);
      expect(await run.cancel()).toBe(false);
    });

    test("errors come back as themselves, in the client and in the workflow", async () => {
      const run = await client.start(failing, [7]);
      await expect(run.result()).rejects.toMatchObject({ name: "Refused", amount: 7 });
      await expect(run.result()).rejects.toBeInstanceOf(workflows.Refused);
      expect(await run.status()).toBe("failed");
      expect(await (await client.start(handles, [7])).result()).toBe("refused 7");
    });

    test("attempts are counted over journaled attempts, and tasks of a task are not repeated in its next one", async () => {
      const run = await client.start(attempts, []);
      expect(await run.result()).toEqual({ times: 3, failure: "FatalError: for good", parts: ["a", "b"] });
      expect(done("later").map(([, attempt]) => attempt)).toEqual([1, 2, 3]);
      expect(done("never")).toHaveLength(1);
      expect(done("part a")).toHaveLength(1);
      expect(done("part b").map(([, attempt]) => attempt)).toEqual([1, 2]);
      expect(done("whole").map(([, attempt]) => attempt)).toEqual([1, 2]);
    });

    test("a run sleeps for long, and is cancelled from the client and by the server's own means", async () => {
      const run = await client.start(long, [], { id: "one" });
      expect(await run.status()).toBe("running");
      expect(await run.cancel("enough")).toBe(true);
      await expect(run.result()).rejects.toMatchObject({ name: "CancelledError", reason: "enough" });
      const other = await client.start(long, [], { id: "two" });
      await expect
        .poll(() => invocation("long", "two"))
        .toMatchObject({ status: expect.stringMatching(/running|suspended/) as unknown });
      const [{ id } = {}] = await cluster.query("select id from sys_invocation where target_service_key = 'two'");
      await fetch(`${cluster.server.admin}/invocations/${String(id)}/cancel`, { method: "PATCH" });
      await expect(other.result()).rejects.toMatchObject({ reason: "cancelled on the server of Restate" });
    });

    test("a run that does not exist is not found", async () => {
      const run = client.run(long, "none");
      await expect(run.status()).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
      await expect(run.result()).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
      await expect(run.cancel()).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
      await expect(client.run("unknown", "x").cancel()).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
      await expect(client.run("unknown", "x").complete("a")).rejects.toMatchObject({ code: "RESTATE_REFUSED" });
    });

    test("arguments can be sent as JSON, without this client", async () => {
      const response = await fetch(`${cluster.server.url}/handles/curl/run`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "[9]",
      });
      expect(await response.json()).toMatchObject({
        status: "completed",
        output: expect.stringContaining("refused 9") as unknown,
      });
      const wrong = await fetch(`${cluster.server.url}/handles/wrong/run`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{ "amount": 9 }',
      });
      expect([wrong.status, await wrong.text()]).toEqual([
        400,
        expect.stringContaining("a list with the arguments") as unknown,
      ]);
    });

    test("a value that cannot be stored pauses the run, and its task is not done again", async () => {
      await client.start(stops, [], { id: "s" });
      await expect.poll(() => invocation("stops", "s")).toMatchObject({ status: "paused" });
      expect(done("broken")).toHaveLength(1);
      expect(program.output).toContain("broken returned a function");
    });

    test.each([
      ["callsUnserved", callsUnserved, [], "RESTATE_NOT_SERVED", "serve({ workflows: [callsUnserved, unserved] })"],
      ["usesQueue", workflows.usesQueue, [], "RESTATE_UNSUPPORTED", "a queue for the task queued"],
      ["writes", workflows.writes, [], "RESTATE_UNSUPPORTED", 'writable("default") is not possible'],
      ["startsWith", startsWith, ["tags"], "RESTATE_UNSUPPORTED", "the option tags of start(long)"],
      ["startsWith", startsWith, ["delay"], "RESTATE_UNSUPPORTED", "the option delay of start(long)"],
    ] as const)(
      "%s %#: what does not exist on Restate stops the run with an error that says what to do",
      async (name, workflow, args, _, text) => {
        const id = `refused-${args[0] ?? name}`;
        await client.start(workflow as (...args: string[]) => Promise<unknown>, [...args], { id });
        await expect.poll(async () => String((await invocation(name, id))["last_failure"])).toContain(text);
        expect(await client.run(name, id).cancel()).toBe(true);
      },
    );

    test("progress() is reported, once a run, and does nothing", async () => {
      const run = await client.start(startsWith, ["nothing"], { id: "p" });
      expect(await run.result()).toBe("started");
      await expect.poll(() => program.output).toContain("progress() is not possible on Restate");
    });

    test("a call after a wait for something that is not durable begins with the next completion, and that is reported", async () => {
      const run = await client.start(outside, [], { id: "o" });
      await expect
        .poll(() => program.output)
        .toContain("called step echo[0] after a wait for something that is not durable");
      await run.complete("go on", "on");
      expect(await run.result()).toEqual(["called late", "on"]);
    });

    test("a run cannot wait for itself", async () => {
      expect(await (await client.start(itself, [])).result()).toContain("RUN_OF_ITSELF");
    });

    test("options of the client that do not exist on Restate are refused", async () => {
      for (const option of [{ delay: "1h" }, { tags: ["a"] }, { ifFailed: "retry" }])
        await expect(client.start(long, [], option as object)).rejects.toMatchObject({ code: "RESTATE_UNSUPPORTED" });
    });

    test("changed code under the URL of a live run stops it, and the old code continues it", async () => {
      const run = await client.start(changes, []);
      await expect
        .poll(() => invocation("changes", "changes"))
        .toMatchObject({ status: expect.stringMatching(/running|suspended/) as unknown });
      const changed = await cluster.bundle("changed", (text) => text.replaceAll('echo("second")', 'echo("changed")'));
      await program.stop();
      const second = await cluster.serve(changed, "features", port);
      await run.complete("go on");
      await expect
        .poll(async () => String((await invocation("changes", "changes"))["last_failure"]), { timeout: 30_000 })
        .toContain("was begun by other code than this program has");
      expect(await run.status()).toBe("running");
      await second.stop();
      program = await cluster.serve(bundle, "features", port);
      expect(await run.result()).toEqual(["first", "second"]);
    });
  },
);

const another = (() => {
  async function long() {
    "use workflow";
  }
  return { long };
})();

queue("line", { concurrency: 1 });

async function queued() {
  "use workflow: queue=line";
}

describe("serve", () => {
  test("refuses workflows that would be one service, a queue of a workflow, and what is not compiled", () => {
    const refused = (code: string): Error => expect.objectContaining({ code }) as Error;
    expect(() => restateServices([long, another.long])).toThrow(refused("RESTATE_NAME_TAKEN"));
    expect(() => restateServices([queued])).toThrow(refused("RESTATE_UNSUPPORTED"));
    expect(() => restateServices([async () => {}])).toThrow(refused("NOT_COMPILED"));
    expect(() => restateServices([long, long])).not.toThrow();
  });

  test.skipIf(Number(process.versions.node.split(".")[0]) >= 22)("says which Node it needs", async () => {
    await expect(serve({ workflows: [long] })).rejects.toMatchObject({ code: "RESTATE_NODE" });
  });

  test("a server that cannot be reached is named", { timeout: 30_000 }, async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const error: unknown = await restate(url)
      .start(long, [])
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PerdureError);
    expect(error).toMatchObject({ code: "RESTATE_UNREACHABLE", message: expect.stringContaining(url) as unknown });
  });
});
