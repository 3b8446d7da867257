import { unplugin } from "./unplugin.ts";

const bun: typeof unplugin.bun = unplugin.bun;
export { bun as default, bun as "module.exports" };
