import { unplugin } from "../unplugin/unplugin.ts";

const esbuild: typeof unplugin.esbuild = unplugin.esbuild;
export { esbuild as default, esbuild as "module.exports" };
