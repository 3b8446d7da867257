/** Pages of other origins, in a real browser, beside an inspector that lets everybody in who reaches it. */
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { addressOf } from "./scenery.ts";
import { stage } from "./stage.ts";

const inspector = stage((scenery) => scenery.play("runs"));

/** Serves a page at an address of its own. */
async function serve(html: string): Promise<string> {
  const server: Server = createServer((_, response) => response.end(html)).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const attack = (target: string): string => `<!doctype html>
<iframe name="seen" src="${target}"></iframe>
<iframe name="sink"></iframe>
<form method="post" enctype="text/plain" target="sink" action="${target}api/actions/delete">
  <input name='{"run":"order-1001","x":"' value='"}'>
</form>
<script src="${target}api/runs"></script>
<script type="module">
  const outcome = (request) => request.then(async (response) => response.type, () => "refused");
  const body = JSON.stringify({ run: "order-1001" });
  const json = { "content-type": "application/json", "x-perdure-inspector": "1" };
  globalThis.outcomes = await Promise.all([
    fetch("${target}api/runs"),
    fetch("${target}api/runs", { mode: "no-cors" }),
    fetch("${target}api/changes", { mode: "no-cors" }),
    fetch("${target}api/actions/delete", { method: "POST", body, headers: json }),
    fetch("${target}api/actions/delete", { method: "POST", body, mode: "no-cors" }),
    fetch("${target}api/actions/delete?run=order-1001", { mode: "no-cors" }),
  ].map(outcome));
  document.querySelector("form").submit();
</script>`;

test("a page of another origin sees no run and changes none", async () => {
  const target = await addressOf(inspector.scenery.begin("open"));
  const context = await inspector.browser.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const posted = page.waitForResponse(
    (response) => response.request().isNavigationRequest() && response.url().includes("delete"),
  );
  await page.goto(await serve(attack(target)));
  await page.waitForFunction(`globalThis.outcomes !== undefined`);
  expect(await page.evaluate(`outcomes`)).toEqual(Array.from({ length: 6 }, () => "refused"));
  expect((await posted).status()).toBe(403);
  const frame = page.frame({ name: "seen" });
  expect(await frame?.evaluate(`document.body.innerText`).catch(() => "")).not.toContain("Perdure");

  // the runs are there, for a page of its own
  const own = await context.newPage();
  await own.goto(target);
  await own.getByRole("link", { name: "order-1001" }).waitFor();
});
