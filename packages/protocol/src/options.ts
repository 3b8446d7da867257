import { PerdureError } from "./errors.ts";
import { closest } from "./suggest.ts";

/** The names of the options of a type, so that the compiler finds a list that lacks one or has another. */
export type OptionNames<T> = Readonly<Record<keyof Required<T> & string, true>>;

/**
 * The options, if each of them is one that `owner` has. An option that is misspelt would have no effect and no message.
 * @param owner - what takes them: `configure()`, `start()`
 * @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID` if it is no object
 */
export function checkOptions<T extends object>(options: T, names: OptionNames<T>, owner: string): T {
  if (typeof options !== "object" || options === null)
    throw new PerdureError("OPTION_INVALID", {
      option: `the options of ${owner}`,
      value: String(options),
      expected: "an object",
    });
  const known = Object.keys(names);
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new PerdureError("OPTION_UNKNOWN", { owner, name, known, suggestion: closest(name, known) });
  return options;
}

/**
 * The value, if it is one of those.
 * @throws PerdureError `OPTION_INVALID`
 */
export function oneOf<T extends string>(value: T, values: readonly T[], option: string): T {
  if (values.includes(value)) return value;
  const meant = closest(String(value), values);
  const quoted = values.map((each) => `"${each}"`).join(", ");
  throw new PerdureError("OPTION_INVALID", {
    option,
    value: typeof value === "string" ? `"${value}"` : String(value),
    expected: `${meant === undefined ? "" : `"${meant}": it is `}one of ${quoted}`,
  });
}
