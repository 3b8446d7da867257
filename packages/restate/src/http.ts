import { PerdureError } from "perdure";

/** How long a server that does not answer is asked again, in milliseconds. */
const PATIENCE = 10_000;

const WAIT = 100;

/**
 * Posts JSON. Where nobody answers, asks again for ten seconds.
 * @throws PerdureError `RESTATE_REFUSED`, `RESTATE_UNREACHABLE`
 */
export async function request(url: string, body: unknown): Promise<void> {
  const response = await patiently(url, () =>
    fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    }),
  );
  if (!response.ok) throw new PerdureError("RESTATE_REFUSED", { url, detail: await response.text() });
}

/**
 * @param isFinal - whether to give up at once
 * @throws PerdureError `RESTATE_UNREACHABLE`
 */
export async function patiently<T>(
  url: string,
  call: () => Promise<T>,
  isFinal: (error: unknown) => boolean = () => false,
): Promise<T> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (isFinal(error)) throw error;
      if (performance.now() > end)
        throw new PerdureError("RESTATE_UNREACHABLE", { url, detail: detailOf(error) }, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, WAIT));
  }
}

const detailOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};
