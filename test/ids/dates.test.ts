import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { close, start, workflowOptions } from "perdure";
import { setup } from "perdure/testing";
import { dateFormatProblem, formatDate } from "../../packages/protocol/src/date-format.ts";

afterEach(close);

async function report(day: Date | undefined): Promise<string> {
  "use workflow: id=report-{day:yyyy-mm-dd}";
  return String(day?.getTime());
}

async function hourly({ at, times }: { at: Date; times: readonly Date[] }): Promise<number> {
  "use workflow: id={at:yyyymmdd hh:mi:ss}/{times[0]: dd.mm.yyyy }";
  return at.getTime() + times.length;
}

async function typed(day: Date): Promise<number> {
  "use workflow";
  return day.getTime();
}

async function plain(day: Date): Promise<number> {
  "use workflow: id=plain-{day}";
  return day.getTime();
}

const idOf = async (run: Promise<{ readonly id: string }>): Promise<string> => (await run).id;
const late = new Date("2031-03-09T23:59:58.999Z");

test("a date in a run id has the format of its placeholder, in UTC", async () => {
  setup();
  expect(await idOf(start(report, [late]))).toBe("report-2031-03-09");
  expect(await idOf(start(hourly, [{ at: late, times: [new Date(0)] }]))).toBe("20310309 23:59:58/01.01.1970");
  expect(await (await start(report, [late])).result()).toBe(String(late.getTime()));
  // a Date of another realm is a Date
  const foreign = runInNewContext("new Date(86400000)") as Date;
  expect(await idOf(start(report, [foreign]))).toBe("report-1970-01-02");
});

test("another time of the same day is the same run with another input", async () => {
  setup();
  await start(report, [late]);
  await expect(start(report, [new Date("2031-03-09T00:00:00Z")])).rejects.toMatchObject({ code: "RUN_INPUT_DIFFERS" });
});

test.each([
  ["an invalid date", new Date(NaN), "an invalid date"],
  ["text", "2031-03-09", "a string"],
  ["a number", 5, "5"],
  ["undefined", undefined, "undefined"],
  ["null", null, "null"],
  ["an object", { day: late }, "an object"],
])("a value that is %s is refused for a date", async (_, value, found) => {
  setup();
  await expect(start(report, [value as Date])).rejects.toMatchObject({
    code: "RUN_ID_INCOMPLETE",
    message: expect.stringContaining(`{day:yyyy-mm-dd} is ${found}`),
    hint: expect.stringContaining("pass a valid Date"),
  });
});

test("a date without a format is refused with the format to write", async () => {
  setup();
  await expect(start(plain, [late])).rejects.toMatchObject({
    code: "RUN_ID_INCOMPLETE",
    hint: expect.stringContaining("{day:yyyy-mm-dd} (UTC)"),
  });
});

test("the typed form builds the same id with a function", async () => {
  setup();
  workflowOptions(typed, { id: (day) => `report-${day.toISOString().slice(0, 10)}` });
  expect(await idOf(start(typed, [late]))).toBe("report-2031-03-09");
});

describe("formats", () => {
  test("every format of tokens and signs is valid, and formats as toISOString() does", () => {
    const tokens = ["yyyy", "mm", "dd", "hh", "mi", "ss"];
    const format = fc.tuple(
      fc.shuffledSubarray(tokens, { minLength: 1 }),
      fc.constantFrom("-", "", ".", "/", " ", "_", "："),
    );
    fc.assert(
      fc.property(
        format,
        fc.date({ min: new Date(0), max: new Date(8e13), noInvalidDate: true }),
        ([used, sign], date) => {
          if (used.join().includes("hh,mm")) return;
          const [year = "", month = "", day = "", hour = "", minute = "", second = ""] = date
            .toISOString()
            .split(/[-T:.]/);
          const values: Record<string, string> = { yyyy: year, mm: month, dd: day, hh: hour, mi: minute, ss: second };
          expect(dateFormatProblem(used.join(sign))).toBeUndefined();
          expect(formatDate(date, used.join(sign))).toBe(used.map((each) => values[each]).join(sign));
        },
      ),
    );
  });

  test("years of other lengths are written in full", () => {
    expect(formatDate(new Date("+012345-06-07T00:00:00Z"), "yyyy")).toBe("12345");
    expect(formatDate(new Date("0099-06-07T00:00:00Z"), "yyyy")).toBe("0099");
    expect(formatDate(new Date("-000001-06-07T00:00:00Z"), "yyyy")).toBe("-0001");
  });

  test.each(["", "-", "YYYY", "yyyy-MM", "yyyy-mm-ddThh", "d", "mmm", "yyyy yyyy", "hh:mm", "yy", "day", "yyyy1"])(
    "%j is no format",
    (format) => expect(dateFormatProblem(format)).toBeDefined(),
  );
});
