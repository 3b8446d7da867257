import { close, FatalError, getRun, signal, sleep, start, taskContext, taskOptions, type PerdureError } from "perdure";
import { advance, asTask, crashEverywhere, setup } from "perdure/testing";
import { afterEach, describe, expect, expectTypeOf, test, vi } from "vitest";

interface Mail {
  readonly to: string;
}

async function send({ to }: Mail, urgent = false): Promise<string> {
  "use task: retries=1, backoff=constant(1h)";
  return `sent to ${to}${urgent ? "!" : ""}`;
}

/** What the workflows below call: the task, or its replacement. */
const mail = { send };

async function remind(to: string): Promise<string> {
  "use workflow: id=remind-{to}";
  return mail.send({ to });
}

async function digest(to: string): Promise<string> {
  "use task: retries=0";
  return `digest ${await mail.send({ to })}`;
}

async function weekly(to: string): Promise<string> {
  "use workflow: id=weekly-{to}";
  return digest(to);
}

async function nap(to: string): Promise<string> {
  "use workflow: id=nap-{to}";
  await sleep("3d");
  return to;
}

async function approval(): Promise<boolean> {
  "use workflow: id=approval";
  return signal<boolean>("approved");
}

afterEach(async () => {
  mail.send = send;
  await close();
});

describe("asTask", () => {
  test("is recorded under the step id of the original and tried again with its options", async () => {
    const { store } = setup();
    const fake = vi.fn(async ({ to }: Mail) => {
      if (taskContext().attempt === 1) throw new Error("no network");
      return `mocked ${to}, ${taskContext().stepId}`;
    });
    mail.send = asTask(send, fake);
    const run = await start(remind, ["ada"]);
    await advance("59m");
    expect(fake).toHaveBeenCalledTimes(1);
    await advance("1m");
    expect(await run.result()).toBe("mocked ada, send[0]");
    expect(fake.mock.calls).toEqual([[{ to: "ada" }], [{ to: "ada" }]]);
    expect(await store.steps(run.id)).toMatchObject([{ id: "send[0]", kind: "task", attempt: 2 }]);
  });

  test("a run that began with the original is replayed with the fake, and the other way round", async () => {
    const { crash } = setup();
    const run = await start(nested, ["ada"]);
    await advance(0);
    crash();
    mail.send = asTask(send, () => "never called");
    const resumed = await start(nested, ["ada"]);
    await advance("1d");
    expect(await resumed.result()).toEqual(["sent to ada", "never called"]);
    expect(resumed.id).toBe(run.id);
  });

  async function nested(to: string): Promise<string[]> {
    "use workflow: id=nested-{to}";
    const first = await mail.send({ to });
    await sleep("1d");
    return [first, await mail.send({ to })];
  }

  test("outside of runs it is the fake, with its `this`", async () => {
    const holder = {
      name: "holder",
      send: asTask(send, function (this: { name: string }, { to }: Mail) {
        return `${this.name} ${to}`;
      } as (mail: Mail) => string),
    };
    expect(await holder.send({ to: "ada" })).toBe("holder ada");
    expect([holder.send.name, holder.send.length]).toEqual([send.name, send.length]);
  });

  test("a fake that throws at once fails like a task, and options can be set for it", async () => {
    setup();
    mail.send = asTask(send, () => {
      throw new FatalError("no");
    });
    await expect((await start(remind, ["ada"])).result()).rejects.toThrow(FatalError);
    mail.send = taskOptions(
      asTask(send, () => Promise.reject(new Error("no"))),
      { retries: 0 },
    );
    await expect((await start(remind, ["bob"])).result()).rejects.toThrow("no");
  });

  test("works with crashEverywhere and inside of another task", async () => {
    mail.send = asTask(send, ({ to }, urgent) => `mocked ${to} ${urgent ?? "-"}`);
    expect(await crashEverywhere(weekly, ["ada"])).toMatchObject({
      steps: ["crash-everywhere digest[0]//send[0]", "crash-everywhere digest[0]"],
    });
  });

  test.each([
    ["a function without a directive", async () => 1, /asTask\(\) needs a compiled task.* and \(anonymous\) is none/],
    ["a mock", vi.fn(async () => 1), /asTask\(\) needs a compiled task/],
    ["a workflow", remind, /remind is a workflow/],
    ["nothing", undefined as unknown as typeof send, /undefined is none/],
  ])("refuses %s", (_, original, message) => {
    expect(() => asTask(original as typeof send, () => "")).toThrow(
      expect.objectContaining({ code: "FAKE_OF_NO_TASK", message: expect.stringMatching(message) }),
    );
  });

  test("has the type of the original", () => {
    expectTypeOf(asTask(send, ({ to }) => to)).toEqualTypeOf<typeof send>();
    // @ts-expect-error the fake has to return what the original returns
    expect(asTask(send, () => 1)).toBeTypeOf("function");
    // @ts-expect-error the fake has to take what the original takes
    expect(asTask(send, (text: string) => text)).toBeTypeOf("function");
  });
});

describe("a clock that stands still", () => {
  /** What is reported while nothing else happens, for a little longer than it takes. */
  const reportsOf = async (begin: () => unknown): Promise<readonly Pick<PerdureError, "code" | "message">[]> => {
    const reports: PerdureError[] = [];
    setup({ onReport: (report) => reports.push(report) });
    await begin();
    await vi.waitFor(() => expect(reports).not.toEqual([]), { timeout: 3500 }).catch(() => {});
    return reports.map(({ code, message }) => ({ code, message }));
  };
  const failOnce = (): void => {
    mail.send = asTask(send, () => Promise.reject(new Error("no network")));
  };

  test("a task that waits for its next attempt is reported with the call that would help", async () => {
    failOnce();
    const [report, ...more] = await reportsOf(() => start(remind, ["ada"]));
    expect(report?.code).toBe("CLOCK_STANDS_STILL");
    expect(report?.message).toContain("run remind-ada of the workflow remind");
    expect(report?.message).toContain("attempt 2 of step send[0]");
    expect(report?.message).toContain('await advance("1h")');
    expect(more).toEqual([]);
    await advance("1h");
    await expect(getRun("remind-ada").then((run) => run.result())).rejects.toThrow("no network");
  });

  test("so is a task that another task called", async () => {
    failOnce();
    const [report] = await reportsOf(() => start(weekly, ["ada"]));
    expect(report?.message).toContain("attempt 2 of step digest[0]//send[0]");
    await advance("1h"); // close() waits for running attempts
  });

  test("a sleep is reported where a result is awaited", async () => {
    const [report] = await reportsOf(() => void nap("ada").catch(() => {}));
    expect(report?.message).toContain("step sleep[0] continues");
    expect(report?.message).toContain('await advance("3d")');
  });

  test("a sleep that nobody waits for, and a wait for a signal, are not reported", async () => {
    expect(await reportsOf(() => start(nap, ["ada"]))).toEqual([]);
    expect(await reportsOf(() => void approval().catch(() => {}))).toEqual([]);
  });
});
