import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../src/telemetry/logger.ts';

function recordedLog(level = 'info') {
  const lines: string[] = [];
  const log = createLogger(level, { write: (line) => lines.push(line) });
  return { log, lines, objects: () => lines.map((line) => JSON.parse(line) as object) };
}

describe('createLogger', () => {
  it('writes one JSON line with level, time, message and fields', () => {
    const { log, lines, objects } = recordedLog();
    log.info('Answered', { requestId: 'a', status: 200 });
    expect(lines[0]?.endsWith('\n')).toBe(true);
    expect(objects()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        requestId: 'a',
        status: 200,
        message: 'Answered',
      },
    ]);
  });

  it('keeps below its level', () => {
    const { log, lines } = recordedLog('warn');
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    expect(lines).toHaveLength(2);
  });

  it('tells where an unexpected error came from, but not what it quotes', () => {
    const { log, lines, objects } = recordedLog();
    log.error('Failed', {}, new TypeError('the token hunter2 is bad'));
    expect(lines.join()).not.toContain('hunter2');
    expect(objects()).toMatchObject([{ error: { name: 'TypeError', frames: expect.any(Array) } }]);
  });

  it('cannot be made to write a second line', () => {
    const { log, lines } = recordedLog();
    log.warn('x', { reason: 'a\n{"level":"fatal"}\r\n' });
    expect(lines.join('').trimEnd().split('\n')).toHaveLength(1);
  });

  it('escapes whatever a terminal or a viewer could obey', () => {
    const { log, lines, objects } = recordedLog();
    const hostile = '\u0000\u001b[2J\u007f\u009b31m\u0085\u2028\u2029\u202e\u2066\ufeff';
    log.info('Answered', { reason: hostile });
    expect(lines.join('')).not.toMatch(/[^\n\x20-\x7e]/);
    expect(objects()).toMatchObject([{ reason: hostile }]);
  });

  it('leaves what people write as it is', () => {
    const { log, lines } = recordedLog();
    log.info('Answered', { reason: 'Zürich 東京 ☂ …' });
    expect(lines.join('')).toContain('Zürich 東京 ☂ …');
  });
});
