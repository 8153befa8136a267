import { gzipSync } from 'node:zlib';
import type { RequestFault } from '../fault.ts';
import { headOf, httpAnswer } from '../httpAnswer.ts';
import { nextTurn } from '../wire.ts';
import { answers } from './plainAnswers.ts';

const jsonType = { 'content-type': 'application/json' };
const kibibyte = 1024;

/** Valid JSON with a partner's id and an empty list, blown up by white space between its halves. */
const opening = '{"id":"huge","value":[';
const closing = ']}';

/** Sends a body of valid JSON of this size, as fast as it is read. */
export function hugeBody(bytes: number): RequestFault {
  return {
    name: `body of ${bytes} bytes`,
    at: 'request',
    executes: false,
    async play({ wire }) {
      const filler = Buffer.alloc(256 * kibibyte, ' ');
      await wire.write(headOf(httpAnswer(200, jsonType), { length: bytes }));
      await wire.write(opening);
      let left = bytes - opening.length - closing.length;
      while (left > 0 && wire.isOpen) {
        const chunk = filler.subarray(0, left);
        left -= chunk.length;
        await wire.write(chunk);
        await nextTurn();
      }
      await wire.write(closing);
    },
  };
}

/** Sends valid JSON that is a thousandth of this size as long as it is compressed. */
export function gzipBomb(bytes: number): RequestFault {
  const headers = { ...jsonType, 'content-encoding': 'gzip' };
  return answers(`gzip bomb of ${bytes} bytes`, () => httpAnswer(200, headers, bombOf(bytes)));
}

/** Built once: it takes as long as a hundred other tests. */
const bombs = new Map<number, Buffer>();

function bombOf(bytes: number): Buffer {
  let bomb = bombs.get(bytes);
  if (bomb === undefined) {
    const filler = Buffer.alloc(bytes - opening.length - closing.length, ' ');
    bomb = gzipSync(Buffer.concat([Buffer.from(opening), filler, Buffer.from(closing)]));
    bombs.set(bytes, bomb);
  }
  return bomb;
}

/** Puts header lines of this size in all around the answer. */
export function hugeHeaders(bytes: number): RequestFault {
  const lines = Array.from(
    { length: Math.ceil(bytes / kibibyte) },
    (_, index) => [`x-filler-${index}`, 'f'.repeat(kibibyte)] as const,
  );
  return answers(`${bytes} bytes of headers`, ({ answer }) => ({
    ...answer,
    headers: [...answer.headers, ...lines],
  }));
}
