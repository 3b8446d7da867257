import pg from "pg";

/** Counts the statements that this process sends from now on. */
export function countQueries() {
  const { query } = pg.Client.prototype;
  let count = 0;
  pg.Client.prototype.query = function counted(...args) {
    count++;
    return query.apply(this, args);
  };
  return () => count;
}
