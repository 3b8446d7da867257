import { defineMiddleware } from "astro:middleware";
import { close, worker } from "perdure";
import "./workflows/order";

worker();
process.once("SIGTERM", () => void close().finally(() => process.exit()));

export const onRequest = defineMiddleware((_context, next) => next());
