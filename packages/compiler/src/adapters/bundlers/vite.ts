import { unplugin } from "../unplugin/unplugin.ts";

const vite: typeof unplugin.vite = unplugin.vite;
export { vite as default, vite as "module.exports" };
