/** A run that is awaited again after its process has died, while another run that it waits for was in flight as well. */
import { expect, onTestFinished, test } from "vitest";
import { close, sleep, start } from "perdure";
import { advance, setup } from "perdure/testing";

async function work(): Promise<string> {
  "use task: retries=0";
  return "done";
}
export async function grandchild(): Promise<string> {
  "use workflow: id=grandchild";
  await sleep("1h");
  return work();
}
export async function child(): Promise<string> {
  "use workflow: id=child";
  return grandchild();
}
export async function parent(): Promise<string> {
  "use workflow: id=parent";
  return child();
}

test("the call again continues the children of a parent that had left memory", async () => {
  onTestFinished(close);
  const { crash, store } = setup({ logLevel: "silent", suspendAfter: "1s" });
  await start(parent, []);
  await advance("10s");
  expect((await store.getRun("parent"))?.status).toBe("waiting");
  expect((await store.getRun("child"))?.status).toBe("waiting");
  crash();
  const result = parent();
  await advance("2h");
  await expect(result).resolves.toBe("done");
});
