/** The functions of the package that have run. Each one records itself. */
const ran = new Set();
globalThis.$ran = (name) => void ran.add(name);

const clean = (value) =>
  value instanceof Error
    ? { error: value.name, message: value.message, code: value.code }
    : value instanceof Uint8Array
      ? `bytes ${Buffer.from(value).toString("base64")}`
      : typeof value === "bigint"
        ? `${value}n`
        : value;

/** Prints the result of a call, or its error. */
export async function say(what, call) {
  let result;
  try {
    result = await call();
  } catch (error) {
    result = error;
  }
  console.log(`${what}: ${JSON.stringify(clean(result), (_key, value) => clean(value)) ?? "undefined"}`);
  return result;
}

process.on("exit", () => console.log(`RAN ${JSON.stringify([...ran].toSorted())}`));
