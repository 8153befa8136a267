import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  type BadCertificate,
  createTestCertificates,
  type TestCertificates,
} from '../../support/certificates.ts';
import { executed } from '../../support/faultProxy/fault.ts';
import {
  cut,
  hangUp,
  headThen,
  reset,
  silence,
} from '../../support/faultProxy/faults/brokenAnswers.ts';
import {
  closeAtConnect,
  hangAtConnect,
  resetAtConnect,
} from '../../support/faultProxy/faults/connectionFaults.ts';
import { closed, Left, useFaultStages, wasReset } from './faultHarness.ts';

const { start } = useFaultStages();
let certificates: TestCertificates;

beforeAll(() => {
  certificates = createTestCertificates();
});

const startSecure = (options: { readonly connect?: object; readonly connections?: number } = {}) =>
  start({
    tls: certificates.good,
    connect: { ca: certificates.authority },
    ...options,
  });

describe('a certificate for tests', () => {
  it.each<[string, 'good' | BadCertificate, boolean, boolean, boolean]>([
    ['good', 'good', true, true, true],
    ['self-signed', 'selfSigned', false, true, true],
    ['of an unknown authority', 'unknownAuthority', false, true, true],
    ['for another host', 'wrongHost', true, false, true],
    ['expired', 'expired', true, true, false],
    ['not yet valid', 'notYetValid', true, true, false],
  ])('can be %s', (_what, name, isOfAuthority, isForLoopback, isOfToday) => {
    const { cert } = name === 'good' ? certificates.good : certificates.bad[name];
    const parsed = new X509Certificate(cert);
    const { publicKey } = new X509Certificate(certificates.authority);
    const nowMs = Date.now();
    const isNow = Date.parse(parsed.validFrom) < nowMs && nowMs < Date.parse(parsed.validTo);
    expect([parsed.verify(publicKey), parsed.checkIP('127.0.0.1') !== undefined, isNow]).toEqual([
      isOfAuthority,
      isForLoopback,
      isOfToday,
    ]);
  });
});

describe('a fault proxy that speaks TLS', () => {
  it('hands requests and answers over, and keeps connections', async () => {
    const { proxy, add, list } = await startSecure({ connections: 1 });
    expect(proxy.url.protocol).toBe('https:');
    expect((await add()).status).toBe(201);
    expect((await list()).text).toContain('Fleet');
    expect([proxy.connections, proxy.forwarded.length]).toEqual([1, 2]);
  });

  it('has links lead to itself, in its own scheme', async () => {
    const { proxy, add, list, graph } = await startSecure();
    await add();
    const { '@odata.context': link } = JSON.parse((await list()).text ?? '');
    expect(link.startsWith(`${proxy.url.origin}/beta/`)).toBe(true);
    expect(graph.requests[0]?.headers.host).toBe(proxy.url.host);
  });

  it.each<[BadCertificate, string]>([
    ['selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['unknownAuthority', 'CERT_SIGNATURE_FAILURE'],
    ['wrongHost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['expired', 'CERT_HAS_EXPIRED'],
    ['notYetValid', 'CERT_NOT_YET_VALID'],
  ])('can show a certificate that is %s, and receives nothing then', async (name, code) => {
    const { proxy, add } = await startSecure();
    proxy.present(certificates.bad[name]);
    expect((await add()).code).toBe(code);
    expect([proxy.connections, proxy.received.length]).toEqual([1, 0]);
    proxy.present(certificates.good);
    expect((await add()).status).toBe(201);
  });

  it('is not trusted by who does not know its authority', async () => {
    const { proxy, add } = await startSecure({ connect: {} });
    expect((await add()).code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(proxy.received).toEqual([]);
  });

  it('can leave the handshake without an answer', async () => {
    const connect = { ca: certificates.authority, timeout: 20 };
    const { proxy, add } = await startSecure({ connect });
    proxy.script(hangAtConnect());
    expect(await add()).toEqual({ code: 'UND_ERR_CONNECT_TIMEOUT' });
    expect([proxy.connections, proxy.received.length]).toEqual([1, 0]);
    expect((await add()).status).toBe(201);
  });

  it.each([{ fault: resetAtConnect() }, { fault: closeAtConnect() }])(
    'can end the connection before the handshake: $fault.name',
    async ({ fault }) => {
      const { proxy, add } = await startSecure();
      proxy.script(fault);
      expect((await add()).code).toBe('ECONNRESET');
      expect([proxy.connections, proxy.received.length]).toEqual([1, 0]);
      expect((await add()).status).toBe(201);
    },
  );

  it.each([
    { fault: reset(), sight: wasReset },
    { fault: hangUp(), sight: closed },
    { fault: headThen('reset'), sight: { status: 201, ...wasReset } },
    { fault: headThen('close'), sight: { status: 201, ...closed } },
    { fault: cut('length', 'after the JSON'), sight: { status: 201, ...closed } },
  ])('breaks off inside TLS as without: $fault.name', async ({ fault, sight }) => {
    const { proxy, add, graph } = await startSecure();
    proxy.script(executed(fault));
    expect(await add()).toMatchObject(sight);
    expect(graph.partners()).toHaveLength(1);
  });

  it('can be silent inside TLS, until its client leaves', async () => {
    const { proxy, add } = await startSecure();
    proxy.script(silence());
    const leave = new AbortController();
    const seen = add({ leave: leave.signal });
    await proxy.until(({ received }) => received.length === 1);
    leave.abort(new Left());
    expect(await seen).toEqual({ code: 'LEFT' });
    await proxy.until(({ connections, openConnections }) => openConnections < connections);
  });

  it('refuses connections and comes back', async () => {
    const { proxy, add } = await startSecure();
    expect((await add()).status).toBe(201);
    await proxy.refuseConnections();
    expect(await add()).toMatchObject({ code: 'ECONNREFUSED' });
    await proxy.acceptConnections();
    expect((await add()).status).toBe(201);
  });
});
