import { close, worker } from "perdure";
import "./lib/order";

worker();
if (process.env.NODE_ENV === "production") process.once("SIGTERM", () => void close().finally(() => process.exit()));
