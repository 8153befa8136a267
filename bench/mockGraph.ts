import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { partner, partners } from './bodies.ts';

/**
 * A Graph that answers with prepared bytes, so that only the process in front of it is measured: at once, or after as
 * many milliseconds as its argument says. `/received` tells how many adds and reads it got.
 */
const created = Buffer.from(JSON.stringify(partner));
const list = Buffer.from(JSON.stringify({ value: partners }));
const headers = { 'content-type': 'application/json;odata.metadata=minimal;charset=utf-8' };
const delayMs = Number(process.argv[2] ?? 0);
const received = { adds: 0, reads: 0 };

const server = createServer((request, response) => {
  if (request.url === '/received') {
    response.end(JSON.stringify(received));
    return;
  }
  request.resume();
  request.on('end', () => {
    const isAdd = request.method === 'POST';
    received[isAdd ? 'adds' : 'reads'] += 1;
    const body = isAdd ? created : list;
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
