import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
// a type only: what checks loads a whole TypeScript, and is loaded in the other thread
import type { CheckOptions, CheckResult } from "../../check/check.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Options } from "./options.ts";

interface Running {
  readonly worker: Worker;
  readonly result: Promise<CheckResult>;
}

/** Checks beside a build, in a thread of its own: the build's thread goes on as if it were not there. */
export class BackgroundCheck {
  private readonly options: Options;
  private running: Running | undefined;
  private hasRun = false;

  constructor(options: Options) {
    this.options = options;
  }

  /** Does nothing when no check is wanted. A build that follows another one is a rebuild, whether or not its bundler says so. */
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

  /** Waits for what it finds; nothing when it does not run. */
  async finish(): Promise<readonly Diagnostic[]> {
    const { running } = this;
    this.running = undefined;
    running?.worker.ref();
    return running ? (await running.result).diagnostics : [];
  }

  /** The build is over without it. */
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
  result.catch(() => {}); // nobody waits for it when the build is over before
  worker.unref(); // nor must the process that breaks a build off; only now, as a listener would keep it alive again
  return { worker, result };
}
