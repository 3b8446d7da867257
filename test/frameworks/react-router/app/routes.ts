import { index, route, type RouteConfig } from "@react-router/dev/routes";

export default [
  index("routes/home.tsx"),
  route("orders/:id", "routes/order.ts"),
  route("receipts/:id", "routes/receipt.tsx"),
] satisfies RouteConfig;
