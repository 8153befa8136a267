import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  type DocumentNode,
  execute,
  type FormattedExecutionResult,
  GraphQLEnumType,
  type GraphQLFieldResolver,
  type GraphQLFormattedError,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  getOperationAST,
  parse,
  validate,
} from 'graphql';
import { createAnswerBounds } from '../../src/graphql/answer.ts';
import { compilePlan, rememberOutcomes } from '../../src/graphql/plan/plan.ts';
import { readSdl, resolverMap } from '../../src/graphql/schema.ts';
import type { RequestContext } from '../../src/partners/context.ts';
import { isJsonObject, parseJson } from '../../src/shared/json.ts';
import {
  built,
  type Choices,
  createChoices,
  playRandomCases,
} from '../extended/fuzz/randomCases.ts';
import { randomOperation } from '../extended/fuzz/randomOperation.ts';
import { randomNumberText, randomText } from '../extended/fuzz/randomValues.ts';

/** An operation, and what its root fields give. */
interface PlanCase {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly limits: { readonly answerBytes: number; readonly answerValues: number };
  /** What each root field's value is drawn from, by how often one was resolved before. */
  readonly values: readonly Uint8Array[];
  /** Whether the event loop has no time left, and whether the operation ends as soon as it waits for a turn of it. */
  readonly loop: { readonly isBusy: boolean; readonly isEnding: boolean };
}

interface TestContext extends RequestContext {
  readonly nextValue: (type: GraphQLOutputType) => unknown;
  readonly resolved: string[];
}

/** The schema over root fields that give anything of their types, right or wrong, and errors. */
const schema = makeExecutableSchema({ typeDefs: readSdl(), resolvers: resolverMap });
const resolve: GraphQLFieldResolver<unknown, TestContext> = (_source, args, context, info) => {
  context.resolved.push(`${info.path.key} ${JSON.stringify(args)}`);
  return context.nextValue(info.returnType);
};
for (const type of [schema.getQueryType(), schema.getMutationType()]) {
  for (const field of Object.values(type?.getFields() ?? {})) {
    field.resolve = resolve;
  }
}
rememberOutcomes(schema);

/**
 * Plays so many cases with valid operations. Counts those that the plan printed, and those with answers that are alike
 * only if errors inside a null are left out. A failure shows the case and the seed that repeats it.
 */
export async function playPlanCases(wanted: number) {
  const counts = { valid: 0, printed: 0, unlike: 0 };
  await playRandomCases({
    count: wanted,
    played: () => counts.valid,
    atOnce: 20,
    cases: built(2_000, randomPlanCase),
    async play(cases) {
      const problems: string[] = [];
      for (const one of cases) {
        const problem = await findPlanProblem(one, counts);
        const { query, variables } = one;
        problems.push(...(problem ? [`${query}\n${JSON.stringify(variables)}\n${problem}`] : []));
      }
      return problems;
    },
  });
  return counts;
}

/** Says who answers one operation, or how a plan's answer differs from graphql-js's. */
export async function whoAnswers(
  query: string,
  variables: PlanCase['variables'] = {},
): Promise<string> {
  const limits = { answerBytes: 1e6, answerValues: 1e5 };
  const counts = { valid: 0, printed: 0, unlike: 0 };
  const loop = { isBusy: false, isEnding: false };
  const problem = await findPlanProblem({ query, variables, limits, values: [], loop }, counts);
  return problem ?? (counts.printed === 1 ? 'plan' : 'graphql-js');
}

/** Draws a case; the variables of its operation are what JSON makes of their text. */
function randomPlanCase(choices: Choices): PlanCase {
  const [answerBytes, answerValues] = choices.chance(90)
    ? [1e6, 1e5]
    : [choices.below(3_000), choices.below(200)];
  const loop = { isBusy: choices.chance(20), isEnding: choices.chance(30) };
  const values = [choices.bytes(400), choices.bytes(200), choices.bytes(200)];
  const { query, variables = '{}' } = randomOperation(schema, choices, choices.chance(10));
  const sent = parseJson(variables);
  const limits = { answerBytes, answerValues };
  return { query, variables: isJsonObject(sent) ? sent : {}, limits, values, loop };
}

/** Says how the answer of a plan, or of graphql-js after it, differs from that of graphql-js alone. */
async function findPlanProblem(
  one: PlanCase,
  counts: { valid: number; printed: number; unlike: number },
): Promise<string | undefined> {
  const document = parseValid(one.query);
  const operation = document && getOperationAST(document);
  if (document === undefined || operation == null) {
    return undefined;
  }
  counts.valid += 1;
  const [alone, context] = [contextOf(one), contextOf(one)];
  const expected = await executeAll(document, one, alone);
  const plan = compilePlan(schema, document, operation, one.limits);
  const text = await plan?.run(one.variables, context);
  counts.printed += text === undefined ? 0 : 1;
  const answer = text === undefined ? await executeAll(document, one, context) : `{"data":${text}}`;
  const areSideBySide = text === undefined && operation.operation === 'query';
  const isAlike = (areInsideNullsCounted: boolean): boolean =>
    areSideBySide &&
    comparable(answer, areInsideNullsCounted) === comparable(expected, areInsideNullsCounted);
  const isSame = answer === expected || isAlike(true);
  counts.unlike += isSame ? 0 : 1;
  if (!(isSame || isAlike(false))) {
    return `${text === undefined ? 'after' : 'by'} the plan:\n${answer}\nalone:\n${expected}`;
  }
  const [calls, other] = [alone, context].map(({ resolved }) => resolved.join('\n'));
  return calls === other ? undefined : `resolved alone:\n${calls}\nand by the plan:\n${other}`;
}

