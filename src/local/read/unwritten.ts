import { type FileHandle, open } from 'node:fs/promises';
import { absolutePath, type FilePath } from '../../core/entry.ts';
import { isZeros } from '../../media/bytes.ts';
import { fsPath } from '../fs-path.ts';
import { systemErrno } from '../local-problem.ts';
import { chunkBytes } from './chunk-buffers.ts';
import { openFlags } from './safe-open.ts';

/** What file systems allocate at a time, and copying programs write at least. */
const pageBytes = 4096;
/** In which `st_blocks` counts, whatever the file system's own are (stat(2)). */
const blockBytes = 512;

/**
 * Whether a part of the file seems to be still to be written, as while a copy into a file that was given its size beforehand
 * pauses: its last page is zeros, or it has a page of zeros and fewer blocks than its size takes. Finished files are so too
 * (silence, black, holes), so this is a reason to wait, never to refuse. Blocks alone tell nothing: servers compress.
 * What cannot be read is none of this question's business: false.
 */
export async function looksUnwritten(path: FilePath, signal: AbortSignal): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(fsPath(absolutePath(path)), openFlags);
  } catch (error) {
    systemErrno(error);
    return false;
  }
  try {
    return await hasUnwrittenPart(file, signal);
  } catch (error) {
    systemErrno(error);
    return false;
  } finally {
    await file.close();
  }
}

async function hasUnwrittenPart(file: FileHandle, signal: AbortSignal): Promise<boolean> {
  const stats = await file.stat();
  // What is no file has no size, or cannot be read.
  if (stats.size < pageBytes) return false;
  const page = Buffer.alloc(pageBytes);
  const { bytesRead } = await file.read(page, 0, pageBytes, stats.size - pageBytes);
  if (bytesRead === pageBytes && isZeros(page)) return true;
  if (stats.blocks * blockBytes > stats.size - pageBytes) return false;
  return await hasPageOfZeros(file, signal);
}

async function hasPageOfZeros(file: FileHandle, signal: AbortSignal): Promise<boolean> {
  const chunk = Buffer.allocUnsafe(chunkBytes);
  for (let position = 0; !signal.aborted; position += chunkBytes) {
    const { bytesRead } = await file.read(chunk, 0, chunkBytes, position);
    for (let at = 0; at + pageBytes <= bytesRead; at += pageBytes) {
      if (isZeros(chunk.subarray(at, at + pageBytes))) return true;
    }
    if (bytesRead < chunkBytes) break;
  }
  return false;
}
