import { readFileSync } from 'node:fs';
import { Copy, DockerfileParser, Env, From, type Instruction, Label, Run } from 'dockerfile-ast';

/** One step that fills a stage. */
type BuildStep =
  | { readonly kind: 'workdir'; readonly path: string }
  | {
      readonly kind: 'copy';
      /** The stage to copy from; undefined means what was sent to the build. */
      readonly from: string | undefined;
      readonly sources: readonly string[];
      readonly target: string;
    }
  | { readonly kind: 'run'; readonly command: string };

/** A stage: what it begins with, what fills it, and how a container of it runs. */
export interface Stage {
  readonly image: string;
  readonly name: string | undefined;
  readonly steps: readonly BuildStep[];
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly workdir: string;
  readonly user: string;
  readonly ports: readonly string[];
  readonly stopSignal: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
}

type Draft = { -readonly [Key in keyof Stage]: Stage[Key] };

/** The stage that is the image. */
export function imageOf(stages: readonly Stage[]): Stage {
  const image = stages.at(-1);
  if (image === undefined) {
    throw new Error('The Dockerfile has no stage');
  }
  return image;
}

/** Reads the Dockerfile's stages. @throws Error at what this reader does not know, so that nothing is passed over. */
export function readDockerfile(path: URL): readonly Stage[] {
  const stages: Draft[] = [];
  for (const instruction of DockerfileParser.parse(readFileSync(path, 'utf8')).getInstructions()) {
    const current = stages.at(-1);
    if (instruction instanceof From) {
      const [image = ''] = instruction
        .getExpandedArguments()
        .map((argument) => argument.getValue());
      stages.push(createDraft(image, instruction.getBuildStage() ?? undefined));
    } else if (current !== undefined) {
      read(instruction, current);
    } else if (instruction.getKeyword() !== 'ARG') {
      throw new Error(`${instruction.getKeyword()} before the first FROM`);
    }
  }
  return stages;
}

function createDraft(image: string, name: string | undefined): Draft {
  return {
    image,
    name,
    steps: [],
    environment: {},
    labels: {},
    workdir: '/',
    user: '',
    ports: [],
    stopSignal: '',
    entrypoint: [],
    command: [],
    healthCheck: [],
  };
}

function read(instruction: Instruction, stage: Draft): void {
  const content = instruction.getArgumentsContent() ?? '';
  const words = instruction.getArguments().map((argument) => argument.getValue());
  const add = (step: BuildStep): void => {
    stage.steps = [...stage.steps, step];
  };
  if (instruction instanceof Copy) {
    const from = instruction.getFromFlag()?.getValue() ?? undefined;
    add({ kind: 'copy', from, sources: words.slice(0, -1), target: words.at(-1) ?? '' });
  } else if (instruction instanceof Run) {
    add({ kind: 'run', command: content });
  } else if (instruction instanceof Env) {
    stage.environment = { ...stage.environment, ...propertiesOf(instruction) };
  } else if (instruction instanceof Label) {
    stage.labels = { ...stage.labels, ...propertiesOf(instruction) };
  } else {
    readSetting(instruction.getKeyword(), { content, words }, stage, add);
  }
}

function readSetting(
  keyword: string,
  { content, words }: { readonly content: string; readonly words: readonly string[] },
  stage: Draft,
  add: (step: BuildStep) => void,
): void {
  switch (keyword) {
    case 'WORKDIR':
      stage.workdir = content;
      add({ kind: 'workdir', path: content });
      break;
    case 'USER':
      stage.user = content;
      break;
    case 'EXPOSE':
      stage.ports = words;
      break;
    case 'STOPSIGNAL':
      stage.stopSignal = content;
      break;
    case 'ENTRYPOINT':
      stage.entrypoint = programOf(content);
      break;
    case 'CMD':
      stage.command = programOf(content);
      break;
    case 'HEALTHCHECK':
      stage.healthCheck = programOf(content.replace(/^CMD\s+/, ''));
      break;
    default:
      throw new Error(`${keyword} is not known here`);
  }
}

/** A program with its arguments; what is no list would be run by a shell, which the image does not have. */
function programOf(content: string): readonly string[] {
  const list: unknown = JSON.parse(content);
  if (Array.isArray(list) && list.every((word) => typeof word === 'string')) {
    return list.map(String);
  }
  throw new Error(`${content} is no list of texts`);
}

function propertiesOf(instruction: Env | Label): Record<string, string> {
  return Object.fromEntries(
    instruction.getProperties().map((property) => [property.getName(), property.getValue() ?? '']),
  );
}
