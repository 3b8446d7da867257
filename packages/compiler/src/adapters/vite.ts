import { unplugin } from "./unplugin.ts";

const vite: typeof unplugin.vite = unplugin.vite;
export default vite;
