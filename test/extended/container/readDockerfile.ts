import { readFileSync } from 'node:fs';
import { Copy, DockerfileParser, Env, From, type Instruction } from 'dockerfile-ast';

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

type Reader = (words: readonly string[], content: string, stage: Stage) => Partial<Stage>;

const readers: Readonly<Record<string, Reader>> = {
  RUN: (_words, command, { steps }) => ({ steps: [...steps, { kind: 'run', command }] }),
  WORKDIR: (_words, path, { steps }) => {
    return { workdir: path, steps: [...steps, { kind: 'workdir', path }] };
  },
  USER: (_words, user) => ({ user }),
  EXPOSE: (ports) => ({ ports }),
  ENTRYPOINT: (_words, content) => ({ entrypoint: programOf(content) }),
  CMD: (_words, content) => ({ command: programOf(content) }),
  HEALTHCHECK: (_words, content) => ({ healthCheck: programOf(content.replace(/^CMD\s+/, '')) }),
  LABEL: () => ({}),
  STOPSIGNAL: () => ({}),
};

function changesBy(instruction: Instruction, stage: Stage): Partial<Stage> {
  const { steps, environment } = stage;
  const words = instruction.getArguments().map((argument) => argument.getValue());
  if (instruction instanceof Copy) {
    const from = instruction.getFromFlag()?.getValue() ?? undefined;
    const [sources, target = ''] = [words.slice(0, -1), words.at(-1)];
    return { steps: [...steps, { kind: 'copy', from, sources, target }] };
  }
  if (instruction instanceof Env) {
    const properties = instruction.getProperties();
    const own = properties.map((property) => [property.getName(), property.getValue() ?? '']);
    return { environment: { ...environment, ...Object.fromEntries(own) } };
  }
  const read = readers[instruction.getKeyword()];
  if (read === undefined) {
    throw new Error(`${instruction.getKeyword()} is not known here`);
  }
  return read(words, instruction.getArgumentsContent() ?? '', stage);
}

/** A program with its arguments: throws at anything but a list, which a shell would run that the image does not have. */
const programOf = (content: string): readonly string[] => JSON.parse(content);
