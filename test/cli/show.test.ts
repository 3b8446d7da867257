/** What `perdure show` says of a run beyond its steps, values and error. */
import { sqliteStore, type Lease, type NewRun } from "perdure";
import { expect, onTestFinished, test } from "vitest";
import { temporaryDirectory } from "../directories.ts";
import { onTerminal, perdure, storeIn } from "./command.ts";

const T = Date.UTC(2030, 0, 1);
const lease = (pid: number): Lease => ({ owner: JSON.stringify({ machine: "web-3|boot", pid }), until: T + 1 });

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
    createdAt: T,
  };
}

/** A store that only the test writes to. */
function emptyStore(): { readonly url: string; readonly store: ReturnType<typeof sqliteStore> } {
  const url = storeIn(temporaryDirectory("cli"));
  const store = sqliteStore(url.slice("sqlite:".length));
  store.open();
  onTestFinished(() => store.close());
  return { url, store };
}

test("it counts the executions of a run, and those whose process died", async () => {
  const { store, url } = emptyStore();
  store.createRun({ ...newRun("once"), lease: lease(1) });
  store.createRun({ ...newRun("often"), lease: lease(1) });
  store.claim({ run: "often", lease: lease(2), now: T + 10 });
  store.commit([{ type: "release", run: "often", epoch: 2, status: "pending", at: T + 20 }]);
  store.claim({ run: "often", lease: lease(3), now: T + 30 });
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
