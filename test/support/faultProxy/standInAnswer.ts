import type { ProxiedRequest } from './fault.ts';
import { type HttpAnswer, httpAnswer } from './httpAnswer.ts';

const json = { 'content-type': 'application/json;odata.metadata=minimal;charset=utf-8' };
const newId = '5a7d1f00-0000-4000-8000-00000000fa17';

/** An answer that looks like the upstream's, for faults that lie about a request which was never executed. */
export function standInAnswer({ method, path, body }: ProxiedRequest): HttpAnswer {
  const [collection = '', id] = path
    .replace(/\?.*/, '')
    .split(/(?<=complianceManagementPartners)\//);
  switch (method) {
    case 'POST': {
      const isBatch = collection.endsWith('$batch');
      return isBatch
        ? httpAnswer(200, json, { responses: [] })
        : httpAnswer(201, json, { ...parseObject(body), id: newId });
    }
    case 'PATCH':
      return httpAnswer(200, json, { ...parseObject(body), id });
    case 'DELETE':
      return httpAnswer(204);
    default:
      return httpAnswer(200, json, id === undefined ? { value: [] } : { id });
  }
}

function parseObject(body: Buffer): object {
  const text = body.toString('utf8');
  const value: unknown = text.startsWith('{') ? JSON.parse(text) : {};
  return typeof value === 'object' && value !== null ? value : {};
}
