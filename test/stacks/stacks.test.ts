import { describe, expect, test } from "vitest";
import { expectedFrames, frameOf, printedStacks, type Frame } from "./frames.ts";
import { hosts } from "./hosts.ts";
import { createProject } from "./project.ts";
import { sources } from "./sources.ts";

/** Calls whose stacks the program prints; those in a workflow come out of the store. */
const calls = [
  "declared",
  "later",
  "arrow",
  "method",
  "instance",
  "secret",
  "deeper",
  "checked",
  "workflow",
  "helper",
  "closure",
  "inLoop",
  "generator",
  "expression",
  "run:declared",
  "run:later",
  "run:arrow",
  "run:method",
  "run:deeper",
];

/** Functions of the language itself, which have no place. */
const isBuiltIn = (line: string): boolean => line.endsWith("(<anonymous>)");

type NamedFrame = Omit<Frame, "column">;

const withoutName = <F extends NamedFrame>(frame: F): F => ({ ...frame, name: "-" });

describe("stack traces", () => {
  test.each(Object.entries(hosts))(
    "a stack trace names the function and the location in the source under %s",
    async (_name, { run, nameless = false }) => {
      const project = createProject(sources);
      const stacks = printedStacks(await run(project), project);
      expect([...stacks.keys()].toSorted()).toEqual(calls.toSorted());
      const comparable = <F extends NamedFrame>(frame: F | undefined): F | undefined =>
        frame && nameless ? withoutName(frame) : frame;
      for (const call of calls) {
        const lines = stacks.get(call) ?? [];
        const { first, later } = expectedFrames(call.replace("run:", ""));
        const top = frameOf(lines.find((line) => !isBuiltIn(line)) ?? "");
        expect.soft(comparable(top), `${call}\n${lines.join("\n")}`).toEqual(comparable(first));
        const frames = lines.flatMap((line) => comparable(frameOf(line)) ?? []).map(({ column: _, ...frame }) => frame);
        for (const each of later) expect.soft(frames, call).toContainEqual(comparable(each));
      }
    },
  );
});
