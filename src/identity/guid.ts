const guid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Whether a text is a GUID in the form that Entra gives to the ids of tenants. */
export function isGuid(text: string): boolean {
  return guid.test(text);
}
