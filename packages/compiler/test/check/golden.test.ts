import { checkMessages } from "../../src/diagnostics/check-messages.ts";
import { formatDiagnostic } from "../../src/diagnostics/diagnostic.ts";
import { describe, expect, test } from "vitest";
import { checkFiles } from "./check-project.ts";

/** One project for each diagnostic of the type check; variants of one code are numbered. */
const projects: Record<string, Readonly<Record<string, string>>> = {
  RESULT_NOT_STORABLE: {
    "src/a.ts": `export interface Client {\n  readonly name: string;\n  close(): void;\n}\n\n/** Charges. */\nexport async function charge(id: string): Promise<{ id: string; client: Client }> {\n  "use task: retries=2";\n  return { id, client: { name: id, close() {} } };\n}\n`,
  },
  "RESULT_NOT_STORABLE 2": {
    "src/a.ts": `class Money {\n  readonly #cents = 1;\n  plus(other: Money) {\n    return this.#cents + other.#cents;\n  }\n}\nexport const total = async () => {\n  "use workflow";\n  return { total: new Money(), cache: new WeakMap(), at: Symbol("at"), all: [async () => 1], never: fail() };\n};\nasync function fail() {}\nexport default async function () {\n  "use task";\n  return new Money();\n}\n`,
  },
  INPUT_NOT_STORABLE: {
    "src/a.ts": `export async function order(id: string, options: { signal?: Promise<void>; items: { log(text: string): void }[] }, { done }: { done: () => void }) {\n  "use workflow: id=order-{id}";\n}\n`,
  },
  CLASS_NOT_REGISTERED: {
    "src/a.ts": `class Row {\n  id = 1;\n}\nexport async function read(): Promise<Map<string, Row>> {\n  "use task";\n  return new Map([["a", new Row()]]);\n}\n`,
  },
  CLASS_NOT_KEPT: {
    "src/a.ts": `class Day extends Date {\n  week = 1;\n}\nclass Stack<T> extends Array<T> {}\nexport async function read(): Promise<{ day?: Day; stack: Stack<string> }> {\n  "use task";\n  return { stack: new Stack() };\n}\n`,
  },
  TSCONFIG_INVALID: {},
  "TSCONFIG_INVALID 2": {
    "tsconfig.json": `{\n  "extends": "./base.json",\n  "compilerOptions": { "optionOfTomorrow": true, }\n}\n`,
    "a.ts": "",
  },
};

describe("type check diagnostics", () => {
  for (const [name, files] of Object.entries(projects)) {
    test(`the output matches the snapshot for ${name}`, () => {
      const text = checkFiles(files).diagnostics.map(formatDiagnostic).join("\n\n");
      expect(text).toContain(`(${name.split(" ")[0]})`);
      expect(text).toMatchSnapshot();
    });
  }

  test("every diagnostic code of the type check has an example", () => {
    expect(Object.keys(checkMessages).filter((code) => !(code in projects))).toEqual([]);
  });
});
