// An API that is down at first. A failed attempt is recorded together with the time of the next one. A fatal error is not retried.
import { once } from "node:events";
import { createServer } from "node:http";
import { close, FatalError } from "perdure";

async function fetchPrice(api: string, article: string): Promise<number> {
  "use task: retries=5, backoff=exponential(base=2, max=100ms)";
  const response = await fetch(`${api}/${article}`);
  if (response.status === 404) throw new FatalError(`there is no ${article}`);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return Number(await response.text());
}

export async function quote(api: string, articles: readonly string[]): Promise<string[]> {
  "use workflow";
  const lines: string[] = [];
  for (const article of articles) {
    try {
      lines.push(`${article}: ${await fetchPrice(api, article)}`);
    } catch (error) {
      lines.push(`${article}: ${error instanceof Error ? error.message : "unknown"}`);
    }
  }
  return lines;
}

/** Answers 503 twice, then returns prices. */
async function startApi(): Promise<{ url: string; close: () => void }> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    const status = requests <= 2 ? 503 : request.url === "/lamp" ? 200 : 404;
    console.log(`GET ${request.url} → ${status}`);
    response.writeHead(status).end(status === 200 ? "49" : "");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

const api = await startApi();
console.log(await quote(api.url, ["lamp", "unicorn"]));
api.close();
await close();
