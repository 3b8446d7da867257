import { expect, onTestFinished, test } from "vitest";
import {
  CancelledError,
  close,
  getRun,
  recover,
  shield,
  signal,
  sleep,
  start,
  taskContext,
  taskOptions,
  type Run,
} from "perdure";
import { advance, crashEverywhere, settled, setup } from "perdure/testing";
import { Undo, withFallback } from "./undo.ts";

const log: string[] = [];
const gate = { opened: Promise.resolve(), open: (): void => {} };

async function note(text: string): Promise<string> {
  "use task: retries=0";
  log.push(text);
  return text;
}

/** Ends when it is aborted, with the reason of its signal. */
async function long(text: string): Promise<string> {
  "use task: timeout=30d, retries=5";
  log.push(`${text} begins`);
  const { signal } = taskContext();
  await new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
  );
  return text;
}

/** Does not look at its signal, and ends when the gate opens. */
async function deaf(text: string): Promise<string> {
  "use task: retries=0";
  log.push(`${text} begins`);
  await gate.opened;
  log.push(text);
  return text;
}

async function failing(): Promise<void> {
  "use task: retries=0";
  throw new Error("failed");
}

/** Cancels the run that calls it. */
async function cancelRun(): Promise<boolean> {
  "use task";
  return (await getRun(taskContext().runId)).cancel("self");
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "?");

/** What the call rejects with. */
const refusal = async (call: () => Promise<unknown>): Promise<string> => {
  try {
    return `not refused: ${String(await call())}`;
  } catch (error) {
    return nameOf(error);
  }
};

const closeGate = (): void => {
  gate.opened = new Promise((resolve) => (gate.open = resolve));
};

/** Starts a workflow, and lets it run until it waits. */
async function begin(workflow: () => Promise<unknown>): Promise<Run> {
  log.length = 0;
  setup();
  onTestFinished(close);
  const run = await start(workflow, []);
  run.result().catch(() => {});
  await settled();
  return run;
}

/** The same for a workflow that calls `deaf`, until that is in flight. */
async function beginDeaf(workflow: () => Promise<unknown>): Promise<Run> {
  log.length = 0;
  closeGate();
  setup();
  onTestFinished(close);
  const run = await start(workflow, []);
  run.result().catch(() => {});
  while (log.length === 0) await new Promise((resolve) => setImmediate(resolve));
  return run;
}

/** How a workflow ends that cancels itself: its result or error, and what was noted. A crash at any durable write makes no difference. */
async function endOf(workflow: () => Promise<unknown>): Promise<{ readonly end: string; readonly log: string[] }> {
  const run = await begin(workflow);
  const end = await run.result().then(String, nameOf);
  const noted = [...log];
  await close();
  await crashEverywhere(workflow, []);
  return { end, log: noted };
}

// --- what a cancellation does to calls that were made before it

test("an open wait rejects with the CancelledError", async () => {
  async function waits(): Promise<string[]> {
    "use workflow";
    return Promise.all([refusal(() => sleep("1h")), refusal(() => signal("never"))]);
  }
  const run = await begin(waits);
  await run.cancel();
  expect(await run.result()).toEqual(["CancelledError", "CancelledError"]);
});

test("a task in flight sees its signal, is not retried, and rejects with the CancelledError", async () => {
  async function inFlight(): Promise<string> {
    "use workflow";
    try {
      return await long("work");
    } catch (error) {
      await note(error instanceof CancelledError ? `cancelled: ${String(error.reason)}` : "another error");
      throw error;
    }
  }
  const run = await begin(inFlight);
  await run.cancel("enough");
  await expect(run.result()).rejects.toMatchObject({ name: "CancelledError", reason: "enough" });
  expect(log).toEqual(["work begins", "cancelled: enough"]);
  expect(await run.status()).toBe("cancelled");
});

test("a task in flight that completes is delivered as completed; the next call is refused", async () => {
  async function afterTask(): Promise<string> {
    "use workflow";
    const done = await deaf("finished anyway");
    try {
      return await note("not reached");
    } catch (error) {
      await note(`undo ${done}`);
      throw error;
    }
  }
  const run = await beginDeaf(afterTask);
  await run.cancel();
  gate.open();
  await expect(run.result()).rejects.toBeInstanceOf(CancelledError);
  expect(log).toEqual(["finished anyway begins", "finished anyway", "undo finished anyway"]);
});

