import { describe, expect, onTestFinished, test } from "vitest";
import { close, complete, getRun, memoryStore, recover, signal, sleep, start, worker, type Store } from "perdure";
import { wrapStore, type StoreMethod } from "../../packages/store/src/wrap-store.ts";
import { advance, settled, setup } from "perdure/testing";
import { withoutSteps } from "../stores.ts";
import { turns } from "../event-loop.ts";
import { createCodec } from "../../packages/runtime/src/values/codec.ts";
import { codeOf } from "../../packages/runtime/src/definitions/code.ts";
import { workflowOf } from "../../packages/runtime/src/definitions/workflows.ts";

const log: string[] = [];

async function note(text: string): Promise<string> {
  "use task: retries=0";
  log.push(text);
  await turns(30);
  return text;
}

async function fails(): Promise<string> {
  "use task: retries=0";
  log.push("fails");
  throw new Error("broken");
}

async function simple(n: number): Promise<string> {
  "use workflow: id=simple-{n}";
  return note(`simple ${n}`);
}

async function listens(): Promise<unknown> {
  "use workflow: id=listens";
  return signal("go");
}

async function child(): Promise<string> {
  "use workflow";
  return note("child");
}

async function callsChild(): Promise<unknown> {
  "use workflow: id=calls-child";
  await note("first");
  return child();
}

/** The value of the promise, or "pending" if it has none yet. */
const outcomeOf = (promise: Promise<unknown>): Promise<unknown> =>
  Promise.race([promise, turns(20).then(() => "pending")]);

function begin(options: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  log.length = 0;
  onTestFinished(close);
  return setup({ logLevel: "silent", pollInterval: "250ms", lease: "1h", ...options });
}

/** A store in memory whose answers take some turns of the event loop, like those of a database. */
const slowStore = (delay: (method: StoreMethod) => number): Store =>
  wrapStore(memoryStore(), async (method, perform) => {
    const answer = await perform();
    await turns(delay(method));
    return answer;
  });

/** A store in memory that fails on the next call of each method in `failing`. */
const faultyStore = (failing: Set<StoreMethod>): Store =>
  wrapStore(withoutSteps(memoryStore()), (method, perform) => {
    if (failing.delete(method)) throw new Error(`${method}: connection reset`);
    return perform();
  });

describe("a child that fails while its parent is suspended", () => {
  const failingChild = async (): Promise<string> => {
    "use workflow";
    await sleep("1h");
    return fails();
  };
  const parent = async (): Promise<string> => {
    "use workflow: id=parent";
    return failingChild();
  };
  const waitingChild = async (): Promise<unknown> => {
    "use workflow";
    return signal("x", { timeout: "1d" });
  };
  const patient = async (): Promise<unknown> => {
    "use workflow: id=patient";
    return waitingChild();
  };

  test("a failed child is not retried when its suspended parent resumes", async () => {
    begin();
    const result = parent().catch(String);
    await advance("3h");
    expect(await outcomeOf(result)).toBe("Error: broken");
    expect(log).toEqual(["fails"]);
  });

  test("retrying a parent retries its failed child", async () => {
    begin();
    parent().catch(() => {});
    await advance("3h");
    const again = parent().catch(String);
    await advance("3h");
    expect(await outcomeOf(again)).toBe("Error: broken");
    expect(log).toEqual(["fails", "fails"]);
  });

  test("a timeout in a child rejects the call in its suspended parent", async () => {
    begin();
    const result = patient().catch((error: Error) => error.name);
    await advance("20d");
    expect(await outcomeOf(result)).toBe("TimeoutError");
  });
});

describe("an invalid argument", () => {
  const withId = async (order: { id?: string }): Promise<string> => {
    "use workflow: id=child-{order.id}";
    return note(String(order.id));
  };
  const codeOf = (error: unknown): string => (error as { code: string }).code;
  const badSleep = async (): Promise<string> => {
    "use workflow: id=bad";
    return sleep(new Date("garbage")).then(() => "slept");
  };
  const badChild = async (): Promise<string> => {
    "use workflow: id=bad";
    return withId({}).catch(codeOf);
  };
  const badStart = async (): Promise<string> => {
    "use workflow: id=bad";
    return start(withId, [{}]).then((run) => run.id, codeOf);
  };

  test.each([
    ["sleep() with an invalid date", badSleep, "DURATION_INVALID"],
    ["a child workflow with an incomplete id", badChild, "RUN_ID_INCOMPLETE"],
    ["start() with an incomplete id", badStart, "RUN_ID_INCOMPLETE"],
  ])("the call of %s rejects", async (_, workflow, code) => {
    begin();
    expect(await workflow().catch(codeOf)).toBe(code);
  });
});

