import { parseDuration } from "@perdure/protocol";
import type { Slice } from "../../directives/arguments.ts";
import {
  backoffDescriptions,
  choiceDescriptions,
  wordDescriptions,
  type ArgumentDescription,
  type Description,
} from "../../directives/describe.ts";
import type { DirectiveWords } from "../../directives/directive.ts";
import { own, spotAt, textAt } from "./spot.ts";

/** What an editor shows of a part of a directive. Offsets refer to the text of the directive. */
export interface Hover {
  readonly span: Slice;
  readonly title: string;
  readonly text: string;
}

export function hoverAt(text: string, offset: number, words: DirectiveWords): Hover | undefined {
  const spot = spotAt(text, offset, words);
  if (!spot || spot.kind === "placeholder") return undefined;
  const { span } = spot;
  const written = textAt(text, span);
  if (spot.kind === "words") {
    const kind = (["task", "workflow"] as const).find((each) => words[each] === written);
    return kind && { span, title: `"${written}"`, text: documentation(wordDescriptions[kind]) };
  }
  if (spot.kind === "name") {
    const described = own(spot.names, written);
    return described && { span, title: written, text: documentation(described) };
  }
  const backoff = spot.value === "backoff" ? own(backoffDescriptions, written) : undefined;
  if (backoff) return { span, title: backoff.example, text: documentation(backoff) };
  const choice =
    spot.value === "catchUp" || spot.value === "overlap" ? own(choiceDescriptions[spot.value], written) : undefined;
  if (choice) return { span, title: choice.example, text: choice.text };
  const time = spot.value === "duration" ? parseDuration(written) : undefined;
  return time === undefined ? undefined : { span, title: `${written} = ${time.toLocaleString("en")} ms`, text: "" };
}

/** What it does, what holds without it, and an example. */
export function documentation(description: Description | ArgumentDescription): string {
  const { text, example } = description;
  const standard = "value" in description ? [`Default: ${description.standard ?? "none, it must be given"}.`] : [];
  return [text, ...standard, `Example: \`${example}\``].join("\n\n");
}
