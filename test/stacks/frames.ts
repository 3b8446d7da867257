import type { Project } from "./project.ts";
import { sources } from "./sources.ts";

/** A line of a stack that is in the project's own source. */
export interface Frame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What the program printed: the frames of each call, by the call's name. */
export function printedStacks(output: string, project: Project): ReadonlyMap<string, readonly string[]> {
  const lines = output.split("\n").flatMap((line) => /STACK(\[.*\])/.exec(line)?.[1] ?? []);
  return new Map(
    lines.map((line) => {
      const [call, stack] = JSON.parse(line) as [string, string];
      return [
        call,
        stack
          .replaceAll(`file://${project.root}/`, "")
          .replaceAll(`${project.root}/`, "")
          .split("\n")
          .filter((each) => /^\s+at /.test(each)),
      ];
    }),
  );
}

/** The frame, if it is in the source that was written; `-` stands for no name. The class or object of a method is left out. */
export function frameOf(line: string): Frame | undefined {
  const match = /^\s+at (?:async )?(?:(.*) \()?(src\/\w+\.ts):(\d+):(\d+)\)?$/.exec(line);
  if (!match) return undefined;
  const [, name = "-", file = "", at = "", column = ""] = match;
  const own = name.replace(/ \[as .*\]$/, "").replace(/^.*\./, "");
  // a function without a name in code that was evaluated
  return { name: own === "<anonymous>" || own === "eval" ? "-" : own, file, line: Number(at), column: Number(column) };
}

/** The frames that the comments in the source ask for: `first` of all, and `later`. */
export function expectedFrames(call: string): {
  readonly first: Frame | undefined;
  readonly later: readonly Omit<Frame, "column">[];
} {
  const marked = Object.entries(sources).flatMap(([file, text]) =>
    text.split("\n").flatMap((line, index) => {
      const [, mark, of, name = "-"] = /\/\/ ([!>]) (\S+) (\S+)$/.exec(line) ?? [];
      // an error is made where `new` stands, a call is where the called name does
      const column = line.includes("new Error") ? line.indexOf("new Error") : line.indexOf("parse(");
      return of === call ? [{ mark, name, file, line: index + 1, column: column + 1 }] : [];
    }),
  );
  const frames = (wanted: string): Frame[] =>
    marked.filter(({ mark }) => mark === wanted).map(({ mark: _, ...frame }) => frame);
  return { first: frames("!")[0], later: frames(">").map(({ column: _, ...frame }) => frame) };
}
