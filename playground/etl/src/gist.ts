import { download } from "./download.ts";
import { journal } from "./journal.ts";
import type { Gist, Source } from "./model.ts";
import { maybeNumber, number, readRows, text, type Row } from "./rows.ts";

const gists = {
  "movies.json": gistOfMovies,
  "cars.json": gistOfCars,
  "seattle-weather.csv": gistOfWeather,
  "stocks.csv": gistOfStocks,
};

export type GistFile = keyof typeof gists;

/** Downloads a file and calls the task for its format. The task is looked up by name. Its step id is the same as in a direct call. */
export async function gist(file: GistFile, folder: string): Promise<Gist> {
  const source = await download(file, folder);
  return gists[file](source);
}

async function gistOfMovies({ path }: Source): Promise<Gist> {
  "use task";
  return journal(async () => {
    const rows = await readRows(path);
    const wrongYears = rows.filter((row) => releaseYear(row) > 2011).length;
    const rated = rows.filter((row) => (maybeNumber(row, "IMDB Votes") ?? 0) > 100_000);
    const best = highest(rated, "IMDB Rating");
    return {
      title: "Movies",
      sentences: [
        `Best of ${rows.length} movies: ${text(best, "Title")}, ${text(best, "IMDB Rating")} at IMDB.`,
        `${wrongYears} movies came out in the future; they are a hundred years older than the file says.`,
      ],
    };
  });
}

async function gistOfCars({ path }: Source): Promise<Gist> {
  "use task";
  return journal(async () => {
    const rows = (await readRows(path)).filter((row) => maybeNumber(row, "Miles_per_Gallon") !== undefined);
    const thrifty = highest(rows, "Miles_per_Gallon");
    const litres = 235.2 / number(thrifty, "Miles_per_Gallon");
    return {
      title: "Cars",
      sentences: [`The ${text(thrifty, "Name")} needs ${litres.toFixed(1)} l for 100 km, least of ${rows.length}.`],
    };
  });
}

async function gistOfWeather({ path }: Source): Promise<Gist> {
  "use task";
  return journal(async () => {
    const days = await readRows(path);
    const wet = days.filter((day) => number(day, "precipitation") > 0).length;
    const hottest = highest(days, "temp_max");
    return {
      title: "Weather",
      sentences: [
        `In Seattle ${wet} of ${days.length} days are wet.`,
        `The hottest was ${text(hottest, "date")}, with ${text(hottest, "temp_max")} °C.`,
      ],
    };
  });
}

async function gistOfStocks({ path }: Source): Promise<Gist> {
  "use task";
  return journal(async () => {
    const top = highest(await readRows(path), "price");
    return {
      title: "Stocks",
      sentences: [
        `The highest price is that of ${text(top, "symbol")} on ${text(top, "date")}: $${text(top, "price")}.`,
      ],
    };
  });
}

const releaseYear = (row: Row): number => Number(text(row, "Release Date").slice(-4));

function highest(rows: readonly Row[], column: string): Row {
  const [first, ...others] = rows;
  if (!first) throw new Error(`no rows to look for the highest ${column} in`);
  return others.reduce((top, row) => (number(row, column) > number(top, column) ? row : top), first);
}
