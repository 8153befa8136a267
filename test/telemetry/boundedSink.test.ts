import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { createBoundedSink } from '../../src/telemetry/boundedSink.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const line = (text: string): string => `${JSON.stringify({ message: text })}\n`;
const nextTurn = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** A stream whose reader takes what it is given when the test says so. */
function slowStream() {
  const writes: string[] = [];
  let take: () => void = () => undefined;
  const stream = new Writable({
    write(chunk, _encoding, callback) {
      writes.push(String(chunk));
      take = callback;
    },
  });
  return {
    stream,
    writes,
    take() {
      const callback = take;
      take = () => undefined;
      callback();
    },
  };
}

describe('the sink', () => {
  it('hands over the lines of one turn of the event loop together', async () => {
    const { stream, writes } = slowStream();
    const sink = createBoundedSink(stream, createVirtualClock());
    sink.write(line('a'));
    sink.write(line('b'));
    expect(writes).toEqual([]);
    await nextTurn();
    expect(writes).toEqual([line('a') + line('b')]);
  });

  it.each([
    ['x', 'one byte'],
    ['ü', 'two bytes'],
    ['\u{1F600}', 'four bytes'],
  ])(
    'keeps a bounded number of bytes for a reader that takes none, and tells what was lost, of %s (%s)',
    async (character) => {
      const { stream, writes, take } = slowStream();
      const sink = createBoundedSink(stream, createVirtualClock(Date.UTC(2026, 0, 1)));
      const long = line(character.repeat(1000));
      for (let count = 0; count < 5000; count += 1) {
        sink.write(long);
        if (count % 100 === 0) {
          await nextTurn();
        }
      }
      expect(stream.writableLength).toBeLessThanOrEqual(1024 * 1024);
      const kept = Math.floor((1024 * 1024) / Buffer.byteLength(long));
      for (let turn = 0; turn < 100; turn += 1) {
        take();
        await nextTurn();
      }
      sink.write(line('again'));
      await nextTurn();
      expect(writes.join('').split(long)).toHaveLength(kept + 1);
      const [note, again] = (writes.at(-1) ?? '')
        .split('\n')
        .map((text) => text && JSON.parse(text));
      expect(note).toEqual({
        level: 'warn',
        time: '2026-01-01T00:00:00.000Z',
        count: 5000 - kept,
        message: 'Log lines were lost, because nobody took them in time',
      });
      expect(again).toEqual({ message: 'again' });
    },
  );

  it('survives that its reader goes away', async () => {
    const stream = new PassThrough();
    const sink = createBoundedSink(stream, createVirtualClock());
    sink.write(line('a'));
    stream.destroy(new Error('EPIPE'));
    await nextTurn();
    sink.write(line('b'));
    await sink.flush(1000);
    expect(stream.destroyed).toBe(true);
  });

  it('hands over at once what it has when it is flushed, and waits until it is taken', async () => {
    const { stream, writes, take } = slowStream();
    const sink = createBoundedSink(stream, createVirtualClock());
    sink.write(line('last'));
    let isFlushed = false;
    const flushing = sink.flush(1000).then(() => {
      isFlushed = true;
    });
    expect(writes).toEqual([line('last')]);
    await nextTurn();
    expect(isFlushed).toBe(false);
    take();
    await nextTurn();
    take();
    await flushing;
  });

  it('does not wait for ever', async () => {
    const clock = createVirtualClock();
    const { stream } = slowStream();
    const sink = createBoundedSink(stream, clock);
    sink.write(line('last'));
    const flushing = sink.flush(1000);
    await clock.advance(1000);
    await flushing;
  });
});
