import assert from 'node:assert/strict';
import { it } from '@jest/globals';
import fc from 'fast-check';
import { createRoutes, requireDestination, resolveNextLink } from '../../../src/graph/request.ts';
import { firstSeed, timeLimitMs, volumeOf } from '../volume.ts';
import { words } from './randomValues.ts';

const pieces: readonly string[] = [
  '\t',
  '\r\n',
  ' ',
  '\ud800',
  'x'.repeat(255),
  ...words(`
    a 0c65e46a-e46a-0c65-6ae4-650c6ae4650c . .. ... / // \\ %2e %2E%2e %2f %5c %252e%252e%252f %c0%ae
    %u002e %00 % \0 ? # & ; @ : = ~ _ - ' ('x') $batch $ref users evil.example http://evil.example/
    //evil.example \uff0e\uff0e \u2024 \u3002 \u2215 \uff0f \u202e é`),
];
const harmless = pieces.filter((piece) => /^[\w.~=-]+$/.test(piece));
const joined = (few: readonly string[]) =>
  fc.array(fc.constantFrom(...few), { minLength: 1, maxLength: 6 }).map((all) => all.join(''));

/** What a caller may give as an id: about every third can be one, the others would like to be elsewhere. */
const ids = fc.oneof(
  { weight: 5, arbitrary: joined(pieces) },
  { weight: 4, arbitrary: joined(harmless) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);

const stages = ['https://graph.microsoft.com', 'http://127.0.0.1:8080/', 'https://a.example/b/c'];

/** What may stand behind the prefix, said in another way than the code says it. */
const isOneHarmlessSegment = (segment: string): boolean =>
  segment.length <= 256 &&
  /[A-Za-z0-9_~=-]/.test(segment) &&
  [...segment].every((character) => /[A-Za-z0-9_.~=-]/.test(character));

const count = volumeOf(100_000);

it(
  'generated ids of partners become URLs inside the collection, or none',
  () => {
    // Most time would be for the frames of errors that are made on purpose.
    Error.stackTraceLimit = 0;
    const property = fc.property(ids, fc.constantFrom(...stages), (id, root) => {
      const routes = createRoutes(new URL(root), 'beta');
      const { base, collection, batch, groupsByIds } = routes;
      const prefix = `${root.replace(/\/$/, '')}/beta/deviceManagement/complianceManagementPartners`;
      if (isOneHarmlessSegment(id)) {
        assert.equal(routes.partner(id).href, `${prefix}/${id}`);
        assert.equal(new URL(`.${routes.partnerInBatch(id)}`, base).href, `${prefix}/${id}`);
      } else {
        assert.throws(() => routes.partner(id), TypeError);
      }

      for (const link of [id, `${prefix}/${id}`, `${prefix}${id}`, `${prefix}('${id}')`]) {
        assert(isOneHarmlessSegment(routes.parsePartnerLocation(link) ?? 'none'));
        const next = resolveNextLink(link, collection, collection) ?? collection;
        assert.equal(`${next.origin}${next.pathname}`.toLowerCase(), prefix.toLowerCase());
      }

      const url = new URL(URL.canParse(id, collection.href) ? id : '', collection);
      const { origin, pathname, search, username, password, hash } = url;
      const places = [collection, batch].map((place) => place.pathname.toLowerCase());
      const behind = pathname.startsWith(`${collection.pathname}/`)
        ? pathname.slice(collection.pathname.length + 1)
        : '';
      const isInside =
        origin === base.origin &&
        `${username}${password}${hash}` === '' &&
        (places.includes(pathname.toLowerCase()) ||
          (isOneHarmlessSegment(behind) && search === '') ||
          pathname + search === groupsByIds.pathname + groupsByIds.search);
      (isInside ? assert.doesNotThrow : assert.throws)(() => requireDestination(url, base));
    });
    fc.assert(property, { seed: firstSeed, numRuns: count });
  },
  timeLimitMs(count),
);
