/**
 * Gives the URL of the next page, or undefined for a link that must not be followed: one to another origin, with
 * credentials, or to another path than the collection's. The token goes wherever the link leads, so a link is only
 * as good as the place that it names. It may be relative, as OData allows.
 */
export function resolveNextLink(link: string, page: URL, collection: URL): URL | undefined {
  if (!URL.canParse(link, page.href)) {
    return undefined;
  }
  const url = new URL(link, page);
  const isSamePlace =
    url.origin === collection.origin &&
    url.username === '' &&
    url.password === '' &&
    url.pathname.toLowerCase() === collection.pathname.toLowerCase();
  return isSamePlace ? url : undefined;
}
