import type {
  AssignmentTargetInput,
  Platform,
  UserErrorCode,
} from '../../../src/generated/graphql.ts';
import { allPlatforms, fieldsOf, type Generation } from './generations.ts';
import { type Changes, kindOf } from './modelPartner.ts';

/** A user error, and the fields that it may name; more than one where Graph tells of the first that it finds. */
export interface Problem {
  readonly code: UserErrorCode;
  readonly fields: readonly (readonly string[] | null)[];
}

/** The one problem at one field. */
export function problemAt(code: UserErrorCode, ...field: string[]): Problem {
  return { code, fields: [['input', ...field]] };
}

/** There is no partner to work on. */
export const notFound: Problem = problemAt('NOT_FOUND', 'id');

/** An id that may stand in a path. */
export function isLegalId(id: string): boolean {
  return /^[\w.~=-]{1,256}$/.test(id) && id.replaceAll('.', '') !== '';
}

/** What the gateway refuses in properties before it asks Graph: all of it. */
export function refusedBeforehand(
  id: string | null | undefined,
  changes: Changes,
  generation: Generation,
): readonly Problem[] {
  const { platforms, isKnownBeforehand } = generation;
  const unknown = allPlatforms
    .filter((platform) => !platforms.includes(platform))
    .flatMap((platform) => Object.values(fieldsOf[platform]))
    .filter((field) => changes[field] !== undefined);
  return [
    ...(id == null || isLegalId(id) ? [] : ['id']),
    ...(['displayName', 'partnerState', 'lastHeartbeatDateTime'] as const).filter(
      (field) => changes[field] === null,
    ),
    ...(changes.partnerState === 'UNKNOWN_FUTURE_VALUE' ? ['partnerState'] : []),
    ...allPlatforms
      .filter((platform) => platforms.includes(platform) || !isKnownBeforehand)
      .map((platform) => fieldsOf[platform].onboarded)
      .filter((field) => changes[field] === null),
    ...(isKnownBeforehand ? unknown : []),
  ]
    .map((field) => problemAt('BAD_USER_INPUT', field))
    .concat(
      isKnownBeforehand
        ? strayFilters(changes, generation).map((path) =>
            problemAt('BAD_USER_INPUT', ...path, 'filter'),
          )
        : [],
    );
}

/** What Graph refuses in properties: nothing, or one problem at the first of these fields that it comes across. */
export function refusedByGraph(changes: Changes, generation: Generation): readonly Problem[] {
  const { platforms } = generation;
  const ofPlatforms = allPlatforms
    .filter((platform) => !platforms.includes(platform))
    .flatMap((platform) => Object.values(fieldsOf[platform]))
    .filter((field) => changes[field] !== undefined);
  // Graph names the property of the filter, which does not say in which of several targets it stands.
  const targets = strayFilters(changes, generation).map((path) => path.slice(0, -1));
  const fields = [
    ...ofPlatforms.map((field) => ['input', field]),
    ...(targets.length > 1 ? [null] : targets.map((path) => ['input', ...path])),
  ];
  return fields.length > 0 ? [{ code: 'BAD_USER_INPUT', fields }] : [];
}

/** What the gateway refuses in the change of one assignment before it asks Graph. */
export function refusedInChange(
  id: string,
  platform: Platform,
  target: AssignmentTargetInput,
  { platforms, hasFilters, isKnownBeforehand }: Generation,
): readonly Problem[] {
  const isStray = isKnownBeforehand && !hasFilters && hasFilter(target);
  return [
    ...(isLegalId(id) ? [] : [problemAt('BAD_USER_INPUT', 'id')]),
    ...(isKnownBeforehand && !platforms.includes(platform)
      ? [problemAt('BAD_USER_INPUT', 'platform')]
      : []),
    ...(isStray ? [problemAt('BAD_USER_INPUT', 'target', kindOf(target), 'filter')] : []),
  ];
}

/** Whether an input has a filter that is not null. */
export function hasFilter(target: AssignmentTargetInput): boolean {
  return Object.values(target).some((content) => content?.filter != null);
}

/** The paths, down to the kind of target, of all filters that the generation does not know. */
function strayFilters(changes: Changes, { hasFilters }: Generation): readonly string[][] {
  return allPlatforms.flatMap((platform) => {
    const { assignments } = fieldsOf[platform];
    return (changes[assignments] ?? []).flatMap(({ target }, index) =>
      target && hasFilter(target) && !hasFilters
        ? [[assignments, String(index), 'target', kindOf(target)]]
        : [],
    );
  });
}
