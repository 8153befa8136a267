import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseRoute } from '../../src/emulator/route.ts';
import { startTestEmulator, type TestEmulator } from './emulatorHarness.ts';

const name = 'deviceManagement/complianceManagementPartners';

describe('parseRoute', () => {
  it.each<[string, ReturnType<typeof parseRoute>]>([
    [`/beta/${name}`, { kind: 'collection', version: 'beta' }],
    [`/v1.0/${name}/`, { kind: 'collection', version: 'v1.0' }],
    [`/BETA/${name.toUpperCase()}`, { kind: 'collection', version: 'beta' }],
    [`/beta/${name}/Abc`, { kind: 'partner', version: 'beta', id: 'Abc' }],
    [`/v1.0/${name}('Abc')`, { kind: 'partner', version: 'v1.0', id: 'Abc' }],
    [`/beta/${name}(%27Abc%27)`, { kind: 'partner', version: 'beta', id: 'Abc' }],
    [`/beta/${name}('it''s')`, { kind: 'partner', version: 'beta', id: "it's" }],
    [`/beta/${name}/a%2Fb`, { kind: 'partner', version: 'beta', id: 'a/b' }],
    [`/beta/${name}('$ref')`, { kind: 'partner', version: 'beta', id: '$ref' }],
    [`/beta/${name}/$ref`, { kind: 'noRoute', template: '~/singleton/navigation/$ref' }],
    [`/beta/${name}/$count`, { kind: 'noRoute', template: '~/singleton/navigation/$count' }],
    ['/beta/$batch', { kind: 'batch', version: 'beta' }],
    ['/v1.0/$Batch/', { kind: 'batch', version: 'v1.0' }],
    ['/beta/$batch/x', { kind: 'unknownSegment', segment: '$batch' }],
    ['/beta/$metadata', { kind: 'metadata', version: 'beta' }],
    ['/v1.0/$METADATA/', { kind: 'metadata', version: 'v1.0' }],
    ['/beta/$metadata/x', { kind: 'unknownSegment', segment: '$metadata' }],
    ['/beta/constructor', { kind: 'unknownSegment', segment: 'constructor' }],
    [`/beta/${name}/one/terminate`, { kind: 'unknownSegment', segment: 'terminate' }],
    [`/beta/${name}('one')/x`, { kind: 'unknownSegment', segment: 'x' }],
    [`/beta/${name}(one)`, { kind: 'unknownSegment', segment: `${name.split('/')[1]}(one)` }],
    [
      '/beta/deviceManagement/managedDevices',
      { kind: 'unknownSegment', segment: 'managedDevices' },
    ],
    ['/beta/users', { kind: 'unknownSegment', segment: 'users' }],
    [`/${name}`, { kind: 'invalidVersion', version: 'deviceManagement' }],
    ['/v2.0/users', { kind: 'invalidVersion', version: 'v2.0' }],
    ['/', { kind: 'invalidVersion', version: '' }],
    ['/%zz', { kind: 'invalidVersion', version: '%zz' }],
  ])('reads %s', (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });
});

describe('the routes', () => {
  let graph: TestEmulator;

  beforeAll(async () => {
    graph = await startTestEmulator();
  });

  beforeEach(async () => {
    await graph.ask('POST', `/beta/${name}`, { id: 'one' });
  });

  afterAll(() => graph.close());

  it.each<[string, string, number]>([
    ['GET', `/v1.0/${name}`, 200],
    ['GET', `/beta/${name}?$orderby=displayName`, 200],
    ['GET', `/beta/${name}?$filter=nonsense`, 400],
    ['GET', `/beta/${name}?$filter=partnerState%20eq%20%27enabled%27`, 500],
    ['GET', `/beta/${name}/one?$select=nonsense`, 400],
    ['POST', `/v1.0/${name}`, 201],
    ['GET', `/v1.0/${name}/one`, 200],
    ['GET', `/beta/${name}('ONE')`, 200],
    ['PATCH', `/v1.0/${name}/one`, 200],
    ['PATCH', `/beta/${name}('One')`, 200],
    ['DELETE', `/v1.0/${name}/one`, 204],
    ['DELETE', `/beta/${name}('One')`, 204],
    ['GET', `/beta/${name}/two`, 404],
    ['PATCH', `/beta/${name}/two`, 404],
    ['DELETE', `/beta/${name}/two`, 404],
    ['POST', `/beta/${name}/$ref`, 400],
    ['GET', '/beta/deviceManagement/managedDevices', 400],
    ['GET', '/v3/anything', 400],
    ['PATCH', `/beta/${name}`, 405],
    ['DELETE', `/beta/${name}`, 405],
    ['PUT', `/beta/${name}/one`, 405],
    ['POST', `/beta/${name}/one`, 405],
  ])('answer %s %s with %d', async (method, path, status) => {
    const body = method === 'POST' || method === 'PATCH' ? {} : undefined;
    expect((await graph.ask(method, path, body)).status).toBe(status);
  });

  it('name the methods that would be allowed', async () => {
    const collection = await graph.ask('PATCH', `/beta/${name}`, {});
    const partner = await graph.ask('PUT', `/beta/${name}/one`, {});
    expect(collection.headers['allow']).toBe('GET, POST');
    expect(partner.headers['allow']).toBe('GET, PATCH, DELETE');
  });

  it("refuse the reference page's $ref, because the collection is contained", async () => {
    const answer = await graph.ask('POST', `/beta/${name}/$ref`, { displayName: 'Fleet' });
    expect(answer.json).toMatchObject({
      error: {
        code: 'No method match route template',
        message: `No OData route exists that match template ~/singleton/navigation/$ref with http verb POST for request /StatelessOnboardingService/beta/${name}/$ref.`,
      },
    });
    expect(graph.partners().filter(({ displayName }) => displayName === 'Fleet')).toEqual([]);
  });

  it('name an unknown segment', async () => {
    const answer = await graph.ask('GET', '/beta/deviceManagement/managedDevices');
    expect(answer.json).toMatchObject({
      error: {
        code: 'BadRequest',
        message: "Resource not found for the segment 'managedDevices'.",
      },
    });
  });
});
