/**
 * Makes the pictures of the README and of docs/inspector.md, in docs/images, from runs of a real program: `npm run pictures`. One of its runs was killed twice. Apart from
 * times, they come out the same each time.
 */
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { launch, open } from "../test/inspector/browser.ts";
import { Scenery } from "../test/inspector/scenery.ts";

const images = resolve(import.meta.dirname, "../docs/images");
const SIZE = { viewport: { width: 1280, height: 640 }, deviceScaleFactor: 2 };

/** The run that was killed, with one of its steps. */
async function inspector(browser: Browser, url: string): Promise<void> {
  const { page, context } = await open(browser, url, SIZE);
  await page.getByRole("link", { name: "nightly-2024-06-01" }).click();
  await page.getByRole("treegrid").getByRole("row").filter({ hasText: "publish[0]" }).waitFor();
  await page.screenshot({ path: resolve(images, "inspector.png") });
  await context.close();
}

/** A run of an agent that waits for approval. */
async function agent(browser: Browser, url: string): Promise<void> {
  const { page, context } = await open(browser, url, { ...SIZE, viewport: { width: 1280, height: 800 } });
  await page.getByRole("link", { name: "remind-1" }).click();
  await page.getByRole("region", { name: "Conversation", exact: true }).waitFor();
  await page.screenshot({ path: resolve(images, "agent.png") });
  await context.close();
}

/** What the command says of a run that failed, on a terminal. */
async function show(browser: Browser, text: string): Promise<void> {
  const page = await browser.newPage({ ...SIZE, viewport: { width: 960, height: 100 } });
  await page.setContent(`<style>${STYLE}</style><pre>${htmlOf(text)}</pre>`);
  await page.locator("pre").screenshot({ path: resolve(images, "show.png") });
  await page.close();
}

const STYLE = `
  body { margin: 0 }
  pre { margin: 0; padding: 20px 24px; color: #d7dae0; background: #16181d; font: 14px/1.45 "DejaVu Sans Mono", monospace }
  .c1 { font-weight: bold } .c2 { color: #8b919c } .c31 { color: #ff7b72 } .c32 { color: #56d364 } .c33 { color: #e3b341 }
  .c34, .c36 { color: #79c0ff } .c35 { color: #d2a8ff } .c90 { color: #8b919c }
`;

/** Text with the colours of a terminal as HTML. Each sequence ends those before it that it replaces. */
function htmlOf(text: string): string {
  const on = new Set<string>();
  return text
    .split(/\u001b\[([\d;]*)m/u)
    .map((part, at) => {
      if (at % 2 === 1) {
        for (const code of part.split(";")) apply(on, Number(code));
        return "";
      }
      const escaped = part.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
      return `<span class="${[...on].join(" ")}">${escaped}</span>`;
    })
    .join("");
}

function apply(on: Set<string>, code: number): void {
  const isWeight = (name: string): boolean => name === "c1" || name === "c2";
  const off = (is: (name: string) => boolean): void => [...on].filter(is).forEach((name) => on.delete(name));
  if (code === 0) on.clear();
  else if (code === 22) off(isWeight);
  else {
    if (code > 2) off((name) => !isWeight(name));
    if (code !== 39) on.add(`c${code}`);
  }
}

mkdirSync(images, { recursive: true });
const scenery = new Scenery(["orders", "agent"]);
try {
  const [browser] = await Promise.all([launch(), scenery.build().then(() => scenery.playAll())]);
  await inspector(browser, await scenery.inspect());
  await scenery.play("agents", { program: "agent", store: "agents" });
  await agent(browser, await scenery.inspect("agents"));
  const args = ["-q", "-e", "-f", "-c", `stty cols 110; ${scenery.commandLine(["show", "order-1002"])}`, "/dev/null"];
  const { stdout } = await promisify(execFile)("script", args, { cwd: scenery.directory, env: scenery.environment() });
  await show(browser, stdout.replaceAll("\r\n", "\n").trimEnd());
  await browser.close();
} finally {
  scenery.end();
}
