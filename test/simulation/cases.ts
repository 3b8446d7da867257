/** Seeds with which the simulation finds a fault that it has found before, when the fault is put back, and what it was. */
export const cases: Readonly<Record<string, number>> = {
  "a run whose creation or claim was not answered, and that its owner did not know of": 41,
  "a caller who was not told of an end between two polls": 51,
  "a parent that was suspended and claimed again and again, while its child could not be read": 12,
  "an attempt that began on a lease which ran out while the store renewed it": 136,
};
