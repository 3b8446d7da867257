import { unplugin } from "../unplugin/unplugin.ts";

const rolldown: typeof unplugin.rolldown = unplugin.rolldown;
export { rolldown as default, rolldown as "module.exports" };
