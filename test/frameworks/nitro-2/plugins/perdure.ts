import { defineNitroPlugin } from "nitropack/runtime";
import { close, worker } from "perdure";
import "../workflows/order";

export default defineNitroPlugin((nitro) => {
  worker();
  nitro.hooks.hook("close", () => close());
});
