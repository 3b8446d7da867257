import { unplugin } from "../unplugin/unplugin.ts";

const farm: typeof unplugin.farm = unplugin.farm;
export { farm as default, farm as "module.exports" };
