/**
 * What each peer is asked, in a process of its own: node PEER.mjs WHAT DIRECTORY COUNT, where WHAT is
 *
 *   steps    one run of so many steps, one after another; prints the milliseconds that they take
 *   runs     so many runs of 10 steps at once; prints the same
 *   record   one run of so many steps, whose process dies after the last one
 *   resume   the run that was recorded, in another process; prints the same
 *   cold     one run of one step
 */

/** What a step returns: about 100 bytes. */
export const value = (index) => ({ index, text: "x".repeat(76) });

const WARM_UP = 100;

let began;
let ended;

/**
 * A peer that polls for new runs and for results calls this around the body of its workflow, so that the time of one run is that of its steps.
 * It is a favour: what happens before and after is left out.
 */
export async function body(work) {
  began ??= performance.now();
  const result = await work();
  ended = performance.now();
  return result;
}

async function timed(work, fromBody) {
  began = undefined;
  ended = undefined;
  const start = performance.now();
  await work();
  const end = performance.now();
  console.log(JSON.stringify({ taken: (ended ?? end) - (fromBody ? (began ?? start) : start) }));
}

function check(sum, steps) {
  if (sum !== (steps * (steps - 1)) / 2) throw new Error(`a run of ${steps} steps returned ${sum}`);
}

/**
 * `open` makes a peer ready and answers with its functions:
 *
 *   run(id, steps)     executes a run that returns the sum of the indexes of its steps
 *   record(id, steps)  the same, but it calls `die` after its last step
 *   resume(id, steps)  executes the run that was recorded
 *   close()
 */
export async function program(open) {
  const [, , what, directory, count] = process.argv;
  const steps = Number(count);
  const peer = await open(directory);
  const works = {
    async steps() {
      check(await peer.run("warm", WARM_UP), WARM_UP);
      await timed(async () => check(await peer.run("a", steps), steps), true);
    },
    async runs() {
      check(await peer.run("warm", WARM_UP), WARM_UP);
      const ids = Array.from({ length: steps }, (_, run) => `r${run}`);
      await timed(() => Promise.all(ids.map(async (id) => check(await peer.run(id, 10), 10))), false);
    },
    record: () => peer.record("a", steps),
    resume: () => timed(async () => check(await peer.resume("a", steps), steps), false),
    cold: async () => check(await peer.run("cold", 1), 1),
  };
  await works[what]();
  await peer.close?.();
  process.exit();
}

/** Ends the process as a crash does. */
export const die = () => process.kill(process.pid, "SIGKILL");
