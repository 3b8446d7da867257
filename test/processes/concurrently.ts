import { AsyncLocalStorage } from "node:async_hooks";
import { onTestFinished, test, type TestContext } from "vitest";

const concurrent = new AsyncLocalStorage<TestContext>();

/** Calls `fn` after the present test, which may be a concurrent one. */
export function afterTest(fn: () => void): void {
  const context = concurrent.getStore();
  if (context) context.onTestFinished(fn);
  else onTestFinished(fn);
}

/** A test that runs at the same time as the other concurrent tests of its file. */
export function testConcurrently(
  name: string,
  { timeout }: { readonly timeout?: number },
  body: (context: TestContext) => Promise<void>,
): void {
  test.concurrent(name, { ...(timeout !== undefined && { timeout }) }, (context) =>
    concurrent.run(context, () => body(context)),
  );
}
