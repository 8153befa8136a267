import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { filterNamesFor, groupNames, namedPartnersOf, partner, partnersOf } from './bodies.ts';

/**
 * A Graph that answers with prepared bytes, so that only the process in front of it is measured: at once, or after as
 * many milliseconds as its argument says. `/received` tells how many adds and reads it got, `/rows/1000` makes its list
 * so long, and `/rows/100?names` has groups and filters in it.
 */
const bytesOf = (value: object): Buffer => Buffer.from(JSON.stringify(value));
const one = bytesOf(partner);
const names = bytesOf(groupNames);
const listOf = (rows: number, hasNames = false): Buffer =>
  bytesOf({ value: hasNames ? namedPartnersOf(rows) : partnersOf(rows) });
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
    const [rows, hasNames] = url.slice('/rows/'.length).split('?');
    list = listOf(Number(rows), hasNames !== undefined);
    response.end();
    return;
  }
  if (url.endsWith('$batch')) {
    let batch = '';
    request.on('data', (chunk) => {
      batch += chunk;
    });
    request.on('end', () => {
      response.writeHead(200, headers);
      response.end(bytesOf(filterNamesFor(batch)));
    });
    return;
  }
  request.resume();
  request.on('end', () => {
    const isOfNames = url.includes('getByIds');
    const isAdd = request.method === 'POST' && !isOfNames;
    received[isAdd ? 'adds' : 'reads'] += 1;
    const row = isAdd || url.endsWith(partner.id) ? one : list;
    const body = isOfNames ? names : row;
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
