import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { partner, partnersOf } from './bodies.ts';

/**
 * A Graph that answers with prepared bytes, so that only the process in front of it is measured: at once, or after as
 * many milliseconds as its argument says. `/received` tells how many adds and reads it got, and `/rows/1000` makes its
 * list so long.
 */
const one = Buffer.from(JSON.stringify(partner));
const listOf = (rows: number): Buffer => Buffer.from(JSON.stringify({ value: partnersOf(rows) }));
const headers = { 'content-type': 'application/json;odata.metadata=minimal;charset=utf-8' };
const delayMs = Number(process.argv[2] ?? 0);
const received = { adds: 0, reads: 0 };
let list = listOf(100);

const server = createServer((request, response) => {
  const { url = '' } = request;
  if (url === '/received') {
    response.end(JSON.stringify(received));
    return;
  }
  if (url.startsWith('/rows/')) {
    list = listOf(Number(url.slice('/rows/'.length)));
    response.end();
    return;
  }
  request.resume();
  request.on('end', () => {
    const isAdd = request.method === 'POST';
    received[isAdd ? 'adds' : 'reads'] += 1;
    const body = isAdd || url.endsWith(partner.id) ? one : list;
    const answer = (): void => {
      response.writeHead(isAdd ? 201 : 200, { ...headers, 'content-length': body.length });
      response.end(body);
    };
    if (delayMs > 0) {
      setTimeout(answer, delayMs);
    } else {
      answer();
    }
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});