test("a task in flight that fails with an error of its own is delivered with that, and is not retried", async () => {
  async function breaks(): Promise<void> {
    "use task: retries=5";
    log.push("begins");
    await gate.opened;
    throw new RangeError("its own");
  }
  async function ownError(): Promise<string> {
    "use workflow";
    return refusal(breaks);
  }
  const run = await beginDeaf(ownError);
  await run.cancel();
  gate.open();
  expect(await run.result()).toBe("RangeError");
  expect(log).toEqual(["begins"]);
});

test("an AbortError whose cause is the reason of the signal is the cancellation", async () => {
  async function aborts(): Promise<void> {
    "use task: retries=5";
    log.push("begins");
    const { signal } = taskContext();
    await gate.opened;
    throw Object.assign(new Error("aborted", { cause: signal.reason }), { name: "AbortError" });
  }
  async function aborted(): Promise<string> {
    "use workflow";
    return refusal(aborts);
  }
  const run = await beginDeaf(aborted);
  await run.cancel();
  gate.open();
  expect(await run.result()).toBe("CancelledError");
});

test("a task that waits for its next attempt fails with the CancelledError", async () => {
  const flaky = taskOptions(async (): Promise<void> => {
    "use task: retries=3, backoff=constant(1h)";
    log.push("attempt");
    throw new Error("not yet");
  }, {});
  async function retries(): Promise<string> {
    "use workflow";
    return refusal(() => flaky());
  }
  const run = await begin(retries);
  await run.cancel();
  expect(await run.result()).toBe("CancelledError");
  expect(log).toEqual(["attempt"]);
});

test("a task that clean-up called before is not interrupted, and tried again after its failure", async () => {
  let down = true;
  const recover = (): void => void (down = false);
  async function refund(): Promise<string> {
    "use task: retries=3, backoff=constant(1m)";
    log.push(`refund ${String(taskContext().signal.aborted)}`);
    if (down) throw new Error("down");
    return "refunded";
  }
  async function compensates(): Promise<string> {
    "use workflow: id=compensates";
    try {
      await failing();
    } catch {
      log.push(await refund());
    }
    return refusal(() => note("after"));
  }
  const run = await begin(compensates);
  await run.cancel();
  await settled();
  recover();
  await advance("1m");
  expect(await run.result()).toBe("CancelledError");
  expect(log).toEqual(["refund false", "refund false", "refunded"]);
});

async function charges(): Promise<string> {
  "use workflow: id=charges";
  const charge = await deaf("charge");
  try {
    return await note("not reached");
  } finally {
    await note(`refund ${charge}`);
  }
}

test("a task that was in flight when its process died is attempted once more, so that compensation knows its outcome", async () => {
  log.length = 0;
  closeGate();
  const environment = setup();
  onTestFinished(close);
  start(charges, []).then(
    (run) => void run.result().catch(() => {}),
    () => {},
  );
  while (log.length === 0) await new Promise((resolve) => setImmediate(resolve));
  environment.crash();
  await (await getRun("charges")).cancel();
  gate.open();
  await recover();
  await expect((await getRun("charges")).result()).rejects.toBeInstanceOf(CancelledError);
  expect(log).toEqual(["charge begins", "charge", "charge begins", "charge", "refund charge"]);
});

// --- what it does to calls that are made after it

test("it refuses every later call, the second like the first, in every branch", async () => {
  async function fansOut(): Promise<string> {
    "use workflow";
    await cancelRun().catch(() => {});
    const branches = await Promise.allSettled([1, 2, 3].map((i) => note(`charge ${i}`)));
    const later = [() => note("again"), () => sleep(1), () => signal("s"), () => child(), () => start(child, [])];
    const errors = [];
    for (const call of later) errors.push(await refusal(call));
    return [...branches.map(({ status }) => status), ...errors].join(" ");
  }
  async function child(): Promise<void> {
    "use workflow";
    await note("child");
  }
  expect(await endOf(fansOut)).toEqual({
    end: `${"rejected ".repeat(3)}${"CancelledError ".repeat(5)}`.trim(),
    log: [],
  });
});

test("a helper that handles its own cancellation does not handle that of others", async () => {
  async function beat(): Promise<void> {
    try {
      for (;;) await sleep("1h");
    } catch {
      await note("heartbeat ends");
    }
  }
  async function order(): Promise<unknown> {
    "use workflow";
    void beat();
    await deaf("packed");
    await note("charged");
    return signal("approval");
  }
  const run = await beginDeaf(order);
  await run.cancel();
  while (log.length === 1) await new Promise((resolve) => setImmediate(resolve));
  gate.open();
  await expect(run.result()).rejects.toBeInstanceOf(CancelledError);
  expect(log).toEqual(["packed begins", "heartbeat ends", "packed"]);
});