test("the lease of a run is renewed while another run is busy", async () => {
  const gate = { open: (): void => {} };
  const opened = new Promise<void>((resolve) => (gate.open = resolve));
  const long = async (): Promise<void> => {
    "use task: timeout=1d, retries=0";
    await opened;
  };
  const holder = async (): Promise<void> => {
    "use workflow: id=holder";
    await long();
  };
  const listener = async (): Promise<void> => {
    "use workflow: id=listener";
    for (;;) await signal("ping");
  };
  const { store, clock } = begin({ lease: "3100ms" });
  await start(holder, []);
  await start(listener, []);
  for (let i = 0; i < 400; i++) {
    await advance("10ms");
    await complete("listener", "ping", i);
    expect((await store.getRun("holder"))?.leaseUntil).toBeGreaterThanOrEqual(clock.now());
  }
  gate.open();
});

describe("a store that fails once", () => {
  test.each([
    ["commit", () => simple(1), "simple-1"],
    ["steps", () => simple(1), "simple-1"],
    ["claimNext", () => simple(1), "simple-1"],
    ["wakeups", listens, "listens"],
    ["createRun", callsChild, "calls-child"],
  ] as const)("a run completes although %s() of the store fails once", async (method, workflow, id) => {
    const failing = new Set<StoreMethod>();
    const { store, crash } = begin({ store: faultyStore(failing), lease: "15s" });
    workflow().catch(() => {});
    await turns(3);
    crash();
    failing.add(method);
    const working = worker();
    await advance("10m");
    await complete(id, "go", 1).catch(() => {});
    await advance("10m");
    expect(failing.size).toBe(0);
    expect(await store.getRun(id)).toMatchObject({ status: "completed" });
    await working.stop();
  });
});

test("a write that the store rejects fails only its own run", async () => {
  const store = wrapStore(memoryStore(), (method, perform, args) => {
    const [writes] = args as [readonly { readonly run: string }[]];
    if (method === "commit" && writes.some(({ run }) => run === "simple-2")) throw new Error("too large");
    return perform();
  });
  begin({ store });
  const results = await Promise.allSettled([1, 2, 3].map(simple));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(log).toEqual(["simple 1", "simple 2", "simple 3"]);
});

test("a worker finds the runnable run behind 1,500 blocked ones", async () => {
  const { store, clock } = begin({ pollInterval: "1h", lease: "1000d" });
  const blockedCode = codeOf(workflowOf(simple)).fingerprint;
  const row = {
    workflow: "simple",
    file: "test/runtime/resilience.test.ts",
    input: "1:[[1],9]",
    inputHash: "x",
    code: "old",
    modules: "",
    seed: "s",
  };
  for (let n = 0; n < 1500; n++) {
    const run = { ...row, id: `blocked-${n}`, createdAt: n };
    await store.createRun({ ...run, lease: { owner: "gone", ms: 1 } });
    await store.commit([
      {
        type: "release",
        run: run.id,
        epoch: 1,
        status: "pending",
        at: n,
        blocked: { error: "X", message: "", code: blockedCode },
      },
    ]);
  }
  await store.createRun({ ...row, id: "free", createdAt: clock.now() });
  const working = worker({ workflows: ["simple"] });
  await advance("1s");
  expect(await store.getRun("free")).toMatchObject({ status: "completed" });
  expect(log).toEqual(["simple 9"]);
  await working.stop();
});

