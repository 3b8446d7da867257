/**
 * A library with a queue that has items executed, five at a time: node … none|remote STORE COUNT. Prints the milliseconds that they take.
 * `begin(list)` resolves when all items of the list have ended.
 */
export async function queueProgram(open) {
  const [, , work, directory, count] = process.argv;
  const { begin, close } = await open(work, directory);
  const items = (number, from) => Array.from({ length: number }, (_, item) => from + item);
  await begin(items(500, 1_000_000));
  const began = performance.now();
  await begin(items(Number(count), 0));
  console.log(JSON.stringify({ taken: performance.now() - began }));
  await close();
  process.exit();
}

/** What an item does: nothing, or it waits as if for another machine, for 1 to 10 ms. */
export async function execute(work, item) {
  if (work === "remote") await new Promise((resolve) => setTimeout(resolve, 1 + (item % 10)));
  return { index: item };
}
