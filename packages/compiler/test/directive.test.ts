import type { BackoffSpec } from "@perdure/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exponential, linear } from "../../runtime/src/config/task-options.ts";
import { readDirective, type DirectiveReading } from "../src/directives/directive.ts";

const task = (args: string) => {
  const reading = readDirective(`use task: ${args}`);
  expect(reading?.problems).toEqual([]);
  return reading?.directive?.kind === "task" ? reading.directive.options : undefined;
};
const id = (text: string) => {
  const reading = readDirective(`use workflow: ${text}`);
  expect(reading?.problems).toEqual([]);
  const parts = reading?.directive?.kind === "workflow" ? reading.directive.id : undefined;
  return parts?.map((part) => (typeof part === "string" ? part : { [part.placeholder]: [part.start, part.end] }));
};
const codes = (reading: DirectiveReading | undefined) => reading?.problems.map(({ code }) => code);

describe("the arguments of a task directive", () => {
  test("every option of a task directive is read", () => {
    expect(readDirective("use task")).toEqual({ directive: { kind: "task", options: undefined }, problems: [] });
    expect(task("retries=3, backoff=exponential(base=2, max=60s), timeout=30s")).toEqual({
      retries: 3,
      backoff: { kind: "exponential", base: 2, max: 60_000 },
      timeout: 30_000,
    });
    expect(task("backoff=exponential(base=1.5,jitter=true)")).toEqual({
      backoff: { kind: "exponential", base: 1.5, jitter: true },
    });
    expect(task("backoff=linear(start=1s, step=500ms)")).toEqual({
      backoff: { kind: "linear", start: 1000, step: 500 },
    });
    expect(task("backoff=constant(5s)")).toEqual({ backoff: { kind: "constant", delay: 5000 } });
    expect(task(" backoff = constant( delay = 250 ms ) , retries = 0 ")).toEqual({
      backoff: { kind: "constant", delay: 250 },
      retries: 0,
    });
  });

  test("unknown and invalid arguments of a task directive are refused", () => {
    const refused: Record<string, string> = {
      "retries=many": "DIRECTIVE_ARGUMENT_INVALID",
      "timeout=-1s": "DIRECTIVE_ARGUMENT_INVALID",
      "timeout=0s": "DIRECTIVE_ARGUMENT_INVALID",
      "timeout=1 fortnight": "DIRECTIVE_ARGUMENT_INVALID",
      "backoff=2": "DIRECTIVE_ARGUMENT_INVALID",
      "backoff=fibonacci(1)": "DIRECTIVE_ARGUMENT_INVALID",
      "backoff=exponential(base=2, base=3)": "DIRECTIVE_ARGUMENT_DUPLICATE",
      "retry=1": "DIRECTIVE_ARGUMENT_UNKNOWN",
      "id=x": "DIRECTIVE_ARGUMENT_UNKNOWN",
      retries: "DIRECTIVE_ARGUMENT_UNKNOWN",
      "retries=1,,timeout=1s": "DIRECTIVE_SYNTAX",
      "": "DIRECTIVE_SYNTAX",
    };
    for (const [args, code] of Object.entries(refused))
      expect([args, codes(readDirective(`use task: ${args}`))]).toEqual([args, [code]]);
  });
});

describe("the id in a workflow directive", () => {
  test("the id in a workflow directive is read as text and placeholders with their positions", () => {
    expect(id("id=pipeline-{source}")).toEqual(["pipeline-", { source: [26, 34] }]);
    expect(id("id={a.b}{c[0]}")).toEqual([{ "a.b": [17, 22] }, { "c[0]": [22, 28] }]);
    expect(id('id="a, b={x}"')).toEqual(["a, b=", { x: [23, 26] }]);
    expect(id("id=it's-{{x}}")).toEqual(["it's-{x}"]);
  });
});

test("durations in a task directive are read as in the options", () => {
  expect(task("timeout=1 second")).toEqual({ timeout: 1000 });
  expect(task('timeout="2 days"')).toEqual({ timeout: 172_800_000 });
  expect(task("timeout=1500 ms")).toEqual({ timeout: 1500 });
  expect(task("backoff=linear(start=0s, step=1 min)")).toEqual({ backoff: { kind: "linear", start: 0, step: 60_000 } });
});

test("exponential and linear have defaults, and the functions of the runtime have the same", () => {
  const backoffs: Record<string, BackoffSpec> = {
    exponential: exponential(),
    "exponential()": exponential({}),
    "exponential( )": { kind: "exponential", base: 2, max: 60_000 },
    "exponential(jitter=true)": exponential({ jitter: true }),
    "exponential(max=5m)": exponential({ max: "5m" }),
    "exponential(base=3)": exponential({ base: 3 }),
    "exponential(base=2)": { kind: "exponential", base: 2 },
    linear: linear(),
    "linear()": { kind: "linear", start: 1000, step: 1000 },
    "linear(start=5s)": linear({ start: "5s" }),
    "linear(step=2s)": linear({ step: "2s" }),
    "linear(step=2s, start=0s)": linear({ start: 0, step: 2000 }),
  };
  for (const [text, backoff] of Object.entries(backoffs))
    expect([text, task(`backoff=${text}`)]).toEqual([text, { backoff }]);
  expect(codes(readDirective("use task: backoff=exponential(base=0)"))).toEqual(["DIRECTIVE_ARGUMENT_INVALID"]);
  expect(codes(readDirective("use task: backoff=linear(start=soon)"))).toEqual(["DIRECTIVE_ARGUMENT_INVALID"]);
  expect(codes(readDirective("use task: backoff=constant()"))).toEqual(["DIRECTIVE_ARGUMENT_MISSING"]);
});

