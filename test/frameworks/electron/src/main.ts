import { join } from "node:path";
import { app, BrowserWindow, ipcMain } from "electron";
import { close, configure, getRun, start, worker } from "perdure";
import { order } from "./order.ts";

configure({ store: `sqlite:${join(app.getPath("userData"), "perdure.db")}` });
// two processes of one program would both be right, and both show a window
if (!app.requestSingleInstanceLock()) app.exit();

ipcMain.handle("start-order", async (_event, id: string) => (await start(order, [id])).id);
ipcMain.handle("order-status", async (_event, id: string) => (await getRun(`order-${id}`)).status());

// in an ES module, `await app.whenReady()` here would wait for itself
void app.whenReady().then(() => {
  worker();
  return new BrowserWindow().loadFile("index.html");
});

// Electron waits for no promise: stop the first attempt to quit, and quit when the tasks in flight have ended
let closed = false;
app.on("before-quit", (event) => {
  if (closed) return;
  event.preventDefault();
  void close().finally(() => {
    closed = true;
    app.quit();
  });
});
