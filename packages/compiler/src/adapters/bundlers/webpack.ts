import { unplugin } from "../unplugin/unplugin.ts";

const webpack: typeof unplugin.webpack = unplugin.webpack;
export { webpack as default, webpack as "module.exports" };