test("a workflow that swallows the error is refused again, and ends as completed if it returns", async () => {
  async function swallows(): Promise<string> {
    "use workflow";
    await signal("never").catch(() => {});
    return refusal(() => note("went on"));
  }
  const run = await begin(swallows);
  await run.cancel();
  expect(await run.result()).toBe("CancelledError");
  expect(await run.status()).toBe("completed");
  expect(log).toEqual([]);
});

test("code after clean-up is refused like code before it", async () => {
  async function goesOn(): Promise<string> {
    "use workflow";
    await cancelRun().catch(() => {});
    try {
      await sleep(1);
    } catch {
      await note("clean");
    } finally {
      await note("up");
    }
    for (const text of ["a", "b"]) {
      try {
        await note(text);
      } catch {
        if (text === "a") continue;
        break;
      }
    }
    return refusal(() => note("after"));
  }
  expect(await endOf(goesOn)).toEqual({ end: "CancelledError", log: ["clean", "up"] });
});

test("a branch that is not in clean-up is refused while another one cleans up", async () => {
  async function branches(): Promise<unknown> {
    "use workflow";
    await cancelRun().catch(() => {});
    const cleaning = async (): Promise<string> => {
      try {
        return await note("refused");
      } catch {
        await note("1");
        await sleep("1h");
        return note("2");
      }
    };
    const working = async (): Promise<string> => {
      for (let i = 0; i < 5; i++) await Promise.resolve();
      return refusal(() => note("refused"));
    };
    return Promise.all([cleaning(), working()]);
  }
  const run = await begin(branches);
  await advance("2h");
  expect(await run.result()).toEqual(["2", "CancelledError"]);
  expect(log).toEqual(["1", "2"]);
  await close();
  await crashEverywhere(branches, []);
});

test("a promise that nobody awaits yet does not keep the run from being cancelled", async () => {
  async function early(): Promise<unknown> {
    "use workflow";
    const approval = signal("approval");
    const box = await deaf("packed");
    return [box, await approval];
  }
  const run = await beginDeaf(early);
  await run.cancel();
  gate.open();
  await expect(run.result()).rejects.toBeInstanceOf(CancelledError);
  expect(await run.status()).toBe("cancelled");
});

// --- clean-up

test("catch and finally blocks are clean-up, with the helpers, loops and branches in them", async () => {
  async function undo(text: string): Promise<void> {
    await Promise.all([note(`undo ${text}`), sleep("1s").then(() => note(`${text} undone`))]);
  }
  async function saga(): Promise<void> {
    "use workflow";
    const done = ["a", "b"];
    try {
      await cancelRun().catch(() => {});
      await sleep("1h");
    } catch (error) {
      for (const each of done) await undo(each);
      throw error;
    } finally {
      await note("finally");
    }
  }
  const run = await begin(saga);
  await advance("1m");
  await expect(run.result()).rejects.toBeInstanceOf(CancelledError);
  expect(log).toEqual(["undo a", "a undone", "undo b", "b undone", "finally"]);
  await close();
  await crashEverywhere(saga, []);
});

test("callbacks of catch, finally, and then's second one are clean-up", async () => {
  async function undo(): Promise<string> {
    return note("handler given by name");
  }
  async function callbacks(): Promise<string> {
    "use workflow";
    await cancelRun().catch(() => {});
    await note("refused").catch(() => note("catch"));
    await note("refused").catch(undo);
    await note("refused").then(
      () => note("refused"),
      () => note("then"),
    );
    await note("refused")
      .finally(() => note("finally"))
      .catch(() => {});
    return Promise.resolve().then(() => refusal(() => note("not clean-up")));
  }
  expect(await endOf(callbacks)).toEqual({
    end: "CancelledError",
    log: ["catch", "handler given by name", "then", "finally"],
  });
});

test("a callback that is passed to a helper is clean-up", async () => {
  function guarded<T>(promise: Promise<T>, otherwise: () => Promise<T>): Promise<T> {
    return promise.catch(otherwise);
  }
  async function passes(): Promise<string> {
    "use workflow";
    await cancelRun().catch(() => {});
    return guarded(note("refused"), () => note("undone"));
  }
  expect(await endOf(passes)).toEqual({ end: "undone", log: ["undone"] });
});

