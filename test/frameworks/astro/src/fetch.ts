import { DefaultFetchHandler } from "astro/app/fetch/default-handler";
import { close, worker } from "perdure";
import "./workflows/order";

worker();
if (import.meta.env.PROD) process.once("SIGTERM", () => void close().finally(() => process.exit()));

export default new DefaultFetchHandler();
