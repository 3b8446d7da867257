import { createServer } from "node:http";
import { handle, ready } from "./dist/server/server.js";

await ready;
const server = createServer(handle);
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
