/**
 * A stand-in for what src/main.ts uses of Electron, whose program is downloaded when it is installed: there is no window and no renderer.
 * Requests that a renderer would send through IPC come by HTTP. SIGTERM quits, as it does in Electron.
 */
import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import { dirname } from "node:path";
import { setImmediate } from "node:timers/promises";

const handlers = new Map();

export const ipcMain = { handle: (channel, handler) => void handlers.set(channel, handler) };

export class BrowserWindow {
  async loadFile() {}
}

class App extends EventEmitter {
  // Electron is ready after the main module has been evaluated
  whenReady = () => setImmediate();
  requestSingleInstanceLock = () => true;
  exit = (code = 0) => process.exit(code);

  getPath() {
    return dirname(process.env.EFFECTS);
  }

  quit() {
    let prevented = false;
    this.emit("before-quit", { preventDefault: () => (prevented = true) });
    if (!prevented) process.exit();
  }
}

export const app = new App();

process.on("SIGTERM", () => app.quit());

const answers = { POST: ["start-order", "run"], GET: ["order-status", "status"] };

createServer(async ({ method, url }, response) => {
  const id = /^\/orders\/(\w+)$/.exec(url)?.[1];
  if (id === undefined) return response.end();
  const [channel, name] = answers[method];
  try {
    response.end(JSON.stringify({ [name]: await handlers.get(channel)({}, id) }));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}).listen(Number(process.env.PORT));