test("clean-up of a module in which nothing is durable is clean-up", async () => {
  async function order(): Promise<string> {
    "use workflow";
    const undone = new Undo().around(async (undo) => {
      undo.add(() => note("undo 1"));
      undo.add(() => note("undo 2"));
      await cancelRun().catch(() => {});
      await note("refused");
    });
    const end = await refusal(() => undone);
    const fallback = await withFallback(note("refused"), () => note("fallback"));
    return `${end} ${fallback} ${await refusal(() => note("refused"))}`;
  }
  expect(await endOf(order)).toEqual({
    end: "CancelledError fallback CancelledError",
    log: ["undo 2", "undo 1", "fallback"],
  });
});

test("clean-up of a helper without a scope does not shelter its caller, also where the helper fails at once", async () => {
  async function order(): Promise<string> {
    "use workflow";
    await cancelRun().catch(() => {});
    const undone = new Undo();
    undone.add(() => note("undone"));
    const around = undone.around(() => {
      throw new Error("at once");
    });
    return `${await refusal(() => note("refused"))} ${await refusal(() => around)} ${await refusal(() => note("refused"))}`;
  }
  expect(await endOf(order)).toEqual({ end: "CancelledError Error CancelledError", log: ["undone"] });
});

test("the disposal of a resource is clean-up", async () => {
  const resource = (name: string) => ({
    async [Symbol.asyncDispose]() {
      await note(`${name} released`);
    },
  });
  async function disposes(): Promise<string> {
    "use workflow";
    await cancelRun().catch(() => {});
    {
      await using _first = resource("first");
      await using _second = { [Symbol.asyncDispose]: async () => void (await note("second released")) };
    }
    return refusal(() => note("after"));
  }
  expect(await endOf(disposes)).toEqual({ end: "CancelledError", log: ["second released", "first released"] });
});

test("the finally block of a generator that is left early is clean-up", async () => {
  async function* rows(): AsyncGenerator<string> {
    try {
      yield await note("row");
      yield await note("refused");
    } finally {
      await note("closed");
    }
  }
  async function reads(): Promise<string> {
    "use workflow";
    for await (const _ of rows()) {
      await cancelRun().catch(() => {});
      break;
    }
    return refusal(() => note("after"));
  }
  expect(await endOf(reads)).toEqual({ end: "CancelledError", log: ["row", "closed"] });
});

test("a generator that yields in clean-up does not shelter the code that takes from it", async () => {
  async function* undos(): AsyncGenerator<string> {
    try {
      yield await note("refused");
    } catch {
      yield await note("1");
      yield await note("2");
    }
  }
  async function takes(): Promise<string> {
    "use workflow";
    await cancelRun().catch(() => {});
    const seen = [];
    for await (const each of undos()) seen.push(each, await refusal(() => note("outside")));
    return seen.join(" ");
  }
  expect(await endOf(takes)).toEqual({ end: "1 CancelledError 2 CancelledError", log: ["1", "2"] });
});

test("a generator that clean-up takes from is clean-up", async () => {
  async function* undos(): AsyncGenerator<string> {
    for (const each of ["1", "2"]) yield await note(each);
  }
  async function takes(): Promise<void> {
    "use workflow";
    const steps = undos();
    try {
      await cancelRun().catch(() => {});
      await sleep(1);
    } finally {
      for await (const each of steps) await note(`undo ${each}`);
    }
  }
  expect(await endOf(takes)).toEqual({ end: "CancelledError", log: ["1", "undo 1", "2", "undo 2"] });
});

test("a wait that was open in clean-up ends, and later calls in the same clean-up are executed", async () => {
  async function compensates(): Promise<string> {
    "use workflow";
    try {
      await failing();
    } catch {
      const waited = await refusal(() => sleep("9d"));
      return note(`${waited}, then undone`);
    }
    return "not reached";
  }
  const run = await begin(compensates);
  await run.cancel();
  expect(await run.result()).toBe("CancelledError, then undone");
});

test("a second cancellation changes nothing", async () => {
  async function cleansUp(): Promise<void> {
    "use workflow";
    try {
      await sleep("9d");
    } finally {
      await sleep("1h");
      await note("undone");
    }
  }
  const run = await begin(cleansUp);
  await run.cancel("first");
  await settled();
  await run.cancel("second");
  await advance("2h");
  await expect(run.result()).rejects.toMatchObject({ reason: "first" });
  expect(log).toEqual(["undone"]);
});

async function leavesMemory(): Promise<void> {
  "use workflow: id=leaves-memory";
  try {
    await sleep("9d");
  } finally {
    await sleep("1h");
    await note("undone");
  }
}

