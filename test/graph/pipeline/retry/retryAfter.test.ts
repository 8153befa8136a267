import { describe, expect, it } from '@jest/globals';
import type { GraphResponse } from '../../../../src/graph/pipeline/pipeline.ts';
import {
  parseRetryAfterMs,
  retryAfterMsOf,
  throttlePauseMsOf,
  wasTurnedAway,
} from '../../../../src/graph/pipeline/retry/retryAfter.ts';

const now = Date.parse('2026-03-01T12:00:00Z');

describe('parseRetryAfterMs', () => {
  it.each<[string | undefined, number | undefined]>([
    ['2', 2000],
    ['0', 0],
    ['2.128', 2128],
    ['0.249', 249],
    [' 3600 ', 3_600_000],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
    [undefined, undefined],
    ['', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['soon', undefined],
    ['2026-03-01', undefined],
    ['99999999999999', undefined],
    ['Sun, 99 Mar 2026 12:00:30 GMT', undefined],
  ])('reads %j as %j ms', (header, expected) => {
    expect(parseRetryAfterMs(header, now)).toBe(expected);
  });
});

interface Said {
  readonly header?: string | string[];
  /** In the JSON inside the message of Intune's own error. */
  readonly inside?: unknown;
}

function answer(status: number, { header, inside }: Said): GraphResponse {
  const message = JSON.stringify({ Message: 'Slow down', RetryAfter: inside ?? null });
  const body = Buffer.from(JSON.stringify({ error: { code: 'TooManyRequests', message } }));
  return { status, headers: { 'retry-after': header }, body };
}

describe('retryAfterMsOf', () => {
  it.each<[Said, number | undefined]>([
    [{ header: '2' }, 2000],
    [{ header: ['3', '7'] }, 3000],
    [{ inside: '2' }, 2000],
    [{ inside: 2.5 }, 2500],
    [{ header: '2', inside: '9' }, 2000],
    [{ header: 'soon', inside: '9' }, 9000],
    [{ inside: 'soon' }, undefined],
    [{ inside: -1 }, undefined],
    [{}, undefined],
  ])('reads %j as %j ms', (said, expected) => {
    expect(retryAfterMsOf(answer(429, said), now)).toBe(expected);
  });

  it('reads none from a body that is no error', () => {
    const body = Buffer.from('<html>');
    expect(retryAfterMsOf({ status: 429, headers: {}, body }, now)).toBeUndefined();
  });
});

describe('throttlePauseMsOf', () => {
  it('takes a second for granted where nothing says when, and nothing else', () => {
    expect(throttlePauseMsOf(answer(429, {}), now)).toBe(1000);
    expect(throttlePauseMsOf(answer(429, { header: 'soon' }), now)).toBe(1000);
    expect(throttlePauseMsOf(answer(429, { header: '0' }), now)).toBe(0);
    expect(throttlePauseMsOf(answer(429, { inside: '30' }), now)).toBe(30_000);
  });
});

describe('wasTurnedAway', () => {
  it.each<[number, Said, boolean]>([
    [503, { header: '5' }, true],
    [503, { header: '0' }, true],
    [503, {}, false],
    [503, { header: 'soon' }, false],
    [503, { inside: '5' }, false],
    [500, { header: '5' }, false],
    [429, { header: '5' }, false],
  ])('tells of a %i with %j: %j', (status, said, expected) => {
    expect(wasTurnedAway(answer(status, said), now)).toBe(expected);
  });
});
