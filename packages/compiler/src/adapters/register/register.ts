import * as nodeModule from "node:module";
import { hookCommonJs } from "./commonjs.ts";
import { Files } from "./files.ts";
import { createLoadSync, type LoadSync } from "./hooks.ts";

type RegisterHooks = (hooks: { readonly load: LoadSync }) => unknown;

const isRegisterHooks = (value: unknown): value is RegisterHooks => typeof value === "function";

/** The first release of each Node line whose synchronous hooks load CommonJS correctly. Earlier releases use the hooks thread. */
const synchronous: readonly (readonly [number, number, number])[] = [
  [22, 22, 3],
  [24, 11, 1],
  [25, 1, 0],
];

function synchronousHooks(): RegisterHooks | undefined {
  const registerHooks: unknown = Reflect.get(nodeModule, "registerHooks");
  const [major = 0, minor = 0, patch = 0] = process.versions.node.split(".").map(Number);
  const line = synchronous.find(([of]) => of === major);
  const hasThem = line ? minor > line[1] || (minor === line[1] && patch >= line[2]) : major > 25;
  return hasThem && isRegisterHooks(registerHooks) ? registerHooks : undefined;
}

/** Marks the hooks as installed, since a program may import several copies of this module. */
const key = Symbol.for("perdure/register@1");

if (!Reflect.has(globalThis, key)) {
  Reflect.set(globalThis, key, true);
  const files = new Files();
  const registerHooks = synchronousHooks();
  hookCommonJs(files, registerHooks !== undefined);
  if (registerHooks) registerHooks({ load: createLoadSync(files) });
  else nodeModule.register("./register-thread.mjs", import.meta.url);
}
