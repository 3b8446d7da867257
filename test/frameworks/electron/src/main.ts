import { join } from "node:path";
import { app, BrowserWindow, ipcMain } from "electron";
import { close, configure, getRun, start, worker } from "perdure";
import { order } from "./order.ts";

await app.whenReady();
configure({ store: `sqlite:${join(app.getPath("userData"), "perdure.db")}` });
worker();

ipcMain.handle("start-order", async (_event, id: string) => (await start(order, [id])).id);
ipcMain.handle("order-status", async (_event, id: string) => (await getRun(`order-${id}`)).status());

const window = new BrowserWindow();
await window.loadFile("index.html");

// Electron does not wait for a promise: stop the first attempt to quit, and quit when the tasks in flight have ended
let closed = false;
app.on("before-quit", (event) => {
  if (closed) return;
  event.preventDefault();
  void close().finally(() => {
    closed = true;
    app.quit();
  });
});
