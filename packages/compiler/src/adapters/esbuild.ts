import { unplugin } from "./unplugin.ts";

const esbuild: typeof unplugin.esbuild = unplugin.esbuild;
export default esbuild;
