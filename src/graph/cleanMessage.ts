const maximumLength = 500;

/** From here on an Intune message names operations, activities and the internal address of the tenant's scale unit. */
const supportTail =
  /\s*(-|–)?\s*\b(Operation ID|Activity ID|Url|CustomApiErrorPhrase)\b\s*(\([^)]*\))?\s*:.*$/is;

/**
 * Makes a message of Graph's fit for a caller: one line without the support tail, addresses, internal hosts, tokens
 * and the backend's own namespace. Empty where nothing is left.
 */
export function cleanMessage(message: string): string {
  const cleaned = message
    .slice(0, 20_000)
    .replace(supportTail, '')
    .replace(/\bBearer\s+[\w.~+/=-]+/gi, 'Bearer [redacted]')
    .replace(/\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g, '[redacted]')
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s'"<>]+/gi, '[address]')
    .replace(/\b(?:[\w-]+\.)+manage\.microsoft\.com\b[^\s'"]*/gi, '[address]')
    .replace(/\bmicrosoft\.management\.services\.api\./gi, 'microsoft.graph.')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return cleaned.length > maximumLength ? `${cleaned.slice(0, maximumLength - 1)}…` : cleaned;
}
