import { createServer } from "node:http";
import { createServer as createVite } from "vite";

const vite = await createVite({
  appType: "custom",
  server: { middlewareMode: true, ws: false, watch: { usePolling: true, interval: 20 } },
});
const load = () => vite.ssrLoadModule("/src/server.ts");
await (
  await load()
).ready;

const server = createServer((request, response) => {
  vite.middlewares(request, response, async () => (await load()).handle(request, response));
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
