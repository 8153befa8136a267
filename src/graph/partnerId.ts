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

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Gives the same text for all spellings of one id: a UUID may come in any case, any other id only as it is. */
export function idKeyOf(id: string): string {
  return uuid.test(id) ? id.toLowerCase() : id;
}

/**
 * Whether an answer is about the id that was asked for. A Graph that finds an id in another case takes ids so, whatever
 * their form; in a list the same two ids could stand for two rows.
 */
export function isSameId(asked: string, answered: string): boolean {
  return asked.toLowerCase() === answered.toLowerCase();
}
