import { contentType } from '../deliver.ts';
import type { FaultAnswer } from '../faults.ts';

/**
 * Writes an answer as one response of a batch. Graph's own headers are there unless the answer has them, in whatever
 * case; bytes become Base64, and an answer without a body has no member for it.
 */
export function batchedResponse(id: string, answer: FaultAnswer): object {
  const { status, headers = {}, body } = answer;
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const usual = {
    'Cache-Control': 'private',
    ...(body !== undefined && { 'OData-Version': '4.0', 'Content-Type': contentType }),
  };
  const unanswered = Object.entries(usual).filter(([name]) => !given.has(name.toLowerCase()));
  return {
    id,
    status,
    headers: { ...Object.fromEntries(unanswered), ...headers },
    ...(body !== undefined && { body: Buffer.isBuffer(body) ? body.toString('base64') : body }),
  };
}
