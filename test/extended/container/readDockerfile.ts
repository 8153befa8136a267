import { readFileSync } from 'node:fs';
import { type Copy, DockerfileParser, type Env, From, type Instruction } from 'dockerfile-ast';

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

const emptyStage = {
  image: '',
  name: '',
  steps: [] as readonly BuildStep[],
  environment: {} as Readonly<Record<string, string>>,
  workdir: '/',
  user: '',
  ports: [] as readonly string[],
  entrypoint: [] as readonly string[],
  command: [] as readonly string[],
  healthCheck: [] as readonly string[],
};

/** A stage: what it begins with, what fills it, and how a container of it runs. */
type Stage = Readonly<typeof emptyStage>;

/** The stage that is the image. */
export function imageOf(stages: readonly Stage[]): Stage {
  const image = stages.at(-1);
  if (image === undefined) {
    throw new Error('The Dockerfile has no stage');
  }
  return image;
}

/** Reads the Dockerfile's stages. @throws Error at an instruction that this reader does not know. */
export function readDockerfile(path: URL): readonly Stage[] {
  const stages: Stage[] = [];
  for (const instruction of DockerfileParser.parse(readFileSync(path, 'utf8')).getInstructions()) {
    if (instruction instanceof From) {
      const [image] = instruction.getExpandedArguments();
      const name = instruction.getBuildStage() ?? '';
      stages.push({ ...emptyStage, name, image: image?.getValue() ?? '' });
    } else if (stages.length > 0 || instruction.getKeyword() !== 'ARG') {
      const stage = imageOf(stages);
      stages[stages.length - 1] = { ...stage, ...changesBy(instruction, stage) };
    }
  }
  return stages;
}

function changesBy(instruction: Instruction, { steps, environment }: Stage): Partial<Stage> {
  const content = instruction.getArgumentsContent() ?? '';
  const words = instruction.getArguments().map((argument) => argument.getValue());
  switch (instruction.getKeyword()) {
    case 'COPY': {
      const from = (instruction as Copy).getFromFlag()?.getValue() ?? undefined;
      const [sources, target = ''] = [words.slice(0, -1), words.at(-1)];
      return { steps: [...steps, { kind: 'copy', from, sources, target }] };
    }
    case 'RUN':
      return { steps: [...steps, { kind: 'run', command: content }] };
    case 'WORKDIR':
      return { workdir: content, steps: [...steps, { kind: 'workdir', path: content }] };
    case 'ENV': {
      const properties = (instruction as Env).getProperties();
      const own = properties.map((property) => [property.getName(), property.getValue() ?? '']);
      return { environment: { ...environment, ...Object.fromEntries(own) } };
    }
    case 'USER':
      return { user: content };
    case 'EXPOSE':
      return { ports: words };
    case 'ENTRYPOINT':
      return { entrypoint: programOf(content) };
    case 'CMD':
      return { command: programOf(content) };
    case 'HEALTHCHECK':
      return { healthCheck: programOf(content.replace(/^CMD\s+/, '')) };
    case 'LABEL':
    case 'STOPSIGNAL':
      return {};
    default:
      throw new Error(`${instruction.getKeyword()} is not known here`);
  }
}

/** A program with its arguments. Anything but a list would be run by a shell, which the image does not have. */
function programOf(content: string): readonly string[] {
  const list: unknown = JSON.parse(content);
  if (Array.isArray(list) && list.every((word) => typeof word === 'string')) {
    return list;
  }
  throw new Error(`${content} is no list of texts`);
}
