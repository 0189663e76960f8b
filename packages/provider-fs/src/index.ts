/**
 * @stowage/provider-fs: containers and files on a plain directory.
 *
 * Configuration (`settings.ts`): `root`, and `createRoot`, `fsync`, `chunkSize`.
 *
 * Layout: a container is a directory at the root, a file is a file below it, under its own name. What is ours is in
 * `.stowage` at the root, on the same file system, made by the first write:
 * - `tmp/`: files that are being written, and what is being removed, named after the process (`temporary.ts`, `owner.ts`)
 * - `locks/`: a symbolic link for each name that is being replaced at this moment (`locks.ts`, `lease.ts`)
 * - `attributes/<container>/`: for versions of files that have attributes which their names do not tell (`attributes.ts`)
 * - `uploads/<container>/<id>/`: unfinished part uploads (`uploads.ts`, `parts.ts`)
 *
 * Names (`names.ts`): as they are; only what no disk can hold is escaped. `places.ts` tells where a file is.
 *
 * Writing: a body flows into a temporary file (`writer.ts`), which is renamed to its place while the name's lock is held,
 * or, when nothing is there, linked to it without one
 * (`commit.ts`). Its time of change, which is set explicitly and grows with every version, tells the version (`versions.ts`).
 * Copies and moves (`copier.ts`) and removals (`remover.ts`) go the same way.
 *
 * Reading (`reader.ts`): an open descriptor is a version; attributes are looked up for that one. Lists (`lister.ts`,
 * `snapshots.ts`) read the directories that a page touches, and look at the files that it shows.
 *
 * Symbolic links (`directories.ts`): never followed at or below a container, on Linux not even one put there in the moment
 * between the check and the use.
 *
 * Consistency: every finished call is seen by the next one, from every process on the machine; conditions are atomic
 * between all of them. `kill -9` at any moment leaves the old file or the new one; what is left in `.stowage` is cleared
 * by the next process that writes (`cleaner.ts`).
 */

export {
  createProvider,
  type FilesystemNative,
  FilesystemProvider,
  type FilesystemProviderOptions,
} from './provider.js'
export { type FilesystemSettings, settings } from './settings.js'
