import { readFileSync } from "node:fs";
import { join } from "node:path";
import { close, configure } from "perdure";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../directories.ts";

async function give(text: string): Promise<unknown> {
  "use task: retries=0";
  return { [text]: text, error: new Error(text), pub: Buffer.from("public") };
}

async function asks(text: string): Promise<unknown> {
  "use workflow: id=asks";
  return [await give(text), text];
}

test("R8 strings with halves of surrogate pairs go through SQLite unchanged, and Node's pool does not", async () => {
  const file = join(temporaryDirectory(), "store.db");
  const text = "a\ud800b\udfff\0\u2028<";
  Buffer.from("password=hunter2");
  for (let i = 0; i < 2; i++) {
    configure({ store: `sqlite:${file}` });
    const [{ error, ...rest }, own] = (await asks(text)) as [Record<string, unknown> & { error: Error }, string];
    expect(rest).toEqual({ [text]: text, pub: Buffer.from("public") });
    expect([error.message, own]).toEqual([text, text]);
    await close();
  }
  const stored = readFileSync(file, "latin1");
  expect(stored).not.toContain(Buffer.from("password=hunter2").toString("base64").slice(2, 18));
});
