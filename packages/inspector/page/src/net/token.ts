const KEY = "perdure-inspector-token";

/** The part of a browser window that the token passes through. */
export interface TokenPlace {
  readonly location: { readonly hash: string; readonly pathname: string; readonly search: string };
  readonly history: { replaceState(data: unknown, unused: string, url: string): void };
  readonly sessionStorage: Pick<Storage, "getItem" | "setItem">;
}

/** Takes the token out of the address, so that it is in no history and no copied link, and keeps it for this tab. */
export function takeToken({ location, history, sessionStorage }: TokenPlace): string | undefined {
  const params = new URLSearchParams(location.hash.replace(/^#/u, ""));
  const given = location.hash.startsWith("#token=") ? params.get("token") : null;
  if (given === null) return sessionStorage.getItem(KEY) ?? undefined;
  history.replaceState(null, "", `${location.pathname}${location.search}#/runs`);
  sessionStorage.setItem(KEY, given);
  return given;
}

export const keepToken = (token: string): void => sessionStorage.setItem(KEY, token);
