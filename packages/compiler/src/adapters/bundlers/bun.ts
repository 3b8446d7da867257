import { unplugin } from "../unplugin/unplugin.ts";

const bun: typeof unplugin.bun = unplugin.bun;
export { bun as default, bun as "module.exports" };