test("a duration without a unit is refused, with both readings", () => {
  const durations = [
    "timeout=#",
    "backoff=constant(#)",
    "backoff=constant(delay=#)",
    "backoff=exponential(base=2, max=#)",
  ];
  for (const form of [...durations, "backoff=linear(start=#, step=1s)", "backoff=linear(start=1s, step=#)"])
    for (const value of ["5", "60", "0", "1.5", ".5", "1e3", "1_000", '"5"', "+5"]) {
      const [problem, ...more] = readDirective(`use task: ${form.replace("#", value)}`)?.problems ?? [];
      expect([form, value, more, problem?.code]).toEqual([form, value, [], "DIRECTIVE_ARGUMENT_INVALID"]);
      const bare = value.replaceAll('"', "");
      expect(JSON.stringify(problem?.params)).toContain(`write ${bare}ms for milliseconds, or ${bare}s for seconds`);
    }
});

test("directives of other tools are ignored", () => {
  for (const text of [
    "use strict",
    "use client",
    "use server",
    "use cache",
    "use cache: remote",
    "use step",
    "use memo",
    "use asm",
    "user",
    "use",
    "",
    "use the task list",
    "task",
  ]) {
    expect([text, readDirective(text)]).toEqual([text, undefined]);
  }
});

test("misspelt directives are recognized", () => {
  for (const text of [
    "use tasks",
    "use  task",
    "Use Task",
    "USE WORKFLOW",
    "use-task",
    "use tasks: retries=3",
    "use workflows",
    "use worflow",
    "use taks",
    "use task ",
    " use task",
    "use_task",
    "use task;",
    "use worklow: id=a",
  ]) {
    expect([text, codes(readDirective(text))]).toEqual([text, ["DIRECTIVE_MISSPELT"]]);
  }
});

const spelled = (text: string): string | undefined => {
  const [problem] = readDirective(text)?.problems ?? [];
  return problem?.code === "DIRECTIVE_MISSPELT" ? problem.params.meant : undefined;
};

test("what begins with the words of a directive and no letter is a directive or an error", () => {
  const meant: Record<string, string> = {
    "use task retries=1": "use task: retries=1",
    "use task; retries=1": "use task: retries=1",
    "use task, retries=1, timeout=1s": "use task: retries=1, timeout=1s",
    "use task(retries=1)": "use task: retries=1",
    "use task (backoff=constant(5s));": "use task: backoff=constant(5s)",
    "use task - retries=1": "use task: retries=1",
    "use task => retries=1": "use task: retries=1",
    "use task\n  retries=1": "use task: retries=1",
    "use task： retries=1": "use task: retries=1",
    "use task retries=1: once": "use task: retries=1: once",
    "use task once": "use task",
    "use task 3": "use task",
    "use task3": "use task",
    "use task\u200b": "use task",
    "use\u00a0task": "use task",
    "use\ttask": "use task",
    "use\u3000task retries=1": "use task: retries=1",
    "use task : retries=1": "use task",
    "Use Task; retries=1": "use task: retries=1",
    "use-task, retries=1": "use task: retries=1",
    "useTask(retries=1)": "use task: retries=1",
    "use tasks retries=1": "use task: retries=1",
    "use workflow id=order-{id}": "use workflow: id=order-{id}",
    "use workflow; id=x": "use workflow: id=x",
    "use workflow(id=x-{id})": "use workflow: id=x-{id}",
    "use workflow{id}": "use workflow",
    "use work flow, id=x": "use workflow: id=x",
    "use workflows, id=x": "use workflow: id=x",
  };
  for (const [text, directive] of Object.entries(meant)) expect([text, spelled(text)]).toEqual([text, directive]);
  fc.assert(
    fc.property(
      fc.constantFrom("use task", "use workflow"),
      fc.string({ unit: "binary", minLength: 1 }).filter((rest) => !/^\p{L}/u.test(rest)),
      (words, rest) => {
        const reading = readDirective(words + rest);
        expect(reading?.directive ?? reading?.problems[0]).toBeDefined();
      },
    ),
  );
});

test("other words that a letter continues are ignored", () => {
  for (const text of ["use taskforce", "use tanks to store", "use memo retries=1"])
    expect([text, readDirective(text)]).toEqual([text, undefined]);
});

test("reading any text as a directive never throws and reports only positions inside the text", () => {
  const text = fc.string({ unit: fc.constantFrom(...`use taskworkflow:=,(){}"'12ms `.split("")), maxLength: 40 });
  fc.assert(
    fc.property(
      text,
      fc.constantFrom("use task: ", "use workflow: ", "use task: backoff=exponential(", ""),
      (rest, start) => {
        const whole = start + rest;
        for (const problem of readDirective(whole)?.problems ?? []) {
          expect(problem.start).toBeGreaterThanOrEqual(0);
          expect(problem.end).toBeLessThanOrEqual(whole.length);
          expect(problem.end).toBeGreaterThan(problem.start);
        }
      },
    ),
    { numRuns: 500 },
  );
});
