import { describe, expect, onTestFinished, test } from "vitest";
import { close, complete, getRun, memoryStore, recover, signal, sleep, start, worker, type Store } from "perdure";
import { advance, settled, setup } from "perdure/testing";
import { createCodec } from "../../packages/runtime/src/values/codec.ts";
import { codeOf } from "../../packages/runtime/src/definitions/code.ts";
import { workflowOf } from "../../packages/runtime/src/definitions/workflows.ts";

const log: string[] = [];

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

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

/** What the promise comes to, if it has come to anything. */
const outcomeOf = (promise: Promise<unknown>): Promise<unknown> =>
  Promise.race([promise, turns(20).then(() => "nothing")]);

function begin(options: Parameters<typeof setup>[0] = {}): ReturnType<typeof setup> {
  log.length = 0;
  onTestFinished(close);
  return setup({ logLevel: "silent", pollInterval: "250ms", lease: "1h", ...options });
}

/** A store whose answers take some turns of the event loop, as from a database. */
function distant(inner: Store, delay: (method: string) => number): Store {
  return intercepted(inner, async (method, call) => {
    const answer = await call();
    await turns(delay(method));
    return answer;
  });
}

/** A store that fails at the next call of each method in `failing`. */
function faulty(inner: Store, failing: Set<string>): Store {
  return intercepted(inner, (method, call) => {
    if (failing.delete(method)) throw new Error(`${method}: connection reset`);
    return call();
  });
}

function intercepted(
  inner: Store,
  around: (method: string, call: () => unknown, args: readonly unknown[]) => unknown,
): Store {
  return new Proxy(inner, {
    get: (target, key: keyof Store) => {
      const method = target[key];
      return typeof method === "function"
        ? (...args: unknown[]) => around(key, () => (method as (...args: unknown[]) => unknown)(...args), args)
        : method;
    },
  });
}

describe("children that fail while their parent is out of memory", () => {
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

  test("a failed child is not tried again by that", async () => {
    begin();
    const result = parent().catch(String);
    await advance("3h");
    expect(await outcomeOf(result)).toBe("Error: broken");
    expect(log).toEqual(["fails"]);
  });

  test("a retry of the parent is a retry of the child", async () => {
    begin();
    parent().catch(() => {});
    await advance("3h");
    const again = parent().catch(String);
    await advance("3h");
    expect(await outcomeOf(again)).toBe("Error: broken");
    expect(log).toEqual(["fails", "fails"]);
  });

  test("the child's timeout reaches the parent", async () => {
    begin();
    const result = patient().catch((error: Error) => error.name);
    await advance("20d");
    expect(await outcomeOf(result)).toBe("TimeoutError");
  });
});

describe("a mistake in a call is an error of that call", () => {
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
    ["sleep", badSleep, "DURATION_INVALID"],
    ["a child's id", badChild, "RUN_ID_INCOMPLETE"],
    ["an id for start", badStart, "RUN_ID_INCOMPLETE"],
  ])("%s", async (_, workflow, code) => {
    begin();
    expect(await workflow().catch(codeOf)).toBe(code);
  });
});

test("the lease of every run is renewed, however busy one of them is", async () => {
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

describe("a store that fails once does not strand a run", () => {
  test.each([
    ["commit", () => simple(1), "simple-1"],
    ["steps", () => simple(1), "simple-1"],
    ["claim", () => simple(1), "simple-1"],
    ["wakeups", listens, "listens"],
    ["createRun", callsChild, "calls-child"],
  ] as const)("%s", async (method, workflow, id) => {
    const failing = new Set<string>();
    const { store, crash } = begin({ store: faulty(memoryStore(), failing), lease: "15s" });
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

test("a write that the store cannot take does not cost other runs theirs", async () => {
  const inner = memoryStore();
  const store = intercepted(inner, (method, call, args) => {
    const [writes] = args as [readonly { readonly run: string }[]];
    if (method === "commit" && writes.some(({ run }) => run === "simple-2")) throw new Error("too large");
    return call();
  });
  begin({ store });
  const results = await Promise.allSettled([1, 2, 3].map(simple));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(log).toEqual(["simple 1", "simple 2", "simple 3"]);
});

test("a worker looks behind the runs that it must leave alone", async () => {
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
    await store.createRun({ ...run, lease: { owner: "gone", until: 1 } });
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

describe("a store that answers late", () => {
  test.each([
    ["a worker", false, true],
    ["a follower", true, false],
    ["both", true, true],
  ])("%s: a run is executed once", async (_, follows, works) => {
    const { store, crash } = begin({ store: distant(memoryStore(), () => 3) });
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

  test("worker.stop() leaves nothing behind that begins later", async () => {
    const { crash } = begin({ store: distant(memoryStore(), () => 3) });
    await start(simple, [77]);
    crash();
    log.length = 0;
    const working = worker();
    await working.tick();
    await working.stop();
    const before = log.length;
    await turns(40);
    expect(log).toHaveLength(before);
  });

  test("a signal that was accepted before the timeout wins, though the run goes on after it", async () => {
    const impatient = async (): Promise<unknown> => {
      "use workflow: id=impatient";
      return signal("go", { timeout: "1h" }).catch((error: Error) => error.name);
    };
    const { store, clock, crash } = begin({
      store: distant(memoryStore(), (method) => (method === "wakeups" ? 8 : 0)),
    });
    await start(impatient, []);
    await advance("30s");
    crash();
    await store.deliver({ run: "impatient", name: "go", payload: '1:["yes"]', now: clock.now() });
    await advance("2h");
    const result = impatient();
    await advance("1m");
    expect(await result).toBe("yes");
  });
});

describe("a workflow that is a closure", () => {
  test("its caller can execute it, whoever followed it before", async () => {
    const closure = async (): Promise<string> => {
      "use workflow: id=closure";
      return note("closure");
    };
    const { crash } = begin();
    start(closure, []).catch(() => {});
    await turns(1);
    crash();
    (await getRun("closure")).result().catch(() => {});
    await advance("1s");
    const result = closure();
    await advance("1m");
    expect(await outcomeOf(result)).toBe("closure");
  });

  test("out of memory, it hears of what another process delivers", async () => {
    const closure = async (): Promise<unknown> => {
      "use workflow: id=closure";
      return signal("go");
    };
    const { store, clock } = begin();
    const result = closure();
    await advance("5m");
    expect(await store.getRun("closure")).toMatchObject({ status: "waiting" });
    await store.deliver({ run: "closure", name: "go", payload: '1:["yes"]', now: clock.now() });
    await advance("1m");
    expect(await outcomeOf(result)).toBe("yes");
  });
});

test("recover() takes up every abandoned run, and every waiting one", async () => {
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

test("errors that hold errors are stored in a time that follows their number", () => {
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
