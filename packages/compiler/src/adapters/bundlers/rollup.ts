import { unplugin } from "../unplugin/unplugin.ts";

const rollup: typeof unplugin.rollup = unplugin.rollup;
export { rollup as default, rollup as "module.exports" };
