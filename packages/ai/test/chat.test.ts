/** `useChat` with `RunChatTransport`, on a page in a real browser, while the server of the chat is killed. */
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { generatedDirectory } from "../../../test/directories.ts";
import { launch, open } from "../../../test/inspector/browser.ts";
import { bundle } from "../../../test/programs.ts";
import { RunningProgram } from "../../../test/running-program.ts";
import { freePort } from "../../../test/servers.ts";

const programs = join(import.meta.dirname, "programs");
const modules = resolve(import.meta.dirname, "../../../node_modules");

let browser: Browser;
beforeAll(async () => void (browser = await launch()));
afterAll(() => browser.close());

/** The server of the chat, built with a version of the AI SDK. */
class Server {
  readonly port: number;
  private readonly directory: string;
  private program: RunningProgram | undefined;

  private constructor(port: number, directory: string) {
    this.port = port;
    this.directory = directory;
  }

  static async build(version: 6 | 7): Promise<Server> {
    const directory = generatedDirectory("chat");
    const alias = version === 7 ? {} : { ai: "ai-6", "@ai-sdk/react": "@ai-sdk/react-6" };
    if (version === 6) {
      // what the server and perdure-ai import, with --preserve-symlinks
      mkdirSync(join(directory, "node_modules"));
      symlinkSync(join(modules, "ai-6"), join(directory, "node_modules/ai"), "junction");
      symlinkSync(resolve(import.meta.dirname, ".."), join(directory, "node_modules/perdure-ai"), "junction");
    }
    await bundle(join(programs, "chat-server.ts"), join(directory, "server.mjs"));
    await build({
      entryPoints: [join(programs, "chat-page.tsx")],
      outfile: join(directory, "page.mjs"),
      bundle: true,
      format: "esm",
      platform: "browser",
      jsx: "automatic",
      define: { "process.env.NODE_ENV": '"development"' }, // so that React runs each effect twice
      alias,
    });
    return new Server(await freePort(), directory);
  }

  /** @param holdAt - the word at which it stops to speak */
  async start(holdAt?: number): Promise<number> {
    const args = ["--preserve-symlinks", "--enable-source-maps", join(this.directory, "server.mjs")];
    const env = {
      ...process.env,
      PORT: String(this.port),
      PAGE: join(this.directory, "page.mjs"),
      LOG: join(this.directory, "tools.log"),
      PERDURE_STORE: `sqlite:${join(this.directory, "perdure.db")}`,
      ...(holdAt !== undefined && { HOLD_AT: String(holdAt) }),
    };
    this.program = new RunningProgram(process.execPath, args, { cwd: this.directory, env });
    await this.program.printed("listening");
    return this.program.process.pid ?? 0;
  }

  async kill(): Promise<void> {
    this.program?.process.kill("SIGKILL");
    await this.program?.exits("SIGKILL");
  }

  get tools(): string[] {
    return readFileSync(join(this.directory, "tools.log"), "utf8").trim().split("\n");
  }
}

async function ask(page: Page, question: string): Promise<void> {
  await page.getByRole("textbox", { name: "Question" }).fill(question);
  await page.keyboard.press("Enter");
}

const shows = (page: Page, text: string): Promise<void> => page.getByText(text, { exact: true }).waitFor();
const status = (page: Page, value: string): Promise<void> =>
  page.getByRole("status").filter({ hasText: value }).waitFor();

/** Everything that is said, in order. */
const said = async (page: Page): Promise<string[]> =>
  (await page.locator("article > *").allTextContents()).map((text) => text.trim());

/** Notes each state in which a person sees the paragraphs of the page. */
const watch = (page: Page): Promise<void> =>
  page.evaluate(`{
    globalThis.seen = [];
    const look = () => seen.push([...document.querySelectorAll("article > p")].map(({ textContent }) => textContent.trim()));
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
  }`);

/** The states in which a person saw something else than the beginning of what was said in the end. */
async function wrongStates(page: Page): Promise<string[][]> {
  const withoutProcess = (text: string): string => text.replace(/^\[\d*\]? ?/u, "");
  const seen = (await page.evaluate<string[][]>("seen")).map((texts) => texts.map(withoutProcess));
  const end = (seen.at(-1) ?? []).join(" ");
  expect(seen.length).toBeGreaterThan(3);
  return seen.filter((texts) => !end.startsWith(texts.join(" ")));
}

test.each([7, 6] as const)(
  "a chat on a page with the AI SDK %i, whose server is killed again and again",
  async (version) => {
    const server = await Server.build(version);
    const first = await server.start(4);
    const { page, context, errors } = await open(browser, `http://127.0.0.1:${server.port}`);
    onTestFinished(() => context.close());
    context.setDefaultTimeout(30_000); // a server that is started again may need seconds
    await watch(page);

    await ask(page, "What do hearts weigh?");
    await shows(page, `[${first}] I look`);
    await server.kill();
    const second = await server.start();
    await page.getByRole("button", { name: "Approve" }).waitFor();
    await server.kill();
    const third = await server.start(6);
    await page.getByRole("button", { name: "Approve" }).click();
    await shows(page, `[${third}] The e-mail is sent,`);
    if (version === 7) expect(await wrongStates(page)).toEqual([]);

    await page.reload();
    await shows(page, `[${third}] The e-mail is sent,`);
    await watch(page);
    await server.kill();
    const fourth = await server.start();
    await status(page, "ready");

    const question = "And their eyes?";
    await server.kill();
    await ask(page, question);
    await status(page, "error");
    const fifth = await server.start(4);
    await page.getByRole("button", { name: "Try again" }).click();
    await shows(page, `[${fifth}] That was`);
    await server.kill();
    const sixth = await server.start();
    await status(page, "ready");
    /** What the AI SDK 6 does not take back. */
    const kept = (text: string): string[] => (version === 6 ? [text] : []);
    const last = `[${sixth}] That was question 2, after 6 other messages.`;
    const turn = [
      "What do hearts weigh?",
      `[${second}] I look that up in the library.`,
      "tool-search: output-available",
      `[${second}] The heart of a whale weighs 180 kg. I write that down.`,
      "tool-mail: output-available",
      ...kept(`[${third}] The e-mail is sent,`),
      `[${fourth}] The e-mail is sent, and this was all that you wanted to know about the hearts of whales.`,
    ];
    if (version === 7) expect(await wrongStates(page)).toEqual([]);
    expect(await said(page)).toEqual([...turn, question, ...kept(`[${fifth}] That was`), last]);
    await page.reload();
    await expect.poll(() => said(page)).toEqual([...turn, question, last]);
    expect(server.tools).toEqual(["search", "mail"]);
    expect(errors.filter((error) => !/ERR_CONNECTION|ERR_INCOMPLETE/u.test(error))).toEqual([]);
  },
);
