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

function problemOfPartnerUrl(
  id: string,
  routes: ReturnType<typeof createRoutes>,
  prefix: string,
): string | undefined {
  let url: URL;
  try {
    url = routes.partner(id);
  } catch (error) {
    return error instanceof TypeError && !isOneHarmlessSegment(id) ? undefined : `throws ${error}`;
  }
  const isRight = url.href === `${prefix}/${id}` && isOneHarmlessSegment(id);
  const inBatch = new URL(`.${routes.partnerInBatch(id)}`, routes.base);
  return isRight && inBatch.href === url.href
    ? undefined
    : `leads to ${url.href} and ${inBatch.href}`;
}

function problemOfLinks(
  text: string,
  routes: ReturnType<typeof createRoutes>,
  prefix: string,
): string | undefined {
  for (const link of [text, `${prefix}/${text}`, `${prefix}${text}`, `${prefix}('${text}')`]) {
    const id = routes.parsePartnerLocation(link);
    if (id !== undefined && !isOneHarmlessSegment(id)) {
      return `the location ${link} gives the id ${id}`;
    }
    const next = resolveNextLink(link, routes.collection, routes.collection);
    if (
      next !== undefined &&
      `${next.origin}${next.pathname}`.toLowerCase() !== prefix.toLowerCase()
    ) {
      return `the link ${link} leads to ${next.href}`;
    }
  }
  return undefined;
}

function problemOfDestination(
  text: string,
  { routes }: (typeof stages)[number],
): string | undefined {
  const href = URL.canParse(text, routes.collection.href) ? text : '';
  const url = new URL(href, routes.collection);
  const { origin, pathname, search, username, password, hash } = url;
  const [path, last] = [routes.collection, routes.batch].map((route) => route.pathname);
  const byIds = routes.groupsByIds.pathname + routes.groupsByIds.search;
  const isList = [path, last].some((one) => one?.toLowerCase() === pathname.toLowerCase());
  const isPartner =
    pathname.startsWith(`${path}/`) && isOneHarmlessSegment(pathname.slice(`${path}/`.length));
  const isInside =
    origin === routes.base.origin &&
    `${username}${password}${hash}` === '' &&
    (isList || (isPartner && search === '') || pathname + search === byIds);
  return isLetThrough(url, routes.base) === isInside
    ? undefined
    : `the destination lets ${url.href} through`;
}

function isLetThrough(url: URL, base: URL): boolean {
  try {
    requireDestination(url, base);
    return true;
  } catch {
    return false;
  }
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
                problemOfPartnerUrl(id, stage.routes, stage.prefix) ??
                problemOfLinks(id, stage.routes, stage.prefix) ??
                problemOfDestination(id, stage);
              problems.push(
                ...(problem === undefined ? [] : [`${JSON.stringify(id)}: ${problem}`]),
              );
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
