import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const packages = resolve(import.meta.dirname, "../../packages");

/** The files whose code runs beside a user's tests, without comments. */
const files = ["protocol", "store", "runtime"].flatMap((name) =>
  readdirSync(join(packages, name, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== "system-time.ts")
    .map((file) => {
      const code = readFileSync(join(packages, name, "src", file), "utf8");
      return [join(name, file), code.replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, "")] as const;
    }),
);

test("all code reads the clock and sets timers through system-time.ts, which fake timers do not replace", () => {
  const uses =
    /\b(?:set|clear)(?:Timeout|Interval|Immediate)\(|queueMicrotask\(|process\.nextTick|performance\.now|Date\.now|new Date\(\)|hrtime|node:timers/;
  expect(files.length).toBeGreaterThan(100);
  expect(files.flatMap(([file, code]) => (uses.test(code) ? [file] : []))).toEqual([]);
});

const everything = [
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "setImmediate",
  "clearImmediate",
  "queueMicrotask",
  "Date",
  "performance",
] as const;

beforeEach(() => vi.resetModules());
afterEach(() => vi.useRealTimers());

test("the platform's own timers are found when fake ones are installed before the module is loaded", async () => {
  vi.useFakeTimers({ toFake: [...everything], now: 0 });
  const time = await import("../../packages/protocol/src/system-time.ts");
  expect(time.wallTime()).toBeGreaterThan(Date.UTC(2020, 0));
  const before = time.elapsed();
  const order: string[] = [];
  await new Promise<void>((done) => {
    const repeated = time.setRepeated(() => order.push("interval"), 1);
    time.setTimer(() => (time.clearRepeated(repeated), done()), 20);
    time.clearTimer(time.setTimer(() => order.push("never"), 1));
    time.nextTurn(() => order.push("turn"));
    time.nextTick(() => order.push("tick"));
  });
  expect(new Set(order)).toEqual(new Set(["tick", "turn", "interval"]));
  expect(order[0]).toBe("tick");
  expect(time.elapsed()).toBeGreaterThan(before);
});
