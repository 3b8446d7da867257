/** A package to compile, and the script's expectations of it. */
export interface RealPackage {
  /** Packages that are compiled together. */
  readonly packages: readonly string[];
  /** The minimum number of async functions with a directive that the script runs. */
  readonly running: number;
  /** Tests that depend on the number of microtasks of a call, which compiling changes: they close something that is being opened in the same tick. */
  readonly sameTick?: readonly string[];
}

/** The packages by the name of the script that uses them. */
export const realPackages: Readonly<Record<string, RealPackage>> = {
  // its own test suite, some 15,000 assertions
  "abstract-level": {
    packages: ["abstract-level", "memory-level"],
    running: 75,
    sameTick: [
      "open() and close() in same tick",
      "open(), close() and open() in same tick",
      "close() on open event",
      "close() on opening event",
      "open() on closed event",
      "open() on closing event",
    ],
  },
  "isomorphic-git": { packages: ["isomorphic-git"], running: 270 },
  jose: { packages: ["jose"], running: 55 },
  kysely: { packages: ["kysely"], running: 85 },
  oauth4webapi: { packages: ["oauth4webapi"], running: 55 },
  "p-queue": { packages: ["p-queue"], running: 8 },
  undici: { packages: ["undici"], running: 15 },
};
