import { describe, expect, it } from '@jest/globals';
import { tokenLifeOf } from '../../../src/identity/outbound/tokenLife.ts';

const minuteMs = 60_000;

describe('tokenLifeOf', () => {
  it.each<[string, number, number | undefined, number, number]>([
    ['an hour is used for 55 minutes, renewed after three quarters', 60, undefined, 55, 41.25],
    ['the issuer says when to renew', 60, 30, 55, 30],
    ['the issuer says it too late to be heeded', 60, 58, 55, 41.25],
    ['the issuer says nothing sensible', 60, 0, 55, 41.25],
    ['a day with a half-time of its issuer', 1440, 720, 1435, 720],
    ['a short life keeps a quarter as its distance', 4, undefined, 3, 2.25],
    ['a token that is over is never given out twice', 0, undefined, 0, 0],
  ])('%s', (_what, expiresIn, refreshIn, usableFor, refreshAfter) => {
    const life = tokenLifeOf({
      expiresInMs: expiresIn * minuteMs,
      refreshInMs: refreshIn === undefined ? undefined : refreshIn * minuteMs,
    });
    expect(life).toEqual({
      usableForMs: usableFor * minuteMs,
      refreshAfterMs: refreshAfter * minuteMs,
    });
  });
});
