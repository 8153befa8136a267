import type { Fault } from '../../../src/emulator/faults.ts';

/** What goes wrong at Graph during a soak; each strikes the next request that comes. */
export const soakFaults: readonly Fault[] = [
  { respond: { status: 500, body: { error: { code: 'generalException', message: 'x' } } } },
  { respond: { status: 502, body: '<html>Bad gateway</html>' } },
  { respond: { status: 503, headers: { 'retry-after': '0' }, body: '' } },
  { respond: { status: 429, headers: { 'retry-after': '1' }, body: '' } },
  { respond: { status: 403, body: { error: { code: 'Forbidden', message: 'x' } } } },
  { respond: { status: 200, body: '{"value":[{"id":"1","id":"2"}]}' } },
  { respond: { status: 200, body: '{"value":' } },
  { respond: { status: 200, body: Buffer.alloc(300_000, 0x20) } },
  { kill: 'reset' },
  { kill: 'reset', execute: true },
  { kill: 'close' },
  { kill: 'truncate' },
  { kill: 'silence' },
  { delayMs: 300 },
];
