import handler from "@tanstack/react-start/server-entry";
import { close, worker } from "perdure";
import "./server/order";

worker();
if (import.meta.env.PROD) process.once("SIGTERM", () => void close().finally(() => process.exit()));

export default { fetch: (request: Request) => handler.fetch(request) };
