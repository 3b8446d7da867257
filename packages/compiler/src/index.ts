export { unplugin as default } from "./adapters/unplugin/unplugin.ts";
export type { BuildCheck, Options } from "./adapters/session/options.ts";
export { compile, type CompileOptions, type CompileResult, type WarningLevels } from "./compile/compile.ts";
export { CompileError } from "./compile/compile-error.ts";
export { nodeHost, type Host } from "./project/host.ts";
export { createProject, type Project } from "./project/project.ts";
export type { Manifest, ModuleInfo } from "@perdure/protocol";
export type { Diagnostic } from "./diagnostics/diagnostic.ts";
export type { DirectiveWords } from "./directives/directive.ts";
