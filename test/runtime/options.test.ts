/** Options belong to one function object, however many of them a place in the source makes. */
import { describe, expect, onTestFinished, test } from "vitest";
import { close, constant, getRun, start, taskContext, taskOptions, workflowOptions } from "perdure";
import { setup } from "perdure/testing";

type Task = () => Promise<number>;

const others = { other: 1 };

/** Fails, and says in which attempt. */
function fail(): never {
  throw new Error(`attempt ${taskContext().attempt}`);
}

const factories: Record<string, () => Task> = {
  "a declaration": () => {
    async function task(): Promise<number> {
      "use task: backoff=constant(0s)";
      return fail();
    }
    return task;
  },
  "an arrow function": () => {
    const task = async (): Promise<number> => {
      "use task: backoff=constant(0s)";
      return fail();
    };
    return task;
  },
  "an arrow function without a name": () => async () => {
    "use task: backoff=constant(0s)";
    return fail();
  },
  "a function expression": () =>
    async function named() {
      "use task: backoff=constant(0s)";
      return fail();
    },
  "a method of an object": () =>
    ({
      async task(): Promise<number> {
        "use task: backoff=constant(0s)";
        return fail();
      },
    }).task,
  "a method of an object that a later property may replace": () =>
    ({
      async task(): Promise<number> {
        "use task: backoff=constant(0s)";
        return fail();
      },
      ...others,
    }).task,
  "a method of a class": () => {
    class Agent {
      async task(): Promise<number> {
        "use task: backoff=constant(0s)";
        return fail();
      }
    }
    return Agent.prototype.task;
  },
  "a static method of a class": () => {
    class Agent {
      static async task(): Promise<number> {
        "use task: backoff=constant(0s)";
        return fail();
      }
    }
    return Agent.task;
  },
  "a field of a class": () => {
    class Agent {
      task = async (): Promise<number> => {
        "use task: backoff=constant(0s)";
        return fail();
      };
    }
    return new Agent().task;
  },
};

/** The task that the workflow calls. */
const given = new Map<string, Task>();

async function calls(): Promise<string> {
  "use workflow: id=calls";
  const task = given.get("task");
  return task === undefined ? "no task" : task().then(String, (error: Error) => error.message);
}

/** What a run that calls the task ends with. */
async function resultOf(task: Task): Promise<string> {
  setup();
  given.set("task", task);
  try {
    return await calls();
  } finally {
    await close();
  }
}

describe.each(Object.entries(factories))("two functions made by %s", (_, make) => {
  test("have each their own options, whichever were given last", async () => {
    const [two, none, five] = [make(), make(), make()];
    taskOptions(two, { retries: 1 });
    taskOptions(five, { retries: 4 });
    expect(await resultOf(two)).toBe("attempt 2");
    expect(await resultOf(five)).toBe("attempt 5");
    expect(await resultOf(none)).toBe("attempt 4");
    taskOptions(two, { backoff: constant(0) });
    expect(await resultOf(two)).toBe("attempt 2");
  });
});

test("functions that a loop makes have each their own options", async () => {
  const made: Task[] = [];
  for (const retries of [0, 2]) {
    made.push(
      taskOptions(
        async () => {
          "use task: backoff=constant(0s)";
          return fail();
        },
        { retries },
      ),
    );
  }
  const results: string[] = [];
  for (const task of made) results.push(await resultOf(task));
  expect(results).toEqual(["attempt 1", "attempt 3"]);
});

test("options of functions that cannot be told apart are refused, not given to all", () => {
  const make = (): Task =>
    new (class {
      async task(): Promise<number> {
        "use task";
        return fail();
      }
    })().task;
  const [first, second] = [make(), make()];
  taskOptions(first, { retries: 1 });
  taskOptions(first, { timeout: "1m" });
  expect(() => taskOptions(second, { retries: 2 })).toThrow(expect.objectContaining({ code: "OPTIONS_SHARED" }));
});

test("workflowOptions belong to one function object as well", async () => {
  onTestFinished(close);
  setup();
  const make = (name: string): ((question: string) => Promise<string>) => {
    async function ask(question: string): Promise<string> {
      "use workflow";
      return `${name} says: ${question}?`;
    }
    return workflowOptions(ask, { id: (question) => `${name}-${question}` });
  };
  const [ann, bob] = [make("ann"), make("bob")];
  expect([await ann("hello"), await bob("hello")]).toEqual(["ann says: hello?", "bob says: hello?"]);
  expect(await (await getRun("ann-hello")).result()).toBe("ann says: hello?");
});

describe("a workflow without an id, of which its arguments are not all", () => {
  class Bot {
    readonly name: string;
    constructor(name: string) {
      this.name = name;
    }
    async ask(question: string): Promise<string> {
      "use workflow";
      return `${this.name} says: ${question}?`;
    }
    async plain(question: string): Promise<string> {
      "use workflow";
      return `anyone says: ${question}?`;
    }
    arrow = async (question: string): Promise<string> => {
      "use workflow";
      return `${this.name} says: ${question}?`;
    };
  }

  const object = (name: string): { ask(question: string): Promise<string> } => ({
    async ask(question: string): Promise<string> {
      "use workflow";
      return `${name} says: ${question}?`;
    },
  });

  function through(name: string): (question: string) => Promise<string> {
    function say(question: string): string {
      return `${name} says: ${question}?`;
    }
    return async function ask(question: string): Promise<string> {
      "use workflow";
      return say(question);
    };
  }

  const needed = expect.objectContaining({ code: "RUN_ID_NEEDED" });
  const bots = [new Bot("ann"), new Bot("bob")] as const;

  test.each<[string, readonly ((question: string) => Promise<string>)[]]>([
    ["a method that uses its instance", bots.map((bot) => async (question) => bot.ask(question))],
    ["an arrow function that uses the instance around it", bots.map((bot) => bot.arrow)],
    ["a method that uses a variable around it", [object("ann").ask, object("bob").ask]],
    ["a closure over a function that uses a variable around it", [through("ann"), through("bob")]],
  ])(
    "is refused to a second caller with the same arguments, who would get the result of the first: %s",
    async (_, [ann, bob]) => {
      onTestFinished(close);
      setup();
      expect(await ann?.("hello")).toBe("ann says: hello?");
      await expect(bob?.("hello")).rejects.toThrow(needed);
      expect(await bob?.("hi")).toBe("bob says: hi?");
      expect(await ann?.("hello")).toBe("ann says: hello?");
    },
  );

  test("can be started with an id, and called in a workflow, where the call is its id", async () => {
    onTestFinished(close);
    setup();
    const run = await start(through("bob"), ["hello"], { id: "bob" });
    expect(await run.result()).toBe("bob says: hello?");
    async function asksBoth(): Promise<string[]> {
      "use workflow: id=asks-both";
      return [await through("ann")("hello"), await through("bob")("hello")];
    }
    expect(await asksBoth()).toEqual(["ann says: hello?", "bob says: hello?"]);
  });

  test("is not refused if it uses only its arguments", async () => {
    onTestFinished(close);
    setup();
    expect(await bots[0].plain("hello")).toBe("anyone says: hello?");
    expect(await bots[1].plain("hello")).toBe("anyone says: hello?");
  });
});
