/** A real Chromium: Debian's where it is installed, else the one that comes with `npm ci`. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright-core";

const execute = promisify(execFile);
const cache = resolve(import.meta.dirname, "../../node_modules/.cache/perdure-inspector");
const installed = "/usr/bin/chromium";

/** It asks nobody for anything that the page does not ask for. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-gpu",
  "--disable-quic",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];

/** A browser with a profile of its own, which is deleted when it is closed. */
export async function launch(): Promise<Browser> {
  if (existsSync(installed)) return chromium.launch({ executablePath: installed, args: ARGUMENTS });
  const directory = await unpacked();
  const executablePath = join(directory, "chromium");
  const env = (await starts(executablePath)) ? {} : { LD_LIBRARY_PATH: join(directory, "al2023/lib") };
  return chromium.launch({
    executablePath,
    args: ["--headless=shell", ...ARGUMENTS],
    env: { ...process.env, ...env } as Record<string, string>,
  });
}

/** False: libraries are missing in this system. The package has them too. */
const starts = (file: string): Promise<boolean> =>
  execute(file, ["--version"]).then(
    () => true,
    () => false,
  );

/** The directory with the package's browser, fonts and libraries. The package unpacks them into the directory for temporary files. */
async function unpacked(): Promise<string> {
  const place = join(cache, "chromium");
  if (existsSync(place)) return place;
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(`${place}-`);
  const script = `import("@sparticuz/chromium").then(({ default: { executablePath } }) => executablePath())`;
  // libraries are unpacked where AWS runs a program
  const env = { ...process.env, TMPDIR: draft, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" };
  await execute(process.execPath, ["-e", script], { cwd: import.meta.dirname, env });
  try {
    renameSync(draft, place);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(place)) throw error; // else another test was faster
  }
  return place;
}

/** A page, and what went wrong in it. */
export interface Opened {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Requests to other origins than that of the page. They are refused. */
  readonly strangers: string[];
  /** Uncaught errors, and lines of the console that are errors. */
  readonly errors: string[];
}

/** Opens a page in a context of its own. */
export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(8_000);
  const page = await context.newPage();
  const strangers: string[] = [];
  const errors: string[] = [];
  const { origin } = new URL(url);
  await context.route(
    (to) => to.origin !== origin,
    (route) => {
      strangers.push(route.request().url());
      return route.abort();
    },
  );
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.goto(url);
  return { context, page, strangers, errors };
}

const shots = join(cache, "screenshots");

/** A picture of the page, for people: `node_modules/.cache/perdure-inspector/screenshots`. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(shots, `${name}.png`) });
}
