// Loaded before the program (`node --import`): gives it a host name of its own, so that no process can see whether another one lives, as on separate machines.
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";

os.hostname = () => process.env["MACHINE"] ?? "";
syncBuiltinESMExports();