test("a clean-up that leaves memory continues there", async () => {
  log.length = 0;
  const environment = setup();
  onTestFinished(close);
  const run = await start(leavesMemory, []);
  run.result().catch(() => {});
  await settled();
  await run.cancel();
  await advance("5m");
  expect(await run.status()).toBe("waiting");
  environment.crash();
  await advance("2h");
  await recover();
  await expect((await getRun("leaves-memory")).result()).rejects.toBeInstanceOf(CancelledError);
  expect(log).toEqual(["undone"]);
});

// --- shield

test("a cancellation does not touch what is shielded, whether it comes before or meanwhile", async () => {
  async function shields(): Promise<string> {
    "use workflow";
    const shielded = shield(async () => {
      await sleep("1h");
      return deaf("shielded");
    });
    await sleep("9d").catch(() => {});
    return [await refusal(() => note("refused")), await shielded, await shield(() => note("after"))].join(", ");
  }
  closeGate();
  const run = await begin(shields);
  await run.cancel();
  gate.open();
  await advance("2h");
  expect(await run.result()).toBe("CancelledError, shielded, after");
});

test("shielded work is the same after every crash, and ends with its call", async () => {
  async function shields(): Promise<string> {
    "use workflow";
    await cancelRun().catch(() => {});
    const inside = await shield(async () => {
      await sleep("1h");
      return note("shielded");
    });
    return `${inside}, ${await refusal(() => note("refused"))}`;
  }
  const run = await begin(shields);
  await advance("2h");
  expect(await run.result()).toBe("shielded, CancelledError");
  await close();
  await crashEverywhere(shields, []);
});

test("a shielded task does not see the cancellation on its signal", async () => {
  async function asksItsSignal(): Promise<boolean> {
    "use task";
    log.push("begins");
    await gate.opened;
    return taskContext().signal.aborted;
  }
  async function shields(): Promise<boolean> {
    "use workflow";
    return shield(() => asksItsSignal());
  }
  const run = await beginDeaf(shields);
  await run.cancel();
  gate.open();
  expect(await run.result()).toBe(false);
});

test("outside of a workflow, shield only calls", async () => {
  expect(shield(() => 1)).toBe(1);
});

// --- children, and runs that are not in memory

async function child(): Promise<void> {
  "use workflow";
  try {
    await sleep("9d");
  } finally {
    await note("child undone");
  }
}

async function parent(): Promise<void> {
  "use workflow: id=parent";
  try {
    await child();
  } finally {
    await note("parent undone");
  }
}

test("a parent waits for the clean-up of its children", async () => {
  const run = await begin(parent);
  await run.cancel("all");
  await expect(run.result()).rejects.toMatchObject({ reason: "all" });
  expect(log).toEqual(["child undone", "parent undone"]);
  expect(await (await getRun("parent/child[0]")).status()).toBe("cancelled");
});

test("a child that clean-up begins is not cancelled", async () => {
  async function refund(): Promise<string> {
    "use workflow";
    await sleep("1h");
    return note("refunded");
  }
  async function order(): Promise<string> {
    "use workflow";
    try {
      await sleep("9d");
    } finally {
      await refund();
    }
    return "not reached";
  }
  const run = await begin(order);
  await run.cancel();
  await advance("2h");
  await expect(run.result()).rejects.toBeInstanceOf(CancelledError);
  expect(log).toEqual(["refunded"]);
});

test("a run that is not in memory is cancelled too", async () => {
  log.length = 0;
  const test_ = setup();
  onTestFinished(close);
  const run = await start(parent, []);
  run.result().catch(() => {});
  await advance("5m");
  expect(await run.status()).toBe("waiting");
  test_.crash();
  await (await getRun("parent")).cancel("later");
  await expect((await getRun("parent")).result()).rejects.toMatchObject({ reason: "later" });
  expect(log).toEqual(["child undone", "parent undone"]);
  expect(await recover()).toEqual([]);
});

test("a cancelled run stays cancelled in every replay", async () => {
  const cancelsItself = async (): Promise<string> => {
    "use workflow";
    await note("first");
    await cancelRun();
    try {
      await Promise.all([sleep("1d"), note("second")]);
    } finally {
      await note("undone");
    }
    return "not reached";
  };
  const { steps } = await crashEverywhere(cancelsItself, []);
  expect(steps).toContain("crash-everywhere {cancel}");
  expect(steps).toContain("crash-everywhere note[2]");
});
