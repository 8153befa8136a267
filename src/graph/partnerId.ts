const form = /^[A-Za-z0-9_.~=-]{1,256}$/;

/** What an id may look like, for messages. */
export const partnerIdForm =
  '1 to 256 of the characters A-Z a-z 0-9 _ . ~ = - that are not all dots, usually a UUID';

/**
 * Tells whether an id can stand in a path without changing its meaning. Encoding alone would not do:
 * `encodeURIComponent('..')` is `..`, and URL parsers climb out of the path on `%2e%2e` as well.
 */
export function isPartnerId(id: string): boolean {
  return form.test(id) && !/^\.+$/.test(id);
}
