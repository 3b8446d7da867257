import { dirname, join, resolve } from "node:path";
import { formatDiagnostic, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import { manifestFile, manifestOf } from "../session/manifest-file.ts";
import type { ProjectOptions } from "../session/project-options.ts";
import { codeOf, runQuietly, runVisibly, type Compiler } from "./compiler.ts";
import { configsOf, type Config } from "./configs.ts";
import { checkArguments } from "./emit-arguments.ts";
import { emit, separateOutput, type Emission } from "./emit.ts";
import type { Invocation } from "./invocation.ts";
import { writeOutputs } from "./outputs.ts";
import { Sources, type CompiledSources } from "./sources.ts";
import { Stamps } from "./stamps.ts";

/** The exit codes that `tsc` uses for errors. */
const outputsSkipped = 1;
const outputsGenerated = 2;

/** The result of one pass over the projects. */
interface Pass {
  readonly failed: boolean;
  readonly written: readonly string[];
}

/**
 * The projects of one command. The compiler runs twice. One run over the real files checks types, emits declarations and prints messages.
 * The other emits the JavaScript, in a mirror of the file system that contains the compiled sources.
 */
export class TscProject {
  readonly compiler: Compiler;
  readonly invocation: Invocation;
  private configs: readonly Config[] = [];
  private readonly sources: Sources;
  private readonly options: ProjectOptions;
  private readonly directory = process.cwd();

  constructor(compiler: Compiler, invocation: Invocation, configs: readonly Config[], options: ProjectOptions) {
    this.compiler = compiler;
    this.invocation = invocation;
    this.options = options;
    this.sources = new Sources(options);
    this.use(configs);
  }

  /** Reads the configuration again and discards all results. Call it when files may have been changed, added or removed. */
  refresh(): void {
    this.use(configsOf(this.invocation, this.directory) ?? this.configs);
  }

  private use(configs: readonly Config[]): void {
    this.configs = configs;
    this.sources.refresh(configs.flatMap((config) => separateOutput(config) ?? []));
  }

  /** Files whose change may change the output. */
  watched(): string[] {
    return this.configs.flatMap((config) => {
      const { path, files } = config;
      return [
        ...(path === "" ? [] : [path]),
        ...files,
        ...this.sources.reachable(files),
        ...this.stamps(config).inputs(),
      ];
    });
  }

  isOutput(directory: string): boolean {
    return this.configs.some((config) => separateOutput(config) === directory);
  }

  async once(): Promise<number> {
    return this.invocation.mode === "build" ? this.build() : this.onceForOne();
  }

  private async onceForOne(): Promise<number> {
    const began = Date.now();
    const [config] = this.configs;
    const compiled = config && this.sources.compile(config.files);
    if (!config || !compiled || !emitsJavaScript(config) || compiled.files.size === 0) {
      const code = await codeOf(runVisibly(this.compiler, this.invocation.args));
      return compiled && report(compiled) && code === 0 ? outputsSkipped : code;
    }
    const failed = report(compiled);
    const emitting = failed ? undefined : this.emit(config, compiled);
    const [code, emission] = await Promise.all([
      codeOf(runVisibly(this.compiler, this.typesOnly())),
      emitting?.catch(nothing),
    ]);
    if (failed || (code !== 0 && config.options.noEmitOnError === true)) return outputsSkipped;
    if (emission) this.write(config, emission, began);
    else if (code === 0) await emitting;
    return code === 0 ? 0 : outputsGenerated;
  }

  private async build(): Promise<number> {
    const code = await codeOf(runVisibly(this.compiler, this.typesOnly()));
    const { failed } = await this.pass((config) => code === 0 || config.options.noEmitOnError !== true);
    return failed && code === 0 ? outputsSkipped : code;
  }

  /** Arguments that keep the compiler from writing JavaScript. A build without declarations has no such arguments. */
  typesOnly(): string[] {
    const { args, mode } = this.invocation;
    const emitting = this.configs.filter(emitsJavaScript);
    const declare =
      emitting.length > 0 &&
      emitting.every(({ options }) => options.declaration === true || options.composite === true);
    if (declare) return [...args, "--emitDeclarationOnly"];
    return mode === "build" ? [...args] : [...args, "--noEmit"];
  }

  /** Emits the projects that have changed and for which `mayEmit` holds. */
  async pass(
    mayEmit: (config: Config) => boolean | Promise<boolean> = (config) => this.permitsOutput(config),
  ): Promise<Pass> {
    const written: string[] = [];
    let failed = false;
    for (const config of this.configs) {
      if (!emitsJavaScript(config) || this.stamps(config).isCurrent()) continue;
      const began = Date.now();
      const compiled = this.sources.compile(config.files);
      if (report(compiled)) failed = true;
      else if (await mayEmit(config)) written.push(...this.write(config, await this.emit(config, compiled), began));
    }
    return { failed, written };
  }

  /** Whether `noEmitOnError` permits output. During `--watch` the errors are found by another process, so they are looked for again. */
  private async permitsOutput(config: Config): Promise<boolean> {
    if (config.options.noEmitOnError !== true) return true;
    const { code } = await runQuietly(this.compiler, checkArguments(this.invocation, config), this.directory);
    return code === 0;
  }

  private async emit(config: Config, { files }: CompiledSources): Promise<Emission> {
    const { inputs, outputs } = await emit(
      this.compiler,
      this.invocation,
      config,
      files,
      this.sources.reachable(config.files),
    );
    const manifest = manifestFile(manifestOf([...files.values()].map(({ info }) => info)), this.options);
    return {
      inputs,
      outputs: manifest ? new Map([...outputs, [join(outputOf(config), manifest.fileName), manifest.source]]) : outputs,
    };
  }

  /** @param began - when the first of its inputs was read */
  private write(config: Config, emission: Emission, began: number): string[] {
    const written = writeOutputs(emission.outputs);
    this.stamps(config).keep(emission, began);
    return written;
  }

  private stamps(config: Config): Stamps {
    return new Stamps(config, [this.compiler, this.options, this.invocation.args]);
  }
}

/** The output directory. Without `outDir` the output is next to the sources, and the manifest next to the tsconfig. */
const outputOf = ({ path, options: { outDir } }: Config): string => resolve(outDir ?? dirname(path));

const nothing = (): undefined => undefined;

const emitsJavaScript = ({ files, options }: Config): boolean =>
  options.noEmit !== true && options.emitDeclarationOnly !== true && files.some((file) => !/\.d\.[cm]?ts$/.test(file));

/** Prints the diagnostics. Returns whether there are errors. */
function report({ diagnostics }: CompiledSources): boolean {
  for (const each of new Set(diagnostics.map(formatDiagnostic))) console.error(`${each}\n`);
  return diagnostics.some(({ severity }: Diagnostic) => severity === "error");
}
