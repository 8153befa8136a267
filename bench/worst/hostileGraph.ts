import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rowKinds } from './rowKinds.ts';

/** A Graph whose rows are what an attacker could have stored to harm the gateway; `/rows/<kind>` chooses which. */
const pageSize = 500;
let pages: readonly Buffer[] = [];
let first = Buffer.from('{}');

function choose(kind: string, base: string): void {
  const rows = rowKinds[decodeURIComponent(kind)]?.() ?? [];
  first = Buffer.from(JSON.stringify(rows[0]));
  const count = Math.ceil(rows.length / pageSize);
  pages = Array.from({ length: count }, (_value, page) => {
    const next = `${base}/beta/deviceManagement/complianceManagementPartners?$skiptoken=${page + 1}`;
    return Buffer.from(
      JSON.stringify({
        value: rows.slice(page * pageSize, (page + 1) * pageSize),
        ...(page + 1 < count && { '@odata.nextLink': next }),
      }),
    );
  });
}

const server = createServer((request, response) => {
  const sent: Buffer[] = [];
  request.on('data', (chunk: Buffer) => sent.push(chunk));
  request.on('end', () => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    const kind = /^\/rows\/(.+)$/.exec(url.pathname)?.[1];
    if (kind !== undefined) {
      choose(kind, url.origin);
      response.end();
      return;
    }
    if (request.method === 'POST') {
      const added = { id: 'added', ...JSON.parse(Buffer.concat(sent).toString()) };
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify(added));
      return;
    }
    const isList = url.pathname.endsWith('/complianceManagementPartners');
    const body = isList ? pages[Number(url.searchParams.get('$skiptoken') ?? 0)] : first;
    response.writeHead(200, {
      'content-type': 'application/json;odata.metadata=minimal;charset=utf-8',
      'content-length': body?.length ?? 0,
    });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});
