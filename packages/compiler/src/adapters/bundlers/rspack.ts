import { unplugin } from "../unplugin/unplugin.ts";

const rspack: typeof unplugin.rspack = unplugin.rspack;
export { rspack as default, rspack as "module.exports" };
