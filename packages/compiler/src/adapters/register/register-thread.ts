import type { LoadHook } from "node:module";
import { Files } from "./files.ts";
import { loadAsync } from "./hooks.ts";

const files = new Files();

export const load: LoadHook = (url, context, next) => loadAsync(files, url, context, next);
