import { define, type Entry } from "./entry.ts";

/** The beginning of a message: `chargeCard returns`, `order takes`. */
interface Subject {
  readonly what: string;
}

/** A path in a type, and the problem there. */
export interface Culprit {
  readonly path: string;
  readonly found: string;
}

export interface Culprits extends Subject {
  readonly culprits: readonly [Culprit, ...Culprit[]];
}

const place = ({ path, found }: Culprit): string => (path === "" ? found : `${path}: ${found}`);

/** Lists the first three, and the number of the others. */
function list(culprits: readonly Culprit[]): string {
  const named = culprits.slice(0, 3).map(place).join(", ");
  return culprits.length > 3 ? `${named} and ${culprits.length - 3} more` : named;
}

/** All messages of the type-aware check. A golden test quotes each one. */
export const checkMessages = {
  TSCONFIG_INVALID: define("error", (p: { detail: string }) => ({
    text: `this project cannot be checked: ${p.detail}`,
    hint: "set the check option tsconfig to the tsconfig.json of the sources, or correct that file",
  })),
  RESULT_NOT_STORABLE: define("error", (p: Culprits) => ({
    text: `${p.what} ${list(p.culprits)}, which cannot be stored`,
    hint: "leave it out, return plain data, or register the class with configure({ classes })",
  })),
  INPUT_NOT_STORABLE: define("error", (p: Culprits) => ({
    text: `${p.what} ${list(p.culprits)}, which cannot be stored`,
    hint: "take plain data and open resources in a task, or register the class with configure({ classes })",
  })),
  CLASS_NOT_REGISTERED: define("warning", (p: Culprits) => ({
    text: `${p.what} ${list(p.culprits)}: an object literal of that shape can be stored, an instance of the class cannot`,
    hint: "register the class with configure({ classes }), or declare plain data as an interface",
  })),
  CLASS_NOT_KEPT: define("warning", (p: Culprits) => ({
    text: `${p.what} ${list(p.culprits)}`,
    hint: "use the class that the value comes back as, or register its own class with configure({ classes })",
  })),
} satisfies Record<string, Entry<never>>;
