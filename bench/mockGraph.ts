import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { partner, partners } from './bodies.ts';

/** A Graph that answers at once with prepared bytes, so that only the process in front of it is measured. */
const created = Buffer.from(JSON.stringify(partner));
const list = Buffer.from(JSON.stringify({ value: partners }));
const headers = { 'content-type': 'application/json;odata.metadata=minimal;charset=utf-8' };

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const isAdd = request.method === 'POST';
    const body = isAdd ? created : list;
    response.writeHead(isAdd ? 201 : 200, { ...headers, 'content-length': body.length });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});
