import { createRequire } from "node:module";
import "./report.mjs";

// the package's own tests, with the store in memory
const require = createRequire(import.meta.url);
const test = require("tape");
const suite = require("abstract-level/test");
const { MemoryLevel } = require("memory-level");

suite({ test, factory: (options) => new MemoryLevel(options) });
for (const storeEncoding of ["view", "utf8"])
  suite({ test, factory: (options) => new MemoryLevel({ ...options, storeEncoding }) });
