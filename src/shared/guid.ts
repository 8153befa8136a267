const guid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Whether a text is a UUID in the form that Entra and Graph give to their ids: 8-4-4-4-12, in any case, no braces. */
export function isGuid(text: string): boolean {
  return guid.test(text);
}
