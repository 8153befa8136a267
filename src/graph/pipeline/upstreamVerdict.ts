import type { AttemptEnd, UpstreamVerdict } from '../../shared/circuitBreaker.ts';
import { isGraphError } from '../errors.ts';
import type { GraphResponse } from '../request.ts';

/**
 * Judges an attempt's end: a 5xx, a timeout and a connection fault mean down, every other answer means up, 4xx and 429
 * among them. A timeout says something only after `slowMs`: a caller in a hurry says nothing of the upstream.
 */
export function judgeUpstream(end: AttemptEnd<GraphResponse>, slowMs: number): UpstreamVerdict {
  if ('answer' in end) {
    const { status } = end.answer;
    return status >= 500 && status !== 501 ? 'down' : 'up';
  }
  if (!isGraphError(end.error)) {
    return 'nothing';
  }
  const { code, details } = end.error;
  if (details.fault === 'queued') {
    return 'nothing';
  }
  if (code === 'timeout') {
    return end.durationMs >= slowMs ? 'down' : 'nothing';
  }
  switch (details.fault) {
    case 'not-connected':
    case 'untrusted':
    case 'proxy-credentials':
    case 'broken':
      return 'down';
    case 'ended':
      return 'nothing';
    default:
      return code === 'badResponse' ? 'up' : 'nothing';
  }
}
