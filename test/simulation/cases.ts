/** Seeds with which the simulation has found something, and what it was. */
export const cases: Readonly<Record<string, number>> = {};
