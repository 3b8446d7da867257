/** Seeds with which the simulation found something, with the sources of that time, and what it was. `test/life/two-processes.test.ts` has the exact cases. */
export const cases: Readonly<Record<string, number>> = {
  "a run whose creation was not answered, and that its owner did not know of": 10,
  "a caller who was not told of an end between two polls": 22,
  "an attempt that began on a lease which ran out while the store answered": 233,
  "a parent that was suspended and claimed again and again, while its child could not be read": 12,
  "a process that claimed a run from itself, because a claim and a creation were in flight": 1478,
  "a parent that was suspended and claimed again and again, until the next poll": 2991,
  "a run that was followed by its owner, which did not know that it was the owner": 3205,
  "a process that claimed a run from itself, since `start` created the run while it was looked after": 986,
  "a parent that was suspended and claimed again and again, while a claim of its child was not answered": 5447,
};
