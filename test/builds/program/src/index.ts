export * from "./stock.ts";
export { Payments, Declined as PaymentError } from "./payment.ts";
export { default as ship } from "./shipping.ts";
