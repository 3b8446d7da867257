import { render } from "preact";
import { Inspector, InspectorContext } from "./net/context.ts";
import { takeToken } from "./net/token.ts";
import { App } from "./shell/app.tsx";

const place = document.getElementById("page");
if (!place) throw new Error("index.html has no element with the id page");

const inspector = new Inspector(takeToken(window));
render(
  <InspectorContext.Provider value={inspector}>
    <App />
  </InspectorContext.Provider>,
  place,
);
