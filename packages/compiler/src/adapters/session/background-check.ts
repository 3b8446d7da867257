import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
// import only types: the check loads all of TypeScript, and must load it only in its own thread
import type { CheckOptions, CheckResult } from "../../check/check.ts";
import { atLevels } from "../../compile/compile.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Options } from "./options.ts";

interface Running {
  readonly worker: Worker;
  readonly result: Promise<CheckResult>;
}

/** Runs the type-aware check in its own thread, in parallel with a build. */
export class BackgroundCheck {
  private readonly options: Options;
  private running: Running | undefined;
  private hasRun = false;

  constructor(options: Options) {
    this.options = options;
  }

  /** Does nothing if the check is disabled. Any build after the first is a rebuild, even if the bundler does not report watch mode. */
  start(root: string, isWatching: boolean): void {
    const { check } = this.options;
    if (check === undefined || check === false) return;
    const { tsconfig = "tsconfig.json", classes, watch = false } = check === true ? {} : check;
    if ((isWatching || this.hasRun) && !watch) return;
    this.stop();
    this.hasRun = true;
    const { directives, include, exclude } = this.options;
    this.running = inThread({
      tsconfig: resolve(root, tsconfig),
      root,
      ...(classes && { classes }),
      ...(directives && { directives }),
      ...(include !== undefined && { include }),
      ...(exclude !== undefined && { exclude }),
    });
  }

  /** Waits for the diagnostics. There are none if the check is not running. */
  async finish(): Promise<readonly Diagnostic[]> {
    const { running } = this;
    this.running = undefined;
    running?.worker.ref();
    return running ? atLevels((await running.result).diagnostics, this.options.warnings) : [];
  }

  /** Abandons the check, because the build has ended. */
  stop(): void {
    void this.running?.worker.terminate();
    this.running = undefined;
  }
}

function inThread(options: CheckOptions): Running {
  const here = pathToFileURL(createRequire(import.meta.url).resolve("unplugin-perdure/package.json"));
  const worker = new Worker(new URL("dist/check-worker.mjs", here), { workerData: options, execArgv: [] });
  const result = new Promise<CheckResult>((found, failed) => {
    worker.once("message", found);
    worker.once("error", failed);
    worker.once("exit", (code) =>
      failed(new Error(`the type-aware check exited with code ${code} and returned no result`)),
    );
  });
  result.catch(() => {}); // `finish` is not called if the build fails
  worker.unref(); // a failed build must be able to exit; adding listeners refs the worker again, so this comes after them
  return { worker, result };
}
