/** What a process knows of the store's clock. */
import { expect, test } from "vitest";
import type { Clock } from "perdure";
import { StoreClock } from "../../packages/runtime/src/config/store-clock.ts";

/** A machine whose wall clock may be wrong, and whose monotonic clock runs. */
function machine() {
  const state = { wall: 1_000_000, elapsed: 0 };
  const timers: { readonly time: number; readonly fn: () => void }[] = [];
  const own: Clock = {
    now: () => state.wall,
    at(time, fn) {
      timers.push({ time, fn });
      return () => {};
    },
  };
  const pass = (milliseconds: number): void => {
    state.wall += milliseconds;
    state.elapsed += milliseconds;
  };
  return { state, timers, pass, clock: new StoreClock(own, () => state.elapsed) };
}

/** A store that answers after a time. */
const answering =
  (pass: (milliseconds: number) => void, time: number, after = 0) =>
  async (): Promise<number> => {
    await Promise.resolve();
    pass(after);
    return time;
  };

test("a store that answers at once has the clock of the machine", async () => {
  const { state, clock } = machine();
  await clock.begin(() => 5);
  state.wall += 77;
  expect(clock.now()).toBe(1_000_077);
});

test("the time of a store behind a network continues with the monotonic clock, whatever the wall clock does", async () => {
  const { state, pass, clock } = machine();
  await clock.begin(answering(pass, 5_000, 20));
  expect(clock.now()).toBe(5_010); // it was read in the middle of the 20 ms
  state.wall -= 3_600_000;
  pass(1_000);
  expect(clock.now()).toBe(6_010);
});

test("it is read again every ten seconds; an answer that took long does not replace one that took little", async () => {
  const { pass, clock } = machine();
  await clock.begin(answering(pass, 5_000, 2));
  let reads = 0;
  const read = (time: number, after: number) => (): Promise<number> => {
    reads++;
    return answering(pass, time, after)();
  };
  pass(9_000);
  clock.keep(read(0, 0));
  expect(reads).toBe(0);
  pass(2_000);
  clock.keep(read(16_050, 400));
  await new Promise(setImmediate);
  expect([reads, clock.now()]).toEqual([1, 16_401]);
  pass(11_000);
  clock.keep(read(27_000, 4));
  await new Promise(setImmediate);
  expect([reads, clock.now()]).toEqual([2, 27_002]);
});

test("a store whose clock was set is believed, though it answers slowly", async () => {
  const { pass, clock } = machine();
  await clock.begin(answering(pass, 5_000, 2));
  pass(11_000);
  clock.keep(answering(pass, 1_000_000, 400));
  await new Promise(setImmediate);
  expect(clock.now()).toBe(1_000_200);
});

test("a time that the store has said is not in the future", async () => {
  const { pass, clock } = machine();
  clock.isAtLeast(2_000_000);
  expect(clock.now(), "a store that answers at once needs no correction").toBe(1_000_000);
  await clock.begin(answering(pass, 5_000));
  clock.isAtLeast(4_000);
  expect(clock.now()).toBe(5_000);
  clock.isAtLeast(9_000);
  expect(clock.now()).toBe(9_000);
});

test("a read that fails changes nothing; the first one has to succeed", async () => {
  const { pass, clock } = machine();
  const fails = async (): Promise<number> => {
    throw new Error("down");
  };
  await expect(clock.begin(fails)).rejects.toThrow("down");
  await clock.begin(answering(pass, 5_000));
  pass(11_000);
  clock.keep(fails);
  await new Promise(setImmediate);
  expect(clock.now()).toBe(16_000);
});

test("a timer waits for the store's time", async () => {
  const { state, timers, pass, clock } = machine();
  await clock.begin(answering(pass, 5_000));
  let isCalled = false;
  clock.at(6_000, () => (isCalled = true));
  expect(timers[0]?.time).toBe(1_001_000);
  state.wall += 5_000; // the wall clock was set, so the timer comes early
  timers[0]?.fn();
  expect(isCalled).toBe(false);
  pass(1_000);
  timers[1]?.fn();
  expect(isCalled).toBe(true);
});
