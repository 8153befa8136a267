import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoCodeOf } from './forms.ts';

/** The largest file that is read whole because a variable names it. */
const maximumFileBytes = 1024 * 1024;

/** A file that cannot be used as a whole; `reason` follows "cannot be read: ". */
export class NamedFileError extends Error {
  override readonly name = 'NamedFileError';
  readonly reason: string;
  readonly code: string | undefined;

  constructor(reason: string, code?: string) {
    super(`The file cannot be read: ${reason}.`);
    this.reason = reason;
    this.code = code;
  }
}

/**
 * Reads a file that an operator named: a regular one of at most 1 MiB, so that neither a device nor a pipe without a
 * writer can hold the gateway up. @throws NamedFileError
 */
export async function readNamedFile(path: string): Promise<Buffer> {
  let handle: FileHandle | undefined;
  try {
    // A pipe would make a blocking open wait for its writer.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await handle.stat();
    if (!status.isFile()) {
      const kind = status.isDirectory() ? 'a directory' : 'a device, a pipe or a socket';
      throw new NamedFileError(`it is ${kind}, not a regular file`);
    }
    return await readBounded(handle);
  } catch (error) {
    if (error instanceof NamedFileError) {
      throw error;
    }
    const code = errnoCodeOf(error);
    throw new NamedFileError(code ?? 'unknown', code);
  } finally {
    await handle?.close();
  }
}

/** Not by the size that the system states: it is 0 for some files, and a file can grow. */
async function readBounded(handle: FileHandle): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(64 * 1024), 0, null, null);
    if (bytesRead === 0) {
      return Buffer.concat(chunks);
    }
    length += bytesRead;
    if (length > maximumFileBytes) {
      throw new NamedFileError('it is larger than 1 MiB');
    }
    chunks.push(buffer.subarray(0, bytesRead));
  }
}
