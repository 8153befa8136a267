import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cleanMessage } from '../../src/graph/cleanMessage.ts';

describe('cleanMessage', () => {
  it.each([
    ["The property 'x' does not exist.", "The property 'x' does not exist."],
    [
      'An error has occurred - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: 8d1d6ff5-1d76-4dcc-b1be-5d0e5e5e5e5e - Url: https://fef.msub02.manage.microsoft.com/TrafficGateway/x?api-version=5018',
      'An error has occurred',
    ],
    ['Not\r\nhere\u0000 \u2028now', 'Not here now'],
    ['see https://fef.msua06.manage.microsoft.com/a?b=c for it', 'see [address] for it'],
    ['host fef.msua06.manage.microsoft.com said no', 'host [address] said no'],
    [
      'at 10.1.2.3:443 host AMSUA0602.contoso.internal said no',
      'at [address] host [address] said no',
    ],
    ['10.0.0.7, 192.168.1.1 and fe80:0:0:0:1:2:3:4.', '[address], [address] and [address].'],
    ['see graph.microsoft.com/beta/x or db-1.corp:1433', 'see [address] or [address]'],
    [
      "System.Net.Http, Edm.Guid, 'microsoft.graph.group' and Microsoft.OData.Core stay",
      "System.Net.Http, Edm.Guid, 'microsoft.graph.group' and Microsoft.OData.Core stay",
    ],
    [
      'ada@contoso.com may not, at 12:34:56 in 4.0.30319',
      'ada@contoso.com may not, at 12:34:56 in 4.0.30319',
    ],
    ['token Bearer abc.def-ghi was bad', 'token Bearer [redacted] was bad'],
    ['eyJhbGciOi.eyJzdWIi.c2ln is bad', '[redacted] is bad'],
    [
      "not on type 'microsoft.management.services.api.complianceManagementPartner'",
      "not on type 'microsoft.graph.complianceManagementPartner'",
    ],
    ['', ''],
  ])('makes %j fit for a caller', (message, expected) => {
    expect(cleanMessage(message)).toBe(expected);
  });

  it('cuts a very long message', () => {
    const cleaned = cleanMessage('x'.repeat(100_000));
    expect(cleaned).toHaveLength(500);
    expect(cleaned.endsWith('…')).toBe(true);
  });

  it('gives one line without addresses, whatever the message', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.webUrl(), (text, url) => {
        const cleaned = cleanMessage(`${text} ${url} ${text}`);
        expect(cleaned).not.toMatch(/[\r\n]|https?:\/\//);
      }),
      { numRuns: 30 },
    );
  });
});
