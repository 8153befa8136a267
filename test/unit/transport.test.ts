import { describe, expect, it } from '@jest/globals';
import { GraphNetworkError, GraphProtocolError } from '../../src/graph/errors.ts';
import { networkErrorOf } from '../../src/graph/networkError.ts';

const errorWith = (code?: string): Error =>
  Object.assign(new Error('of host graph.example'), code === undefined ? {} : { code });

const untrusted = [
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
];
const connecting = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT', undefined];
const breaking = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'HPE_INVALID_EOF_STATE', undefined];
const strange = ['HPE_INVALID_CONSTANT', 'HPE_INVALID_HEADER_TOKEN', 'UND_ERR_HEADERS_OVERFLOW'];

describe('networkErrorOf', () => {
  it.each(untrusted)('knows that %s is a certificate, so that nothing was sent', (code) => {
    const error = networkErrorOf({ cause: errorWith(code), wasSent: false, isWrite: true });
    expect(error).toBeInstanceOf(GraphNetworkError);
    expect(error).toMatchObject({
      code: 'unavailable',
      mayHaveBeenApplied: false,
      details: { fault: 'untrusted' },
    });
  });

  it.each(connecting)('knows that nothing was sent where %j came before', (code) => {
    for (const isWrite of [false, true]) {
      const error = networkErrorOf({ cause: errorWith(code), wasSent: false, isWrite });
      expect(error).toMatchObject({
        code: 'unavailable',
        mayHaveBeenApplied: false,
        details: { fault: 'not-connected' },
      });
    }
  });

  it.each(breaking)('leaves a write in doubt, and no read, where %j came after', (code) => {
    for (const isWrite of [false, true]) {
      const error = networkErrorOf({ cause: errorWith(code), wasSent: true, isWrite });
      expect(error).toBeInstanceOf(GraphNetworkError);
      expect(error).toMatchObject({
        code: 'unavailable',
        mayHaveBeenApplied: isWrite,
        details: { fault: 'broken' },
      });
    }
  });

  it.each(strange)('takes %s for an answer that is no HTTP, and for no break', (code) => {
    for (const isWrite of [false, true]) {
      const error = networkErrorOf({ cause: errorWith(code), wasSent: true, isWrite });
      expect(error).toBeInstanceOf(GraphProtocolError);
      expect(error).toMatchObject({ code: 'badResponse', mayHaveBeenApplied: isWrite });
      expect(error.details.fault).toBeUndefined();
    }
  });

  it('keeps the cause, and its words out of the message', () => {
    const cause = errorWith('ECONNRESET');
    const error = networkErrorOf({ cause, wasSent: true, isWrite: false });
    expect(error.cause).toBe(cause);
    expect(error.message).not.toContain('graph.example');
  });
});
