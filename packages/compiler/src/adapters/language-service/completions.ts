import type { ts } from "ts-morph";
import {
  argumentDescriptions,
  backoffDescriptions,
  choiceDescriptions,
  wordDescriptions,
  type ArgumentDescription,
  type Description,
  type ValueKind,
} from "../../directives/describe.ts";
import type { DirectiveWords } from "../../directives/directive.ts";
import { isAsync, type DirectiveString } from "./directive-string.ts";
import type { Parameters } from "./parameters.ts";
import { spotAt, type Spot } from "./spot.ts";

/** One thing that can be written. Offsets refer to the text of the directive. */
export interface Suggestion {
  readonly name: string;
  readonly kind: "word" | "argument" | "value" | "parameter" | "member";
  readonly start: number;
  readonly end: number;
  /** Behind `name`, for what must follow it. */
  readonly suffix?: string;
  readonly description: Description | ArgumentDescription | undefined;
  readonly symbol?: ts.Symbol | undefined;
}

/** What can be written at `position`, and would be right there. */
export function suggestions(
  api: typeof ts,
  found: DirectiveString,
  position: number,
  words: DirectiveWords,
  parameters: Parameters | undefined,
): Suggestion[] {
  const offset = position - found.start;
  const spot = spotAt(found.text, offset, words);
  switch (spot?.kind) {
    case "words":
      return !found.fn || isAsync(api, found.fn) ? directives(found.text.slice(0, offset), spot, words) : [];
    case "name":
      return Object.entries(spot.names).flatMap(([name, description]) =>
        spot.given.includes(name) ? [] : [{ name, kind: "argument", ...spot.span, suffix: "=", description } as const],
      );
    case "value":
      return valuesOf(spot.value).map(([name, description]) => ({ name, kind: "value", ...spot.span, description }));
    case "placeholder": {
      const { start, end } = spot.steps[spot.at] ?? { start: offset, end: offset };
      const candidates = parameters?.candidates(spot.steps.slice(0, spot.at)) ?? [];
      return candidates.map(({ name, symbol, isParameter }) => {
        const kind = isParameter ? "parameter" : "member";
        return { name, kind, start, end, description: undefined, symbol };
      });
    }
    default:
      return [];
  }
}

/** The directives, and each with its arguments once its words are there. */
function directives(typed: string, { span }: Extract<Spot, { kind: "words" }>, words: DirectiveWords): Suggestion[] {
  return (["workflow", "task"] as const).flatMap((kind): Suggestion[] => {
    const whole = { kind: "word", ...span } as const;
    const withArguments = typed.startsWith(words[kind]) ? Object.entries(argumentDescriptions[kind]) : [];
    return [
      { name: words[kind], ...whole, description: wordDescriptions[kind] },
      ...withArguments.map(([name, description]) => ({
        name: `${words[kind]}: ${name}`,
        ...whole,
        suffix: "=",
        description,
      })),
    ];
  });
}

type Values = readonly (readonly [text: string, description: Description | undefined])[];
const plain = (...texts: readonly string[]): Values => texts.map((each) => [each, undefined]);

const valuesOf = (kind: ValueKind): Values =>
  kind === "timezone"
    ? plain("UTC", ...Intl.supportedValuesOf("timeZone").filter((each) => each !== "UTC"))
    : values[kind];

const values: Readonly<Record<Exclude<ValueKind, "timezone">, Values>> = {
  count: plain("0", "1", "3", "5", "10"),
  factor: plain("1.5", "2", "3"),
  flag: plain("true", "false"),
  duration: plain("250ms", "1s", "30s", "1m", "5m", "1h", "1d"),
  backoff: Object.values(backoffDescriptions).map((each) => [each.example, each]),
  template: [],
  date: plain("yyyy-mm-dd", "yyyy-mm", "yyyy", "yyyy-mm-dd-hh"),
  name: [],
  rate: plain("1/1s", "10/1s", "10/1m", "100/1m", "1000/1h"),
  cron: plain("* * * * *", "*/5 * * * *", "0 * * * *", "0 6 * * *", "0 6 * * 1-5", "0 6 1 * *"),
  catchUp: Object.entries(choiceDescriptions.catchUp),
  overlap: Object.entries(choiceDescriptions.overlap),
};
