import type { Subject } from "./simulation.ts";

/** Seeds with which the simulation found something, with the sources of that time, and what it was. `test/life/two-processes.test.ts` has the exact cases. */
export const cases: Readonly<Record<string, readonly [Subject, number]>> = {
  "a run whose creation was not answered, and that its owner did not know of": ["life", 10],
  "a caller who was not told of an end between two polls": ["life", 22],
  "an attempt that began on a lease which ran out while the store answered": ["life", 233],
  "a parent that was suspended and claimed again and again, while its child could not be read": ["life", 12],
  "a process that claimed a run from itself, because a claim and a creation were in flight": ["life", 1478],
  "a parent that was suspended and claimed again and again, until the next poll": ["life", 2991],
  "a run that was followed by its owner, which did not know that it was the owner": ["life", 3205],
  "a process that claimed a run from itself, since `start` created the run while it was looked after": ["life", 986],
  "a parent that was suspended and claimed again and again, while a claim of its child was not answered": [
    "life",
    5447,
  ],
  "a run that was claimed by a call without an answer, for a worker that was stopped then": ["life", 4022],
  "a slot that was taken for an attempt which never began, because its run had stopped": ["flow", 176],
  "a slot of a task that waited for a call which its process had dropped": ["flow", 614],
  "an attempt that began with a slot whose lease was over": ["flow", 404],
  "a parent in a queue that was claimed again and again, while the end of its child was about to be read": [
    "flow",
    361,
  ],
  "slots that were offered to a step of a blocked run, one after the other, so that nobody else came": ["flow", 180],
  "a batch in line that was read again and again, since a further start made it due": ["flow", 2415],
  "a reader that waited while a claim of its run was in flight, which left the run with another process": [
    "streams",
    1,
  ],
  "a step that was recorded, though the write of its chunks had failed": ["streams", 69],
  "a run of its own that a process claimed every millisecond, while a call that may have claimed it was not answered": [
    "streams",
    246,
  ],
  "a run whose creation was answered after its creator had claimed it anew, so that the later execution was forgotten":
    ["streams", 10017],
};
