/** Another class of a name that `errors.ts` has, too. */
export class Busy extends Error {}
