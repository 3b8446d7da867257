/** What `perdure show` says of a run beyond its steps, values and error. */
import { sqliteStore, type Lease, type NewRun } from "perdure";
import { createCodec } from "perdure/tools";
import { expect, onTestFinished, test } from "vitest";
import { temporaryDirectory } from "../directories.ts";
import { onTerminal, perdure, storeIn } from "./command.ts";

const T = Date.UTC(2030, 0, 1);
const lease = (pid: number): Lease => ({ owner: JSON.stringify({ machine: "web-3|boot", pid }), ms: 1 });

function newRun(id: string): NewRun {
  const code = { code: "c", modules: `{"version":1,"modules":[]}` };
  return {
    id,
    workflow: "order",
    file: "src/order.ts",
    input: "1:[[]]",
    inputHash: "h",
    seed: "s",
    ...code,
  };
}

/** A store that only the test writes to. */
function emptyStore(): {
  readonly url: string;
  readonly store: ReturnType<typeof sqliteStore>;
  readonly clock: { now: number };
} {
  const url = storeIn(temporaryDirectory("cli"));
  const store = sqliteStore(url.slice("sqlite:".length));
  const clock = { now: T };
  store.open({ now: () => clock.now });
  onTestFinished(() => store.close());
  return { url, store, clock };
}

test("it counts the executions of a run, and those whose process died", async () => {
  const { store, url, clock } = emptyStore();
  store.createRun({ ...newRun("once"), lease: lease(1) });
  store.createRun({ ...newRun("often"), lease: lease(1) });
  clock.now = T + 10;
  store.claim({ run: "often", lease: lease(2) });
  clock.now = T + 20;
  store.commit([{ type: "release", run: "often", epoch: 2, status: "pending" }]);
  clock.now = T + 30;
  store.claim({ run: "often", lease: lease(3) });
  const [once, often, json] = await Promise.all([
    perdure(["show", "once"], { store: url }),
    onTerminal(["show", "often"], { store: url, env: { NO_COLOR: "1" } }),
    perdure(["show", "often", "--json"], { store: url }),
  ]);
  expect(once.output).not.toContain("executions");
  expect(often.output).toContain("\nexecutions 3 (1 died)\n");
  const at = (milliseconds: number): string => new Date(T + milliseconds).toISOString();
  expect(JSON.parse(json.output)).toMatchObject({
    executions: [
      { number: 1, startedAt: at(0), end: "died", owner: "web-3:1" },
      { number: 2, startedAt: at(10), endedAt: at(20), end: "released", owner: "web-3:2" },
      { number: 3, startedAt: at(30), owner: "web-3:3" },
    ],
  });
});

test("it tells of the failed attempts of a step", async () => {
  const { store, url } = emptyStore();
  store.createRun({ ...newRun("r"), lease: lease(1) });
  const codec = createCodec();
  const error = (message: string): string => `1:${codec.encode(new Error(message))}`;
  const step = { kind: "task", state: "failed", inputHash: "h", output: error("refused"), startedAt: T } as const;
  const attempts = [
    [1, T, T + 1_000, error("the line is busy\n\u001b[2J")],
    [2, T + 3_000, T + 5_000, null],
  ];
  const twice = { ...step, id: "charge[0]", seq: 1, attempt: 2, failedAttempts: JSON.stringify(attempts) };
  const once = { ...step, id: "ship[0]", seq: 2, attempt: 1, failedAttempts: JSON.stringify(attempts.slice(1)) };
  store.commit(
    [twice, once].map((row) => ({ type: "step", run: "r", epoch: 1, step: { ...row, finishedAt: T + 5_000 } })),
  );
  const [pipe, terminal, json] = await Promise.all([
    perdure(["show", "r"], { store: url }),
    onTerminal(["show", "r"], { store: url }),
    perdure(["show", "r", "--json"], { store: url }),
  ]);
  expect(pipe.output).toContain(`
├─ ✖ charge[0]  5s, 2 attempts
│     attempt 1  1s  Error: the line is busy
│     attempt 2  2s  Error: refused
│     Error: refused
└─ ✖ ship[0]  5s
      Error: refused
`);
  expect(terminal.output).toContain("\u001b[2mattempt 1  1s  Error: the line is busy\u001b[22m");
  expect(JSON.parse(json.output)).toMatchObject({
    steps: [
      {
        failedAttempts: [
          { attempt: 1, error: { name: "Error" } },
          { attempt: 2, error: { message: "refused" } },
        ],
      },
      {},
    ],
  });
});
