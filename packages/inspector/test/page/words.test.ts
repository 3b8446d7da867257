import { describe, expect, test } from "vitest";
import { costText, tokensText } from "../../page/src/model/agent.ts";
import { countOf, formatDuration, formatRate, formatRelative } from "../../page/src/model/format.ts";
import { explain, permittedActions } from "../../page/src/model/permitted.ts";

describe("words for numbers", () => {
  test.each([
    [-5, "0 ms"],
    [340.4, "340 ms"],
    [1000, "1 s"],
    [1260, "1.2 s"],
    [9999, "9.9 s"],
    [59_999, "59 s"],
    [125_000, "2 m 05 s"],
    [11_520_000, "3 h 12 m"],
    [4.1 * 86_400_000, "4 d 2 h"],
  ])("%d milliseconds are %s", (span, text) => {
    expect(formatDuration(span)).toBe(text);
  });

  test("a time is relative to now", () => {
    expect(formatRelative(1000, 1500)).toBe("now");
    expect(formatRelative(0, 12_300)).toBe("12 s ago");
    expect(formatRelative(0, 7_300_000)).toBe("2 h ago");
    expect(formatRelative(90_000, 0)).toBe("in 1 m 30 s");
  });

  test("counts and rates", () => {
    expect([countOf(1, "step"), countOf(12_000, "step")]).toEqual(["1 step", "12,000 steps"]);
    expect([formatRate(0), formatRate(0.062), formatRate(0.5)]).toEqual(["0 %", "6.2 %", "50 %"]);
  });
});

describe("words for what models have used", () => {
  const usage = { inputTokens: 1_200, cachedInputTokens: 0, outputTokens: 34, totalTokens: 1_234, cost: 0 };

  test("tokens are told by where they belong", () => {
    expect(tokensText(usage)).toBe("1,234 tokens (1,200 in, 34 out)");
    expect(tokensText({ ...usage, cachedInputTokens: 1_000 })).toBe(
      "1,234 tokens (1,200 in, 1,000 of them cached, 34 out)",
    );
  });

  test.each([
    [0, undefined],
    [0.000_123_4, "0.00012"],
    [0.0126, "0.013"],
    [0.5, "0.5"],
    [1234.567, "1,234.57"],
  ])("a cost of %d is %s", (cost, text) => {
    expect(costText({ ...usage, cost })).toBe(text);
  });
});

describe("actions", () => {
  test.each([
    [true, "Approve", "The tool is executed."],
    [false, "Deny", "The tool is not executed, and the model is told the reason."],
  ])("a decision on a call of a tool says what it does (approved: %s)", (approved, button, effect) => {
    const run = { id: "a", status: "waiting", compensated: false } as const;
    const decision = { approved, tool: "sendEmail" };
    const words = explain({ action: "signal", run, signal: "approval:1", decision });
    expect(words).toMatchObject({ button, title: `${button} this call of sendEmail?` });
    expect(words.effects.join(" ")).toContain(effect);
  });

  test("only those are offered that the status allows", () => {
    expect(permittedActions({ status: "failed" })).toEqual(["retry", "restart", "delete"]);
    expect(permittedActions({ status: "completed" })).toEqual(["restart", "delete"]);
    expect(permittedActions({ status: "waiting" })).toEqual(["signal", "cancel", "delete"]);
    expect(permittedActions({ status: "blocked" })).toEqual(["unblock", "signal", "cancel", "delete"]);
  });

  test("a retry after a clean-up, and the deletion of a run that has not ended, say what that means", () => {
    const run = { id: "a", status: "failed", compensated: true } as const;
    expect(explain({ action: "retry", run }).effects.join(" ")).toContain("may repeat or miss work");
    expect(explain({ action: "retry", run: { ...run, compensated: false } }).effects.join(" ")).not.toContain(
      "miss work",
    );
    const going = { id: "a", status: "running", compensated: false } as const;
    expect(explain({ action: "delete", run: going }).effects.join(" ")).toContain("cancel it first");
  });
});