describe("a slow store", () => {
  test.each([
    ["a worker", false, true],
    ["a follower", true, false],
    ["a worker and a follower", true, true],
  ])("a run is executed once by %s", async (_, follows, works) => {
    const { store, crash } = begin({ store: slowStore(() => 3) });
    for (let lead = 0; lead < 12; lead++) {
      await start(simple, [lead]);
      crash();
      await turns(40);
      log.length = 0;
      const working = works ? worker() : undefined;
      await turns(lead);
      const result = follows ? (await getRun(`simple-${lead}`)).result() : undefined;
      await advance("1s");
      await result;
      await working?.stop();
      expect(log).toEqual([`simple ${lead}`]);
      expect(await store.getRun(`simple-${lead}`)).toMatchObject({ status: "completed", epoch: 2 });
    }
  });

  test("a stopped worker starts no run, even one that it was claiming", async () => {
    const { crash, store } = begin({ store: slowStore(() => 3) });
    const outcomes = new Set<string>();
    for (let lead = 0; lead < 24; lead++) {
      await start(simple, [lead]);
      crash();
      await turns(40);
      log.length = 0;
      const working = worker();
      await turns(lead);
      await working.stop();
      const before = [...log];
      await turns(40);
      expect(log).toEqual(before);
      const row = await store.getRun(`simple-${lead}`);
      if (row?.epoch === 2) expect(row.owner, "a run that the worker claimed").toBeUndefined();
      outcomes.add(before.length > 0 ? "executed" : "not started");
    }
    expect([...outcomes].sort()).toEqual(["executed", "not started"]);
  });

  test("a signal accepted before the timeout wins, even if the run resumes after the timeout", async () => {
    const impatient = async (): Promise<unknown> => {
      "use workflow: id=impatient";
      return signal("go", { timeout: "1h" }).catch((error: Error) => error.name);
    };
    const { store, crash } = begin({ store: slowStore((method) => (method === "wakeups" ? 8 : 0)) });
    await start(impatient, []);
    await advance("30s");
    crash();
    await store.deliver({ run: "impatient", name: "go", payload: '1:["yes"]' });
    await advance("2h");
    const result = impatient();
    await advance("1m");
    expect(await result).toBe("yes");
  });
});

describe("a workflow defined as a closure", () => {
  test("a call of a closure executes its run, even if the run was being followed without the closure", async () => {
    const closure = async (): Promise<string> => {
      "use workflow: id=closure";
      return note("closure");
    };
    const { crash } = begin();
    start(closure, []).catch(() => {});
    await turns(2);
    crash();
    (await getRun("closure")).result().catch(() => {});
    await advance("1s");
    const result = closure();
    await advance("1m");
    expect(await outcomeOf(result)).toBe("closure");
  });

  test("a suspended closure resumes when another process delivers its signal", async () => {
    const closure = async (): Promise<unknown> => {
      "use workflow: id=closure";
      return signal("go");
    };
    const { store } = begin();
    const result = closure();
    await advance("5m");
    expect(await store.getRun("closure")).toMatchObject({ status: "waiting" });
    await store.deliver({ run: "closure", name: "go", payload: '1:["yes"]' });
    await advance("1m");
    expect(await outcomeOf(result)).toBe("yes");
  });
});

test("recover() returns every one of 2,100 waiting runs", async () => {
  const { crash, store } = begin({ pollInterval: "1h", lease: "1000d" });
  for (let n = 0; n < 2100; n++) await start(naps, [n]);
  await settled();
  crash();
  expect(await recover()).toHaveLength(2100);
  await advance("3h");
  expect(await store.listRuns({ status: "completed", limit: 5000 })).toHaveLength(2100);
});

async function naps(n: number): Promise<number> {
  "use workflow: id=naps-{n}";
  await sleep("1h");
  return n;
}

test("long chains and cycles of errors can be encoded", () => {
  const codec = createCodec();
  let chain = new Error("0");
  for (let depth = 1; depth < 200; depth++) chain = new Error(String(depth), { cause: chain });
  const decoded = codec.decode(codec.encode(chain)) as Error;
  let depth = 0;
  for (let error: unknown = decoded; error instanceof Error; error = error.cause) depth++;
  expect(depth).toBe(200);

  const one = new Error("one");
  const other = new Error("other", { cause: one });
  Object.assign(one, { owner: other });
  expect(codec.decode(codec.encode(other))).toMatchObject({ message: "other", cause: { message: "one" } });
});
