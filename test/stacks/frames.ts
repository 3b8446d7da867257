import type { Project } from "./project.ts";
import { sources } from "./sources.ts";

/** A line of a stack trace that is in the project's own source. */
export interface Frame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The printed frames of each call, by the name of the call. */
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

/** The frame, if it is in the original source. The name `-` means none; the class or object of a method is left out. */
export function frameOf(line: string): Frame | undefined {
  const match = /^\s+at (?:async )?(?:(.*) \()?(src\/\w+\.ts):(\d+):(\d+)\)?$/.exec(line);
  if (!match) return undefined;
  const [, name = "-", file = "", at = "", column = ""] = match;
  const own = name.replace(/ \[as .*\]$/, "").replace(/^.*\./, "");
  // an anonymous function, or one in evaluated code
  return { name: own === "<anonymous>" || own === "eval" ? "-" : own, file, line: Number(at), column: Number(column) };
}

/** The frames that the comments in the source require: `!` marks the first one, `>` later ones. */
export function expectedFrames(call: string): {
  readonly first: Frame | undefined;
  readonly later: readonly Omit<Frame, "column">[];
} {
  const marked = Object.entries(sources).flatMap(([file, text]) =>
    text.split("\n").flatMap((line, index) => {
      const [, mark, of, name = "-"] = /\/\/ ([!>]) (\S+) (\S+)$/.exec(line) ?? [];
      // the position of an error is that of `new`, the position of a call is that of the called name
      const column = line.includes("new Error") ? line.indexOf("new Error") : line.indexOf("parse(");
      return of === call ? [{ mark, name, file, line: index + 1, column: column + 1 }] : [];
    }),
  );
  const frames = (wanted: string): Frame[] =>
    marked.filter(({ mark }) => mark === wanted).map(({ mark: _, ...frame }) => frame);
  return { first: frames("!")[0], later: frames(">").map(({ column: _, ...frame }) => frame) };
}
