import { isJsonObject } from './json.ts';
import type { PartnerResource } from './types.ts';

const texts = ['@odata.type', 'displayName', 'partnerState', 'lastHeartbeatDateTime'] as const;
const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'] as const;

/** A text that names the first property whose JSON type cannot be right, or the partner. */
export type PartnerReading = { readonly partner: PartnerResource } | { readonly problem: string };

/**
 * Checks that a JSON value has the JSON types of a partner. Unknown properties, states and target types pass, and so
 * do lists with null entries; what is inside a target stays as Graph wrote it.
 */
export function readPartnerJson(value: unknown): PartnerReading {
  if (!isJsonObject(value)) {
    return { problem: 'a partner is not a JSON object' };
  }
  if (typeof value['id'] !== 'string' || value['id'] === '') {
    return { problem: 'a partner has no id' };
  }
  const text = texts.find((name) => !isOptional(value[name], 'string'));
  if (text !== undefined) {
    return { problem: `${text} of a partner is no text` };
  }
  const flag = platforms.find((platform) => !isOptional(value[`${platform}Onboarded`], 'boolean'));
  if (flag !== undefined) {
    return { problem: `${flag}Onboarded of a partner is neither true nor false` };
  }
  const list = platforms.find((platform) => !isList(value[`${platform}EnrollmentAssignments`]));
  if (list !== undefined) {
    return { problem: `${list}EnrollmentAssignments of a partner is no list of assignments` };
  }
  return { partner: value as unknown as PartnerResource };
}

function isOptional(value: unknown, type: 'string' | 'boolean'): boolean {
  return value === undefined || value === null || typeof value === type;
}

function isList(value: unknown): boolean {
  return (
    value === undefined || value === null || (Array.isArray(value) && value.every(isAssignment))
  );
}

function isAssignment(value: unknown): boolean {
  if (value === null) {
    return true;
  }
  const target = isJsonObject(value) ? (value['target'] ?? {}) : undefined;
  return isJsonObject(target) && isOptional(target['@odata.type'], 'string');
}
