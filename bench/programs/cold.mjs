/** The smallest program with Perdure: node cold.mjs STORE */
import { pathToFileURL } from "node:url";
import { close, configure } from "perdure";
import { flowsFile } from "../build.mjs";

configure({ store: `sqlite:${process.argv[2]}` });
const { sequential } = await import(pathToFileURL(flowsFile).href);
await sequential("cold", 1, 100);
await close();
