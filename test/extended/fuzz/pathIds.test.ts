import { describe, expect, it } from '@jest/globals';
import { createRoutes, requireDestination, resolveNextLink } from '../../../src/graph/request.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import { built, type Choices, playRandomCases } from './randomCases.ts';
import { randomText, words } from './randomValues.ts';

const pieces: readonly string[] = [
  ...['\t', '\r\n', ' ', '\ud800', 'x'.repeat(255)],
  ...words(`
    a 0c65e46a-e46a-0c65-6ae4-650c6ae4650c . .. ... / // \\ %2e %2E%2e %2f %5c %252e%252e%252f %c0%ae
    %u002e %00 % \0 ? # & ; @ : = ~ _ - ' ('x') $batch $ref users evil.example http://evil.example/
    //evil.example \uff0e\uff0e \u2024 \u3002 \u2215 \uff0f \u202e é`),
];

/** Draws what a caller may give as an id: about every third can be one, the others would like to be elsewhere. */
function randomPathId(choices: Choices): string {
  const lot = choices.below(10);
  if (lot === 0) {
    return randomText(choices);
  }
  const few = lot < 6 ? pieces : pieces.filter((piece) => /^[\w.~=-]+$/.test(piece));
  return [choices.pick(few), ...choices.some(5, () => choices.pick(few))].join('');
}

const wanted = volumeOf(100_000);
const collection = 'deviceManagement/complianceManagementPartners';
const roots = [
  'https://graph.microsoft.com',
  'http://127.0.0.1:8080/',
  'https://proxy.example/a/b',
];
const stages = roots.map((root) => {
  const routes = createRoutes(new URL(root), 'beta');
  const prefix = `${root.replace(/\/$/, '')}/beta/${collection}`;
  return { routes, prefix };
});

/** What may stand behind the prefix, said in another way than the code says it. */
const isOneHarmlessSegment = (segment: string): boolean =>
  segment.length <= 256 &&
  /[A-Za-z0-9_~=-]/.test(segment) &&
  [...segment].every((character) => /[A-Za-z0-9_.~=-]/.test(character));

type Stage = (typeof stages)[number];

const resultOf = (make: () => unknown): unknown => {
  try {
    return make();
  } catch (error) {
    return error;
  }
};

function problemOfPartnerUrl(id: string, { routes, prefix }: Stage): string | undefined {
  const url = resultOf(() => routes.partner(id));
  if (!isOneHarmlessSegment(id)) {
    return url instanceof TypeError ? undefined : `gives ${url}`;
  }
  const inBatch = new URL(`.${routes.partnerInBatch(id)}`, routes.base).href;
  const isRight = String(url) === `${prefix}/${id}` && inBatch === String(url);
  return isRight ? undefined : `leads to ${url} and ${inBatch}`;
}

function problemOfLinks(text: string, { routes, prefix }: Stage): string | undefined {
  for (const link of [text, `${prefix}/${text}`, `${prefix}${text}`, `${prefix}('${text}')`]) {
    const id = routes.parsePartnerLocation(link);
    if (id !== undefined && !isOneHarmlessSegment(id)) {
      return `the location ${link} gives the id ${id}`;
    }
    const next = resolveNextLink(link, routes.collection, routes.collection);
    const place = next && `${next.origin}${next.pathname}`.toLowerCase();
    if (place !== undefined && place !== prefix.toLowerCase()) {
      return `the link ${link} leads to ${next?.href}`;
    }
  }
  return undefined;
}

function problemOfDestination(text: string, { routes }: Stage): string | undefined {
  const href = URL.canParse(text, routes.collection.href) ? text : '';
  const url = new URL(href, routes.collection);
  const { origin, pathname, search, username, password, hash } = url;
  const [path, last] = [routes.collection.pathname, routes.batch.pathname];
  const byIds = routes.groupsByIds.pathname + routes.groupsByIds.search;
  const isList = [path, last].some((one) => one.toLowerCase() === pathname.toLowerCase());
  const isPartner =
    pathname.startsWith(`${path}/`) && isOneHarmlessSegment(pathname.slice(`${path}/`.length));
  const isInside =
    origin === routes.base.origin &&
    `${username}${password}${hash}` === '' &&
    (isList || (isPartner && search === '') || pathname + search === byIds);
  const isLetThrough = resultOf(() => requireDestination(url, routes.base)) === undefined;
  return isLetThrough === isInside ? undefined : `the destination lets ${url.href} through`;
}

describe('generated ids of partners', () => {
  it(
    'become URLs inside the collection, or none',
    async () => {
      const played = await playRandomCases({
        count: wanted,
        atOnce: 100,
        cases: built(24, randomPathId),
        async play(ids) {
          const problems: string[] = [];
          for (const [index, id] of ids.entries()) {
            for (const stage of index % 10 === 0 ? stages : stages.slice(0, 1)) {
              const problem =
                problemOfPartnerUrl(id, stage) ??
                problemOfLinks(id, stage) ??
                problemOfDestination(id, stage);
              if (problem !== undefined) {
                problems.push(`${JSON.stringify(id)}: ${problem}`);
              }
            }
          }
          return problems;
        },
      });
      expect(played).toBeGreaterThanOrEqual(wanted);
    },
    timeLimitMs(wanted),
  );
});
