// One of the workers: it executes orders until it is told to stop, or killed.
import { worker } from "perdure";
import "./order.ts";
import { configureShop } from "./settings.ts";

configureShop();
worker({ concurrency: 20, signals: true });
