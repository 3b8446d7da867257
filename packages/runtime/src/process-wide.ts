import { PerdureError } from "@perdure/protocol";

/** What all copies of this package in one process share, by name. The number rises whenever a slot changes its form. */
type Shared = Record<string, unknown>;

const NAME = "perdure/registry@";
const key = Symbol.for(`${NAME}2`);
const globals = globalThis as { [key]?: Shared };
const shared: Shared = (globals[key] ??= {});

/** The value of this name that the whole process shares, however many copies of this package are loaded. The first copy makes it. */
export const processWide = <T>(name: string, make: () => T): T => (shared[name] ??= make()) as T;

/** Where the copies of this package were loaded from. A copy that is evaluated again counts once. */
export const copies = processWide("copies", () => new Set<string>());
copies.add(import.meta.url?.replace(/[?#].*$/, "") ?? "a CommonJS bundle");

// another version has other slots: neither would know the runs of the other
if (
  Object.getOwnPropertySymbols(globalThis).some((each) => each !== key && each.description?.startsWith(NAME) === true)
) {
  throw new PerdureError("RUNTIME_VERSIONS", { place: [...copies].join(", ") });
}
