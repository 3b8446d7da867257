import { close, worker } from "perdure";
import "./lib/order";

worker();
process.once("SIGTERM", () => void close().finally(() => process.exit()));
