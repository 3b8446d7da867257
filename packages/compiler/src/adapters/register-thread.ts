import type { LoadHook } from "node:module";
import { Files } from "./register/files.ts";
import { loadAsync } from "./register/hooks.ts";

const files = new Files();

export const load: LoadHook = (url, context, next) => loadAsync(files, url, context, next);
