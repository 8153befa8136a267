/** Gives what the gateway wrote into the page. */
export function readSettings<Settings>(): Settings {
  // The page and this script come from one build, so the form is what the gateway's own code wrote.
  return JSON.parse(document.getElementById('settings')?.textContent ?? '') as Settings;
}

const tokenKey = 'token';

/** Gives the token of this tab of the browser; undefined if none was entered, or if the browser keeps nothing. */
export function readToken(): string | undefined {
  try {
    return window.sessionStorage.getItem(tokenKey) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps the token until the browser's tab is closed; an empty one is removed. */
export function keepToken(token: string): void {
  try {
    if (token === '') {
      window.sessionStorage.removeItem(tokenKey);
    } else {
      window.sessionStorage.setItem(tokenKey, token);
    }
  } catch {
    // A browser that keeps nothing has the token in the page only.
  }
}

/** The headers of a request: what a tab says of `authorization` comes before the token for all tabs. */
export function withToken(
  headers: Readonly<Record<string, string>>,
  token: string,
): Readonly<Record<string, string>> {
  const isGiven = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  const bare = token.trim().replace(/^Bearer\s+/i, '');
  return isGiven || bare === '' ? headers : { ...headers, authorization: `Bearer ${bare}` };
}
