const maximumLength = 500;

/** From here on an Intune message names operations, activities and the internal address of the tenant's scale unit. */
const supportTail =
  /\s*(-|–)?\s*\b(Operation ID|Activity ID|Url|CustomApiErrorPhrase)\b\s*(\([^)]*\))?\s*:.*$/is;

/** Of machines, and not of types: `System.Net` and `microsoft.graph.group` end otherwise. A mail address stays. */
const hostName =
  /(?<![@\w.-])(?:[\w-]+\.)+(?:internal|local|localdomain|lan|corp|intranet|cloud|com|net|org|io|svc)\b(?::\d+)?(?:\/[^\s'"]*)?/g;
const ipAddress =
  /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|(?:[\da-f]{0,4}:){3,7}[\da-f]{0,4})(?![\w.:]*[\w:])/gi;

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
    .replace(hostName, '[address]')
    .replace(ipAddress, '[address]')
    .replace(/\bmicrosoft\.management\.services\.api\./gi, 'microsoft.graph.')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return cleaned.length > maximumLength ? `${cleaned.slice(0, maximumLength - 1)}…` : cleaned;
}