/**
 * graphql-js works on the root fields of a query side by side. So the order of errors of different root fields differs
 * from run to run, and which value was one too many: an answer beyond a bound has no data in the end. In few answers it
 * also differs which other errors of a part are reported before one of them makes the part null.
 */
function comparable(answer: string, areInsideNullsCounted: boolean): string {
  const { errors = [], data }: FormattedExecutionResult = JSON.parse(answer);
  const isBound = /^(?:ANSWER_TOO|TOO_MANY_ANSWER)/;
  if (errors.some(({ extensions }) => isBound.test(String(extensions?.['code'])))) {
    return 'beyond a bound';
  }
  const rootOf = ({ path = [] }: GraphQLFormattedError): string => String(path[0]);
  const sorted = errors.toSorted((one, other) => rootOf(one).localeCompare(rootOf(other)));
  const placed = sorted.map((error) =>
    JSON.stringify((areInsideNullsCounted ? undefined : nullAround(error, data)) ?? error),
  );
  return JSON.stringify({ data, errors: areInsideNullsCounted ? placed : [...new Set(placed)] });
}

/** The path of the null around an error; undefined if the answer has the object with its field. */
function nullAround({ path = [] }: GraphQLFormattedError, data: unknown): unknown {
  let value = data;
  const end = path.findIndex((key) => {
    const isNull = value === null;
    value = isNull ? null : (value as Readonly<Record<string, unknown>>)[key];
    return isNull;
  });
  return end < 0 ? undefined : path.slice(0, end);
}

function parseValid(query: string): DocumentNode | undefined {
  try {
    const document = parse(query);
    return validate(schema, document).length === 0 ? document : undefined;
  } catch {
    return undefined;
  }
}

async function executeAll(
  document: DocumentNode,
  { variables, limits }: PlanCase,
  contextValue: TestContext,
): Promise<string> {
  const { fieldResolver } = createAnswerBounds(limits);
  const settings = { fieldResolver: fieldResolver as GraphQLFieldResolver<unknown, unknown> };
  const operation = { schema, document, variableValues: variables, contextValue };
  return JSON.stringify(await execute({ ...operation, ...settings }));
}

function contextOf({ values, loop }: PlanCase): TestContext {
  const resolved: string[] = [];
  const names = { group: async (id: string) => `Group ${id}`, filter: async () => null };
  const context = {
    resolved,
    nextValue: (type: GraphQLOutputType) =>
      randomOutput(type, createChoices(values[resolved.length - 1] ?? new Uint8Array()), 0),
    share: {
      isUsedUp: () => loop.isBusy,
      async nextTurn() {
        if (loop.isEnding) {
          throw new RangeError('ended');
        }
      },
    },
    answer: { bytes: 0, values: 0, excess: undefined, places: new Map() },
    apiVersion: 'beta',
    reads: () => ({ names }),
  };
  return context as unknown as TestContext;
}

/**
 * The depth of what is inside a list, where no promises are given: graphql-js 16 handles no rejection of one if
 * another item fails at once.
 */
const listDepth = 10;

/** A value that a field may give: of its type as a rule, now and then in a function or a promise, or nothing right. */
function randomOutput(type: GraphQLOutputType, choices: Choices, depth: number): unknown {
  const lot = choices.below(250);
  if (depth === 0 && choices.chance(6)) {
    throw new RangeError('thrown at the root');
  }
  if (lot >= 246) {
    return choices.pick<unknown>([new Error('given'), 5, 'text', {}, [], undefined, true, 1.5]);
  }
  if (lot >= 240 && depth < listDepth) {
    const promise = choices.chance(90)
      ? Promise.resolve(randomOutput(type, choices, depth + 1))
      : Promise.reject(new RangeError('rejected'));
    // An operation may not select it.
    promise.catch(() => undefined);
    return promise;
  }
  if (lot >= 234 && depth > 0) {
    const value = randomOutput(type, choices, depth + 1);
    const isGiven = choices.chance(90);
    return () => {
      if (isGiven) {
        return value;
      }
      throw new TypeError('thrown');
    };
  }
  return lot >= 225 && !(type instanceof GraphQLNonNull)
    ? choices.pick([null, undefined])
    : rightOutput(type, choices, depth);
}

const scalars: Readonly<Record<string, (choices: Choices) => unknown>> = {
  Boolean: (choices) => choices.chance(50),
  Int: (choices) => (choices.chance(90) ? choices.below(1_000) : Number(randomNumberText(choices))),
  JSONObject: (choices) => ({ a: randomText(choices), b: [1, null, { c: 1.5 }] }),
};

function rightOutput(type: GraphQLOutputType, choices: Choices, depth: number): unknown {
  if (type instanceof GraphQLNonNull) {
    return rightOutput(type.ofType as GraphQLOutputType, choices, depth);
  }
  if (type instanceof GraphQLList) {
    const count = choices.pick([0, 1, 2, 3, 17, 101]);
    return Array.from({ length: depth > listDepth + 6 ? 0 : count }, () =>
      randomOutput(type.ofType as GraphQLOutputType, choices, Math.max(listDepth, depth + 1)),
    );
  }
  if (type instanceof GraphQLEnumType) {
    return choices.pick(type.getValues()).value;
  }
  if (type instanceof GraphQLInterfaceType) {
    return rightOutput(choices.pick(schema.getPossibleTypes(type)), choices, depth);
  }
  if (type instanceof GraphQLObjectType) {
    const fields = depth > listDepth + 8 ? [] : Object.values(type.getFields());
    const members = fields.map((field) => [
      field.name,
      randomOutput(field.type, choices, depth + 1),
    ]);
    return { __typename: type.name, ...Object.fromEntries(members) };
  }
  const text = (): string => choices.pick([randomText(choices), 'plain', '"', '\u0001', 'ü😀']);
  return scalars[type.name]?.(choices) ?? text();
}
