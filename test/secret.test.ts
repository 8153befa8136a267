import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Secret } from '../src/secret.ts';

describe('Secret', () => {
  it('shows its text only where it is asked to', () => {
    const secret = new Secret('hunter2');
    const shown = [`${secret}`, JSON.stringify({ secret }), inspect({ secret }), String(secret)];
    expect(shown.join()).not.toContain('hunter2');
    expect(Object.values(secret)).toEqual([]);
    expect(secret.reveal()).toBe('hunter2');
  });
});
